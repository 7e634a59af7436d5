"""What comes back not long after it was resolved takes longer to be resolved again."""

from __future__ import annotations

import msgspec
import pytest
from incident_findings import SLOT, Told, finding

from monitor.incidents.returns import WITHIN
from monitor.incidents.turns import CLOCK
from monitor.reference.contexts import CYCLES

HALF_A_DAY = WITHIN // SLOT // 2
WITHIN_A_DAY = [by for by in CYCLES if by.startswith(("hour", "quarter"))]


def flapping(policy, period, cycles, first=0, **more):
    """Let a fault come and go; return the events."""
    events = []
    for start in range(first, first + period * cycles, period):
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


def test_what_comes_a_little_later_each_day_keeps_its_incident():
    policy = Told(remind_every=10 * WITHIN)
    flapping(policy, HALF_A_DAY, 3, given="quarter_of_day")
    assert flapping(policy, WITHIN // SLOT + 360, 5, first=3 * HALF_A_DAY, given="quarter_of_day") == []


@pytest.mark.parametrize("by", [*(by for by in CYCLES if by not in WITHIN_A_DAY), "feature.region", None])
def test_what_comes_back_within_a_longer_cycle_or_none_is_resolved_as_soon_as_ever(by):
    events = flapping(Told(remind_every=10 * WITHIN), HALF_A_DAY, 3, given=by)
    assert [e.event for e in events if e.event != "updated"] == ["opened", "resolved"] * 3


def test_none_is_told_again_in_the_slot_in_which_it_is_resolved():
    policy = Told(resolve_after=100_000, remind_every=100_000)
    policy.slot(0, finding("feature.income", 0))
    assert [(slot, event.event) for slot, event in policy.quiet(range(1, 9))] == []
    policy.judge.back.add("feature.income")
    assert [event.event for _, event in policy.quiet(range(9, 20))] == ["resolved"]


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


def test_what_moves_both_ways_by_turns_of_the_day_is_told_once_each_way_and_looks_like_a_clock():
    policy = Told(remind_every=10 * WITHIN)
    flapping(policy, HALF_A_DAY, 1, given="hour_of_day")
    (event,) = flapping(policy, HALF_A_DAY, 1, first=HALF_A_DAY, given="hour_of_day")
    assert event.notes == ()
    told = []
    for turn in range(2, 9):
        shape = "shifted up" if turn % 2 else "shifted down"
        told += flapping(policy, HALF_A_DAY, 1, first=turn * HALF_A_DAY, given="hour_of_day", shape=shape)
    assert [e.notes for e in told] == [("new: income shifted down", f"income moved {CLOCK}")]


@pytest.mark.parametrize(("by", "shape"), [("hour_of_day", "spread out"), ("feature.region", "shifted down")])
def test_nothing_else_looks_like_a_clock(by, shape):
    policy = Told(remind_every=10 * WITHIN)
    events = [
        event
        for turn in range(6)
        for event in flapping(policy, 40, 1, first=40 * turn, given=by, shape=shape if turn % 2 else "shifted up")
    ]
    assert events
    assert not [note for event in events for note in event.notes if CLOCK in note]
