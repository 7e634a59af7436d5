from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.detector import THIN, merged
from detectors.numeric import NumericBins, Together, equal_mass_edges
from monitor.formats.batch import Batch

X = "feature.x"
BELOW, ABOVE, MISSING, WRONG = 0, 4, 5, 6
BINS = NumericBins(X, "features", (0.0, 1.0, 2.0, 3.0))


def _cell(detector, value, *, wrong=False):
    batch = Batch(np.arange(1), numbers={X: np.array([value])}, mismatched={X: [0]} if wrong else {})
    return int(detector.bin(batch)[0])


def _counts(detector, values):
    batch = Batch(np.arange(len(values)), numbers={X: np.array(values, dtype=float)})
    return np.bincount(detector.bin(batch), minlength=detector.cells)


def _value_signal(values):
    detector = NumericBins(X, "features", equal_mass_edges(np.array(values, dtype=float), THIN))
    return detector.signals(_counts(detector, values))[0]


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (-math.inf, BELOW),
        (-0.001, BELOW),
        (-0.0, 1),
        (0.0, 1),
        (0.999, 1),
        (1.0, 2),
        (2.999, 3),
        (3.0, 3),
        (math.nextafter(3.0, 4.0), ABOVE),
        (math.inf, ABOVE),
        (math.nan, MISSING),
    ],
)
def test_a_bin_holds_its_lower_edge_and_the_last_one_its_upper_too(value, cell):
    assert _cell(BINS, value) == cell


def test_a_wrong_type_is_not_a_missing_value():
    assert _cell(BINS, math.nan, wrong=True) == WRONG


def test_values_outside_count_in_the_outer_bins_as_values_and_by_themselves_as_quality():
    value, missing, wrong, below, above = BINS.signals(np.array([1, 50, 50, 50, 1, 9, 9]))
    assert value.bin_of == (0, 0, 1, 2, 2, -1, -1)
    assert value.bins == ("< 1", "[1, 2)", "≥ 2")
    assert below.bin_of == (1, 0, 0, 0, 0, -1, -1)
    assert above.bin_of == (0, 0, 0, 0, 1, -1, -1)
    assert missing.bin_of == (0, 0, 0, 0, 0, 1, 0)
    assert wrong.bin_of == (0, 0, 0, 0, 0, 0, 1)


def test_no_label_shows_the_smallest_or_the_largest_value():
    values = [*np.random.default_rng(1).normal(size=2_000), -3.981234, 76.634321]
    detector = NumericBins(X, "features", equal_mass_edges(np.array(values), THIN))
    labels = [label for signal in detector.signals(_counts(detector, values)) for label in signal.bins]
    assert "below the accepted range" in labels
    assert "above the accepted range" in labels
    assert not [label for label in labels if "3.98" in label or "76.6" in label]


def test_few_values_get_a_bin_each():
    assert _value_signal([0, 1, 2] * 100).bins == ("0", "1", "2")
    assert _value_signal([0, 1, 2.5] * 100).bins == ("0", "1", "2.5")


def test_a_rare_value_joins_its_neighbour_and_the_label_says_so():
    assert _value_signal([0] * 100 + [1] * 100 + [2] * 9 + [3] * 100).bins == ("< 1", "[1, 2)", "≥ 2")


def test_one_value_is_no_value_signal():
    detector = NumericBins(X, "features", equal_mass_edges(np.full(1_000, 3.5), THIN))
    assert [s.name for s in detector.signals(_counts(detector, [3.5] * 1_000))] == [
        "quality.missing.x",
        "quality.type.x",
        "quality.below.x",
        "quality.above.x",
    ]


@pytest.mark.parametrize("offset", [0, 1e6, 1_700_000_000.0, 1e15, -1e9])
def test_bins_of_large_numbers_can_be_told_apart(offset):
    bins = _value_signal(np.random.default_rng(1).normal(offset, 5, 5_000)).bins
    assert len(set(bins)) == len(bins) >= 8


@pytest.mark.parametrize(
    ("edges", "labels"),
    [
        ((1.0, 12_500.0, 96_960.0, 99_000.0), ("< 12,500", "[12,500, 96,960)", "≥ 96,960")),
        ((1.0, 123_456.0, 123_457.5, 2e5), ("< 123,456", "[123,456, 123,458)", "≥ 123,458")),
        ((1.0, 0.00012345, 9_999.5, 2e4), ("< 0.0001234", "[0.0001234, 10,000)", "≥ 10,000")),
    ],
)
def test_ends_of_bins_below_a_million_are_written_out(edges, labels):
    detector = NumericBins("feature.x", "features", edges, quality=())
    (signal,) = detector.signals(np.array([0, 60, 60, 60, 0, 0, 0]))
    assert signal.bins == labels


@pytest.mark.parametrize(
    ("records", "outer"), [(20_000, [50, 106, 156, 313, 625]), (50_000, [50, 145, 195, 391, 781, 1_563])]
)
def test_bins_are_finer_towards_the_tails(records, outer):
    values = np.random.default_rng(1).normal(size=records)
    counts = _counts(NumericBins(X, "features", equal_mass_edges(values, THIN)), values)[1:-3]
    assert counts.tolist() == pytest.approx([*outer, *[records / 16] * 14, *reversed(outer)], abs=1)


@pytest.mark.parametrize("records", [5_000, 50_000])
def test_where_values_are_sparse_between_two_modes_there_is_a_bin(records):
    draw = np.random.default_rng(1)
    values = draw.normal(size=records) * 0.5 + draw.choice([-2.0, 2.0], size=records)
    detector = NumericBins(X, "features", equal_mass_edges(values, THIN))
    counts = _counts(detector, values)
    assert THIN <= counts[_cell(detector, -0.1)] <= max(2 * THIN, 0.01 * records)
    assert counts[1:-3].min() >= THIN
    assert len(counts) <= 36


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-3, 3), min_size=1, max_size=300))
def test_edges_increase_from_the_smallest_to_the_largest_value(values):
    edges = equal_mass_edges(np.array(values, dtype=float), 10)
    assert (edges[0], edges[-1]) == (min(values), max(values))
    assert all(a < b for a, b in pairwise(edges[:-1]))
    assert len(edges) == 2 or edges[-2] <= edges[-1]
    assert len(edges) <= 33
    counts = _counts(NumericBins(X, "features", edges), values)
    assert counts[1:-3].sum() == len(values)


@given(st.lists(st.integers(0, 2 * THIN), min_size=1, max_size=30), st.booleans())
def test_merged_bins_are_thick_enough_where_there_are_two(counts, ordered):
    bins = merged(counts, ordered=ordered)
    assert len(bins) == len(counts)
    assert set(bins) == set(range(max(bins) + 1))
    if ordered:
        assert bins == sorted(bins)
    if max(bins) > 0:
        assert min(np.bincount(bins, weights=counts)) >= THIN


VALUES = st.floats() | st.sampled_from([0.0, 1.0, 2.0, 3.0, math.nextafter(3.0, 4.0), math.nan])


@given(st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=20), st.sets(st.integers(0, 19)))
def test_many_columns_at_once_are_binned_as_each_alone(rows, wrong):
    detectors = [BINS, NumericBins("feature.y", "features", (1.0, 1.0))]
    columns = np.array(rows).T
    batch = Batch(
        np.arange(len(rows)),
        numbers={d.column: values for d, values in zip(detectors, columns, strict=True)},
        mismatched={X: sorted(i for i in wrong if i < len(rows))},
    )
    assert Together(detectors).bin(batch).tolist() == [d.bin(batch).tolist() for d in detectors]
