"""What is decided, told and remembered, case by case."""

from __future__ import annotations

import pytest
from retraining_days import ATTACK, DRIFT, MODEL, POISON, REFERENCE, SLOT, Days, Spell, rule

from monitor.incidents.conditions import Conditions
from monitor.incidents.incident import rfc3339
from monitor.retraining.rules import holds, run_id
from monitor.retraining.wording import said
from monitor.types import Offsets, Suspect, Word

DRIFTED = Spell(DRIFT, 10, 400)
RUN = run_id(MODEL, "weekly", DRIFTED.key)


def word(what, run=RUN, **more):
    return Word(what, MODEL, run, "ann", "2026-01-01T00:00:00Z", **more)


def lived(*spells, words=None, slots=400, **settings):
    return Days([rule(**settings)], spells, words or {}).live(slots)


def test_a_rule_fires_once_when_it_has_held_for_its_time():
    days = lived(DRIFTED)
    ((at, trigger),) = days.decided
    assert trigger.event == "fired"
    assert at == 11 * SLOT + 3_600_000
    assert trigger.why == "features, joint, performance at error for 1h"


def test_the_payload_names_what_a_training_job_needs():
    ((_, trigger),) = lived(DRIFTED).fired
    assert (trigger.run_id, trigger.rule, trigger.model, trigger.reference) == (RUN, "weekly", MODEL, REFERENCE)
    assert (trigger.incident, trigger.severity) == (DRIFTED.key, "error")
    assert (trigger.since, trigger.until) == (rfc3339(10 * SLOT), rfc3339(17 * SLOT))
    assert (trigger.since_records, trigger.records) == (1_000, 3_400)
    assert trigger.offsets == (Offsets("t", 0, 0, 1_700), Offsets("t", 1, 1, 1_700))
    assert [(s.signal, s.effect.w, s.shape) for s in trigger.signals] == [(DRIFT, 0.5, "shifted up")]
    assert trigger.flagged is None


@pytest.mark.parametrize(
    ("suspect", "words"),
    [
        (ATTACK, "an attack is open: inc_anomaly.queries_5 (anomaly.queries)"),
        (POISON, "labels may be poisoned: inc_labels.conflicts_5 is open (labels.conflicts)"),
    ],
)
def test_it_is_held_while_a_suspicion_is_open_and_released_after_it(suspect, words):
    days = lived(DRIFTED, Spell(suspect, 5, 60, size=0.2))
    assert days.outcomes() == ["held", "fired"]
    (_, held), (at, _) = days.decided
    assert held.why == words
    assert said(held) == f"retraining weekly: held, {words}"
    assert at == 61 * SLOT


@pytest.mark.parametrize("kills", [(), (30, 45, 61)])
def test_the_payload_names_when_the_data_may_have_been_an_attackers(kills):
    attacks = Spell(ATTACK, 5, 60), Spell(ATTACK, 1, 8), Spell(POISON, 20, 30)
    ((_, trigger),) = Days([rule()], [DRIFTED, *attacks]).live(400, kills).fired
    assert trigger.suspect == (
        Suspect(attacks[0].key, ATTACK, rfc3339(10 * SLOT), rfc3339(60 * SLOT)),
        Suspect(attacks[2].key, POISON, rfc3339(20 * SLOT), rfc3339(30 * SLOT)),
    )


def test_what_was_closed_for_a_new_beginning_is_doubted_for_a_while():
    days = Days([rule()], [DRIFTED, Spell(ATTACK, 5, 40)]).live(40)
    days.retraining.suspicions.begin_anew("inc_a", ATTACK, lasts=5 * SLOT)
    later = [trigger for slot in range(40, 50) for trigger in days.retraining.advance(days.moment(slot))]
    assert [(t.event, t.until) for t in later] == [("held", rfc3339(41 * SLOT)), ("fired", rfc3339(46 * SLOT))]
    assert later[0].why == "an attack was open when judging began anew: inc_a (anomaly.queries)"


def test_what_no_longer_holds_when_the_suspicion_ends_is_not_started():
    assert lived(Spell(DRIFT, 10, 50), Spell(ATTACK, 5, 60)).outcomes() == ["held"]


def test_a_signal_that_is_calm_for_a_while_begins_anew():
    days = lived(Spell(DRIFT, 10, 60, calm=range(14, 20)))
    assert [at for at, _ in days.fired] == [21 * SLOT + 3_600_000]


@pytest.mark.parametrize("spell", [Spell("quality.missing.income", 10, 90), Spell(DRIFT, 10, 90, size=0.2)])
def test_what_is_of_another_group_or_moved_less_starts_nothing(spell):
    assert lived(spell).decided == []


def test_the_next_incident_waits_for_the_cooldown_and_is_told_so_once():
    days = lived(DRIFTED, Spell("performance.error", 30, 400))
    assert days.outcomes() == ["fired", "cooldown", "fired"]
    (_, blocked) = days.decided[1]
    assert said(blocked) == ("retraining weekly: the last run was less than 1d ago, none before 1970-01-02T02:50:00Z")
    (first, _), (second, _) = days.fired
    assert second - first == 86_400_000


def test_above_the_cap_of_a_day_it_waits_for_the_day_to_pass():
    spells = [Spell(f"feature.f{number}", 10 * number, 600) for number in range(1, 5)]
    days = lived(*spells, cooldown="0s", per_day=2, slots=600)
    assert days.outcomes() == ["fired", "fired", "capped", "capped", "fired", "capped", "fired"]
    assert said(days.decided[2][1]).startswith("retraining weekly: 2 in 24 hours is all that is allowed, none before")


def test_a_dry_run_says_what_would_be_started_and_counts_like_a_run():
    days = lived(DRIFTED, Spell("performance.error", 30, 100), dry_run=True)
    assert days.outcomes() == ["dry_run", "cooldown"]
    assert said(days.decided[0][1]) == f"retraining weekly: would be started as {RUN}, but this is a dry run"


def test_with_approval_it_waits_for_a_person_and_says_how():
    days = lived(DRIFTED, words={50: [word("approve")]}, approval=True)
    (_, waiting), (at, fired) = days.decided
    assert (waiting.event, fired.event, fired.approved_by) == ("waiting", "fired", "ann")
    assert said(waiting) == f"retraining weekly: waits for approval. seawall retrain approve {RUN} --by YOU"
    assert said(fired) == f"retraining weekly: started as {RUN}, ann agreed"
    assert at == 51 * SLOT


def test_what_was_approved_is_held_all_the_same_while_a_suspicion_is_open():
    days = lived(DRIFTED, Spell(ATTACK, 30, 60), words={40: [word("approve")]}, approval=True)
    assert days.outcomes() == ["waiting", "held", "fired"]


def test_what_is_rejected_is_never_started_for_this_incident():
    days = lived(DRIFTED, words={50: [word("reject", why="a marketing week"), word("approve")]}, approval=True)
    assert days.outcomes() == ["waiting", "rejected"]
    assert said(days.decided[1][1]) == "retraining weekly: rejected by ann: a marketing week"


@pytest.mark.parametrize("kills", [(), (31, 41, 42)])
@pytest.mark.parametrize("approved", [30, 40])
def test_an_approval_holds_as_long_as_the_incident_though_its_signal_is_calm_for_a_slot(approved, kills):
    spells = Spell(DRIFT, 10, 400, calm=range(40, 41)), Spell(ATTACK, 12, 60)
    days = Days([rule(approval=True)], spells, {approved: [word("approve")]}).live(400, kills)
    assert days.outcomes() == ["held", "fired"]
    ((at, fired),) = days.fired
    assert (at, fired.approved_by) == (61 * SLOT, "ann")


def test_what_waits_and_was_calm_must_hold_for_its_time_again_and_is_not_asked_for_twice():
    days = lived(Spell(DRIFT, 10, 400, calm=range(30, 31)), words={30: [word("approve")]}, approval=True)
    assert days.outcomes() == ["waiting", "fired"]
    assert [at for at, _ in days.fired] == [32 * SLOT + 3_600_000]


def test_what_was_rejected_while_its_signal_is_calm_stays_so():
    days = lived(Spell(DRIFT, 10, 400, calm=range(30, 33)), words={31: [word("reject")]}, approval=True)
    assert days.outcomes() == ["waiting", "rejected"]


def test_a_word_about_a_run_that_does_not_wait_changes_nothing():
    early, other = word("approve"), word("approve", run="run_other")
    days = lived(DRIFTED, words={2: [early], 12: [early], 30: [other], 399: [other]}, approval=True)
    assert days.outcomes() == ["waiting"]


def test_a_new_incident_is_a_new_run():
    days = lived(Spell(DRIFT, 10, 30), Spell(DRIFT, 200, 230))
    assert days.outcomes() == ["fired", "fired"]
    assert len({trigger.run_id for _, trigger in days.fired}) == 2


def test_a_rule_that_is_gone_or_new_disturbs_no_other():
    days = Days([rule(), rule("nightly")], [DRIFTED])
    days.live(15)
    state = days.retraining.state()
    others = Days([rule(), rule("other")], [DRIFTED])
    others.retraining.restore(state)
    assert [t.rule for slot in range(15, 30) for t in others.retraining.advance(others.moment(slot))] == [
        "weekly",
        "other",
    ]


def test_beside_nothing_remembered_no_rule_costs_nothing():
    days = Days([], [DRIFTED]).live(20)
    assert days.decided == []
    assert days.retraining.state() == Days([], []).live(0).retraining.state()


def test_what_the_monitor_sees_of_itself_starts_nothing():
    conditions = Conditions(MODEL, REFERENCE)
    conditions.look("quality.freshness", "no records read", 0, since=0, records=0, severity="error")
    (incident,) = conditions.open.values()
    assert not holds(rule(when={"groups": ["quality"], "min_severity": "info"}).when, incident, lambda _: "normal")
