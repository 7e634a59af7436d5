"""The promise as a whole: at most one false alert expected per A of start mass, over all signals and restarts."""

from __future__ import annotations

import copy
from math import exp, factorial, prod, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judge_streams import Traffic, judge_of, levels, null_of, number, signal

from monitor.counting.tally import RECORDS
from monitor.judge.bets import SCALE
from monitor.judge.family import Family

TOLERANCE = 0.3


def at_the_border(judge):
    """Return a law of the first signal as far away as the tolerance allows: more of the upper bins."""
    null = judge.families[0].null
    accepted = null.accepted[0, : len(null.signals[0].bins)]
    g = np.array([1.0 if k >= len(accepted) / 2 else -1.0 for k in range(len(accepted))])
    g = g - g @ accepted
    return accepted * (1 + TOLERANCE * g / sqrt(float(accepted @ g**2)))


@pytest.mark.parametrize("in_records", [True, False])
def test_evidence_is_at_most_the_start_mass_when_slots_differ_and_some_are_empty(in_records):
    """Exactly, over all ways in which four slots of 0 to 3 records come and fall, slot sizes drawn as well."""
    null = null_of(signal(2), [6_000, 4_000], tolerance=TOLERANCE)
    share = 0.4 + TOLERANCE * sqrt(0.24)
    sizes = {0: 0.3, 1: 0.4, 3: 0.3}
    expected, masses = np.zeros(4), np.zeros(4)

    def walk(family, slot, probability, mass):
        for records, chance in sizes.items():
            added = records if in_records else 1
            for ups in range(records + 1):
                ways = prod(range(records - ups + 1, records + 1)) // factorial(ups)
                here = probability * chance * ways * share**ups * (1 - share) ** (records - ups)
                own = copy.deepcopy(family)
                log_m = own.advance(np.array([records - ups, ups]), mass=added, slot=slot, slots=1, records=0)
                expected[slot] += here * (exp(int(log_m[0]) / SCALE) if log_m[0] > -(10**12) else 0.0)
                masses[slot] += here * (mass + added)
                if slot < 3:
                    walk(own, slot + 1, here, mass + added)

    walk(Family(null, 8_640), 0, 1.0, 0)
    assert (expected <= masses + 1e-9).all()
    assert expected[-1] > 0.05 * masses[-1]


@pytest.mark.parametrize("copies", [1, 3])
@pytest.mark.parametrize("every", [2.0, 4.0])
def test_alerts_of_signals_that_all_move_together_keep_the_budget_over_all_paths(copies, every):
    """Copies of one signal are as dependent as signals can be. An alert is a slot in which a group alarms."""
    names = [f"x{i}" for i in range(copies)]
    traffic = Traffic({name: levels(name, [0.7, 0.3]) for name in names}, 1)
    reference = traffic.reference(10_000)
    for start in traffic.layout.starts:
        reference.counts[start : start + 2] = [7_000, 3_000]
    judge = judge_of(reference, tolerance=TOLERANCE, every=every, in_records=False)
    share = float(at_the_border(judge)[1])
    records, slots, expected = 12, 3, np.zeros(3)

    def walk(state, slot, probability):
        for ups in range(records + 1):
            ways = factorial(records) // (factorial(ups) * factorial(records - ups))
            here = probability * ways * share**ups * (1 - share) ** (records - ups)
            tally = traffic.layout.empty()
            tally.cells[RECORDS] = records
            for start in traffic.layout.starts:
                tally.cells[start : start + 2] = [records - ups, ups]
            judge.restore(state)
            alarms = judge.advance(slot, tally).alarms
            expected[slot] += here * len({f.signal.group for f in alarms})
            if slot + 1 < slots:
                walk(copy.deepcopy(judge.state()), slot + 1, here)

    walk(copy.deepcopy(judge.state()), 0, 1.0)
    assert expected.sum() > 0
    assert (np.cumsum(expected) <= np.arange(1, slots + 1) / every).all()


@pytest.mark.parametrize("in_records", [True, False])
@pytest.mark.parametrize("alike", [True, False], ids=["copies", "independent"])
def test_alerts_keep_a_small_budget_for_long_at_the_border_of_the_null(in_records, alike):
    """Five signals stay as far away as the tolerance allows, in slots of many sizes; alarms restart and go on."""
    names = [f"x{i}" for i in range(5)]
    draw = np.random.default_rng(4)
    alerts = mass = 0.0
    every = 2_000.0 if in_records else 20.0
    for seed in range(3):
        traffic = Traffic({name: number(name, [0.2] * 5) for name in names}, seed)
        reference = traffic.reference(100_000)
        for start in traffic.layout.starts:
            reference.counts[start + 1 : start + 6] = 20_000
        judge = judge_of(reference, tolerance=TOLERANCE, every=every, in_records=in_records)
        law = at_the_border(judge)
        for slot in range(600):
            records = int(draw.choice([1, 20, 100, 400]))
            tally = traffic.layout.empty()
            tally.cells[RECORDS] = records
            one = draw.multinomial(records, law)
            for start in traffic.layout.starts:
                tally.cells[start + 1 : start + 6] = one if alike else draw.multinomial(records, law)
            alerts += len({f.signal.group for f in judge.advance(slot, tally).alarms})
            mass += records if in_records else 1
    assert alerts <= mass / every + 3 * sqrt(mass / every)


@given(st.permutations(range(6)), st.integers(1, 5), st.integers(0, 1_000))
@settings(max_examples=20, deadline=None)
def test_what_a_slot_adds_is_the_same_however_its_records_are_parted(order, cut, seed):
    """Counts are sufficient: integers are added in any order, and a part's increment and another's make the whole's."""
    null = null_of(signal(4), [4_000, 3_000, 2_000, 1_000], tolerance=0.1)
    family = Family(null, 8_640)
    parts = np.random.default_rng(seed).multinomial(50, [0.4, 0.3, 0.2, 0.1], size=6)
    tables = family.fixed[0]
    gained = [(tables * part).sum(axis=1) for part in parts]
    whole = (tables * parts.sum(axis=0)).sum(axis=1)
    assert (sum(gained[i] for i in order) == whole).all()
    first, second = parts[list(order[:cut])].sum(axis=0), parts[list(order[cut:])].sum(axis=0)
    assert ((tables * first).sum(axis=1) + (tables * second).sum(axis=1) == whole).all()
