"""Intervals of effects hold the truth at every moment at once, at an alarm and at later ones; and they are short."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from drawn_shifts import SHIFTS, covered, far, told
from hypothesis import given
from hypothesis import strategies as st

from monitor.judge.effect import share_effect, value_effect
from monitor.judge.interval import MISS, radius, share_interval, w_interval

ACCEPTED = {
    "two": [0.9, 0.1],
    "rare": [0.995, 0.005],
    "sixteen": [1 / 16] * 16,
    "fine tails": [0.005, 0.005, *[0.98 / 12] * 12, 0.005, 0.005],
    "forty": [1 / 40] * 40,
}
COUNTS = st.lists(st.integers(0, 10_000), min_size=2, max_size=20).filter(any)


def away(accepted, w, seed):
    """Return a law so far away, in a direction drawn at random; less far where it ends."""
    p = np.array(accepted)
    g = np.random.default_rng(seed).normal(size=len(p))
    g = (g - g @ p) / sqrt(p @ (g - g @ p) ** 2)
    return p * (1 + min(w, -0.999 / g.min()) * g)


@pytest.mark.parametrize("name", ACCEPTED)
@pytest.mark.parametrize("w", [0.0, 0.05, 0.2, 1.0])
@pytest.mark.parametrize("design", [1, 4])
def test_w_is_never_outside_at_any_number_of_records(name, w, design):
    accepted = ACCEPTED[name]
    law = away(accepted, w, seed=len(accepted))
    truth, left = far(law.tolist(), accepted), 0
    for seed in range(60):
        looks = np.cumsum(design * np.random.default_rng(seed).multinomial(60, law, size=30), axis=0)
        found = [w_interval((c / c.sum()).tolist(), accepted, int(c.sum()) / design) for c in looks]
        left += any(not low - 1e-9 <= truth <= high + 1e-9 for low, high in found)
    assert left <= MISS * 60


@pytest.mark.parametrize("share", [0.0, 0.001, 0.02, 0.3, 0.5, 0.97])
def test_a_share_is_outside_once_in_twenty_streams_at_most(share):
    """Exactly: the probability of each count that never yet was outside, record after record."""
    never = {0: 1.0}
    for records in range(1, 301):
        further: dict[int, float] = {}
        for events, chance in never.items():
            for more, part in ((0, 1 - share), (1, share)):
                further[events + more] = further.get(events + more, 0.0) + chance * part
        bounds = {events: share_interval(events, records) for events in further}
        never = {k: chance for k, chance in further.items() if bounds[k][0] <= share <= bounds[k][1]}
    assert sum(never.values()) >= 1 - MISS


@given(COUNTS, st.sampled_from([1.0, 7.5]))
def test_what_is_told_of_w_lies_in_its_interval_and_is_no_larger_than_w_can_be(counts, design):
    accepted = [1 / len(counts)] * len(counts)
    effect = value_effect(counts, accepted, design, 0.05)
    assert 0 <= effect.low <= effect.w <= effect.high
    assert effect.high <= sqrt(len(counts) - 1) + 1e-4
    assert effect.psi >= 0


@given(st.integers(0, 500), st.integers(1, 500), st.sampled_from([1.0, 7.5]))
def test_what_is_told_of_a_share_lies_in_its_interval(events, others, design):
    effect = share_effect(events, events + others, 0.01, design)
    assert -1 <= effect.low <= effect.points <= effect.high <= 99


@pytest.mark.parametrize("records", [200, 1_000, 100_000])
def test_records_that_all_lie_in_one_bin_leave_room_for_others(records):
    found = value_effect([records, 0, 0], [0.92, 0.07, 0.01], 1.0)
    assert found.low < found.w < found.high


def test_what_looks_exactly_as_accepted_may_still_differ():
    assert value_effect([90, 10], [0.9, 0.1], 1.0).high > 0.1


def test_a_mean_is_within_the_radius_at_every_number_of_records_at_once():
    draw = np.random.default_rng(8)
    left = 0
    for _ in range(300):
        means = np.cumsum(draw.choice([-1.0, 1.0], 3_000)) / np.arange(1, 3_001)
        left += any(abs(m) > radius(1.0, n) for n, m in enumerate(means.tolist(), start=1))
    assert left <= MISS * 300


SETTINGS = {
    "usual": {},
    "without tolerance, few records": {"tolerance": 0.0, "reference": 2_000},
    "without tolerance, many records": {"tolerance": 0.0, "reference": 50_000},
    "in fives": {"reference": 50_000, "each": 5},
    "in large slots": {"slot": 500},
}


@pytest.mark.parametrize("setting", SETTINGS)
def test_an_alarm_chooses_its_moment_and_its_onset_and_the_interval_holds_the_truth(setting):
    kinds = ("mean .3", "mean 1", "scale 1.3", "3 to 8 %", "one of 20", "missing")
    runs = [told(SHIFTS[name], seed, alarms=3, most=20_000, **SETTINGS[setting]) for name in kinds for seed in range(8)]
    first, later = list(covered(runs)), list(covered(runs, later=True))
    assert len(first) >= 44
    assert len(later) >= 80
    assert np.mean(first) >= 1 - MISS
    assert np.mean(later) >= 1 - MISS


def test_an_alarm_of_what_hardly_exceeds_the_tolerance_does_not_exaggerate():
    runs = [told(SHIFTS["mean .15"], seed, slot=200, alarms=2) for seed in range(20)]
    assert np.mean(list(covered(runs))) >= 1 - MISS
    assert np.mean(list(covered(runs, later=True))) >= 1 - MISS
    assert 0.9 < np.median([run.findings[0].effect.w / run.truth for run in runs if run.findings]) < 1.2


def test_an_interval_at_an_alarm_is_short_enough_to_act_on():
    """At an alarm w is known within about half of it: fewer records would not have been an alarm."""
    for name in ("mean .3", "mean 1", "scale 1.3", "3 to 8 %"):
        ends = [
            (e.low / r.truth, e.high / r.truth)
            for r in (told(SHIFTS[name], s) for s in range(15))
            for e in [r.findings[0].effect]
        ]
        low, high = np.median(ends, axis=0)
        assert low >= 0.2
        assert high <= 2.1


def test_an_alarm_tells_no_less_than_that_it_is_beyond_what_is_accepted():
    for seed in range(10):
        (finding,) = told(SHIFTS["mean 1"], seed).findings
        assert finding.effect.low >= 0.1
