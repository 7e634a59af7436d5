"""What comes back not long after it was resolved takes longer to be resolved again."""

from __future__ import annotations

import msgspec
import pytest
from incident_findings import SLOT, Told, finding

from monitor.incidents.returns import WITHIN
from monitor.reference.contexts import CYCLES

HALF_A_DAY = WITHIN // SLOT // 2
WITHIN_A_DAY = [by for by in CYCLES if by.startswith(("hour", "quarter"))]


def flapping(policy, period, cycles, **more):
    """Let a fault come and go; return the events."""
    events = []
    for start in range(0, period * cycles, period):
        policy.judge.back.clear()
        events += policy.slot(start, finding("feature.income", start, **more))
        policy.judge.back.add("feature.income")
        events += [event for _, event in policy.quiet(range(start + 1, start + period))]
    return events


def test_a_fault_that_comes_and_goes_takes_longer_to_resolve_each_time():
    events = flapping(Told(), 100, 60)  # every 1,000 s: calm for longer than resolve_after each time
    assert [e.event for e in events if e.event != "updated"] == ["opened", "resolved"] * 2 + ["opened"]
    opened = [e.notes for e in events if e.event == "opened"]
    assert opened == [
        (),
        (),
        ("resolved 2 times within a day: now stays open until calm for 20 min",),
    ]


@pytest.mark.parametrize("by", WITHIN_A_DAY)
def test_what_comes_back_at_another_hour_of_a_cycle_stays_open_for_a_day(by):
    events = flapping(Told(remind_every=10 * WITHIN), HALF_A_DAY, 6, given=by)
    assert [e.event for e in events if e.event != "updated"] == ["opened", "resolved", "opened"]


@pytest.mark.parametrize("by", [*(by for by in CYCLES if by not in WITHIN_A_DAY), "feature.region", None])
def test_what_comes_back_within_a_longer_cycle_or_none_is_resolved_as_soon_as_ever(by):
    events = flapping(Told(remind_every=10 * WITHIN), HALF_A_DAY, 3, given=by)
    assert [e.event for e in events if e.event != "updated"] == ["opened", "resolved"] * 3


def test_a_fault_of_another_day_is_a_new_one():
    assert [e.notes for e in flapping(Told(), WITHIN // SLOT + 60, 3)] == [()] * 6


def test_a_restart_remembers_what_came_and_went():
    first = Told()
    flapping(first, 100, 2)
    second = Told()
    second.policy.restore(msgspec.msgpack.decode(msgspec.msgpack.encode(first.policy.state())))
    assert [e.notes[-1] for e in second.slot(250, finding("feature.income", 250))] == [
        "resolved 2 times within a day: now stays open until calm for 20 min"
    ]
