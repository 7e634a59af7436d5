"""No bet wins on average against the worst law that the null allows; the worst is searched for, not sampled."""

from __future__ import annotations

from math import exp, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judge_streams import null_of, share_signal, signal

from monitor.judge.bets import SCALE, share_bets, tilts
from monitor.judge.plugin import Recent

COUNTS = st.lists(st.integers(50, 20_000), min_size=2, max_size=12)
TOLERANCE = st.sampled_from([0.0, 0.05, 0.1, 0.5, 2.0, 10.0])


def worst_law(factors, accepted, radius):
    """Return the law in the ball, and in the simplex, under which the factors' mean is largest.

    It leaves out the bins with the smallest factors, as few as will do, and is p (1 / p(A) + c (f - mean in A)) on
    those that it keeps, A, with c as large as the ball allows (Karush, Kuhn, Tucker).
    """
    order = np.argsort(-factors, kind="stable")
    for kept in range(len(order), 0, -1):
        bins = order[:kept]
        mass = float(accepted[bins].sum())
        within, f = accepted[bins] / mass, factors[bins]
        mean = float(within @ f)
        variance = float(within @ (f - mean) ** 2)
        room = radius**2 - (1 - mass) / mass
        c = sqrt(max(0.0, room) / (mass * variance)) if variance > 1e-18 else 0.0
        q = np.zeros(len(factors))
        q[bins] = accepted[bins] * (1 / mass + c * (f - mean))
        if q.min() >= -1e-15:
            return np.maximum(q, 0.0)
    raise AssertionError("a law in one bin is a law")


def factors_of(tables, bins):
    return np.exp(tables[:, :bins] / SCALE)


@pytest.mark.parametrize("radius", [0.05, 0.3, 1.0, 5.0])
@pytest.mark.parametrize("seed", range(8))
def test_the_search_finds_no_less_than_any_law_that_is_drawn(radius, seed):
    draw = np.random.default_rng(seed)
    accepted, factors = draw.dirichlet(np.ones(4)), draw.exponential(size=4)
    found = worst_law(factors, accepted, radius)
    assert found.sum() == pytest.approx(1)
    assert sqrt(float(((found - accepted) ** 2 / accepted).sum())) <= radius + 1e-9
    best = float(factors @ worst_law(factors, accepted, radius))
    assert (
        best <= float(factors @ accepted) + radius * sqrt(float(accepted @ (factors - factors @ accepted) ** 2)) + 1e-6
    )
    for q in draw.dirichlet(np.ones(4), size=300):
        far = sqrt(float(((q - accepted) ** 2 / accepted).sum()))
        inside = accepted + (q - accepted) * min(1.0, radius / far)
        assert float(factors @ inside) <= best + 1e-6


@given(COUNTS, st.booleans(), TOLERANCE, st.sampled_from([1, 30]))
@settings(max_examples=30, deadline=None)
def test_no_fixed_bet_wins_under_the_worst_law(counts, ordered, tolerance, alike):
    null = null_of(signal(len(counts), ordered=ordered), counts, tolerance=tolerance, alike=alike)
    tables, exist = tilts(null)
    accepted, radius = null.accepted[0, : len(counts)], float(null.fixed[0])
    for factors in factors_of(tables[0][exist[0] > 0], len(counts)):
        assert float(factors @ worst_law(factors, accepted, radius)) <= 1 + 1e-12


@given(COUNTS, TOLERANCE, st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_no_bet_that_follows_wins_under_the_worst_law_whatever_it_learned(counts, tolerance, seed):
    null = null_of(signal(len(counts)), counts, tolerance=tolerance)
    draw = np.random.default_rng(seed)
    recent = Recent(null, slots_a_day=8_640)
    for _ in range(int(draw.integers(1, 6))):
        law = draw.dirichlet(np.full(len(counts), draw.choice([0.1, 1.0])))
        recent.add(draw.multinomial(int(draw.integers(1, 3_000)), law)[None, :], slots=1)
    tables, active = recent.bets()
    accepted, radius = null.accepted[0, : len(counts)], float(null.adaptive[0])
    for factors in factors_of(tables[0][active[0]], len(counts)):
        assert float(factors @ worst_law(factors, accepted, radius)) <= 1 + 1e-12


def test_some_bet_is_as_large_as_the_worst_law_lets_it_be_in_the_ball_and_none_at_its_corners():
    """In the ball the bound is attained; where the ball is cut off by the simplex, it is only careful."""
    small, large = (null_of(signal(4), [5_000, 3_000, 1_500, 500], tolerance=t) for t in (0.1, 10.0))
    for null, least in ((small, 1 - 1e-6), (large, 0.0)):
        tables, exist = tilts(null)
        accepted = null.accepted[0, :4]
        means = [
            float(f @ worst_law(f, accepted, float(null.fixed[0]))) for f in factors_of(tables[0][exist[0] > 0], 4)
        ]
        assert least <= max(means) <= 1
    assert max(means) < 0.999


@given(st.integers(0, 300), st.integers(50, 50_000), st.sampled_from([0.0, 0.1, 5.0]), st.sampled_from([1, 40]))
@settings(max_examples=30, deadline=None)
def test_no_bet_on_a_share_wins_at_any_share_up_to_the_bound(events, others, tolerance, alike):
    null = null_of(share_signal(), [others, events], tolerance=tolerance, alike=alike)
    tables, exist = share_bets(null)
    for none, one in tables[0][exist[0] > 0][:, :2].tolist():
        for share in (0.0, float(null.bounds[0, 0]) / 2, float(null.bounds[0, 0])):  # linear in between
            assert (1 - share) * exp(none / SCALE) + share * exp(one / SCALE) <= 1 + 1e-12


@pytest.mark.parametrize("design", [1.0, 2.5, 12.0])
def test_what_a_record_counts_divided_by_a_design_effect_keeps_a_bet_fair(design):
    null = null_of(signal(5), [4_000, 3_000, 2_000, 900, 100], tolerance=0.2, effect=design)
    tables, exist = tilts(null)
    for factors in factors_of(tables[0][exist[0] > 0], 5):
        assert float(factors @ worst_law(factors, null.accepted[0, :5], float(null.fixed[0]))) <= 1 + 1e-12
