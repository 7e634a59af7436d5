"""Bets fixed in advance: fair for the worst distribution that the null allows, and rounded down."""

from __future__ import annotations

from decimal import Decimal, localcontext
from math import ceil, exp, lgamma, log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from judge_streams import null_of, share_signal, signal

from monitor.judge.bets import SCALE, alternatives, in_table, share_bets, tilts, tilts_of
from monitor.judge.directions import MOST_BETS, directions, heaviest
from monitor.judge.null import DELTA, FIXED, SHARES
from monitor.judge.radii import moments, skewed, together
from monitor.reference.quantiles import normal, share_at_most

ACCEPTED = {
    "two equal": (True, [5_000, 5_000]),
    "a rare flag": (True, [9_950, 50]),
    "three": (True, [8_000, 1_950, 50]),
    "sixteen": (True, [625] * 16),
    "fine tails": (True, [78, 78, 156, 312, *[625] * 14, 312, 156, 78, 78]),
    "few records": (True, [50] * 10),
    "two levels": (False, [9_000, 1_000]),
    "five levels": (False, [5_000, 3_000, 1_200, 500, 300]),
    "a rare level": (False, [9_900, 50, 50]),
    "thirty levels": (False, [round(2_500 / (k + 1)) for k in range(30)]),
    "fifty thin levels": (False, [7_500, *[50] * 49]),
}
CASES = [pytest.param(*case, id=name) for name, case in ACCEPTED.items()]


def worst_mean(factors, accepted, radius):
    """Largest mean of `factors` over all Q with chi2(Q || accepted) <= radius ** 2 (Cauchy-Schwarz, attained)."""
    mean = float(factors @ accepted)
    return mean + radius * sqrt(float((factors - mean) ** 2 @ accepted))


def factors_of(null, tables, row=0):
    width = len(null.signals[row].bins)
    return np.exp(tables[row, :, :width] / SCALE), null.accepted[row, :width]


@pytest.mark.parametrize(("ordered", "counts"), CASES)
@pytest.mark.parametrize("tolerance", [0.0, 0.1, 0.3])
@pytest.mark.parametrize("alike", [1, 200])
def test_no_fixed_bet_wins_on_average_in_the_whole_ball(ordered, counts, tolerance, alike):
    null = null_of(signal(len(counts), ordered=ordered), counts, tolerance=tolerance, alike=alike)
    tables, weights = tilts(null)
    factors, accepted = factors_of(null, tables)
    radius = float(null.fixed[0])
    share = heaviest(null.signals[0], accepted.tolist())
    least = normal(DELTA * FIXED * share / alike) / sqrt(sum(counts))
    assert radius == pytest.approx(max(tolerance, least), rel=1e-12)
    worst = [worst_mean(f, accepted, radius) for f in factors[weights[0] > 0]]
    assert weights[0].sum() == pytest.approx(1)
    assert max(worst) <= 1 + 1e-12


@pytest.mark.parametrize(("ordered", "counts"), CASES)
def test_every_fixed_bet_keeps_the_radius_of_its_direction(ordered, counts):
    """At tolerance 0 no more and no less: z of all strengths together, and what skewness adds."""
    null = null_of(signal(len(counts), ordered=ordered), counts, alike=20)
    accepted = null.accepted[0].tolist()
    size = sum(counts)
    for direction in directions(null.signals[0], accepted):
        bets = [b for b in tilts_of(null, 0) if b.direction.name == direction.name]
        wins = [np.exp(np.array(b.table) / SCALE) for b in bets]
        wins = [w / float(w @ np.array(accepted)) for w in wins]
        z = together([w.tolist() for w in wins], accepted, null.miss * direction.weight)
        for bet, win in zip(bets, wins, strict=True):
            _, skewness = moments(win.tolist(), accepted)
            worst = worst_mean(np.exp(np.array(bet.table) / SCALE), np.array(accepted), skewed(z, size, skewness))
            assert worst == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("bins", [2, 5, 16])
def test_what_holds_together_is_exceeded_as_seldom_as_promised(bins):
    """Rice's bound against drawn normal variables that are correlated as the tables' errors are."""
    null = null_of(signal(bins), [10_000 // bins] * bins)
    accepted, miss, draw = null.accepted[0], 0.02, np.random.default_rng(1)
    noise = draw.standard_normal((100_000, bins))
    for direction in directions(null.signals[0], accepted.tolist())[:6]:
        wins = [np.exp(s * np.array(direction.score)) for s in direction.strengths]
        wins = [w / float(accepted @ w) for w in wins]
        z = together([w.tolist() for w in wins], accepted.tolist(), miss)
        scores = [(w - 1) * np.sqrt(accepted) / sqrt(float(accepted @ (w - 1) ** 2)) for w in wins]
        exceeded = (noise @ np.array(scores).T > z).any(axis=1).mean()
        assert exceeded <= miss + 4 * sqrt(miss / 100_000)
        assert normal(miss) <= z <= normal(miss / len(wins))


@pytest.mark.parametrize("ordered", [True, False])
def test_references_of_which_a_fixed_bet_wins_under_their_own_law_are_as_rare_as_promised(ordered):
    law, draw, unfair, runs = np.array([0.4, 0.3, 0.2, 0.09, 0.01]), np.random.default_rng(3), 0, 300
    for _ in range(runs):
        null = null_of(signal(5, ordered=ordered), draw.multinomial(10_000, law).tolist())
        tables, weights = tilts(null)
        unfair += (np.exp(tables[0][weights[0] > 0] / SCALE) @ law).max() > 1
    assert unfair <= runs * DELTA * FIXED + 3 * sqrt(runs * DELTA * FIXED)


def test_the_bound_is_not_idle():
    null = null_of(signal(16), [625] * 16, tolerance=0.1)
    factors, accepted = factors_of(null, tilts(null)[0])
    assert min(worst_mean(f, accepted, 0.1) for f in factors) > 1 - 1e-6


@pytest.mark.parametrize(("ordered", "counts"), CASES)
def test_a_design_effect_divides_what_a_record_counts(ordered, counts):
    """E[L ** (1 / D)] <= E[L] ** (1 / D) by Jensen's inequality, so dividing keeps a bet fair."""
    watched = signal(len(counts), ordered=ordered)
    dependent, weights = tilts(null_of(watched, [4 * count for count in counts], effect=4.0))
    independent, _ = tilts(null_of(watched, counts))
    assert np.abs(4 * dependent - independent)[weights > 0].max() <= 4


def test_the_radius_is_that_of_the_sample_worth_as_many_independent_records():
    assert null_of(signal(2), [200, 200], effect=4.0).fixed[0] == pytest.approx(null_of(signal(2), [50, 50]).fixed[0])


@pytest.mark.parametrize(("ordered", "counts"), CASES)
def test_every_direction_is_a_unit(ordered, counts):
    accepted = (np.array(counts) / sum(counts)).tolist()
    found = directions(signal(len(counts), ordered=ordered), accepted)
    for direction in found:
        assert np.dot(accepted, direction.score) == pytest.approx(0, abs=1e-9)
        assert np.dot(accepted, np.square(direction.score)) == pytest.approx(1)
    assert sum(d.weight for d in found) == pytest.approx(1)
    assert len({d.name for d in found}) == len(found)


def test_a_bet_on_a_level_is_as_strong_as_the_share_that_moves_there():
    null = null_of(signal(5, ordered=False), [5_000, 3_000, 1_200, 500, 300])
    for bet in tilts_of(null, 0):
        win = np.exp(np.array(bet.table) / SCALE)
        shifted = null.accepted[0] * win / float(null.accepted[0] @ win)
        moved = shifted - null.accepted[0]
        if bet.direction.name.startswith("more"):
            assert max(moved) == pytest.approx((0.02, 0.06)[bet.place], abs=1e-6)
        else:
            gone = int(moved.argmin())
            assert -moved[gone] / null.accepted[0, gone] == pytest.approx((0.4, 0.8)[bet.place], abs=1e-5)


@pytest.mark.parametrize(("levels", "bets"), [(5, 20), (17, 68), (30, 60), (51, 68)])
def test_where_levels_are_many_each_is_bet_on_less_often(levels, bets):
    tables, weights = tilts(null_of(signal(levels, ordered=False), [100] * levels))
    assert (weights > 0).sum() == bets <= MOST_BETS
    each = [int(t.argmax()) for t in tables[0, :, :levels]]
    assert set(each[: bets // 2]) >= set(range(min(levels, bets // 4)))


def test_a_bin_that_is_very_rare_breaks_nothing():
    for ordered in (True, False):
        tables, _ = tilts(null_of(signal(2, ordered=ordered), [10**9, 50]))
        assert np.abs(tables).max() < 2**40


@given(st.floats(1e-12, 1e12), st.floats(1, 1e4))
def test_tables_are_floors_of_the_real_logarithm(factor, effect):
    with localcontext() as context:
        context.prec = 60
        real = SCALE * Decimal(factor).ln() / Decimal(effect)
        assert -1 - Decimal("1e-6") <= in_table(factor, effect) - real <= Decimal("1e-6")


@pytest.mark.parametrize("effect", [1.0, 3.7])
@pytest.mark.parametrize("tolerance", [0.0, 0.1, 5.0])
@pytest.mark.parametrize("events", [0, 1, 50, 3_000, 9_700])
def test_no_bet_on_a_share_wins_on_average_up_to_the_accepted_bound(events, tolerance, effect):
    null = null_of(share_signal(), [10_000 - events, events], tolerance=tolerance, effect=effect)
    tables, weights = share_bets(null)
    most = float(null.fixed[0])
    for table in np.exp(tables[0][weights[0] > 0] / SCALE):
        # linear in the share, so the ends stand for all between; a share of 0 can only lose
        assert table[0] <= 1
        assert (1 - most) * table[0] + most * table[1] <= 1 + 1e-12


@pytest.mark.parametrize("events", [0, 3, 200])
def test_an_accepted_share_is_the_clopper_pearson_bound_plus_the_tolerance(events):
    most = float(null_of(share_signal(), [10_000 - events, events], tolerance=0.5).fixed[0])
    bound = most - 0.005
    assert binomial_tail(events, 10_000, bound) == pytest.approx(DELTA * SHARES, rel=1e-6)
    assert bound == pytest.approx(share_at_most(events, 10_000, DELTA * SHARES))


def test_shares_are_bet_on_up_to_a_half_and_beyond_where_a_half_is_accepted():
    assert alternatives(0.01) == pytest.approx([0.012, 0.015, 0.02, 0.04, 0.16, 0.505])
    assert alternatives(0.8) == pytest.approx([0.9])
    assert alternatives(1.0) == []


@pytest.mark.parametrize("alike", [10, 40, 200])
def test_a_rare_level_leaves_its_radius_about_as_seldom_as_promised(alike):
    """Over the draw of the reference, by exact sums: a normal bound alone would fail 8 to 22 times as often."""
    m, probability = 10_000, DELTA / (48 * alike)
    z = normal(probability)
    seldom = []
    for true in range(60, 1_000, 3):
        least = 50  # fewer make the bin too thin to be bet on
        within = next(c for c in range(least, m) if true / m <= c / m + reach(z, c, m))
        seldom.append(binomial_tail(within - 1, m, true / m) - binomial_tail(least - 1, m, true / m))
    assert max(seldom) <= 1.6 * probability


def reach(z, count, m):
    share = count / m
    skewness = (1 - 2 * share) / sqrt(share * (1 - share))
    return skewed(z, m, skewness) * sqrt(share * (1 - share))


def binomial_tail(events, trials, share):
    """P(Binomial <= events)."""
    logs = (
        lgamma(trials + 1) - lgamma(k + 1) - lgamma(trials - k + 1) + k * log(share) + (trials - k) * log(1 - share)
        for k in range(max(0, ceil(trials * share) - 400), events + 1)
    )
    return sum(exp(v) for v in logs)
