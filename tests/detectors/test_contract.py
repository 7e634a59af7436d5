"""What every detector promises. A new kind needs an example here: without one its tests fail."""

from __future__ import annotations

import dataclasses
import json
import math
from collections import Counter

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors import (
    KINDS,
    AbsoluteError,
    Calibration,
    CategoryBins,
    Combinations,
    Conflicts,
    Distance,
    ErrorRate,
    Flips,
    Knn,
    NumericBins,
    Pair,
    SchemaConformity,
    Skew,
    Trust,
)
from detectors.detector import FEWEST, THIN, array_fields, constructor_fields
from detectors.joint import Seen
from detectors.space import space_of
from monitor.formats.batch import Batch

X = "feature.x"
OTHER = "feature.y"
OUTPUTS = ("prediction", "label", "confidence")
NUMBERS = st.floats() | st.sampled_from([-1.0, 0.0, 0.5, 1.0, 2.0, math.nextafter(2.0, 3.0), math.nan, math.inf])
TEXTS = st.none() | st.text(max_size=2) | st.sampled_from(["a", "b", "7", "true", "rare", 7.0, True, "new"])
JOINED = ("feature.x", "feature.y", "feature.z", "feature.l")
CELLS = st.integers(0, 6)
CHECKS = st.sampled_from(["noise", "missing", "monotone.x", "skew", "other"])


def scorers():
    """Return one of each, of a number with gaps, one that is constant, and a category."""
    draw = np.random.default_rng(1)
    rows = np.column_stack([draw.normal(size=400), np.zeros(400), draw.integers(0, 3, 400)])
    rows[::7, 0] = np.nan
    category, classes = CategoryBins("prediction", "", ("a", "7"), ("rare",)), CategoryBins(X, "", ("a", "7"), ("b",))
    space = space_of(rows, [X, OTHER], [category])
    near = {"k": 3, "share": 1.0, "salt": "s"}
    groups = (rows[:, 0] > 0).astype(np.int64)
    of_class = (rows[:200], groups[:200]), (rows[200:], groups[200:])
    return {
        "knn": [Knn.fit(space, rows[:200], rows[200:], **near | {"share": share})[0] for share in (1.0, 0.5)],
        "trust": [Trust.fit(space, *of_class, classes=classes, **near)[0]],
    }


def seen(rows, column, detector):
    """Return a column of accepted records as detectors of several columns see it."""
    cells = detector.bin(Batch(np.arange(len(rows)), numbers={column: np.array(rows)}, texts={column: rows}))
    signal = next(s for s in detector.signals(np.full(detector.cells, 2 * THIN)) if s.kind == "values")
    return Seen(signal, np.array(signal.bin_of)[cells])


def together():
    """Return one of each, of three numbers that depend on each other and a category that depends on them."""
    draw = np.random.default_rng(2)
    first = draw.normal(size=2_000)
    numbers = [first, first + draw.normal(size=2_000), draw.normal(size=2_000) - first]
    edges = (-9.0, -1.0, -0.5, 0.0, 0.5, 1.0, 9.0)
    columns = [
        seen(x, f"feature.{n}", NumericBins(f"feature.{n}", "", edges)) for n, x in zip("xyz", numbers, strict=True)
    ]
    texts = np.array(["a", "b", "c"])[np.digitize(first, (-0.5, 0.5))].tolist()
    levels = seen(texts, "feature.l", CategoryBins("feature.l", "", ("a", "b", "c")))
    return {
        "pair": [Pair.fit(columns[0], columns[1], 4_000), Pair.fit(columns[0], levels, 400)],
        "combinations": [Combinations.fit([columns[0], levels, columns[1]], 4_000)],
        "distance": [Distance.fit(columns, 4_000)],
    }


EXAMPLES = {
    "conflicts": [Conflicts()],
    "numeric": [
        NumericBins(X, "features", (-1.0, 0.0, 1.0, 2.0)),
        NumericBins(X, "features", (0.0, 1.0, 1.0)),  # a value a bin
        NumericBins(X, "features", (3.0, 3.0)),  # constant
        NumericBins("confidence", "predictions", (0.0, 0.5, 1.0), ("missing",)),
    ],
    "categorical": [
        CategoryBins(X, "features", ("a", "7", "true"), ("b", "rare")),
        CategoryBins(X, "features", ("other", "a"), ("b",)),
        CategoryBins("prediction", "predictions", ("a",), ()),
        CategoryBins(X, "features", ("a", "7"), (), ("missing", "type")),
    ],
    "schema": [SchemaConformity()],
    "error_rate": [ErrorRate()],
    "absolute_error": [AbsoluteError((0.0, 1.0, 2.0))],
    "calibration": [Calibration((0.25, 0.5)), Calibration(())],
    **scorers(),
    **together(),
    "shadow_flips": [
        Flips("noise", 0.1),
        Flips("missing", 1.0),
        Flips("monotone.x", 0.0),
    ],
    "shadow_skew": [Skew(), Skew((("feature.x", 2.5),))],
}
ALL = [pytest.param(d, id=f"{kind} {i}") for kind in KINDS for i, d in enumerate(EXAMPLES.get(kind, []))]


@st.composite
def batches(draw, column, most=12):
    """Records with every column a detector may ask for, some of the wrong type, some that deviate."""
    rows = draw(st.integers(1, most))
    wrong = draw(st.sets(st.integers(0, rows - 1)))
    numbers = [math.nan if i in wrong else draw(NUMBERS) for i in range(rows)]
    texts = [None if i in wrong else draw(TEXTS) for i in range(rows)]
    strange = draw(st.sets(st.integers(0, rows - 1)))
    outputs = [[draw(TEXTS) for _ in range(rows)] for _ in "pl"]
    sizes = [np.array([draw(NUMBERS) for _ in range(rows)]) for _ in "plc"]
    return Batch(
        rows=np.arange(rows),
        numbers=dict(zip(OUTPUTS, sizes, strict=True))
        | {column: np.array(numbers), OTHER: np.zeros(rows)}
        | {name: np.array([draw(NUMBERS) for _ in range(rows)]) for name in ("severity", "flipped", "skew", "level")},
        texts=dict(zip(OUTPUTS[:2], outputs, strict=True))
        | {column: texts, OTHER: ["a"] * rows}
        | {"check": [draw(CHECKS) for _ in range(rows)]},
        cells={name: np.array(draw(st.lists(CELLS, min_size=rows, max_size=rows))) for name in JOINED},
        mismatched={column: sorted(wrong)} if wrong else {},
        deviations=dict.fromkeys(sorted(strange), ("absent: z",)),
        versions=[None] * rows,
        ids=draw(st.lists(st.none() | st.integers() | st.text(max_size=3), min_size=rows, max_size=rows)),
    )


def part(batch, start, stop):
    """Return some records of a batch as a batch of their own."""
    rows = range(start, stop)
    return Batch(
        rows=batch.rows[start:stop],
        numbers={name: values[start:stop] for name, values in batch.numbers.items()},
        texts={name: values[start:stop] for name, values in batch.texts.items()},
        mismatched={name: [i - start for i in at if i in rows] for name, at in batch.mismatched.items()},
        cells={name: cells[start:stop] for name, cells in batch.cells.items()},
        deviations={i - start: how for i, how in batch.deviations.items() if i in rows},
        versions=batch.versions[start:stop],
        ids=batch.ids[start:stop],
    )


def column_of(detector):
    return getattr(detector, "column", X)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_examples(kind):
    assert EXAMPLES[kind]
    assert {type(d) for d in EXAMPLES[kind]} == {KINDS[kind]}
    assert KINDS[kind].kind == kind


@pytest.mark.parametrize("detector", ALL)
@given(st.data())
def test_every_record_has_one_cell(detector, data):
    batch = data.draw(batches(column_of(detector)))
    codes = detector.bin(batch)
    assert codes.shape == (len(batch),)
    assert np.issubdtype(codes.dtype, np.integer)
    assert ((codes >= 0) & (codes < detector.cells)).all()


@pytest.mark.parametrize("detector", ALL)
@given(st.data())
def test_the_same_record_has_the_same_cell_in_every_batch(detector, data):
    batch = data.draw(batches(column_of(detector)))
    cut = data.draw(st.integers(0, len(batch)))
    parts = [detector.bin(part(batch, *ends)) for ends in ((0, cut), (cut, len(batch)))]
    assert np.concatenate(parts).tolist() == detector.bin(batch).tolist()


@pytest.mark.parametrize("detector", ALL)
@given(st.data())
def test_binning_leaves_the_batch_as_it_was(detector, data):
    batch = data.draw(batches(column_of(detector)))
    before = repr(batch)
    assert detector.bin(batch).tolist() == detector.bin(batch).tolist()
    assert repr(batch) == before


@pytest.mark.parametrize("detector", ALL)
@given(st.data())
def test_bins_of_tallies_add(detector, data):
    counts = [data.draw(st.lists(st.integers(0, 999), min_size=detector.cells, max_size=detector.cells)) for _ in "ab"]
    reference = np.full(detector.cells, 2 * THIN)
    for signal in detector.signals(reference):
        gathered = [_gathered(signal, np.array(c)) for c in (*counts, np.add(*counts))]
        assert np.add(*gathered[:2]).tolist() == gathered[2].tolist()


def _gathered(signal, counts):
    bins = np.array(signal.bin_of)
    return np.bincount(bins[bins >= 0], weights=counts[bins >= 0], minlength=len(signal.bins))


CHOSEN = ("categorical", "combinations")
"""Whose bins other records chose than are counted."""


@pytest.mark.parametrize("detector", ALL)
@given(st.data())
def test_signals_are_whole_whatever_the_reference_counts(detector, data):
    cells = detector.cells
    counts = np.array(data.draw(st.lists(st.integers(0, 3 * THIN), min_size=cells, max_size=cells)))
    signals = detector.signals(counts)
    names = Counter(signal.name for signal in signals)
    assert max(names.values(), default=1) == 1
    for signal in signals:
        assert len(signal.bin_of) == cells
        assert {b for b in signal.bin_of if b >= 0} == set(range(len(signal.bins)))
        assert min(signal.bin_of) >= -1
        assert len(set(signal.bins)) == len(signal.bins) >= 2
        assert all(isinstance(label, str) and label for label in signal.bins)
        if signal.kind == "values":
            assert (_gathered(signal, counts) >= (FEWEST if detector.kind in CHOSEN else THIN)).all()
        else:
            assert len(signal.bins) == 2 * signal.contexts
            assert signal.group in {"quality", "performance", "robustness", "labels"}


@pytest.mark.parametrize("detector", ALL)
def test_what_is_stored_comes_back(detector):
    stored = json.loads(msgspec.json.encode(constructor_fields(detector)))
    kind = stored.pop("kind")
    arrays = {name: getattr(detector, name).copy() for name in array_fields(KINDS[kind])}
    back = msgspec.convert(stored | arrays, KINDS[kind])
    assert back == detector
    assert dataclasses.is_dataclass(back)
    assert back.signals(np.full(back.cells, 100)) == detector.signals(np.full(detector.cells, 100))


@pytest.mark.parametrize("detector", ALL)
def test_a_detector_does_not_change(detector):
    for field in dataclasses.fields(detector):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(detector, field.name, None)
    assert hash(detector) == hash(dataclasses.replace(detector))
