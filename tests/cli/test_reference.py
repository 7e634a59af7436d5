"""`seawall reference`, with the exact words for mistakes and for results."""

from __future__ import annotations

import io
import json
import re
import sys

from reference_records import MODEL, applicants, lines

from monitor.cli.main import main
from monitor.reference.store import Store
from monitor.review.report import console


def _mistake(err):
    """Return the last line, which click puts after the usage."""
    return err.strip().splitlines()[-1]


def test_build_says_what_it_found_and_how_to_go_on(seawall, store):
    code, out, err = seawall("build", "a.jsonl")
    (digest,) = store.digests()
    short = digest[7:19]
    assert (code, err) == (0, "")
    assert re.sub(r"[\d.,]+ to [\d.,]+", "A to B", out) == (
        "2,000 records, 2025-09-01 00:00 → 00:03\n"
        "  7 features: 2 numeric, 1 discrete, 3 categorical, 1 set aside (customer_id: 2,000 distinct values, "
        "like an id)\n"
        "  also watched: prediction (a class), confidence\n"
        "  how features go together: 3 pairs (income and children, income and age, age and children)\n"
        "  it covers 3 min: of daily and weekly cycles nothing is known, they may be told as shifts\n"
        "  ! missing: age (4.3 %). Was that accepted?\n"
        "  ! constant: country. Any other value will be told\n"
        "smallest shift that can be told from chance: A to B (Cohen's w; 0.1 small, 0.3 medium)\n"
        "a medium shift (0.3) takes about A to B records (default tolerance and budget)\n"
        f"saved reference sha256:{short} in {store.folder}\n"
        f"not promoted. Look: seawall reference show {short}\n"
        f'accept: seawall reference promote {short} --by YOU --why "…"\n'
    )
    assert store.promoted() is None


def test_building_again_succeeds_and_says_that_it_is_there(seawall, store):
    seawall("build", "a.jsonl")
    code, out, _ = seawall("build", "a.jsonl", "--promote", "--by", "ann", "--why", "first release")
    assert code == 0
    assert f"saved already: reference {store.digests()[0][:19]} in {store.folder}\n" in out
    assert out.endswith(f"promoted {store.digests()[0][:19]} in {store.folder}\n")
    code, out, _ = seawall("build", "a.jsonl")
    assert code == 0
    assert "not promoted" not in out


def test_promoting_again_succeeds_and_says_that_it_is(seawall, store):
    seawall("build", "a.jsonl")
    short = store.digests()[0][7:19]
    assert seawall("promote", short, "--by", "ann", "--why", "first") == (
        0,
        f"promoted sha256:{short} in {store.folder}\n",
        "",
    )
    assert seawall("promote", short, "--by", "bob", "--why", "again") == (
        0,
        f"promoted already: sha256:{short} in {store.folder}\n",
        "",
    )
    (promotion,) = store.promotions()
    assert (promotion["by"], promotion["why"], promotion["reference"]) == ("ann", "first", store.digests()[0])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", promotion["at"])


def test_what_is_built_and_promoted_can_be_replayed(seawall, folder):
    seawall("build", "a.jsonl", "--promote", "--by", "ann", "--why", "first release")
    assert main(["replay", "a.jsonl"]) == 0


def test_show_tells_of_each_column_and_who_accepted_it(seawall, store):
    seawall("build", "a.jsonl", "--promote", "--by", "ann", "--why", "first release")
    code, out, err = seawall("show")
    assert (code, err) == (0, "")
    (promotion,) = store.promotions()
    head, table = out.split("column ", 1)
    assert head == (
        f"reference {store.digests()[0]}\n"
        "  model m, 2,000 records, 2025-09-01 00:00 → 00:03\n"
        f"  from {store.folder.parent}/a.jsonl, built {store.provenance(store.digests()[0])['built']}\n"
        f"  promoted {promotion['at']} by ann: first release\n"
        "  how features go together: 3 pairs (income and children, income and age, age and children)\n"
        "  it covers 3 min: of daily and weekly cycles nothing is known, they may be told as shifts\n"
        "  ! missing: age (4.3 %). Was that accepted?\n"
        "  ! constant: country. Any other value will be told\n"
    )
    rows = [re.split(r"  +", line.strip())[:-1] for line in table.splitlines()[1:]]
    assert rows[0] == ["income", "numeric", "18", "0 %", "-1.884 … 1.924", "1.0"]
    assert rows[3] == ["region", "categorical", "3", "0 %", "east, north, south", "1.0"]
    assert rows[5] == ["country", "categorical", "-", "0 %", "-", "1.0"]
    assert rows[6] == ["prediction", "class", "2", "0 %", "approve, decline", "1.0"]


def test_a_version_never_promoted_can_be_shown_by_its_name(seawall, store):
    seawall("build", "a.jsonl")
    code, out, _ = seawall("show", store.digests()[0][7:15])
    assert code == 0
    assert "\n  never promoted\n" in out


def test_list_marks_the_promoted_version(seawall, store):
    assert seawall("list") == (0, f"no reference in {store.folder}. Build one: seawall reference build DATA\n", "")
    seawall("build", "a.jsonl")
    seawall("build", "b.jsonl", "--promote", "--by", "ann", "--why", "better")
    first, second = (digest[7:19] for digest in store.digests())
    code, out, _ = seawall("list")
    assert code == 0
    title, *rows = (re.split(r"  +", line.rstrip()) for line in out.splitlines())
    assert title[-4:] == ["reference", "records", "times", "built"]
    assert [row[:4] for row in rows] == [
        ["", first, "2,000", "2025-09-01 00:00 → 00:03"],
        ["→", second, "2,000", "2025-09-01 00:00 → 00:03"],
    ]


def test_diff_says_what_moved(seawall, store):
    seawall("build", "a.jsonl")
    seawall("build", "b.jsonl", "--promote", "--by", "ann", "--why", "better")
    first, second = (digest[7:19] for digest in store.digests())
    code, out, err = seawall("diff", first)
    assert (code, err) == (0, "")
    told = out.splitlines()
    assert told[:2] == [
        f"{which}: 2,000 records, 2025-09-01 00:00 → 00:03" for which in (f"old {first}", f"new {second}")
    ]
    assert told[3].startswith("feature.income")
    assert told[-1] == "feature.income moved by 0.1 (w) or 1 point, or more"
    assert seawall("diff", second)[1].endswith("they are the same\n")


def test_off_a_terminal_nothing_is_coloured(seawall):
    seawall("build", "a.jsonl", "--promote", "--by", "ann", "--why", "first")
    for arguments in (["build", "b.jsonl"], ["show"], ["list"]):
        _, out, _ = seawall(*arguments)
        assert "\x1b" not in out


def test_a_wide_terminal_is_not_filled(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")
    assert console().width == 100


def test_the_model_must_be_named_where_there_are_several(seawall, folder):
    (folder / "seawall.yaml").write_text(
        "models: {a: {}, b: {}}\nsource: {type: file, path: live.jsonl}\nreference: './references/{model}'\n"
    )
    code, _, err = seawall("build", "a.jsonl")
    assert (code, _mistake(err)) == (2, "Error: which model? --model a | b")
    assert seawall("build", "a.jsonl", "--model", "b")[0] == 0
    assert len(Store(folder / "references" / "b").digests()) == 1


def test_the_first_reference_of_a_model_that_a_star_will_watch_can_be_built(seawall, folder):
    (folder / "seawall.yaml").write_text(
        "models: {'*': {}}\nsource: {type: file, path: live.jsonl}\nreference: './references/{model}'\n"
    )
    code, _, err = seawall("build", "a.jsonl")
    assert (code, _mistake(err)) == (2, "Error: which model? --model NAME")
    assert seawall("build", "a.jsonl", "--model", "../up")[0] == 2
    assert seawall("build", "a.jsonl", "--model", "credit")[0] == 0
    assert len(Store(folder / "references" / "credit").digests()) == 1


def test_neither_secrets_nor_a_broker_are_needed(seawall, folder):
    (folder / "seawall.yaml").write_text(
        f"model: {MODEL}\nreference: ./reference\nsinks: [{{type: slack, webhook_url: '${{NOT_SET_ANYWHERE}}'}}]\n"
        "source: {type: kafka, bootstrap_servers: 'localhost:1', topics: [t]}\n"
    )
    assert seawall("build", "a.jsonl")[0] == 0


CANARY = "canary-7731"


def test_no_value_of_a_single_record_is_shown(seawall, folder):
    records = applicants()
    records[7]["features"] |= {"income": -9876.54321, "region": CANARY, "customer_id": CANARY}
    records[8]["features"] |= {"income": 98765.4321}
    (folder / "a.jsonl").write_bytes(b"\n".join(lines(records)))
    told = "".join(
        out + err
        for _, out, err in (
            seawall("build", "a.jsonl"),
            seawall("build", "b.jsonl", "--promote", "--by", "ann", "--why", "x"),
            seawall("show", Store(folder / "reference").digests()[0]),
            seawall("diff", Store(folder / "reference").digests()[0]),
        )
    )
    for value in (CANARY, "9876", "9,876", "98765", "98,765", "98,770"):
        assert value not in told


def test_a_terminal_shows_how_far_reading_is(folder, monkeypatch, capsys):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    assert main(["reference", "build", "a.jsonl"]) == 0
    assert "reading a.jsonl" in terminal.getvalue()
    assert "counting a.jsonl" in terminal.getvalue()
    assert "\x1b" not in capsys.readouterr().out


def test_the_provenance_says_where_it_came_from(seawall, folder, store):
    seawall("build", "a.jsonl")
    provenance = json.loads(next((folder / "reference").glob("*/provenance.json")).read_text())
    assert provenance == {"source": str(folder / "a.jsonl"), "rows": 2_000, "built": provenance["built"]}
