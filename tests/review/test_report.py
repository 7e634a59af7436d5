"""What a person sees before accepting records."""

from __future__ import annotations

import numpy as np
import pytest
from reference_records import applicants, built, timed

from monitor.counting.tally import RECORDS
from monitor.judge.judge import Budget, Judge
from monitor.review.cautions import cautions
from monitor.review.report import built as told_of
from monitor.review.report import shown
from monitor.review.visible import MEDIUM, SLOTS_PER_ALERT, visible

DRAW = np.random.default_rng(1)
DICE = DRAW.integers(0, 7, 2_000).tolist()
PLAIN = [{"x": float(x)} for x in DRAW.normal(size=2_000)]


def _with(**columns):
    """Records of one plain feature and others: a column is a function of the record's number."""
    return timed([own | {name: of(i) for name, of in columns.items()} for i, own in enumerate(PLAIN)])


CASES = {
    "nothing": (_with(), []),
    "missing values": (
        _with(age=lambda i: None if i % 25 == 0 else DICE[i]),
        ["missing: age (4 %). Was that accepted?"],
    ),
    "few missing values": (_with(age=lambda i: None if i % 200 == 0 else DICE[i]), []),
    "wrong types": (
        _with(age=lambda i: "?" if i % 50 == 0 else DICE[i]),
        ["of the wrong type: age (2 %). Is that accepted?"],
    ),
    "mixed types": (
        _with(code=lambda i: ["A", 1][DICE[i] % 2]),
        ["mixed types: code (number and string). Compared as levels"],
    ),
    "constants": (_with(a=lambda _: 1, b=lambda _: "DE"), ["constant: a, b. Any other value will be told"]),
    "a constant prediction": (
        timed(PLAIN, prediction=["approve"] * len(PLAIN)),
        ["constant: prediction (approve). Any other value will be told"],
    ),
    "constant numbers of the model": (
        timed(PLAIN, prediction=[0.5] * len(PLAIN), latency_ms=[3] * len(PLAIN)),
        ["constant: prediction. Any other value will be told", "constant: latency. Nothing is told of it"],
    ),
    "many constants": (
        _with(**{f"c{k}": lambda _: 1 for k in range(8)}),
        ["constant: c0, c1, c2, c3, c4 and 3 more. Any other value will be told"],
    ),
    "rare levels": (
        _with(postcode=lambda i: f"{DICE[i]}{i % 90:02}"),
        ["no frequent level: postcode. Only missing and new levels will be told"],
    ),
    "optional features": (
        timed([own | ({"extra": DICE[i]} if i % 2 else {}) for i, own in enumerate(PLAIN)]),
        [
            "missing: extra (50 %). Was that accepted?",
            "not in every record: extra. Their absence is taken as normal",
        ],
    ),
    "no times": (
        [{"features": own} for own in PLAIN],
        ["not every record has a time, so the order of the file is taken as the order in time: is it?"],
    ),
    "a time among the features": (
        [{"features": own | {"ts": f"2026-01-01T00:00:{i % 60:02}Z"}} for i, own in enumerate(PLAIN)],
        [
            (
                "not every record has a time, so the order of the file is taken as the order in time: is it? ts may be "
                "meant: name it `time`, beside the features"
            )
        ],
    ),
    "unusable records": (
        [*_with(), b"{", b"["],
        ["2 unusable records (0.1 %) are not in it: is that how traffic looks?"],
    ),
}


@pytest.mark.parametrize(("records", "words"), CASES.values(), ids=CASES)
def test_what_may_be_wrong_is_said(records, words):
    assert cautions(built(records)) == words


def test_few_records_are_said_to_see_little():
    (words,) = cautions(built(_with()[:800]))
    assert words.startswith("only 800 records: shifts below 0.087")
    assert " (w) cannot be told from chance; with 10,000 it would be about 0.0" in words


def test_dependence_is_said_where_it_costs_much():
    records = timed([{"x": float(x)} for x in np.repeat(DRAW.normal(size=500), 10)])
    (words,) = cautions(built(records))
    assert words.startswith("records depend on those before: x (")
    assert words.endswith("). Each counts that many times less, and less still where traffic is denser than here")


def test_a_name_cannot_write_on_the_terminal(capsys):
    told_of(built(_with(**{"\x1b[31mred[/]": lambda _: None, "[bold]x": lambda i: i % 3})), True, "folder")
    told = capsys.readouterr().out
    assert "\x1b" not in told
    assert "\\x1b[31mred[/]: never has a value" in told


def test_an_output_that_never_varies_is_not_called_watched(capsys):
    told_of(built(timed(PLAIN, prediction=["approve"] * len(PLAIN))), True, "folder")
    assert (
        "  what the model answers hardly varies: of it only what is missing or new is told\n" in capsys.readouterr().out
    )


def test_off_a_terminal_no_line_is_broken(capsys):
    told_of(built(_with(**{f"{k}{'c' * 30}": lambda _: None for k in range(8)})), True, "folder")
    longest = max(capsys.readouterr().out.splitlines(), key=len)
    assert len(longest) > 200
    assert longest == longest.rstrip()


def test_a_provisional_version_says_so(capsys):
    shown(built(applicants(), provisional=True), {}, [])
    told = capsys.readouterr().out
    assert "  provisional: learned from live records\n" in told
    assert "  from unknown, built unknown\n" in told


@pytest.mark.parametrize("rows", [1_000, 10_000])
def test_the_smallest_visible_shift_is_the_radius_of_the_judge(rows):
    reference = built(timed([{"x": float(x)} for x in np.random.default_rng(2).normal(size=rows)]))
    judge = Judge(reference, Budget(1e6, in_records=False), lambda _: 0.0, 10_000)
    assert visible(reference)["feature.x"].smallest == float(judge.families[0].null.fixed[0])


@pytest.mark.parametrize("seed", range(5))
def test_a_medium_shift_is_told_after_about_as_many_records_as_promised(seed):
    draw = np.random.default_rng(seed)
    reference = built(timed([{"x": float(x)} for x in draw.normal(size=10_000)]))
    promised = visible(reference)["feature.x"].records
    mean = np.log(1 + MEDIUM**2) ** 0.5
    judge = Judge(reference, Budget(SLOTS_PER_ALERT, in_records=False), _default, 10_000)
    detector, start = reference.layout.detectors[1], reference.layout.starts[1]
    for slot in range(1_000):
        tally = reference.layout.empty()
        values = draw.normal(mean, size=20)
        np.add.at(tally.cells, start + np.searchsorted(detector.passed[:-1], values, side="right"), 1)
        tally.cells[RECORDS] = 20
        if any(finding.signal.name == "feature.x" for finding in judge.advance(slot, tally).alarms):
            break
    assert 0.4 * promised < 20 * (slot + 1) < 2 * promised


def _default(signal):
    return 0.1
