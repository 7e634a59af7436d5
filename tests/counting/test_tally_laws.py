"""Tallies add, in any order and grouping, to the same integers; what is cut off is cut off exactly."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors import CategoryBins, NumericBins, SchemaConformity
from monitor.counting.tally import DETAIL, LONGEST_VERSION, RECORDS, VERSIONS_TOLD, Layout, Tally
from monitor.formats.batch import Batch

LAYOUT = Layout(
    [
        SchemaConformity(),
        NumericBins("feature.x", "features", (0.0, 1.0, 2.0)),
        CategoryBins("feature.c", "features", ("red", "7")),
    ]
)

KEPT = 16
words = st.sampled_from([f"n{number:02}" for number in range(3 * KEPT)])
about = st.tuples(st.sampled_from(["quality.schema", "quality.unseen.c"]), words)
counts = st.integers(1, 5)
cells = st.lists(st.integers(0, 9), min_size=LAYOUT.total, max_size=LAYOUT.total)
versions = st.one_of(st.none(), st.integers(0, 30), st.integers(0, 30).map(str))
rows = st.lists(
    st.tuples(
        st.one_of(st.floats(), st.integers(-1, 3).map(float)),
        st.sampled_from(["red", "7", 7.0, "blue", None]),
        versions,
        st.lists(words, max_size=2),
    ),
    min_size=1,
    max_size=40,
)


@pytest.fixture(autouse=True, scope="module")
def _few():
    """Keep few names, so that small examples have more."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("monitor.counting.tally.NAMES_KEPT", KEPT)
        yield


@st.composite
def tallies(draw: st.DrawFn) -> Tally:
    """Return a tally as `Layout.count` makes them: the first names and versions, no more."""
    drawn = [draw(st.dictionaries(keys, counts, max_size=3 * KEPT)) for keys in (words, about)]
    first: list[Any] = [dict(sorted(of.items())[:KEPT]) for of in drawn]
    return Tally(np.array(draw(cells), dtype=np.int64), *first)


def total(*parts: Tally) -> tuple[list[int], dict[str, int], dict[tuple[str, str], int]]:
    """Return the sum as plain values, the parts untouched."""
    whole = LAYOUT.empty()
    for part in parts:
        whole += deepcopy(part)
    return whole.cells.tolist(), whole.versions, whole.names


def batch_of(drawn: list[tuple[float, str, object, list[str]]]) -> Batch:
    return Batch(
        np.arange(len(drawn)),
        numbers={"feature.x": np.array([x for x, _, _, _ in drawn])},
        texts={"feature.c": [c for _, c, _, _ in drawn]},
        deviations={position: tuple(names) for position, (_, _, _, names) in enumerate(drawn) if names},
        versions=[v for _, _, v, _ in drawn],
    )


@settings(deadline=None)
@given(tallies(), tallies(), tallies())
def test_tallies_add_in_any_order_and_grouping(a, b, c):
    left, right = deepcopy(a), deepcopy(b)
    left += b
    left += c
    right += c
    right += a
    assert total(left) == total(right) == total(a, b, c) == total(c, b, a)
    assert total(a, LAYOUT.empty()) == total(a)


@settings(deadline=None)
@given(rows, st.data())
def test_a_batch_counts_what_its_parts_count_together(drawn, data):
    batch = batch_of(drawn)
    codes = LAYOUT.codes(batch)
    chosen = data.draw(st.sets(st.sampled_from(range(len(drawn)))))
    parts = [sorted(chosen), sorted(set(range(len(drawn))) - chosen)]
    tally = LAYOUT.count(batch, codes, np.arange(len(drawn)))
    assert total(*(LAYOUT.count(batch, codes, np.array(part, dtype=np.int64)) for part in parts)) == total(tally)
    single = [batch_of([row]) for row in drawn]
    assert total(*(LAYOUT.count(one, LAYOUT.codes(one), np.arange(1)) for one in single)) == total(tally)


@settings(deadline=None)
@given(rows)
def test_every_detector_puts_every_record_into_one_of_its_cells(drawn):
    batch = batch_of(drawn)
    tally = LAYOUT.count(batch, LAYOUT.codes(batch), np.arange(len(drawn)))
    assert tally.cells[RECORDS] == len(drawn)
    for detector, start in zip(LAYOUT.detectors, LAYOUT.starts, strict=True):
        assert tally.cells[start : start + detector.cells].sum() == len(drawn)


@settings(deadline=None)
@given(rows)
def test_only_the_first_names_and_versions_are_kept_and_those_are_exact(drawn):
    batch = batch_of(drawn)
    tally = LAYOUT.count(batch, LAYOUT.codes(batch), np.arange(len(drawn)))
    named = [name for _, _, _, names in drawn for name in names]
    dated = [str(version) for _, _, version, _ in drawn if version is not None]
    assert tally.names == {("quality.schema", name): named.count(name) for name in sorted(set(named))[:KEPT]}
    assert tally.versions == {version: dated.count(version) for version in sorted(set(dated))[:KEPT]}


def test_a_version_takes_no_more_room_than_a_version_does():
    batch = batch_of([(0.0, "a", "v" * 1_000_000, [])])
    tally = LAYOUT.count(batch, LAYOUT.codes(batch), np.arange(1))
    assert tally.versions == {"v" * LONGEST_VERSION: 1}


def test_of_what_is_shed_nothing_is_kept_and_the_rest_is_counted_as_ever(monkeypatch):
    batch = batch_of([(0.0, "a", 7, ["absent: income"]), (1.0, "b", 7, [])])
    codes, every = LAYOUT.codes(batch), np.arange(2)
    whole = LAYOUT.count(batch, codes, every)
    monkeypatch.setattr(LAYOUT, "shed", DETAIL)
    lean = LAYOUT.count(batch, codes, every)
    assert whole.names
    assert (lean.names, lean.rows, lean.given) == ({}, [], None)
    assert (lean.cells.tolist(), lean.versions) == (whole.cells.tolist(), whole.versions)


def test_a_slot_is_told_to_be_of_its_most_frequent_versions():
    canaries = {f"canary-{number:02}": 1 for number in range(40)}
    leading = Tally(LAYOUT.empty().cells, dict(sorted({**canaries, "v9": 5_000}.items()))).leading_versions
    assert leading == {"v9": 5_000}
    alike = {**canaries, "v9": 2}
    assert [*Tally(LAYOUT.empty().cells, alike).leading_versions] == ["v9", *sorted(canaries)[: VERSIONS_TOLD - 1]]
