"""What the columns of real logs are taken for."""

from __future__ import annotations

import random
import uuid

import pytest

from monitor.reference.infer import Column, infer

ROWS = 1_000
_draw = random.Random(1)


def _times(choices, rows=ROWS):
    return [choices[i % len(choices)] for i in range(rows)]


def _shuffled(values):
    return _draw.sample(values, len(values))


def _interleaved(rows=ROWS):
    """Ids that four processes drew from one counter, each a little behind another."""
    return [4 * (i // 4) + _draw.randrange(40) for i in range(rows)]


NUMBERS = [round(_draw.gauss(0, 1), 4) for _ in range(ROWS)]
CENTS = [int(abs(_draw.gauss(0, 3_000))) for _ in range(ROWS)]
UUIDS = [str(uuid.UUID(int=_draw.getrandbits(128))) for _ in range(ROWS)]
LATE_IN_SEPTEMBER = 1_758_900_000

CASES = {
    "fractions": (NUMBERS, "numeric", None),
    "whole numbers that repeat": (CENTS, "numeric", None),
    "few whole numbers": (_times([0, 1, 2, 3]), "discrete", None),
    "whole numbers written as fractions": (_times([0.0, 1.0]), "discrete", None),
    "sixteen values": (_times(list(range(16))), "discrete", None),
    "seventeen values": (_times(list(range(17))), "numeric", None),
    "one number": (_times([3.5]), "constant", None),
    "negative zero beside zero": (_times([0.0, -0.0]), "constant", None),
    "numbers beyond a float's range": ([*NUMBERS, 10**400, -(10**400)], "numeric", None),
    "infinities alone": (_times([float("inf")]), "aside", "has no finite number"),
    "booleans": (_times([True, False]), "categorical", None),
    "booleans as text": (_times(["true", "false"]), "categorical", None),
    "texts": (_times(["north", "south"]), "categorical", None),
    "one text": (_times(["DE"]), "categorical", None),
    "a hundred texts": ([f"shop {i}" for i in range(100)] * 2, "categorical", None),
    "many texts that repeat": (_times([f"shop {i}" for i in range(400)]), "categorical", None),
    "codes with leading zeros": (_times(["007", "013", "101"]), "categorical", None),
    "months": (_times(["2026-01", "2026-02"]), "categorical", None),
    "null alone": (_times([None]), "aside", "never has a value"),
    "nan alone": (_times([float("nan")]), "aside", "never has a value"),
    "objects": (_times([{"a": 1}]), "aside", "never has a value"),
    "null beside numbers": ([*_times([None]), *NUMBERS], "numeric", None),
    "a few texts among numbers": ([*NUMBERS, *_times(["N/A"], 50)], "numeric", None),
    "a few numbers among texts": ([*_times(["a", "b"]), *_times([1], 50)], "categorical", None),
    "levels that are numbers and texts": (_times([1, 2, "A"]), "categorical", None),
    "UUIDs": (UUIDS, "aside", "1,000 distinct values, like an id"),
    "numbers as text": (
        [str(v) for v in NUMBERS],
        "aside",
        "{distinct:,} distinct values, like an id, all numbers written as text",
    ),
    "numbers beside many texts": (
        [*NUMBERS, *_times(["N/A"], 100)],
        "aside",
        "{distinct:,} distinct values, 91% of them numbers: set its type to watch it",
    ),
    "a counter": (list(range(ROWS)), "aside", "grows from record to record, like a counter or a clock"),
    "a counter down": (list(range(ROWS, 0, -1)), "aside", "grows from record to record, like a counter or a clock"),
    "a counter of several processes": (
        _interleaved(),
        "aside",
        "grows from record to record, like a counter or a clock",
    ),
    "a shuffled counter": (_shuffled(list(range(ROWS))), "aside", "never repeats, like an id"),
    "every tenth id, shuffled": (_shuffled(list(range(0, 10 * ROWS, 10))), "aside", "never repeats, like an id"),
    "seconds since 1970": (
        [LATE_IN_SEPTEMBER + i * 0.7 + _draw.random() for i in range(ROWS)],
        "aside",
        "grows from record to record, like a counter or a clock",
    ),
    "times as text": (
        [f"2026-09-{1 + i // 50:02}T10:{i % 50:02}:00Z" for i in range(ROWS)],
        "aside",
        "dates: later ones would all be new",
    ),
    "dates as text": (_times([f"2026-09-{d:02}" for d in range(1, 31)]), "aside", "dates: later ones would all be new"),
    "dates the German way": (
        _times([f"{d}.9.2026" for d in range(1, 31)]),
        "aside",
        "dates: later ones would all be new",
    ),
}


def _column(values):
    column = Column()
    for value in values:
        column.add(value)
    return column


def _inferred(values, forced=None, rows=None, *, from_table=False):
    return infer("x", _column(values), rows or len(values), forced=forced, from_table=from_table)


@pytest.mark.parametrize(("values", "kind", "why"), CASES.values(), ids=CASES)
def test_a_column_is_what_a_person_would_call_it(values, kind, why):
    found = _inferred(values)
    assert (found.type, found.why) == (kind, why and why.format(distinct=len(set(map(str, values)))))


@pytest.mark.parametrize(
    ("values", "forced"),
    [
        (list(range(ROWS)), "numeric"),
        (_times([1.5]), "numeric"),
        (_shuffled(list(range(ROWS))), "discrete"),
        (UUIDS, "categorical"),
        (_times([1, 2]), "categorical"),
        (_times(["2026-09-01"]), "categorical"),
        ([*NUMBERS, *_times(["N/A"])], "numeric"),
    ],
)
def test_the_configuration_knows_better(values, forced):
    assert _inferred(values, forced=forced).type == forced


@pytest.mark.parametrize(
    ("values", "forced", "why"),
    [
        (_times(["a", "b"]), "numeric", "has no finite number"),
        (_times([None]), "numeric", "never has a value"),
        (_times([None]), "categorical", "never has a value"),
    ],
)
def test_what_has_no_value_of_that_type_is_set_aside_all_the_same(values, forced, why):
    found = _inferred(values, forced=forced)
    assert (found.type, found.why) == ("aside", why)


@pytest.mark.parametrize(
    ("values", "kinds"),
    [
        (_times(["a", "b"]), ("string",)),
        (_times([True, False]), ("boolean",)),
        (_times([True, "unknown"]), ("boolean", "string")),
        (_times([1, "A"]), ("number", "string")),
        ([*_times(["a"], 970), *_times([1], 30)], ("string",)),
    ],
)
def test_kinds_that_are_more_than_odd_ones_are_accepted(values, kinds):
    assert _inferred(values).kinds == kinds


def test_a_table_says_nothing_about_kinds():
    assert _inferred(_times(["a", "b"]), from_table=True).kinds == ("boolean", "number", "string")


def test_a_feature_that_some_records_do_not_carry_is_not_required():
    assert _inferred(NUMBERS).required
    assert _inferred([*NUMBERS, None], rows=ROWS + 1).required
    assert not _inferred(NUMBERS, rows=ROWS + 1).required


def test_millions_of_texts_are_not_kept():
    column = _column(f"c{i}" for i in range(100_000))
    assert len(column.texts) == 20_000
    found = infer("x", column, 100_000, forced=None, from_table=False)
    assert found.why == "20,000 or more distinct values, like an id"


@pytest.mark.parametrize("number", [7, 7.0, "7"])
def test_a_level_has_one_spelling(number):
    assert _column([number]).levels() == [("7", 1)]
