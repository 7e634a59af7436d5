from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.config.shadow import MissingCheck, MonotoneCheck, NoiseCheck
from monitor.counting.sampling import chosen
from monitor.shadow.changing import changed
from monitor.shadow.inputs import Column, Inputs

COLUMNS = (
    Column("income", "number", 0.0, 100.0, scale=20.0),
    Column("age", "number", 18.0, 90.0, whole=True, scale=15.0),
    Column("rooms", "number", 1.0, 5.0, values=(1.0, 2.0, 5.0), scale=1.5),
    Column("town", "text"),
)
INPUTS = Inputs(COLUMNS)
ROWS = st.tuples(
    st.none() | st.floats(-50, 200),
    st.none() | st.integers(0, 120).map(float),
    st.none() | st.sampled_from([1.0, 2.0, 5.0]),
    st.none() | st.sampled_from(["Rome", "Oslo"]),
)
CHECKS = (
    NoiseCheck(type="noise", severity=(0.1, 2.0)),
    MissingCheck(type="missing", severity=(0.5,)),
    MonotoneCheck(type="monotone", feature="income", direction="up"),
)


@given(ROWS, st.text(max_size=5))
def test_what_is_changed_could_have_been(row, identity):
    for change in changed(identity, row, INPUTS, CHECKS):
        if change.check == "missing":
            assert all(new in (None, old) for new, old in zip(change.row, row, strict=True))
            continue
        for column, new, old in zip(COLUMNS, change.row, row, strict=True):
            assert (new is None) == (old is None)
            if column.kind == "text" or old is None:
                assert new == old
                continue
            assert min(column.low, old) <= new <= max(column.high, old)
            assert not column.whole or new == round(new)
            assert not column.values or new in column.values


@given(ROWS, st.text(max_size=5))
def test_whoever_changes_a_record_changes_it_alike(row, identity):
    assert [*changed(identity, row, INPUTS, CHECKS)] == [*changed(identity, row, INPUTS, CHECKS)]
    noisy = [c for c in changed(identity, row, INPUTS, CHECKS) if c.check == "noise"]
    assert [c.severity for c in noisy] == [0.1, 2.0]


@given(ROWS)
def test_a_moved_feature_is_the_only_one_that_moves_and_the_output_may_go_its_way(row):
    moved = [c for c in changed("a", row, INPUTS, CHECKS) if c.check.startswith("monotone")]
    if row[0] is None:
        assert moved == []
        return
    (change,) = moved
    assert change.row[1:] == row[1:]
    assert math.copysign(1, change.row[0] - row[0]) == change.direction


def test_noise_has_the_severity_it_is_named_for():
    row = (50.0, 50.0, 2.0, "Rome")
    changes = [next(changed(str(n), row, INPUTS, CHECKS)) for n in range(2_000)]
    moved = [change.row[0] - 50.0 for change in changes]
    assert math.sqrt(sum(m * m for m in moved) / 2_000) == pytest.approx(0.1 * 20, rel=0.06)


@given(st.lists(st.text(max_size=40) | st.integers(0, 99), min_size=1, max_size=30), st.floats(0.01, 0.99))
def test_a_record_is_chosen_or_not_whatever_comes_with_it(ids, share):
    together = chosen(ids, share).tolist()
    assert together == [bool(chosen([one], share)[0]) for one in ids]
    assert together == chosen([str(one) for one in ids], share).tolist()


@pytest.mark.parametrize("name", ["r{}", "{:08d}", "request-of-some-length-{}"])
@pytest.mark.parametrize("share", [0.001, 0.01, 0.3])
def test_a_share_of_ids_is_chosen_however_they_are_made(name, share):
    found = chosen([name.format(n) for n in range(200_000)], share)
    assert found.sum() == pytest.approx(200_000 * share, abs=5 * math.sqrt(200_000 * share))
