from __future__ import annotations

import gzip
import importlib.util
import re

import pytest
from findings_files import change, moving, row, write

from monitor.cli.main import main
from monitor.plot.reading import read_findings, read_incidents
from monitor.plot.series import STRETCHES

PNG = b"\x89PNG\r\n"


@pytest.fixture
def moved(tmp_path, monkeypatch):
    """Findings of a signal that moves, one that comes near and many that do not; entered."""
    monkeypatch.chdir(tmp_path)
    return write(tmp_path / "findings.jsonl", moving())


def test_it_writes_two_pictures_and_a_page(moved, capsys):
    assert main(["plot", "findings.jsonl", "--out", "pictures"]) == 0
    folder = moved.parent / "pictures"
    assert sorted(path.name for path in folder.iterdir()) == ["findings-dark.png", "findings.html", "findings.png"]
    assert all(path.read_bytes().startswith(PNG) for path in folder.glob("*.png"))
    light, dark = ((folder / f"findings{end}.png").read_bytes() for end in ("", "-dark"))
    assert light != dark
    assert "2 of 23 signals drawn\nwrote pictures/findings.png\n" in capsys.readouterr().out


def test_signals_that_moved_are_drawn_and_the_others_folded(moved):
    assert main(["plot", "findings.jsonl", "--out", "page.html"]) == 0
    page = (moved.parent / "page.html").read_text()
    picture, tables = page.split("</svg>")
    assert re.findall(r">((?:feature|quality)\.[\w.]+)<", picture) == ["feature.x", "feature.near"]
    assert "<summary>21 quiet signals</summary>" in tables
    cells = "<td>feature.quiet7</td><td>0.1</td><td>6.7</td><td>w 0.03 at most, 0.1 tolerated</td>"
    assert cells in tables.replace(' class="short"', "")


def test_every_number_says_against_what(moved):
    assert main(["plot", "findings.jsonl", "--out", "page.html"]) == 0
    page = (moved.parent / "page.html").read_text()
    assert "evidence at most 7.5, alarms at 6.7" in page
    assert "w 0.40 at most, 0.1 tolerated" in page


def test_the_page_asks_for_nothing_from_elsewhere(moved):
    write(moved.parent / "events.jsonl", [change()])
    assert main(["plot", "findings.jsonl", "--events", "events.jsonl", "--out", "page.html"]) == 0
    page = (moved.parent / "page.html").read_text()
    assert "<script" not in page
    assert re.findall(r"(?:src|href)=\"(?!#)", page.replace('xlink:href="#', "")) == []
    assert [url for url in re.findall(r"https?://[^\s\"<]+", page) if "www.w3.org" not in url] == []
    assert re.findall(r"url\((?!#)|@import", page) == []


def test_incidents_are_marked_and_listed(moved):
    write(moved.parent / "events.jsonl", [change(), change("resolved", 80)])
    write(moved.parent / "open.jsonl", [change(signals=("feature.quiet3",), severity="warning")])
    for events in ("events", "open"):
        assert main(["plot", "findings.jsonl", "--events", f"{events}.jsonl", "--out", f"{events}.html"]) == 0
    pages = ((moved.parent / f"{name}.html").read_text() for name in ("events", "open"))
    closed, still = (page.replace(' class="short"', "") for page in pages)
    assert "<td>2026-01-01T00:08:20Z</td><td>2026-01-01T00:06:40Z</td><td>2026-01-01T00:13:20Z</td>" in closed
    assert "error: x shifted up" in closed
    assert "1 incident<" in closed
    assert "still open" in still
    assert ">feature.quiet3<" in still.split("</svg>")[0], "what was told of is drawn"
    assert "■ error" in closed.split("</svg>")[0]
    assert "■ warning" in still.split("</svg>")[0]


def test_the_picture_says_how_to_read_it(moved):
    write(moved.parent / "events.jsonl", [change()])
    for more in ([], ["--events", "events.jsonl"]):
        assert main(["plot", "findings.jsonl", *more, "--out", f"page{len(more)}.html"]) == 0
    plain, told = ((moved.parent / f"page{count}.html").read_text().split("</svg>")[0] for count in (0, 2))
    assert "dots: alarms; after each it starts anew" in plain
    assert "after an alarm it starts anew: a shift that lasts draws a saw" in told
    for words in ("shaded: an incident, from its estimated onset on", "dot and bar: as told"):
        assert (words in told, words in plain) == (True, False)
    for page in (plain, told):
        assert "smoothed over about 8,192 records" in page
        assert "not drawn: 21 quiet signals" in page


def test_the_same_files_give_the_same_page(moved):
    for name in ("one", "two"):
        assert main(["plot", "findings.jsonl", "--out", f"{name}.html"]) == 0
    assert (moved.parent / "one.html").read_bytes() == (moved.parent / "two.html").read_bytes()


def test_where_nothing_moved_the_nearest_are_drawn(tmp_path, capsys):
    write(tmp_path / "f.jsonl", [row(slot, f"feature.{name}") for slot in range(3) for name in "abcdef"])
    assert main(["plot", str(tmp_path / "f.jsonl"), "--out", str(tmp_path / "o.html")]) == 0
    assert "3 of 6 signals drawn" in capsys.readouterr().out


def test_a_signal_that_is_named_is_drawn_alone(moved, capsys):
    assert main(["plot", "findings.jsonl", "--signal", "feature.quiet4", "--out", "one.png"]) == 0
    assert "1 of 23 signals drawn\nwrote one.png\nwrote one-dark.png\n" in capsys.readouterr().out
    assert main(["plot", "findings.jsonl", "--signal", "feature.quite4"]) == 2
    assert "--signal feature.quite4: no finding is about it. Known: feature.quiet4" in capsys.readouterr().err


def test_a_long_file_keeps_its_peaks_in_as_many_points_as_fit(tmp_path):
    slots = 5 * STRETCHES + 17
    rows = (row(s, evidence=9.0 if s == 3_333 else 0.1, w=-0.5 if s == 4_444 else 0.2) for s in range(slots))
    timeline, _ = read_findings(write(tmp_path / "f.jsonl", rows))
    (series,) = timeline.series.values()
    assert STRETCHES / 2 <= len(series.points) <= STRETCHES
    assert (series.peak, series.largest) == (9.0, -0.5)
    assert timeline.end - timeline.begin == (slots - 1) * 10_000


def test_the_order_of_lines_changes_nothing(tmp_path):
    rows = [row(s, evidence=s / 100) for s in range(3_000)]
    forth, _ = read_findings(write(tmp_path / "a.jsonl", rows))
    back, _ = read_findings(write(tmp_path / "b.jsonl", rows[::-1]))
    assert forth.series == back.series


def test_sizes_of_the_first_records_are_left_out(tmp_path):
    rows = [row(s, records=20 * s, w=1.5 if 20 * s < 1_000 else 0.02) for s in range(100)]
    timeline, _ = read_findings(write(tmp_path / "f.jsonl", rows))
    (series,) = timeline.series.values()
    assert series.largest == 0.02


def test_packed_files_are_read(moved, capsys):
    (moved.parent / "g.jsonl.gz").write_bytes(gzip.compress(moved.read_bytes()))
    assert main(["plot", "g.jsonl.gz"]) == 0
    assert "wrote g.png\nwrote g-dark.png\nwrote g.html\n" in capsys.readouterr().out


@pytest.mark.parametrize("packed", [False, True])
def test_a_torn_end_is_left_out_and_said(moved, capsys, packed):
    whole = gzip.compress(moved.read_bytes()) if packed else moved.read_bytes()
    (moved.parent / "torn").write_bytes(whole[:-30])
    assert main(["plot", "torn", "--out", "torn.html"]) == 0
    why = "it is packed, and its end is missing" if packed else "its last line is not finished"
    assert capsys.readouterr().err == f"torn: {why}. What is there is drawn\n"


@pytest.mark.parametrize("content", [b"", b"\n\n", gzip.compress(b"", mtime=0)])
def test_a_file_without_findings_is_refused(moved, capsys, content):
    (moved.parent / "none.jsonl").write_bytes(content)
    assert main(["plot", "none.jsonl"]) == 1
    assert capsys.readouterr().err == "none.jsonl has no findings: it is empty. Was any record judged?\n"


@pytest.mark.parametrize(
    "content",
    [b'{"features": {"x": 1}}\n', b"a,b\n1,2\n", b"\x89PNG\r\n\x1a\n", b"x" * (3 << 20), b'{"time": "noon"', b"[]\n"],
)
def test_another_file_is_refused_by_the_line_that_shows_it(moved, capsys, content):
    (moved.parent / "other").write_bytes(content)
    assert main(["plot", "other"]) == 1
    assert capsys.readouterr().err.startswith("other is no file of findings (seawall replay --findings): line 1 is ")
    assert main(["plot", "findings.jsonl", "--events", "other"]) == 1
    assert capsys.readouterr().err.startswith("other is no file of events (seawall replay --events): line 1 is none (")


def test_a_broken_line_in_the_middle_is_refused(moved, capsys):
    lines = moved.read_bytes().splitlines(keepends=True)
    moved.write_bytes(b"".join([*lines[:5], b"{\n", *lines[5:]]))
    assert main(["plot", "findings.jsonl"]) == 1
    assert "line 6 is none" in capsys.readouterr().err


def test_what_is_read_is_not_written_over(moved, capsys):
    page = moved.rename(moved.parent / "f.html")
    before = page.read_bytes()
    assert main(["plot", "f.html"]) == 2
    assert main(["plot", "f.html", "--out", "f.html"]) == 2
    assert "f.html is read" in capsys.readouterr().err
    assert page.read_bytes() == before


def test_a_file_that_is_no_picture_and_no_page_is_refused(moved, capsys):
    (moved.parent / "notes.txt").touch()
    assert main(["plot", "findings.jsonl", "--out", "notes.txt"]) == 2
    assert "a file that ends in .png or .html" in capsys.readouterr().err


def test_without_what_draws_it_says_how_to_install_it(moved, capsys, monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr("monitor.cli.plot.find_spec", lambda name: None if name == "matplotlib" else found(name))
    assert main(["plot", "findings.jsonl"]) == 2
    assert 'pip install "seawall[plot]"' in capsys.readouterr().err


def test_names_are_text_wherever_they_stand(moved):
    write(moved.parent / "odd.jsonl", [row(s, "feature.<b>$x_1$\x1b[1m", model="<m>") for s in range(5)])
    assert main(["plot", "odd.jsonl", "--out", "odd.html"]) == 0
    page = (moved.parent / "odd.html").read_text()
    assert "feature.&lt;b&gt;$x_1$\\x1b[1m" in page
    assert "<b>" not in page
    assert "<m>" not in page


def test_findings_of_an_older_build_are_drawn_too(moved):
    known = ("time", "records", "slot_records", "signal", "group", "evidence", "w", "psi", "points")
    write(moved.parent / "old.jsonl", [{key: row(s)[key] for key in known} for s in range(20)])
    assert main(["plot", "old.jsonl", "--out", "old.html"]) == 0
    assert "an alarm needs 6 to 9" in (moved.parent / "old.html").read_text()


def test_signals_of_several_models_are_told_apart(moved):
    write(moved.parent / "two.jsonl", [row(s, model=model) for s in range(9) for model in ("one", "other")])
    assert main(["plot", "two.jsonl", "--out", "two.html"]) == 0
    page = (moved.parent / "two.html").read_text()
    assert "one: feature.x" in page
    assert "other: feature.x" in page


def test_an_incident_lasts_from_its_onset_to_its_end_and_takes_in_what_joins(tmp_path):
    changes = [
        change(),
        change("updated", 60, ("feature.x", "feature.y"), severity="critical"),
        change("resolved", 70),
        change(incident="inc_2", since=None),
    ]
    (first, second), torn = read_incidents(write(tmp_path / "e.jsonl", changes))
    assert (first.since, first.opened, first.until) == tuple(1_767_225_600_000 + 10_000 * n for n in (40, 50, 70))
    assert first.signals == {"feature.x", "feature.y"}
    assert (first.severity, second.until, second.since, torn) == ("error", None, second.opened, "")
