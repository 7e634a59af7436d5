"""Streams that are as accepted stay quiet; streams that are not are told of in time."""

from __future__ import annotations

from math import log

import numpy as np
import pytest
from judge_streams import Column, Traffic, alarms, judge_of, judged, levels, mixed, normal_law, number

from detectors import NumericBins
from monitor.judge.directions import directions


@pytest.mark.parametrize("rows", [500, 10_000])
@pytest.mark.parametrize("tolerance", [0.0, 0.1])
@pytest.mark.parametrize("slot", [20, 1_000])
def test_what_is_as_accepted_does_not_alarm(rows, tolerance, slot):
    for seed in range(2):
        traffic = mixed(seed)
        judge = judge_of(traffic.reference(rows), tolerance=tolerance)
        assert alarms(judged(judge, [traffic.tally(slot) for _ in range(1_000)])) == []


def test_bins_with_fifty_reference_records_stay_quiet():
    for seed in range(6):
        law = [1 - 40 * 0.0055, *[0.0055] * 40]
        traffic = Traffic({"thin": levels("thin", law), "flag": number("flag", [0.9945, 0.0055])}, seed)
        reference = traffic.reference(10_000)
        judge = judge_of(reference, tolerance=0.0)
        assert alarms(judged(judge, [traffic.tally(500) for _ in range(400)])) == []


def test_five_per_cent_missing_as_ever_stays_quiet():
    missing = {"n0": {"missing": 0.05}, "kind": {"missing": 0.05}}

    class Gappy(Traffic):
        def tally(self, records, **changes):
            return super().tally(records, **(missing | changes))

    traffic = Gappy(mixed().columns, 3)
    judge = judge_of(traffic.reference(), tolerance=0.0)
    assert alarms(judged(judge, [traffic.tally(100) for _ in range(1_000)])) == []


@pytest.mark.parametrize("budget", [{"every": 20_000}, {"every": 300, "in_records": False}])
def test_even_at_the_border_of_what_is_allowed_alarms_keep_the_budget(budget):
    """A stream that stays at the tolerance for ever, the worst that the promise covers, under a small budget."""
    slots, records = 3_000, 100
    for seed in range(2):
        traffic = Traffic({"x": number("x", [0.2] * 5)}, seed)
        judge = judge_of(traffic.reference(100_000), tolerance=0.3, **budget)
        null = judge.families[0].null
        accepted = null.accepted[0, :5]
        law = accepted * (1 + 0.3 * np.array(directions(null.signals[0], accepted.tolist())[0][1]))
        found = alarms(judged(judge, [traffic.tally(records, x={"law": law.tolist()}) for _ in range(slots)]))
        allowed = slots * (records if budget.get("in_records", True) else 1) / budget["every"]
        assert len(found) <= allowed


def test_runs_beyond_the_range_are_judged_as_dependent_as_the_values():
    """The reference has no value beyond its range to show how they come; twenty together are worth one."""
    detector = NumericBins("feature.x", "features", tuple(float(k) for k in range(17)))
    column = Column(detector, normal_law())
    traffic = Traffic({"x": column}, 1)
    loose, strict = (
        judge_of(traffic.reference(effects={"feature.x": 20.0} if dependent else {})) for dependent in (True, False)
    )
    run = traffic.tally(100)
    run.cells[traffic.layout.starts[0] + 17] += 20  # above
    told = [alarms(judged(judge, [run])) for judge in (loose, strict)]
    assert told == [[], [(0, "quality.above.x")]]


SHIFTS = {
    "mean by .25": ({"n0": {"law": normal_law(0.25)}}, "feature.n0", 4.0),
    "mean by .5": ({"n0": {"law": normal_law(0.5)}}, "feature.n0", 4.0),
    "scale by 1.3": ({"n0": {"law": normal_law(0, 1.3)}}, "feature.n0", 3.5),
    "a level from 3 to 8 %": ({"kind": {"law": [0.45, 0.3, 0.12, 0.05, 0.08]}}, "feature.kind", 4.0),
    "one of twenty levels": ({"many": {"law": [*(1 / (k + 1) for k in range(19)), 0.25]}}, "feature.many", 4.0),
    "a shape no bet was made for": ({"n0": {"law": [1.5 if k % 2 else 0.5 for k in range(16)]}}, "feature.n0", 6.0),
    "missing, 5 %": ({"n0": {"missing": 0.05}}, "quality.missing.n0", 4.0),
    "unseen, 2 %": ({"kind": {"unseen": 0.02}}, "quality.unseen.kind", 4.0),
}


@pytest.mark.parametrize("shift", SHIFTS)
def test_a_shift_is_told_within_a_few_times_the_yardstick(shift):
    """The yardstick is log(A J) / KL(Q || accepted) records; the tolerance and the reference's size cost the rest."""
    changes, name, times = SHIFTS[shift]
    slot, delays = 50, []
    for seed in range(5):
        traffic = mixed(seed)
        judge = judge_of(traffic.reference())
        judged(judge, [traffic.tally(slot) for _ in range(40)])
        for late in range(1, 400):
            verdict = judge.advance(39 + late, traffic.tally(slot, **changes))
            if name in [f.signal.name for f in verdict.alarms]:
                delays.append(late * slot)
                break
    assert len(delays) == 5
    assert np.median(delays) <= times * yardstick(changes, name) + slot


def yardstick(changes, name):
    traffic = mixed()
    judge = judge_of(traffic.reference())
    family = judge.families[0 if name.startswith("feature") else 1]
    row = [s.name for s in family.null.signals].index(name)
    counts = family.null.gather(traffic.tally(1_000_000, **changes).cells)[row]
    q, p = counts / counts.sum(), np.maximum(family.null.accepted[row], 1e-4)
    divergence = sum(a * log(a / b) for a, b in zip(q.tolist(), p.tolist(), strict=True) if a > 0)
    alike = sum(s.group == family.null.signals[row].group for s in judge.signals)
    return log(1e6 * alike) / divergence


def test_the_first_alarm_knows_when_it_began():
    for seed in range(5):
        traffic = mixed(seed)
        judge = judge_of(traffic.reference())
        judged(judge, [traffic.tally(100) for _ in range(300)])
        verdicts = judged(judge, [traffic.tally(100, n1={"law": normal_law(0.5)}) for _ in range(20)])
        first = next(f for v in verdicts for f in v.alarms if f.signal.name == "feature.n1")
        assert abs(first.onset - 300) <= 3
        assert first.onset_records == 100 * first.onset
