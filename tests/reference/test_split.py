"""Which records choose the levels, and which are counted: the same ones in both readings."""

from __future__ import annotations

import json

import numpy as np
import pytest
from reference_records import built, timed

from detectors import CategoryBins
from monitor.reference.split import FREQUENT, chooses
from monitor.reference.store import Store

ROWS = 3_000
FIRST = [chooses(row) for row in range(ROWS)]
COUNTED = FIRST.count(False)


def shops(first, rest):
    """Return shops of all records: of those that choose, then of the others; where none is named it is `usual`."""
    left = {
        True: [s for s, n in first.items() for _ in range(n)],
        False: [s for s, n in rest.items() for _ in range(n)],
    }
    return [left[choosing].pop() if left[choosing] else "usual" for choosing in FIRST]


def bins_of(reference):
    (place,) = [d for d in reference.layout.detectors if isinstance(d, CategoryBins)]
    start = reference.layout.starts[reference.layout.detectors.index(place)]
    return place, reference.counts[start : start + place.cells].tolist()


def test_levels_are_kept_for_the_records_that_choose_and_counted_on_the_others():
    records = timed([{"shop": s} for s in shops({"a": FREQUENT, "b": FREQUENT - 1}, {"a": 30, "b": 400, "c": 500})])
    detector, counts = bins_of(built(records))
    assert (detector.levels, detector.rare) == (("usual", "a"), ("b", "c"))
    assert counts == [COUNTED - 930, 30, 900, 0, 0, 0]


def test_where_no_level_is_frequent_the_most_frequent_of_those_that_choose_is_kept():
    many = [f"shop {row % 150}" for row in range(ROWS)]
    detector, _ = bins_of(built(timed([{"shop": s} for s in many])))
    assert len(detector.levels) == 1
    assert len(detector.rare) == 149


@pytest.mark.parametrize("junk", [b"{", b'{"features": {"shop": "a"}, "model": "another"}', b'{"features": 7}'])
def test_what_is_no_record_of_the_model_moves_no_other_into_another_part(junk):
    records = timed([{"shop": s} for s in shops({"a": FREQUENT}, {"a": 30, "c": 500})])
    lines = [json.dumps(r).encode() for r in records]
    mixed = [line for row, line in enumerate(lines) for line in ([junk] * (row % 7 == 0) + [line])]
    assert bins_of(built(mixed)) == bins_of(built(records))


def test_a_record_that_cannot_be_used_after_all_moves_none_either():
    records = timed([{"shop": s} for s in shops({"a": FREQUENT}, {"a": 30, "c": 500})])
    records[FIRST.index(True) + 7]["time"] = 1e15
    detector, counts = bins_of(built(records))
    assert (detector.levels, sum(counts)) == (("usual", "a"), COUNTED)


def test_numbers_among_levels_are_chosen_alike():
    values = [{"a": 7, "b": True}.get(s, s) for s in shops({"a": 200, "b": 300}, {"a": 30, "b": 40})]
    detector, counts = bins_of(built(timed([{"shop": v} for v in values])))
    assert detector.levels == ("usual", "true", "7")
    assert counts[1:3] == [40, 30]


def test_levels_that_came_two_or_three_times_say_how_much_the_count_of_new_ones_varies():
    few = {f"twice {n}": 2 for n in range(20)} | {f"thrice {n}": 3 for n in range(10)}
    reference = built(timed([{"shop": s} for s in shops({}, few | {f"once {n}": 1 for n in range(9)})]))
    detector, counts = bins_of(reference)
    assert (detector.few, counts[detector.unseen]) == (30 * COUNTED // ROWS, 6)
    (signal,) = [s for s, _ in reference.signals if s.name == "quality.unseen.shop"]
    assert signal.excess == 2 * detector.few / COUNTED


@pytest.mark.parametrize("by", ["hour_of_day", "region"])
def test_in_contexts_both_parts_are_kept_and_read_back(by, tmp_path):
    draw = np.random.default_rng(1)
    features = [{"shop": "abcd"[k], "region": "ns"[k % 2], "x": k + draw.normal()} for k in draw.integers(0, 4, ROWS)]
    reference = built(timed(features), contexts=(by,))
    (contexts,) = reference.contexts
    place = reference.layout.place_of("feature.shop")
    start, width = reference.layout.starts[place], reference.layout.detectors[place].cells
    assert contexts.counts[:, start : start + width].sum() == COUNTED
    assert contexts.choosing[:, start : start + width].sum() == ROWS - COUNTED
    store = Store(tmp_path)
    store.save(reference, {})
    (loaded,) = store.load(reference.digest).contexts
    assert loaded.choosing.tolist() == contexts.choosing.tolist()


@pytest.mark.parametrize("rounds", [2, 3, 4, 5, 7, 24, 96, 168])
@pytest.mark.parametrize("length", [100, 200, 500])
def test_of_whatever_comes_in_rounds_a_third_chooses(rounds, length):
    """Partitions that are polled by turns, days of 300 records: each source is counted as often as it comes."""
    rows = np.arange(rounds * 60_000 // length * length)
    chosen = np.array([chooses(row) for row in rows.tolist()])
    shares = np.bincount(rows // length % rounds, weights=chosen) / np.bincount(rows // length % rounds)
    assert np.abs(shares - 1 / 3).max() < 0.01


@pytest.mark.parametrize("start", [0, 12_345, 10**9])
def test_of_any_stretch_a_third_chooses(start):
    chosen = np.array([chooses(start + row) for row in range(12_000)])
    assert abs(chosen.mean() - 1 / 3) < 0.02
