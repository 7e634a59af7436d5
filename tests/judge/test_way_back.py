"""When a signal that alarmed is back: seldom too early, soon after it is."""

from __future__ import annotations

from itertools import product
from math import comb

import numpy as np
import pytest
from judge_streams import Traffic, from_now, judge_of, judged, mixed, normal_law, null_of, number, signal

from monitor.judge.bets import SCALE
from monitor.judge.calm import CONVINCED, DEEPEST, back_from_shares, back_from_values
from monitor.judge.directions import directions


def scores(bins=16, ordered=True):
    watched = signal(bins, ordered=ordered)
    return directions(watched, [1 / bins] * bins)


@pytest.mark.parametrize("direction", range(6))
@pytest.mark.parametrize("reach", [0.02, 0.1, 0.5])
@pytest.mark.parametrize("design", [1.0, 5.0])
def test_still_at_the_radius_a_value_does_not_win_on_average(direction, reach, design):
    g = np.array(scores()[direction][1])
    border = reach
    factors = np.exp(back_from_values(g.tolist(), reach, design, 16) / SCALE)
    # every law with E[g] = border: the worst of two bins, one below and one above the radius, stands for all
    for low, high in product(np.flatnonzero(g < border), np.flatnonzero(g >= border)):
        share = (border - g[low]) / (g[high] - g[low])
        assert ((1 - share) * factors[:, low] + share * factors[:, high]).max() <= 1 + 1e-12


@pytest.mark.parametrize("most", [0.001, 0.05, 0.6, 1.0])
def test_still_at_the_bound_a_share_does_not_win_on_average(most):
    factors = np.exp(back_from_shares([most], 1.0, 2) / SCALE)
    at_the_bound = (1 - most) * factors[:, 0] + most * factors[:, 1]
    assert at_the_bound.max() <= 1 + 1e-12
    assert (factors[:, 1] < 1).all()  # so that larger shares are worse still


def test_the_e_process_is_at_most_one_on_average_but_for_the_floor():
    """By enumeration of all paths of eight slots with three records each, at the bound."""
    most, slots, records = 0.3, 8, 3
    chances = [comb(records, k) * most**k * (1 - most) ** (records - k) for k in range(records + 1)]
    paths = {(0, 0, 0): 1.0}
    for slot in range(1, slots + 1):
        further: dict[tuple[int, ...], float] = {}
        for state, probability in paths.items():
            for events, chance in enumerate(chances):
                calm = from_now(back_from_shares([most], 1.0, 2))
                calm.log_e = np.array(state)
                calm.add(np.array([records - events, events]))
                key = tuple(calm.log_e.tolist())
                further[key] = further.get(key, 0.0) + probability * chance
        paths = further
        expected = sum(p * np.exp(np.array(state) / SCALE) for state, p in paths.items())
        assert expected.max() <= 1 + slot * np.exp(DEEPEST / SCALE) + 1e-9
    assert expected.min() > 0.99


def test_calm_is_reached_soon_after_the_return_and_not_before():
    traffic = mixed(seed=9)
    judge = judge_of(traffic.reference())
    judged(judge, [traffic.tally(100) for _ in range(10)])
    moved = {"n0": {"law": normal_law(0.5)}, "flag": {"missing": 0.05}}
    names = ("feature.n0", "quality.missing.flag")
    for _ in range(200):
        judge.advance(judge.last + 1, traffic.tally(100, **moved))
        assert not any(judge.alarmed(name) is not None and judge.calm(name) for name in names)
    assert {name for name in names if judge.alarmed(name) is not None} == set(names)
    took = {}
    for slot in range(1, 200):
        judge.advance(judge.last + 1, traffic.tally(100))
        took |= {name: slot for name in names if judge.calm(name) and name not in took}
    assert took["feature.n0"] <= 60
    assert took["quality.missing.flag"] <= 130


def test_a_shift_that_stays_is_not_called_back_by_the_noise_of_the_direction():
    """The direction is one the data chose: a shift that stays must not look small along it."""
    too_early = 0
    for seed in range(6):
        traffic = Traffic({"x": number("x")}, seed)
        judge = judge_of(traffic.reference())
        for _ in range(500):
            judge.advance(
                0 if judge.last is None else judge.last + 1, traffic.tally(100, x={"law": normal_law(0, 1.25)})
            )
            too_early += judge.alarmed("feature.x") is not None and judge.calm("feature.x")
    assert too_early == 0


def test_a_new_alarm_starts_the_way_back_anew():
    traffic = Traffic({"x": number("x")}, 3)
    judge = judge_of(traffic.reference())
    moved = {"law": normal_law(1.0)}
    judged(judge, [traffic.tally(100, x=moved) for _ in range(5)])
    first = judge.alarmed("feature.x")
    judged(judge, [traffic.tally(100) for _ in range(60)])
    assert judge.calm("feature.x")
    judged(judge, [traffic.tally(100, x=moved) for _ in range(5)])
    assert judge.alarmed("feature.x") > first
    assert not judge.calm("feature.x")
    judge.forget(["feature.x"])
    assert judge.calm("feature.x")
    assert judge.alarmed("feature.x") is None


def test_a_return_is_convincing_only_at_one_in_a_hundred():
    assert pytest.approx(np.log(100)) == CONVINCED / SCALE
    one = from_now(back_from_shares([0.1], 1.0, 2))
    one.log_e[0] = int(SCALE * np.log(299))  # of three bets the average counts, and the others may have lost all
    assert not one.reached
    one.log_e[0] = int(SCALE * np.log(301))
    assert one.reached
    null = null_of(signal(2, ordered=False), [5_000, 5_000], tolerance=0.1)
    g = directions(null.signals[0], [0.5, 0.5])[0][1]
    too_early = 0
    for seed in range(200):
        calm = from_now(back_from_values(g, 0.1, 1.0, 2))
        ups = np.random.default_rng(seed).binomial(100, 0.55, 300)
        back = False
        for up in ups.tolist():
            calm.add(np.array([up, 100 - up]))
            back |= calm.reached
        too_early += back
    assert too_early <= 4
