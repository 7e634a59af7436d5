"""What each slot adds to the evidence to start from, and what it does not."""

from __future__ import annotations

from math import floor, log

import numpy as np
import pytest
from judge_streams import judge_of, judged, mixed, null_of, signal

from monitor.counting.tally import DEAD, LATE, RECORDS
from monitor.judge.bets import SCALE
from monitor.judge.edetector import MOST_PENDING, NOTHING, EDetector
from monitor.judge.family import FOLLOWING, Family

FAIR = np.zeros((1, 2), dtype=np.int64)
"""Two bets that neither win nor lose."""

AWAKE = np.ones((1, 2), dtype=bool)
ONE = np.array([[1, 0]])
NONE = np.array([[0, 0]])


def detector():
    return EDetector(np.full((1, 2), 0.5), width=2)


def start(mass):
    return floor(SCALE * log(mass))


@pytest.mark.parametrize(("in_records", "masses"), [(True, [10, 510]), (False, [1, 2])])
def test_a_slot_adds_its_records_or_in_time_one_however_many_they_are(in_records, masses):
    traffic = mixed()
    judge = judge_of(traffic.reference(), in_records=in_records)
    waiting = []
    for slot, records in enumerate((10, 500)):
        judge.advance(slot, traffic.tally(records, n0={"missing": 1.0}))
        waiting.append(int(judge.families[0].detector.pending.max()))
    assert waiting == masses


@pytest.mark.parametrize("mass", [1, 7, 100_000])
def test_a_bet_that_neither_wins_nor_loses_stays_at_the_largest_mass_of_a_slot(mass):
    own = detector()
    for slot in range(3):
        own.advance(ONE, FAIR, AWAKE, mass=mass, slot=slot, records=slot)
    assert own.log_c.tolist() == [[start(mass)] * 2]
    assert own.log_r.tolist() == [[pytest.approx(start(3 * mass), abs=2 * SCALE * 2**-11)] * 2]
    assert own.onset.tolist() == [[2, 2]]  # started anew, for nothing was won


def test_slots_without_records_of_a_signal_pass_their_mass_on():
    own = detector()
    for slot in range(3):
        own.advance(NONE, FAIR, AWAKE, mass=5, slot=slot, records=0)
    assert (own.log_c == NOTHING).all()
    own.advance(ONE, FAIR, AWAKE, mass=5, slot=3, records=0)
    assert own.log_c.tolist() == [[start(20)] * 2]
    assert own.pending.tolist() == [0]
    assert own.onset.tolist() == [[3, 3]]


def test_mass_waits_for_a_hundred_slots_at_most():
    own = detector()
    for slot in range(3 * MOST_PENDING):
        own.advance(NONE, FAIR, AWAKE, mass=5, slot=slot, records=0)
    assert own.pending.tolist() == [5 * MOST_PENDING]


@pytest.mark.parametrize("in_records", [True, False])
def test_a_column_that_was_gone_for_long_does_not_alarm_by_coming_back(in_records):
    traffic = mixed()
    judge = judge_of(traffic.reference(), every=1e6 if in_records else 259_200, in_records=in_records)
    gone = traffic.tally(200_000, n0={"missing": 1.0})
    judged(judge, [gone] * 1_000)
    back = judged(judge, [traffic.tally(1) for _ in range(20)])
    assert not [f.signal.name for v in back for f in v.alarms if f.signal.name == "feature.n0"]


def test_an_idle_bet_neither_starts_nor_moves():
    own = detector()
    wins = np.full((1, 2), SCALE)
    own.advance(ONE, wins, AWAKE, mass=1, slot=0, records=0)
    own.advance(ONE, wins, np.array([[True, False]]), mass=1, slot=1, records=1)
    assert own.log_c.tolist() == [[2 * SCALE, SCALE]]
    fresh = detector()
    fresh.advance(ONE, wins, np.array([[True, False]]), mass=1, slot=0, records=0)
    assert fresh.log_c.tolist() == [[SCALE, NOTHING]]
    assert fresh.leading(0) == 0


def test_in_records_a_slot_adds_its_records_the_late_and_unusable_too():
    traffic = mixed()
    judge = judge_of(traffic.reference(), every=1e6)
    outage = traffic.tally(0)
    outage.cells[[RECORDS, LATE, DEAD]] = [0, 20, 30]
    found = judged(judge, [outage])[0].alarms
    assert [f.signal.name for f in found] == ["quality.late", "quality.dead_letters"]
    values = judge.families[0].detector
    assert (values.log_r == NOTHING).all()
    assert (values.log_c == NOTHING).all()
    assert set(values.pending.tolist()) == {50}


def test_after_an_alarm_a_signal_starts_anew_and_the_others_go_on():
    traffic = mixed()
    judge = judge_of(traffic.reference())
    verdict = judged(judge, [traffic.tally(2_000, n0={"law": [0.0] * 15 + [1.0]})])[0]
    names = [f.signal.name for f in verdict.alarms]
    assert names == ["feature.n0"]
    family = judge.families[0]
    alarmed = [s.name for s in family.null.signals].index("feature.n0")
    assert (family.detector.log_r[alarmed] == NOTHING).all()
    assert (family.detector.log_c[alarmed] == NOTHING).all()
    others = [row for row in range(len(family.null.signals)) if row != alarmed]
    assert (family.detector.log_c[others] > NOTHING).any(axis=1).all()


def test_the_weights_of_a_mixture_add_up_to_one():
    for bins, ordered in ((2, True), (16, True), (3, False), (30, False)):
        family = Family(null_of(signal(bins, ordered=ordered), [1_000] * bins), 8_640)
        shares = np.exp(family.detector.log_shares[family.detector.exist] / SCALE)
        assert shares.sum() == pytest.approx(1, abs=1e-6)
        assert shares.sum() <= 1
        assert np.exp(family.detector.log_shares[0, -4:] / SCALE).sum() == pytest.approx(FOLLOWING, abs=1e-6)
