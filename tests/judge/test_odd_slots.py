"""Slots as they may come: huge, empty, far apart, of a model with nothing to judge by value."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from judge_streams import (
    Column,
    Traffic,
    alarms,
    judge_of,
    judged,
    levels,
    mixed,
    normal_law,
    null_of,
    number,
    share_signal,
    signal,
)

from detectors import NumericBins
from monitor.counting.tally import DEAD, RECORDS
from monitor.judge.bets import share_bets, tilts
from monitor.judge.judge import MOST_JUDGED, Judge
from monitor.judge.plugin import Recent

LARGEST = 10_000_000


@pytest.fixture(autouse=True)
def arithmetic_raises():
    with np.errstate(all="raise"):
        yield


@pytest.mark.parametrize("in_records", [True, False])
def test_ten_million_records_a_slot_overflow_nothing(in_records):
    traffic = mixed()
    judge = judge_of(traffic.reference(100_000), tolerance=0.1, in_records=in_records)
    assert alarms(judged(judge, [traffic.tally(LARGEST) for _ in range(3)])) == []
    worst = {name: {"missing": 1.0} for name in traffic.columns}
    first = {name: {"law": [1.0, *[0.0] * (len(column.law) - 1)]} for name, column in traffic.columns.items()}
    for changes in (worst, first, {}, worst):
        verdict = judge.advance(judge.last + 1, traffic.tally(LARGEST, **changes))
        assert all(-1e9 < e < 1e9 or e < -1e10 for e in verdict.evidence)
        for finding in verdict.alarms:
            assert finding.evidence > 0
        assert bool(verdict.alarms) == bool(changes)


@pytest.mark.parametrize("records", [MOST_JUDGED - 1, MOST_JUDGED, 1 << 40, 1 << 60])
def test_more_records_a_slot_than_64_bits_could_bet_on_overflow_nothing(records):
    traffic = Traffic({"x": number("x"), "kind": levels("kind", [0.9, 0.1])})
    judge = judge_of(traffic.reference(100_000), tolerance=0.1, in_records=False, every=259_200)
    for slot, changes in enumerate(({}, {"x": {"law": [1.0, *[0.0] * 15]}, "kind": {"unseen": 0.5}}, {})):
        tally = traffic.tally(1_000, **changes)
        tally.cells *= records // 1_000
        verdict = judge.advance(slot, tally)
        assert all(abs(evidence) < 1e12 for evidence in verdict.evidence)
        told = {finding.signal.name for finding in verdict.alarms}
        assert ("feature.x" in told, "quality.unseen.kind" in told) == (bool(changes), bool(changes))
    assert verdict.records == 3 * (records // 1_000 * 1_000)


@given(st.lists(st.integers(50, 1 << 50), min_size=2, max_size=32), st.booleans(), st.sampled_from([0.0, 0.1, 2.0]))
def test_an_entry_of_a_bet_on_values_is_below_the_bound_that_64_bits_need(counts, ordered, tolerance):
    null = null_of(signal(len(counts), ordered=ordered), counts, tolerance=tolerance)
    recent = Recent(null, 8_640)
    recent.add(np.eye(len(counts), dtype=np.int64)[:1] * MOST_JUDGED, 1)
    for tables, _ in (tilts(null), recent.bets()):
        assert np.abs(tables).max(initial=0) * MOST_JUDGED < 1 << 61


@pytest.mark.parametrize("others", [0, 10_000, 1 << 40])
@pytest.mark.parametrize("events", [0, 1, 50, 10_000_000])
@pytest.mark.parametrize("tolerance", [0.0, 0.1, 50.0])
def test_an_entry_of_a_bet_on_a_share_is_below_the_bound_that_64_bits_need(others, events, tolerance):
    tables, _ = share_bets(null_of(share_signal(), [others + 1, events], tolerance=tolerance))
    assert np.abs(tables).max(initial=0) * MOST_JUDGED < 1 << 61


@pytest.mark.parametrize("in_records", [True, False])
def test_slots_of_one_record_each_are_quiet_and_tell_what_lasts(in_records):
    traffic = mixed()
    judge = judge_of(traffic.reference(), in_records=in_records, every=1e6)
    assert alarms(judged(judge, [traffic.tally(1) for _ in range(3_000)])) == []
    found = alarms(judged(judge, [traffic.tally(1, n0={"missing": 1.0}) for _ in range(20)]))
    assert {name for _, name in found} == {"quality.missing.n0"}
    assert found[0][0] >= 3_002  # a single bad record cannot alarm


def test_a_weekend_without_records_costs_nothing_and_ends_quietly():
    traffic = mixed()
    judge = judge_of(traffic.reference(), in_records=False, every=259_200)
    before = judged(judge, [traffic.tally(100) for _ in range(200)])[-1]
    monday = judge.last + 2 * 8_640
    after = judged(judge, [traffic.tally(100) for _ in range(200)], first=monday)
    assert alarms(after) == []
    assert after[-1].records == before.records + 200 * 100
    assert max(after[0].evidence) < max(before.evidence) + 1
    assert max(family.detector.pending.max(initial=0) for family in judge.families) <= 1  # a start a judged slot


def test_a_shift_over_a_weekend_is_told_as_soon_as_one_on_any_day():
    found = {}
    for gap in (1, 2 * 8_640):
        traffic = mixed()
        judge = judge_of(traffic.reference(), in_records=False, every=259_200)
        judged(judge, [traffic.tally(100) for _ in range(200)])
        first = judge.last + gap
        slots = [traffic.tally(100, n0={"law": normal_law(0.5)}) for _ in range(100)]
        found[gap] = next(slot - first for slot, name in alarms(judged(judge, slots, first)) if name == "feature.n0")
    assert found[2 * 8_640] <= found[1] + 5


def test_a_rare_bin_of_a_huge_reference_is_judged():
    law = [1 - 1e-6, 1e-6]
    traffic = Traffic({"flag": number("flag", law), "kind": levels("kind", law)})
    judge = judge_of(traffic.reference(100_000_000), tolerance=0.0)
    judged(judge, [traffic.tally(1_000) for _ in range(10)])
    changes = {name: {"law": [0.999, 0.001]} for name in ("flag", "kind")}
    found = alarms(judged(judge, [traffic.tally(1_000, **changes) for _ in range(30)]))
    assert {name for _, name in found} == {"feature.flag", "feature.kind"}


def test_a_gap_of_a_million_slots_adds_no_mass_and_fades_the_memory():
    traffic = mixed()
    judge = judge_of(traffic.reference(), in_records=False, every=259_200)
    judged(judge, [traffic.tally(100, n0={"missing": 1.0}) for _ in range(5)])
    judge.advance(1_000_000, traffic.tally(100, n0={"missing": 1.0}))
    values = judge.families[0]
    assert values.detector.pending.max() == 6
    assert values.recent.counts[1, 3].sum() == pytest.approx(100)
    assert values.recent.counts[1, 1].sum() == pytest.approx(500, rel=0.2)


def test_an_empty_slot_changes_no_evidence():
    traffic = mixed()
    judge = judge_of(traffic.reference())
    before = judged(judge, [traffic.tally(100) for _ in range(5)])[-1].evidence
    verdict = judge.advance(5, traffic.layout.empty())
    assert verdict.evidence == before
    assert (verdict.records, verdict.slot_records, verdict.alarms) == (500, 0, [])


def test_a_slot_of_unusable_records_alone_is_told():
    traffic = mixed()
    judge = judge_of(traffic.reference(), every=259_200, in_records=False)
    judged(judge, [traffic.tally(100) for _ in range(5)])
    dead = traffic.layout.empty()
    dead.cells[DEAD] = 50
    finding = judge.advance(5, dead).alarms[0]
    assert (finding.signal.name, finding.shape) == ("quality.dead_letters", "unusable")
    assert finding.effect.points > 30


def test_a_model_of_constants_is_judged_by_its_quality_alone():
    column = Column(NumericBins("feature.x", "features", (1.0, 1.0)), [1.0])
    traffic = Traffic({"x": column})
    judge = judge_of(traffic.reference())
    assert judge.families[0].null.signals == ()
    judged(judge, [traffic.tally(100) for _ in range(5)])
    found = alarms(judged(judge, [traffic.tally(100, x={"missing": 0.5})]))
    assert found == [(5, "quality.missing.x")]


def test_a_column_that_never_had_a_value_is_no_reason_to_alarm():
    traffic = Traffic({"x": number("x"), "gone": number("gone")})
    reference = traffic.reference()
    start = traffic.layout.starts[1]
    counts = reference.counts.copy()
    counts[start : start + 19] = 0
    counts[start + 18] = reference.rows  # missing, always
    judge = judge_of(type(reference)("m", reference.schema, reference.layout, counts, reference.rows, {}, None, None))
    assert alarms(judged(judge, [traffic.tally(100, gone={"missing": 1.0}) for _ in range(50)])) == []


def test_signals_that_are_ignored_are_not_judged():
    traffic = mixed()
    reference = traffic.reference()
    whole = judge_of(reference)
    part = Judge(reference, whole.budget, lambda _: 0.1, 10_000, ignored=["feature.n0", "quality.missing.n0"])
    names = {s.name for s in whole.signals} - {s.name for s in part.signals}
    assert names == {"feature.n0", "quality.missing.n0"}
    assert {name for _, name in alarms(judged(part, [traffic.tally(1_000, n0={"missing": 1.0})]))} == set()
    assert int(traffic.tally(7).cells[RECORDS]) == 7
