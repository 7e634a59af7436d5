"""Opened once, updated when it matters, resolved when calm for a while."""

from __future__ import annotations

import msgspec
import pytest
from incident_findings import REFERENCE, SLOT, Told, finding, points, w

from monitor.incidents.policy import SOON, UPDATE_EVERY, Policy, PolicySettings
from monitor.types import event_json

EVERY = UPDATE_EVERY // SLOT
"""Slots between updates that tell of more of the same."""


def kinds(events):
    return [event.event for event in events]


def test_an_incident_is_opened_once():
    policy = Told()
    assert kinds(policy.slot(20, finding("feature.income", 18))) == ["opened"]
    for slot in range(21, 200):
        assert policy.slot(slot, finding("feature.income", slot - 1)) == []


def test_an_opened_event_says_what_is_known():
    policy = Told(runbook="https://runbooks.example/{model}/{signal}")
    event = policy.slot(20, finding("feature.income", 18, w(0.21)), versions={"7": 99, "8": 1})[0]
    plain = event_json(event)
    assert plain["id"].startswith("evt_")
    assert plain["incident"].startswith("inc_")
    assert {k: v for k, v in plain.items() if k not in ("id", "incident", "signals")} == {
        "event": "opened",
        "model": "credit",
        "version": "7",
        "severity": "warning",
        "time": "1970-01-01T00:03:30Z",
        "records": 2_100,
        "since": "1970-01-01T00:03:00Z",
        "since_records": 1_800,
        "summary": "income shifted up",
        "reference": REFERENCE,
        "runbook": "https://runbooks.example/credit/feature.income",
        "notes": (),
    }


def test_names_in_the_runbooks_url_are_quoted_and_filled_in_once():
    policy = Told(runbook="https://runbooks.example/{model}?s={signal}&team=risk")
    (event,) = policy.slot(20, finding("feature.a b&c/{model}", 18))
    assert event.runbook == "https://runbooks.example/credit?s=feature.a%20b%26c%2F%7Bmodel%7D&team=risk"


def test_a_higher_severity_is_told_at_once():
    policy = Told()
    policy.slot(20, finding("feature.income", 18, w(0.2)))
    event = policy.slot(21, finding("feature.income", 20, w(0.4)))[0]
    assert (event.event, event.severity) == ("updated", "error")


def test_a_lower_one_is_not_and_the_highest_stays():
    policy = Told()
    policy.slot(20, finding("feature.income", 18, w(0.4)))
    assert policy.slot(21, finding("feature.income", 20, w(0.15))) == []
    assert policy.policy.incidents[0].severity == "error"
    assert policy.policy.incidents[0].signals["feature.income"].effect.w == 0.15


def test_a_graver_signal_that_joins_is_told_at_once():
    policy = Told()
    policy.slot(20, finding("feature.income", 20, w(0.2)))
    event = policy.slot(21, finding("quality.missing.age", 21, points(40), "missing"))[0]
    assert (event.event, event.severity) == ("updated", "error")
    assert [s.signal for s in event.signals] == ["quality.missing.age", "feature.income"]


def updates(policy, slots, joins=None):
    """Return when updates came, and of how many signals, given who joins at which slot."""
    told = [(slot, event) for slot in slots for event in policy.slot(slot, *(joins or {}).get(slot, []))]
    assert {event.event for _, event in told} <= {"updated"}
    return [(slot, len(event.signals)) for slot, event in told]


def test_more_of_the_same_is_told_together_every_five_minutes_at_most():
    policy = Told()
    policy.slot(20, *(finding(f"feature.f{i}", 20) for i in range(9)))
    joins = {20 + i: [finding(f"feature.g{i}", 20)] for i in range(1, 5)} | {20 + EVERY + 5: [finding("feature.h", 20)]}
    assert updates(policy, range(21, 200), joins) == [(20 + EVERY, 13), (20 + 2 * EVERY, 14)]


def test_another_fault_in_an_open_incident_is_told_within_a_minute():
    policy = Told()
    policy.slot(20, finding("feature.income", 20))
    assert updates(policy, range(21, 60), {22: [finding("quality.missing.age", 22, points(2), "missing")]}) == [(26, 2)]
    late = {60: [finding("quality.unseen.city", 20, points(2), "unseen")]}
    assert updates(policy, range(60, 200), late) == [(60, 3)]


def test_an_incident_that_grows_to_twice_its_size_is_told_within_a_minute():
    policy = Told()
    policy.slot(20, finding("feature.f0", 20))
    joins = {20 + i: [finding(f"feature.f{i}", 20)] for i in range(1, 20)}
    sizes = updates(policy, range(21, 200), joins)
    assert sizes == [(20 + SOON // SLOT, 7), (20 + 2 * SOON // SLOT + 1, 14), (51 + 12, 20)]


def test_what_the_model_makes_of_a_fault_is_not_another_fault():
    policy = Told()
    policy.slot(20, finding("feature.income", 20))
    assert updates(policy, range(21, 99), {21: [finding("prediction", 21), finding("confidence", 21)]}) == [
        (20 + EVERY, 3)
    ]


def test_a_signal_that_was_calm_and_now_moves_otherwise_is_another_fault():
    policy = Told()
    policy.slot(20, finding("feature.income", 20), finding("feature.age", 20))
    policy.judge.back.add("feature.income")
    assert policy.quiet(range(21, 40)) == []
    event = policy.slot(40, finding("feature.income", 40, shape="shifted down"))[0]
    assert (event.event, {s.signal: s.shape for s in event.signals}) == (
        "updated",
        {"feature.income": "shifted down", "feature.age": "shifted up"},
    )


@pytest.mark.parametrize(("calm", "shape"), [(False, "shifted down"), (True, "shifted up")])
def test_one_that_never_was_calm_or_moves_as_before_is_not(calm, shape):
    policy = Told()
    policy.slot(20, finding("feature.income", 20), finding("feature.age", 20))
    policy.judge.back |= {"feature.income"} if calm else set()
    policy.quiet(range(21, 40))
    assert policy.slot(40, finding("feature.income", 40, shape=shape)) == []
    assert policy.quiet(range(41, 200)) == []


def test_what_waits_is_told_at_the_end_of_the_log():
    policy = Told()
    policy.slot(20, finding("feature.income", 20))
    policy.slot(21, finding("quality.missing.age", 21, points(0.5), "missing"))
    event = policy.policy.flush(220_000, 2_200)[0]
    assert (event.event, event.time, len(event.signals)) == ("updated", "1970-01-01T00:03:40Z", 2)
    assert policy.policy.flush(220_000, 2_200) == []


def test_when_it_moved_most_is_told_with_what_it_is_compared_within():
    policy = Told()
    (event,) = policy.slot(20, finding("feature.income", 20, given="hour_of_day", mostly="07:00–10:00"))
    assert event.signals[0].given == "hour of the day (mostly 07:00–10:00)"


def test_what_it_is_compared_within_is_told_in_words():
    policy = Told()
    policy.slot(20, finding("feature.income", 20, given="hour_of_day"), finding("feature.age", 20, given="feature.sex"))
    policy.slot(20, finding("feature.debt", 20))
    (incident,) = policy.policy.incidents
    assert {name: change.given for name, change in incident.signals.items()} == {
        "feature.income": "hour of the day",
        "feature.age": "sex",
        "feature.debt": None,
    }


def test_an_incident_that_stays_open_is_told_again_once_a_day():
    policy = Told(remind_every=3_600_000)
    policy.slot(0, finding("feature.income", 0))
    reminded = [slot for slot, event in policy.quiet(range(1, 1_000)) if event.event == "updated"]
    assert reminded == [360, 720]
    assert PolicySettings(SLOT).remind_every == 86_400_000


def test_it_is_resolved_when_all_are_back_and_nothing_alarmed_for_a_while():
    policy = Told(resolve_after=100_000)
    policy.slot(20, finding("feature.income", 20), finding("prediction", 20))
    policy.judge.back = {"feature.income"}
    assert policy.quiet(range(21, 60)) == []
    policy.judge.back = {"feature.income", "prediction"}
    resolved = policy.quiet([60])[0][1]
    assert (resolved.event, resolved.time, resolved.records) == ("resolved", "1970-01-01T00:10:10Z", 6_100)
    assert policy.policy.incidents == []
    assert policy.judge.last == {}
    assert policy.quiet(range(61, 99)) == []


@pytest.mark.parametrize("after", [50_000, 300_000])
def test_it_waits_since_the_last_alarm_of_any_of_its_signals(after):
    policy = Told(resolve_after=after)
    policy.slot(20, finding("feature.income", 20))
    policy.slot(24, finding("prediction", 22))
    policy.judge.back = {"feature.income", "prediction"}
    resolved = [slot for slot, event in policy.quiet(range(25, 90)) if event.event == "resolved"]
    assert resolved == [24 + after // SLOT]


def test_incidents_end_each_for_itself():
    policy = Told()
    first = policy.slot(20, finding("feature.income", 20))[0]
    second = policy.slot(60, finding("feature.age", 60))[0]
    policy.judge.back = {"feature.age"}
    assert [e.incident for _, e in policy.quiet(range(61, 120))] == [second.incident]
    policy.judge.back = {"feature.income"}
    assert [e.incident for _, e in policy.quiet([120])] == [first.incident]


def test_what_alarms_together_in_a_group_is_one_alert_of_the_budget_and_opens_one_incident():
    policy = Told()
    (event,) = policy.slot(20, finding("feature.income", 20), finding("feature.age", 2))
    assert {s.signal for s in event.signals} == {"feature.income", "feature.age"}
    assert kinds(Told().slot(40, finding("feature.x", 40), finding("quality.late", 2))) == ["opened", "opened"]


def test_names_are_the_same_in_every_run_and_different_for_every_incident():
    def run():
        policy = Told()
        events = policy.slot(19, finding("feature.age", 2)) + policy.slot(20, finding("feature.income", 20))
        events += policy.slot(21, finding("feature.income", 20, w(0.9)))
        events += policy.slot(22, finding("feature.age", 2, w(0.25)))
        events += policy.slot(23, finding("feature.age", 2, w(0.9)))
        return events + [event for _, event in policy.quiet(range(24, 9_000)) if event.event == "updated"]

    first, second = run(), run()
    assert [e.id for e in first] == [e.id for e in second]
    assert kinds(first) == ["opened", "opened", "updated", "updated", "updated", "updated"]
    assert len({e.id for e in first}) == 6
    assert len({e.incident for e in first}) == 2
    assert first[2].incident in {e.incident for e in first[:2]}
    other = Policy("fraud", REFERENCE, PolicySettings(SLOT))
    told = Told()
    told.policy = other
    assert told.slot(20, finding("feature.income", 20))[0].incident not in {e.incident for e in first}


def test_a_note_goes_with_every_event():
    policy = Told(note="nobody accepted this reference yet", resolve_after=0)
    opened = policy.slot(20, finding("feature.income", 20))[0]
    updated = policy.slot(21, finding("feature.income", 20, w(0.5)))[0]
    policy.judge.back = {"feature.income"}
    resolved = policy.quiet([23])[0][1]
    assert all("nobody accepted this reference yet" in e.notes for e in (opened, updated, resolved))


def test_all_are_closed_with_the_reason_when_their_reference_no_longer_counts():
    policy = Told()
    policy.slot(20, finding("feature.income", 20))
    policy.slot(60, finding("feature.age", 60))
    events = policy.policy.close_all(700_000, 7_000, "another reference was promoted")
    assert kinds(events) == ["resolved", "resolved"]
    assert {(e.time, e.records, e.notes) for e in events} == {
        ("1970-01-01T00:11:40Z", 7_000, ("another reference was promoted: judged anew from here",))
    }
    assert policy.policy.incidents == []


def test_a_policy_restored_in_the_middle_goes_on_as_if_nothing_had_been():
    def feed(policy, slots):
        events = []
        for slot in slots:
            joins = {20: [finding("feature.a", 19)], 25: [finding("feature.b", 20)], 58: [finding("feature.c", 57)]}
            events += policy.slot(slot, *joins.get(slot, []), versions={"1": 90} if slot < 22 else {"2": 90})
            if slot == 70:
                policy.judge.back = {"feature.a", "feature.b"}
        return events

    whole = Told()
    expected = feed(whole, range(150))
    first, second = Told(), Told()
    events = feed(first, range(40))
    second.policy.restore(msgspec.msgpack.decode(msgspec.msgpack.encode(first.policy.state())))
    second.judge = first.judge
    assert [event_json(e) for e in events + feed(second, range(40, 150))] == [event_json(e) for e in expected]
    assert kinds(expected) == ["opened", "updated", "opened", "resolved"]
