"""Records that begin to come in bursts: quieted soon, and nothing that a bet should see hides behind the same rule."""

from __future__ import annotations

from dataclasses import replace
from math import log2

import numpy as np
import pytest
from drawn_shifts import repeated
from judge_streams import Traffic, alarms, judge_of, judged, normal_law, null_of, number, share_signal, signal

from monitor.judge.bursts import BLOCK, JUMP, WHOLE, Bursts
from monitor.judge.edetector import gain, log_sum
from monitor.judge.family import Family

EVEN = [1 / 16] * 16


def watched(laws, records=100, each=1, seed=1):
    """Return the design effect after each slot of these laws."""
    bursts, draw = Bursts(null_of(signal(16), [625] * 16)), np.random.default_rng(seed)
    found = []
    for law in laws:
        bursts.add(each * draw.multinomial(records // each, law)[None, :])
        found.append(bursts.effect(0))
    return found


@pytest.mark.parametrize("slot", [20, 100, 1_000])
def test_records_that_begin_to_come_five_times_in_a_row_soon_alarm_no_more(slot):
    traffic = Traffic({f"x{i}": number(f"x{i}") for i in range(3)}, 1)
    judge = judge_of(traffic.reference(), tolerance=0.0)
    assert alarms(judged(judge, [traffic.tally(slot) for _ in range(4_000 // slot)])) == []
    judged(judge, [repeated(traffic, slot, 5) for _ in range(12_000 // slot)])
    assert alarms(judged(judge, [repeated(traffic, slot, 5) for _ in range(20_000 // slot)])) == []


def test_the_effect_of_bursts_is_measured():
    for each in (2, 5, 20):
        assert np.mean(watched([EVEN] * 200, each=each)[100:]) == pytest.approx(each, rel=0.25)


@pytest.mark.parametrize("records", [7, 100, 1_000])
def test_independent_records_count_in_full(records):
    found = [watched([EVEN] * 300, records, seed=seed) for seed in range(5)]
    assert np.mean([effect > 1 for run in found for effect in run]) <= 0.02


CHANGES = {
    "a step": [normal_law(0.0)] * 30 + [normal_law(1.0)] * 100,
    "two steps": [normal_law(0.0)] * 30 + [normal_law(0.5)] * 40 + [normal_law(1.5)] * 60,
    "a ramp": [normal_law(k / 100) for k in range(130)],
    "a scale": [normal_law()] * 30 + [normal_law(0, 2.0)] * 100,
    "a slow wave": [normal_law(0.5 * np.sin(k / 20)) for k in range(130)],
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("records", [100, 400])
def test_a_shift_does_not_hide_itself(change, records):
    found = [watched(CHANGES[change], records, seed=seed) for seed in range(5)]
    assert np.mean([effect > 1 for run in found for effect in run]) <= 0.25
    assert max(effect for run in found for effect in run) < 1.6


@pytest.mark.parametrize("mean", [0.2, 0.5])
def test_a_shift_is_told_as_soon_as_if_nobody_looked_for_bursts(mean):
    delays: dict[bool, list[int]] = {True: [], False: []}
    for looks, own in delays.items():
        for seed in range(8):
            traffic = Traffic({"x": number("x")}, seed)
            judge = judge_of(traffic.reference(), tolerance=0.0)
            if not looks:
                for family in judge.families:
                    family.bursts.add = lambda _: None
            judged(judge, [traffic.tally(100) for _ in range(50)])
            late = 0
            while not judge.advance(50 + late, traffic.tally(100, x={"law": normal_law(mean)})).alarms:
                late += 1
            own.append(late + 1)
    assert np.mean(delays[True]) <= 1.1 * np.mean(delays[False])


def test_what_a_slot_counts_is_decided_before_it_came():
    """Else the bets would not be fair: the tables of a slot may rest on what was before it only."""
    null = null_of(signal(16), [625] * 16)
    draw = np.random.default_rng(2)
    before = [5 * draw.multinomial(20, EVEN) for _ in range(40)]
    families = [Family(null, 8_640) for _ in range(2)]
    for family in families:
        for slot, counts in enumerate(before):
            family.advance(counts, mass=1, slot=slot, slots=1, records=100 * slot)
    assert families[0].bursts.times[0] > WHOLE
    late = np.array([[1_000, *[0] * 15]])
    made = gain(families[0].fixed, late)
    slowed = families[1].bursts.slowed(made, 1.0)
    begun = log_sum(families[0].detector.log_r[:, : made.shape[1]], np.array(0))  # a mass of 1 starts in each slot
    families[0].advance(late[0], mass=1, slot=40, slots=1, records=0)
    assert (families[0].detector.log_r[:, : made.shape[1]] == begun + slowed).all()
    assert (slowed <= made * WHOLE / families[1].bursts.times[0]).all()  # rounded against an alarm


def test_one_pair_says_little_and_rare_events_that_come_alone_say_nothing():
    bursts = Bursts(null_of(share_signal(), [9_990, 10]))
    for _ in range(60):
        bursts.add(np.array([[BLOCK - 1, 1]]))
        bursts.add(np.array([[BLOCK, 0]]))
    assert bursts.effect(0) == 1.0
    bursts.add(np.array([[0, BLOCK]]))
    bursts.add(np.array([[BLOCK, 0]]))
    assert bursts.effect(0) <= 1 + JUMP / 16 + 0.1


def test_a_burst_of_ten_is_known_within_a_few_thousand_records():
    found = watched([EVEN] * 100, each=10)
    slots = next(k for k, effect in enumerate(found) if effect > 5)
    assert slots * 100 <= 3_000
    assert log2(found[-1]) > 2.5


@pytest.mark.parametrize(
    ("effect", "denser", "worth"), [(3.0, 1.0, 3.0), (3.0, 10.0, 21.0), (1.4, 10.0, 1.4), (1.0, 1e6, 1.0)]
)
def test_of_a_dependence_that_is_certain_more_is_seen_where_records_come_denser(effect, denser, worth):
    family = Family(null_of(signal(16), [625] * 16, effect=effect), 8_640)
    counts = np.array([100, *[0] * 15])
    family.advance(counts, mass=1, slot=0, slots=1, records=0, denser=denser)
    assert family.bursts.effect(0) == pytest.approx(worth, rel=0.01)


def test_how_dense_records_are_is_compared_with_the_time_that_the_reference_covers():
    """A tenth of the traffic, which lasts as long as all of it."""
    traffic = Traffic({"x": number("x")}, 3)
    whole = traffic.reference(20_000, {"feature.x": 4.0})
    effects = []
    for records in (20_000, 2_000):
        judge = judge_of(replace(whole, rows=records, first=0, last=200 * 10_000))
        judged(judge, [traffic.tally(100) for _ in range(600)])
        effects.append(judge.families[0].bursts.effect(0))
    assert effects == [4.0, pytest.approx(31.0, rel=0.03)]


def test_slots_without_records_are_no_sign_of_dense_traffic():
    traffic = Traffic({"x": number("x")}, 3)
    reference = replace(traffic.reference(2_000, {"feature.x": 4.0}), first=0, last=2_000 * 1_800_000)
    judge, draw, found = judge_of(reference), np.random.default_rng(1), []
    for slot in np.cumsum(draw.geometric(1 / 180, 400)).tolist():  # one record in half an hour, in slots of 10 seconds
        judge.advance(slot, traffic.tally(1))
        found.append(judge.families[0].bursts.effect(0))
    assert np.median(found) < 5.0
    assert max(found[20:]) < 10.0
