"""Slots as they may come: huge, empty, far apart, of a model with nothing to judge by value."""

from __future__ import annotations

import numpy as np
import pytest
from judge_streams import Column, Traffic, alarms, judge_of, judged, levels, mixed, number

from detectors import NumericBins
from monitor.counting.tally import DEAD, RECORDS
from monitor.judge.judge import Judge

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
