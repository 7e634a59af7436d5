"""Whatever happens, a rule never starts more than it may, and a kill at any moment changes nothing."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from retraining_days import ATTACK, DAY, DRIFT, HOUR, MODEL, POISON, SLOT, Days, Spell, rule

from monitor.retraining.rules import run_id
from monitor.types import Word

SLOTS = 600  # a little over four days
HOURS = {"0s": 0, "10m": HOUR // 6, "3h": 3 * HOUR, "24h": DAY, "40h": 40 * HOUR}


@st.composite
def spells(draw, signals=(DRIFT, "performance.error", "quality.missing.income", ATTACK, POISON)):
    begin = draw(st.integers(0, SLOTS))
    end = begin + draw(st.integers(1, 300))
    calm = range(*sorted(draw(st.tuples(st.integers(begin, end), st.integers(begin, end)))))
    return Spell(draw(st.sampled_from(signals)), begin, end, draw(st.sampled_from([0.05, 0.2, 0.5])), calm)


@st.composite
def rules(draw):
    settings = {
        "cooldown": draw(st.sampled_from(list(HOURS))),
        "per_day": draw(st.integers(1, 3)),
        "approval": draw(st.booleans()),
        "dry_run": draw(st.sampled_from([False, False, False, True])),
        "when": {
            "for": draw(st.sampled_from(list(HOURS))),
            "min_severity": draw(st.sampled_from(["warning", "error"])),
        },
    }
    return [rule(name, **settings) for name in draw(st.sampled_from([("weekly",), ("weekly", "nightly")]))]


@st.composite
def days(draw):
    found = draw(st.lists(spells(), max_size=12, unique_by=lambda spell: spell.key))
    wanted = draw(rules())
    words = {}
    for spell in found:
        for one in wanted:
            slot = draw(st.integers(spell.begin, spell.end))
            word = draw(st.sampled_from(["approve", "approve", "reject"]))
            named = Word(word, MODEL, run_id(MODEL, one.name, spell.key), "ann", "2026-01-01T00:00:00Z")
            words.setdefault(slot, []).append(named)
    return wanted, found, words


def fires(lived, name):
    return [at for at, trigger in lived.fired if trigger.rule == name]


@given(days())
def test_two_runs_of_a_rule_are_never_closer_than_its_cooldown_nor_more_than_the_cap_of_a_day(case):
    wanted, found, words = case
    lived = Days(wanted, found, words).live(SLOTS)
    for one in wanted:
        times = fires(lived, one.name)
        assert all(later - earlier >= one.cooldown for earlier, later in pairwise(times))
        assert all(sum(at - DAY < t <= at for t in times) <= one.per_day for at in times)


@given(days())
def test_nothing_is_started_while_an_attack_or_poisoning_is_open_nor_twice_for_an_incident(case):
    wanted, found, words = case
    lived = Days(wanted, found, words).live(SLOTS)
    suspicious = [spell for spell in found if spell.signal in {ATTACK, POISON}]
    for at, _ in lived.fired:
        slot = at // SLOT - 1
        assert not any(spell.begin <= slot < spell.end for spell in suspicious)
    runs = [trigger.run_id for _, trigger in lived.fired]
    assert len(runs) == len(set(runs))


@given(days())
def test_what_is_started_has_held_without_a_break_and_was_agreed_to_where_it_must_be(case):
    wanted, found, words = case
    lived = Days(wanted, found, words).live(SLOTS)
    by_name = {one.name: one for one in wanted}
    by_key = {spell.key: spell for spell in found}
    for at, trigger in lived.fired:
        one, spell, slot = by_name[trigger.rule], by_key[trigger.incident], at // SLOT - 1
        held = range(slot - one.when.lasts // SLOT, slot + 1)
        assert all(s >= spell.begin and s not in spell.calm for s in held)
        assert spell.signal in {DRIFT, "performance.error"}
        assert (trigger.approved_by == "ann") if one.approval else True
        assert not one.dry_run


@given(days(), st.lists(st.integers(0, SLOTS), max_size=20))
def test_killed_at_any_moment_it_decides_the_same_under_the_same_run_ids(case, kills):
    wanted, found, words = case
    assert Days(wanted, found, words).live(SLOTS, kills).decided == Days(wanted, found, words).live(SLOTS).decided


@given(days())
def test_nothing_is_told_twice_running(case):
    wanted, found, words = case
    lived = Days(wanted, found, words).live(SLOTS)
    said = {}
    for _, trigger in lived.decided:
        held = said.get(trigger.run_id)
        assert held != (trigger.event, trigger.why, trigger.until)
        said[trigger.run_id] = (trigger.event, trigger.why, trigger.until)


def test_the_run_is_named_by_model_rule_and_incident_alone():
    assert run_id("credit", "weekly", "inc_1") == "run_bfeb5e77a538"
    assert len({run_id(*names) for names in [("a", "b", "c"), ("b", "a", "c"), ("a", "bc", ""), ("ab", "", "c")]}) == 4
