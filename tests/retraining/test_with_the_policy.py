"""With the incidents that the policy makes: who is told what, and that an attack of the same cause holds a run too."""

from __future__ import annotations

import pytest
from incident_findings import REFERENCE, SLOT, Told, finding, w
from retraining_days import rule

from monitor.retraining.retraining import Moment, Retraining
from monitor.retraining.wording import said, subject

DRIFT, ATTACK = "feature.income", "anomaly.queries"


class Ruled(Told):
    """A policy fed by hand, and what a rule makes of its incidents."""

    def __init__(self):
        super().__init__()
        self.retraining = Retraining("credit", REFERENCE, [rule(when={"for": "10m"})], lambda _: "normal")

    def decided(self, slot, *findings):
        """Judge one slot; return what is told, and what of it is about retraining."""
        events = self.slot(slot, *findings)
        now, records = (slot + 1) * SLOT, 100 * (slot + 1)
        for trigger in self.retraining.advance(Moment(now, SLOT, records, self.policy.incidents, {})):
            events += self.policy.remark(trigger.incident, subject(trigger), said(trigger), now, records)
        return events


def drifted(slot):
    return finding(DRIFT, slot, w(0.5))


def test_it_is_told_at_once_and_stays_in_what_is_told_later():
    policy = Ruled()
    policy.decided(20, drifted(18))
    told = [(slot, event) for slot in range(21, 100) for event in policy.decided(slot)]
    ((slot, event),) = [(s, e) for s, e in told if e.notes and "started" in e.notes[0]]
    assert (slot, event.event) == (80, "updated")
    assert event.notes[0].startswith("retraining weekly: started as run_")
    policy.judge.back.add(DRIFT)
    (end,) = [event for slot in range(100, 200) for event in policy.decided(slot)]
    assert (end.event, end.notes) == ("resolved", event.notes)


def test_what_is_said_of_a_rule_takes_the_place_of_what_was_said_before():
    policy = Ruled()
    policy.decided(10, finding(ATTACK, 8))
    policy.decided(30, drifted(28))
    policy.judge.back.add(ATTACK)
    told = [event for slot in range(31, 120) for event in policy.decided(slot)]
    notes = [event.notes for event in told if event.notes]
    assert [len(found) for found in notes] == [1] * len(notes)
    assert notes[-1][0].startswith("retraining weekly: started")


@pytest.mark.parametrize("joined", [True, False])
def test_an_attack_holds_the_run_in_an_incident_of_its_own_and_in_the_same_one(joined):
    policy = Ruled()
    policy.decided(20, drifted(18))
    policy.decided(21, finding(ATTACK, 18 if joined else 5))
    assert len(policy.policy.incidents) == (1 if joined else 2)
    told = [event for slot in range(22, 100) for event in policy.decided(slot)]
    said_first = next(note for event in told for note in event.notes if note.startswith("retraining"))
    assert said_first.startswith("retraining weekly: held, an attack is open: inc_")
    assert not any("started" in note for event in told for note in event.notes)


def test_what_is_said_of_an_incident_that_is_over_tells_nobody():
    assert Ruled().policy.remark("inc_gone", "retraining weekly:", "retraining weekly: started", 0, 0) == []
