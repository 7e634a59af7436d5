"""What is wrong with records, and their counts do not show, is said in one line that names the columns."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest
from reference_records import built, timed

from monitor.reference.store import Store
from monitor.review.cautions import cautions

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
    files = [root / f"monitor/review/{name}.py" for name in ("cautions", "column_cautions", "noted")]
    calls = [node for file in files for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)]
    heads = {
        call.args[1].value for call in calls if ast.unparse(call.func) == "line" and "value" in call.args[1]._fields
    }
    page = (root / "docs/reference.md").read_text()
    assert len(heads) > 15
    assert sorted(head for head in heads if f"| `{head}" not in page and f", `{head}" not in page) == []
