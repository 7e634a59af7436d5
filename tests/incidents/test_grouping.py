"""One cause, one incident; two causes, two."""

from __future__ import annotations

from dataclasses import replace

import pytest
from incident_findings import SLOT, Told, finding, points, w

from monitor.incidents.grouping import LEEWAY


def summaries(events):
    return [(e.event, e.summary) for e in events]


def test_what_began_together_is_one_incident():
    events = Told().slot(
        20, finding("feature.income", 18), finding("quality.missing.age", 17, points(3)), finding("prediction", 20)
    )
    assert len(events) == 1
    assert {s.signal for s in events[0].signals} == {"feature.income", "quality.missing.age", "prediction"}


def test_what_follows_soon_joins():
    policy = Told()
    policy.slot(20, finding("feature.income", 20))
    assert policy.slot(22, finding("prediction", 21)) == []
    assert [set(i.signals) for i in policy.policy.incidents] == [{"feature.income", "prediction"}]


def test_two_causes_fifteen_slots_apart_are_two_incidents():
    policy = Told()
    first = policy.slot(20, finding("feature.income", 19))
    second = policy.slot(36, finding("feature.age", 34))
    assert [e.event for e in first + second] == ["opened", "opened"]
    assert first[0].incident != second[0].incident


@pytest.mark.parametrize(("onset", "incidents"), [(20 + LEEWAY, 1), (20 - LEEWAY, 1), (20 + LEEWAY + 1, 2)])
def test_onsets_of_one_cause_may_differ_by_a_few_slots(onset, incidents):
    policy = Told()
    policy.slot(20, finding("feature.income", 20))
    policy.slot(max(20, onset), finding("feature.age", onset))
    assert len(policy.policy.incidents) == incidents


@pytest.mark.parametrize(
    ("effect", "onset", "incidents"), [(w(0.2), 20 + 360, 1), (w(0.2), 20 + 361, 2), (w(0.9), 380, 2), (w(0.2), 10, 2)]
)
def test_what_is_less_severe_joins_a_graver_incident_for_an_hour(effect, onset, incidents):
    policy = Told()
    policy.slot(20, finding("feature.income", 20, w(0.8)))
    policy.slot(max(21, onset), finding("feature.age", onset, effect))
    assert len(policy.policy.incidents) == incidents


def test_a_finding_that_took_long_may_have_begun_earlier_or_later_than_it_seems():
    policy = Told()
    policy.slot(20, finding("feature.income", 20))
    policy.slot(70, finding("feature.quick", 50))  # 20 slots of delay allow for 10 more, not for 30
    policy.slot(130, finding("feature.slow", 1))  # 129 slots of delay do
    assert [sorted(i.signals) for i in policy.policy.incidents] == [
        ["feature.income", "feature.slow"],
        ["feature.quick"],
    ]


def test_the_nearest_open_incident_is_joined():
    policy = Told()
    policy.slot(20, finding("feature.income", 20))
    policy.slot(30, finding("feature.age", 30))
    policy.slot(40, finding("prediction", 28))
    assert [sorted(i.signals) for i in policy.policy.incidents] == [["feature.income"], ["feature.age", "prediction"]]


def test_a_signal_that_alarms_again_stays_in_its_incident_however_late():
    policy = Told()
    opened = policy.slot(20, finding("feature.income", 20))[0]
    assert policy.slot(900, finding("feature.income", 899)) == []
    assert policy.policy.incidents[0].key == opened.incident
    assert policy.policy.incidents[0].since == 20 * SLOT


def test_a_resolved_incident_is_joined_by_nobody():
    policy = Told()
    first = policy.slot(20, finding("feature.income", 20))[0]
    policy.judge.back = {"feature.income"}
    assert [e.event for _, e in policy.quiet(range(21, 60))] == ["resolved"]
    second = policy.slot(60, finding("feature.income", 21))[0]
    assert (second.event, second.incident == first.incident) == ("opened", False)


def test_the_strongest_finding_opens_the_incident_the_others_join():
    policy = Told()
    event = policy.slot(
        20, finding("feature.weak", 12, w(0.5), evidence=7.0), finding("feature.strong", 14, evidence=30.0)
    )[0]
    assert event.since == "1970-01-01T00:02:20Z"
    assert event.since_records == 1_400


@pytest.mark.parametrize("moved", ["feature.income", "quality.above.income", "feature.age"])
@pytest.mark.parametrize("onset", [20, 20 + 361, 100_000])
def test_how_columns_go_together_joins_what_moved_one_of_them_as_long_as_it_lasts_and_leads_nothing(moved, onset):
    policy = Told()
    (opened,) = policy.slot(20, finding(moved, 20, points(3) if "quality" in moved else w(0.2)))
    policy.slot(onset + 1, finding("joint.pair.income+age", onset, w(0.9), "move together less"))
    (incident,) = policy.policy.incidents
    told = incident.event("updated", 0, 0, reference=None, runbook=None)
    assert (told.summary, told.notes) == (opened.summary, ("nothing new: told again because it is still open",))


@pytest.mark.parametrize("onset", [20 + 3, 20 + 4])
def test_how_other_columns_go_together_is_an_incident_of_its_own_beside_a_column_that_moved(onset):
    policy = Told()
    policy.slot(20, finding("feature.income", 20, w(0.2)))
    policy.slot(onset, finding("joint.pair.height+age", onset, w(0.9), "move together less"))
    assert len(policy.policy.incidents) == 1 + (onset > 20 + LEEWAY)


def test_what_many_columns_do_together_joins_the_pair_that_changed_however_early_it_seems_to_begin():
    policy, every = Told(), ("feature.income", "feature.height", "feature.age")
    policy.slot(2_000, finding("joint.pair.income+age", 1_990, w(0.9), "move together less"))
    mix = finding("joint.combinations", 10, w(0.1), "changed mix")
    policy.slot(2_100, replace(mix, signal=replace(mix.signal, columns=every)))
    assert [set(i.signals) for i in policy.policy.incidents] == [{"joint.pair.income+age", "joint.combinations"}]


def test_a_pair_that_changes_by_itself_is_an_incident_of_its_own_beside_others_of_its_kind():
    policy = Told()
    policy.slot(20, finding("joint.pair.a+b", 20, w(0.9), "move together less"))
    assert policy.slot(21, finding("joint.distance", 20, w(0.4), "farther from usual")) == []
    assert [set(i.signals) for i in policy.policy.incidents] == [{"joint.pair.a+b", "joint.distance"}]


def test_what_columns_do_together_does_not_hold_an_incident_whose_columns_are_back():
    policy = Told(resolve_after=SLOT)
    policy.slot(20, finding("feature.income", 20), finding("joint.pair.income+age", 20, w(0.2)))
    policy.judge.back = {"feature.income"}
    assert [event.event for _, event in policy.quiet(range(21, 24))] == ["resolved"]


def test_a_pair_holds_an_incident_that_is_about_pairs_alone():
    policy = Told(resolve_after=SLOT)
    policy.slot(20, finding("joint.pair.income+age", 20, w(0.2)), finding("prediction", 20))
    policy.judge.back = {"prediction"}
    assert policy.quiet(range(21, 24)) == []


OUTPUTS = ("prediction", "confidence", "score.yes")


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize(("at", "onset"), [(20, 1), (20, 20), (900, 899)])
def test_an_output_that_moves_with_a_column_or_after_it_is_the_same_incident(output, at, onset):
    """Of two onsets in one slot either may be wrong: the column is said to be the cause, however strong the output."""
    policy = Told()
    policy.slot(19)
    policy.slot(20, finding("feature.income", 20), *([finding(output, onset, evidence=30.0)] if at == 20 else []))
    policy.slot(at + 1, *([finding(output, onset)] if at > 20 else []))
    assert [set(i.signals) for i in policy.policy.incidents] == [{"feature.income", output}]
    assert policy.policy.incidents[0].since == 20 * SLOT


@pytest.mark.parametrize("output", OUTPUTS)
def test_an_output_is_an_incident_of_its_own_where_a_version_began_with_it_or_the_column_is_back(output):
    for back, versions in ((False, {"7": 90}), (True, {"6": 90})):
        policy = Told(resolve_after=10**9)
        policy.slot(0, versions={"6": 100})
        policy.slot(20, finding("feature.income", 20))
        policy.judge.back |= {"feature.income"} if back else set()
        policy.slot(890, versions=versions)
        policy.slot(900, finding(output, 899))
        assert [set(i.signals) for i in policy.policy.incidents] == [{"feature.income"}, {output}]


@pytest.mark.parametrize("other", ["latency", "performance.error"])
def test_what_no_column_causes_is_an_incident_of_its_own(other):
    policy = Told()
    policy.slot(20, finding("feature.income", 20))
    policy.slot(900, finding(other, 899))
    assert len(policy.policy.incidents) == 2


def test_where_a_column_comes_back_daily_how_it_goes_with_others_belongs_to_it_since_whichever_day_it_seems_to_be():
    policy, day = Told(), 8_640
    for start in (0, day // 2):
        policy.slot(start, finding("feature.income", start, given="hour_of_day"))
        policy.judge.back.add("feature.income")
        policy.quiet(range(start + 1, start + 100))
    assert policy.policy.incidents
    pair = finding("joint.pair.income+age", 1, w(0.9), "move together less")
    assert policy.slot(day // 2 + 101, pair) == []
    assert len(policy.policy.incidents) == 1
