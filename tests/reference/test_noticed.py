"""What is wrong with records, and their counts do not show, is said in one line that names the columns."""

from __future__ import annotations

import ast
from math import exp, floor, sin
from pathlib import Path

import numpy as np
import pytest
from reference_records import built, timed

from monitor.reference.cautions import cautions
from monitor.reference.store import Store

ROWS = 4_000
DRAW = np.random.default_rng(3)
X = DRAW.normal(size=ROWS).tolist()
SIDES = DRAW.choice(["a", "b", "c"], ROWS).tolist()
OTHER = DRAW.normal(size=ROWS).tolist()
LABELS = DRAW.choice(["yes", "no"], ROWS).tolist()


def _with(rows=ROWS, untimed=False, outputs=None, **columns):
    """Records of two plain features and others: a column is a function of the record's number."""
    features = [{"x": X[i], "side": SIDES[i]} | {name: of(i) for name, of in columns.items()} for i in range(rows)]
    records = timed(features, **(outputs or {}))
    return [{"features": r["features"]} for r in records] if untimed else records


def _copied():
    """The last 400 records are earlier ones again."""
    records = _with()
    for i in range(400):
        records[ROWS - 400 + i]["features"] = records[7 * i]["features"]
    return records


def _answers(labels):
    """These labels beside predictions that know nothing of them."""
    return {"prediction": ["yes" if value > 0 else "no" for value in OTHER], "label": labels}


def _worse():
    """Labels that are another one than predicted here and there, and three times as often later."""
    return [LABELS[i] if i % (10 if i < 2_000 else 3) else "no" for i in range(ROWS)]


def _drawn_from(few):
    """So many records, drawn again and again."""
    records = _with(y=lambda i: OTHER[i])
    kept = [records[i]["features"] for i in DRAW.integers(0, few, ROWS)]
    return [record | {"features": features} for record, features in zip(records, kept, strict=True)]


COPIES = "{}: each counts, and fresh ones may be told as a shift. Build without them if copied"
FAR = "frequent and far from all others: {}. If it stands for a missing value, log none instead"
MOVES = "moves within these records: {}. Which part was accepted? Build from that"
TWICE = "the same as another column: {}. Leave one out, else each shift is told twice"

CASES = {
    "nothing": (_with(), []),
    "a step": (_with(y=lambda i: OTHER[i] + (i >= 3_000)), [MOVES.format("y (higher from 00:05:00 on)")]),
    "a step down": (_with(y=lambda i: OTHER[i] - (i >= 3_000)), [MOVES.format("y (lower from 00:05:00 on)")]),
    "a trend": (_with(y=lambda i: OTHER[i] + 2 * i / ROWS), [MOVES.format("y (rising)")]),
    "another spread": (
        _with(y=lambda i: OTHER[i] * (1 + (i >= 2_000))),
        [MOVES.format("y (wider spread from 00:03:20 on)")],
    ),
    "a while": (
        _with(y=lambda i: OTHER[i] + (1_000 <= i < 2_000)),
        [MOVES.format("y (higher from 00:01:40 to 00:03:10)")],
    ),
    "another mix": (
        _with(y=lambda i: "u" if X[i] < (i >= 2_000) else "v"),
        [MOVES.format("y (more of u from 00:03:20 on)")],
    ),
    "numbers of records": (
        _with(untimed=True, y=lambda i: OTHER[i] + (i >= 3_000)),
        [
            "not every record has a time, so the order of the file is taken as the order in time: is it?",
            MOVES.format("y (higher from record 3,001 on)"),
        ],
    ),
    "missing until": (
        _with(y=lambda i: None if i < 800 and i % 5 == 0 else OTHER[i]),
        ["missing: y (4 %, all until 00:01:10). Was that accepted?"],
    ),
    "missing for a while": (
        _with(y=lambda i: None if 2_000 <= i < 2_100 else OTHER[i]),
        ["missing: y (2.5 %, all at 00:03:20). Was that accepted?"],
    ),
    "wrong types from": (
        _with(y=lambda i: "?" if i >= 3_900 else OTHER[i]),
        ["of the wrong type: y (2.5 %, all from 00:06:30 on). Is that accepted?"],
    ),
    "a new level": (
        _with(y=lambda i: "new" if i >= 3_500 and i % 2 else SIDES[i]),
        ["in one stretch only: y (new from 00:05:50 on). Was that accepted?"],
    ),
    "a level that is called like a way to move": (
        _with(y=lambda i: "location" if i >= 3_500 and i % 2 else SIDES[i]),
        ["in one stretch only: y (location from 00:05:50 on). Was that accepted?"],
    ),
    "sentinels for a while": (
        _with(y=lambda i: -999.0 if 1_000 <= i < 1_100 else OTHER[i]),
        [
            MOVES.format("y (more of its lowest values from 00:01:40 to 00:01:50)"),
            FAR.format("y (-999 in 2.5 %)"),
        ],
    ),
    "sentinels": (
        _with(
            y=lambda i: -999 if i % 37 == 0 else 9999 if i % 41 == 0 else OTHER[i],
            age=lambda i: 999 if i % 50 == 0 else int(40 + 10 * OTHER[i]),
        ),
        [FAR.format("y (-999 in 2.7 %), y (9999 in 2.4 %), age (999 in 2 %)")],
    ),
    "more errors": (
        _with(outputs={"prediction": LABELS, "label": _worse()}),
        [MOVES.format("performance.error (more from 00:03:20 on)")],
    ),
    "almost a clock": (
        _with(y=lambda i: i + 400 * OTHER[i]),
        ["follows the time: y. Later values will be told as shifts: set `ignore: true`"],
    ),
    "copies": (
        _copied(),
        [COPIES.format("10 % of records equal an earlier one in every feature")],
    ),
    "copies of a few": (
        _drawn_from(100),
        [COPIES.format("98 % of records equal an earlier one in every feature (100 are different)")],
    ),
    "levels that chance repeats": (timed([{"a": a, "b": b} for a, b in zip(SIDES, LABELS, strict=True)]), []),
    "whole numbers that chance repeats": (
        timed([{"a": a, "age": int(40 + 20 * x), "y": round(y, 2)} for a, x, y in zip(SIDES, X, OTHER, strict=True)]),
        [],
    ),
    "the same twice": (
        _with(y=lambda i: X[i], double=lambda i: 2 * X[i], upper=lambda i: SIDES[i].upper()),
        [TWICE.format("y (as x), double (as x), upper (as side)")],
    ),
    "the same in other kinds": (
        _with(flag=lambda i: X[i] > 1, number=lambda i: int(X[i] > 1)),
        [TWICE.format("number (as flag)")],
    ),
    "the answer among the features": (
        _with(outputs={"prediction": LABELS}, y=lambda i: LABELS[i], z=lambda i: LABELS[i] + SIDES[i]),
        [
            "tells the prediction: z. Is it an input? If not, leave it out",
            TWICE.format("y (as prediction)"),
        ],
    ),
    "features that tell the label": (
        _with(outputs=_answers(LABELS), y=lambda i: LABELS[i], paid=lambda i: None if LABELS[i] == "no" else X[-i]),
        [
            "tells the label: y, paid. Is it known before the answer? If not, leave it out",
            f"missing: paid ({100 * LABELS.count('no') / ROWS:.0f} %). Was that accepted?",
        ],
    ),
    "a feature that is the label": (
        _with(outputs={"prediction": X[::-1], "label": OTHER}, y=lambda i: OTHER[i]),
        ["tells the label: y. Is it known before the answer? If not, leave it out"],
    ),
    "a label that never varies": (
        _with(outputs=_answers(["yes"] * ROWS)),
        ["every label is yes: of errors on others nothing can be known"],
    ),
    "labels that are predictions": (
        _with(outputs={"prediction": LABELS, "label": LABELS}),
        ["none of 4,000 labelled predictions was wrong: are the labels the model's own answers?"],
    ),
    "numbers that are predictions": (
        _with(outputs={"prediction": OTHER, "label": OTHER}),
        ["none of 4,000 labelled predictions was wrong: are the labels the model's own answers?"],
    ),
    "named like ids": (
        _with(
            customer_id=lambda i: int(1e6 * X[-i] ** 2),
            userId=lambda i: int(1e5 * OTHER[-i] ** 2),
            paid=lambda i: OTHER[i],
        ),
        ["numbers named like ids: customer_id, userId. Set `ignore: true`, or `type: categorical`"],
    ),
}


@pytest.mark.parametrize(
    "of",
    [
        lambda x: 0.0 if x > 0 else exp(x),
        lambda x: min(5.0, exp(x)),
        lambda x: floor(exp(2 * x)),
        lambda x: 100 - floor(max(0, x)),
        lambda x: x + 10 * (x > 0),
        lambda x: 99 if x > 2 else floor(abs(x) * 5),
    ],
    ids=["zeros", "capped", "counts", "at most 100", "two modes", "a level among few"],
)
def test_frequent_values_near_others_stand_for_nothing_else(of):
    assert not any("far from all others" in line for line in cautions(built(_with(y=lambda i: of(OTHER[i])))))


def _over_days(days, **columns):
    """Records of so many days from a Monday on; a column is a function of the weekday and the record's number."""
    records = _with()
    for i, record in enumerate(records):
        record["time"] = 1_767_571_200 + (days * 86_400 * i) // ROWS
        weekday = record["time"] // 86_400 % 7
        record["features"] = record["features"] | {n: of((weekday + 3) % 7, i) for n, of in columns.items()}
    return records


def test_what_moves_with_the_only_weekend_is_not_to_be_cut_out():
    lines = cautions(built(_over_days(12, y=lambda day, i: OTHER[i] + (day > 4))))
    (line,) = (line for line in lines if "move" in line)
    assert line.startswith("moves with the weekend: y (higher from 2026-01-")
    assert line.endswith(". Build from two whole weeks, then weekends are compared with each other")
    assert any(
        line.startswith("moves with") for line in cautions(built(_over_days(7, y=lambda d, i: OTHER[i] + (d > 4))))
    )


def test_a_fault_on_weekdays_is_no_weekend():
    lines = cautions(built(_over_days(12, y=lambda day, i: OTHER[i] + (day in (1, 2)) * (i < ROWS / 2))))
    assert [line.partition(":")[0] for line in lines if "move" in line] == ["moves within these records"]


@pytest.mark.parametrize("at", [-1.0, -0.3, 0.0, 0.1, 1.2])
def test_a_number_whose_threshold_is_the_prediction_tells_it_wherever_its_bins_begin(at):
    for seed in range(4):
        x = np.random.default_rng(seed).normal(size=ROWS)
        noisy = x + 0.3 * np.random.default_rng(100 + seed).normal(size=ROWS)
        features = [{"x": a, "noisy": b} for a, b in zip(x.tolist(), noisy.tolist(), strict=True)]
        records = timed(features, prediction=np.where(x > at, "yes", "no").tolist())
        (line,) = (line for line in cautions(built(records)) if "tells" in line)
        assert line == "tells the prediction: x. Is it an input? If not, leave it out"


@pytest.mark.parametrize(
    "of",
    [
        lambda x, y: {"a": round(10 * x), "b": round(10 * (0.9 * x + 0.4 * y))},
        lambda x, y: {"a": round(x, 1), "b": round(y, 1)},
        lambda x, y: {"a": round(20 * x), "b": sin(round(20 * x))},  # noqa: ARG005 - what one column says
        lambda x, y: {"a": 0.0 if x > 1 else exp(x), "b": 0.0 if x > 1 else exp(y)},
        lambda x, y: {"a": floor(exp(2 * x)), "b": floor(exp(x + y)), "c": floor(exp(2 * y))},
        lambda x, y: {"a": round(exp(x), 2)},  # noqa: ARG005 - what one column says
        lambda x, y: {"a": [0.1, 1.0, 2.5, 10.0][int(abs(x)) % 4], "b": abs(y) > 1},
        lambda x, y: {"a": round(2 * (20 + 5 * x)) / 2, "b": round(50 - 10 * x + 4 * y)},
    ],
    ids=["ages", "roundings", "one tells the other", "zeros", "counts", "prices", "doses", "sensors"],
)
def test_values_that_chance_repeats_are_no_copies(of):
    for seed in range(5):
        x, y = np.random.default_rng(seed).normal(size=(2, ROWS)).tolist()
        assert not any("equal an earlier one" in line for line in cautions(built(timed(map(of, x, y)))))


@pytest.mark.parametrize(("records", "words"), CASES.values(), ids=CASES)
def test_what_is_noticed_is_said(records, words):
    assert cautions(built(records)) == words


def test_what_is_noticed_is_kept_with_the_reference(tmp_path):
    store = Store(tmp_path)
    for name in ("a while", "copies", "the same twice"):
        reference = built(CASES[name][0])
        store.save(reference, {})
        loaded = store.load(reference.digest)
        assert loaded.notes == reference.notes
        assert cautions(loaded) == CASES[name][1]


def test_labels_of_thousands_of_classes_are_compared_with_nothing():
    labels = [f"class {i}" for i in range(ROWS)]
    assert cautions(built(_with(outputs={"prediction": LABELS, "label": labels}, y=lambda i: round(OTHER[i])))) == []


def test_copies_beside_each_other_are_made_up_for_by_the_design_effect():
    words = cautions(built(timed([{"x": x} for x in np.repeat(X[:1_000], 4).tolist()])))
    assert [line.partition(":")[0] for line in words] == ["records depend on those before"]


def test_a_level_or_name_in_a_caution_cannot_write_on_the_terminal():
    records = _with(**{"\x1b[31mred": lambda i: "\x1b]0;new" if i >= 3_500 and i % 2 else SIDES[i]})
    (line,) = cautions(built(records))
    assert line == "in one stretch only: \\x1b[31mred (\\x1b]0;new from 00:05:50 on). Was that accepted?"


def test_a_reference_of_days_names_the_day():
    records = _with(rows=2_000, y=lambda i: OTHER[i] + 2 * (i >= 1_000))
    for i, record in enumerate(records):
        record["time"] = 1_756_684_800 + 600 * i
    (line,) = (line for line in cautions(built(records)) if line.startswith("moves"))
    assert "y (higher from 2025-09-07 22:40 on)" in line


def test_every_line_of_caution_is_explained():
    """The head of each line, as the code has it, stands in the table of docs/reference.md."""
    root = Path(__file__).parents[2]
    files = [root / f"monitor/reference/{name}.py" for name in ("cautions", "column_cautions", "noted")]
    calls = [node for file in files for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)]
    heads = {
        call.args[1].value for call in calls if ast.unparse(call.func) == "line" and "value" in call.args[1]._fields
    }
    page = (root / "docs/reference.md").read_text()
    assert len(heads) > 15
    assert sorted(head for head in heads if f"| `{head}" not in page and f", `{head}" not in page) == []
