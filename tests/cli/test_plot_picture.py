"""What the picture of a replay shows: the sizes that were told, and days with their month."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from findings_files import change, moving, write
from matplotlib.figure import Figure

from monitor.plot.choice import choose
from monitor.plot.days import dated
from monitor.plot.palette import LIGHT
from monitor.plot.picture import picture
from monitor.plot.reading import read_findings, read_incidents


def test_sizes_that_were_told_are_kept_with_their_intervals_each_once(tmp_path):
    def sized(event, at, w, low, high):
        effect = {"w": w, "low": low, "high": high, "psi": 0.1, "points": None}
        return change(event, at, signals=[{"signal": "feature.x", "effect": effect}])

    changes = [
        sized("opened", 50, 0.3, 0.1, 0.9),
        sized("updated", 60, 0.3, 0.1, 0.9),
        sized("updated", 70, 0.5, 0.2, 2.0),
        sized("resolved", 80, 0.5, 0.2, 2.0),
    ]
    ((incident,), _) = read_incidents(write(tmp_path / "e.jsonl", changes))
    told = incident.sizes["feature.x"]
    assert [tuple(each[1:]) for each in told] == [(0.3, 0.1, 0.9), (0.5, 0.2, 2.0)]
    assert [each.time for each in told] == [1_767_225_600_000 + 10_000 * n for n in (50, 70)]


def test_an_interval_too_wide_to_fit_hides_neither_the_size_nor_the_line(tmp_path):
    effect = {"w": 0.5, "low": 0.1, "high": 20.6, "points": None}
    timeline, _ = read_findings(write(tmp_path / "f.jsonl", moving()))
    told = [{"signal": "feature.x", "effect": effect}]
    incidents, _ = read_incidents(write(tmp_path / "e.jsonl", [change(signals=told)]))
    figure = picture(timeline, choose(timeline, incidents), incidents, "m", LIGHT)
    _, right, *_ = figure.axes
    assert 1.0 < right.get_ylim()[1] < 1.2
    (dot,) = (line for line in right.lines if line.get_marker() == "o")
    assert list(dot.get_ydata()) == [0.5]
    assert any(list(line.get_ydata()) == [0.1, 20.6] for line in right.lines)


@pytest.mark.parametrize(
    ("of", "words"),
    [
        ({"given": "tenant", "level": "ember"}, "told for tenant ember"),
        ({"given": "hour of the day (mostly 07:00–10:00)", "level": None}, "told within hour of the day"),
        ({}, ""),
    ],
)
def test_of_what_a_size_was_told_stands_above_it(tmp_path, of, words):
    timeline, _ = read_findings(write(tmp_path / "f.jsonl", moving()))
    told = [{"signal": "feature.x", "effect": {"w": 0.5, "low": 0.1, "high": 0.9, "points": None}} | of]
    incidents, _ = read_incidents(write(tmp_path / "e.jsonl", [change(signals=told)]))
    _, right, *_ = picture(timeline, choose(timeline, incidents), incidents, "m", LIGHT).axes
    assert right.get_title(loc="left") == words


@pytest.mark.parametrize(
    ("begin", "hours", "ticks", "beside"),
    [
        ("2026-02-16", 14 * 24, ["27 Feb", "1 Mar"], "2026"),
        ("2026-02-28", 30, ["18:00", "1 Mar"], "1 Mar 2026"),
        ("2025-06-01", 400 * 24, ["Nov", "Jan 2026"], ""),
    ],
)
def test_a_day_never_stands_without_its_month(begin, hours, ticks, beside):
    axes = Figure().add_subplot()
    start = datetime.fromisoformat(begin).replace(tzinfo=UTC).timestamp() / 86_400
    axes.set_xlim(start, start + hours / 24)
    dated(axes)
    written = axes.xaxis.get_major_formatter()
    named = written.format_ticks(axes.xaxis.get_major_locator()())
    assert [tick for tick in ticks if tick not in named] == [], named
    assert written.get_offset() == beside
