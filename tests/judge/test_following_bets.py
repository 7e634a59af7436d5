"""Bets that follow the data: fair whatever they learned, and silent while there is nothing to learn."""

from __future__ import annotations

from math import exp, log, sqrt

import numpy as np
import pytest
from judge_streams import null_of, signal

from monitor.judge.bets import SCALE
from monitor.judge.null import DELTA
from monitor.judge.plugin import HALF_LIVES, MEMORIES, SHOWN, Recent
from monitor.reference.quantiles import chi_square

COUNTS = {2: [9_950, 50], 5: [5_000, 3_000, 1_200, 500, 300], 16: [625] * 16}


def learned(null, rows):
    recent = Recent(null, slots_a_day=8_640)
    for row in rows:
        recent.add(np.array([row]), slots=1)
    return recent


@pytest.mark.parametrize("bins", COUNTS)
@pytest.mark.parametrize("tolerance", [0.0, 0.1])
@pytest.mark.parametrize("seed", range(5))
def test_whatever_was_learned_the_next_bet_does_not_win_on_average_in_the_whole_ball(bins, tolerance, seed):
    null = null_of(signal(bins), COUNTS[bins], tolerance=tolerance, alike=20)
    radius = max(tolerance, sqrt(chi_square(bins - 1, DELTA / 40) / 10_000))
    draw = np.random.default_rng(seed)
    rows = [draw.multinomial(int(draw.integers(1, 400)), draw.dirichlet(np.ones(bins))) for _ in range(12)]
    one = null_of(signal(bins), COUNTS[bins], tolerance=tolerance)
    object.__setattr__(one, "adaptive", null.adaptive[:1])
    tables, active = learned(one, rows).bets()
    assert active.any()
    for table in tables[active]:
        factors = np.exp(table[:bins] / SCALE)
        mean = float(factors @ one.accepted[0])
        spread = sqrt(float((factors - mean) ** 2 @ one.accepted[0]))
        assert mean + radius * spread <= 1 + 1e-12


@pytest.mark.parametrize("bins", COUNTS)
def test_what_looks_as_accepted_is_not_bet_on(bins):
    null = null_of(signal(bins), COUNTS[bins], tolerance=0.1)
    tables, active = learned(null, [COUNTS[bins]]).bets()
    assert not active.any()
    assert not tables.any()


def test_a_shift_within_the_tolerance_is_not_bet_on_however_long_it_lasts():
    null = null_of(signal(2, ordered=False), [5_000, 5_000], tolerance=0.1)
    _, active = learned(null, [[549, 451]] * 1_000).bets()
    assert not active.any()


def test_no_bet_stakes_more_than_nine_tenths():
    null = null_of(signal(2, ordered=False), [9_000, 1_000], tolerance=0.0)
    tables, active = learned(null, [[0, 5_000]]).bets()
    assert active.all()
    assert (np.exp(tables[active] / SCALE).min(axis=1) > 0.1 * 0.3).all()
    assert tables[0, 0].tolist() == tables[0, 3].tolist()


def test_memories_fade_by_records_and_the_last_by_time():
    null = null_of(signal(2), [5_000, 5_000])
    recent = learned(null, [[1_024, 0]])
    recent.add(np.array([[0, 1_024]]), slots=8_640)
    left = recent.counts[0, :, 0] / 1_024
    assert left.tolist() == pytest.approx([0.5 ** (1_024 / h) for h in HALF_LIVES] + [0.5])
    assert recent.squares[0].tolist() == pytest.approx([1_024 * v * v + 1_024 for v in left])
    assert (len(HALF_LIVES) + 1, HALF_LIVES[SHOWN]) == (MEMORIES, 8_192)


def test_the_noise_that_is_taken_off_is_the_noise_that_is_there():
    null = null_of(signal(16), [625] * 16)
    draw = np.random.default_rng(5)
    recent, seen, noise = Recent(null, 8_640), np.zeros(MEMORIES), np.zeros(MEMORIES)
    for slot in range(4_000):
        recent.add(draw.multinomial(50, [1 / 16] * 16)[None, :], slots=1)
        if slot >= 2_000:
            add_seen, add_noise = recent.distance()
            seen, noise = seen + add_seen[0], noise + add_noise[0]
    assert (seen / noise)[:2].tolist() == pytest.approx([1, 1], rel=0.1)
    assert 0.5 < (seen / noise)[2] < 1.6


def test_the_stake_is_what_grows_fastest():
    """Growth of log(1 + stake x) - log(1 + radius stake sd) under the learned frequencies is largest near the stake."""
    null = null_of(signal(2, ordered=False), [5_000, 5_000], tolerance=0.1)
    recent = learned(null, [[400_000, 600_000]] * 40)
    tables, _ = recent.bets()
    excess = recent.excess(0, 2)
    q = [0.5 * (1 + x) for x in excess]
    spread = sqrt(sum(0.5 * x * x for x in excess))

    def growth(stake):
        return sum(a * log(1 + stake * x) for a, x in zip(q, excess, strict=True)) - log(1 + 0.1 * stake * spread)

    chosen = (exp(tables[0, 2, 1] / SCALE) * (1 + 0.1 * 0.5 * spread) - 1) / excess[1]
    assert chosen == pytest.approx(0.5, abs=0.01)
    assert growth(chosen) > 0.98 * max(growth(stake / 100) for stake in range(1, 91))


def test_what_noise_leaves_is_what_is_reckoned_with():
    null = null_of(signal(16), [625] * 16)
    draw = np.random.default_rng(5)
    left, reckoned = 0.0, 0.0
    for _ in range(3_000):
        recent = learned(null, [draw.multinomial(500, [1 / 16] * 16)])
        _, variance, noise = recent.learned()
        left, reckoned = left + float(variance[0, 0]), reckoned + float(noise[0, 0])
    assert left == pytest.approx(reckoned, rel=0.1)


def test_a_shift_of_one_bin_is_learned_while_the_others_make_noise():
    """Without the threshold their noise would be a third of all that is learned; and no bin is betted on to vanish."""
    null = null_of(signal(32), [1_600] * 32)
    law = [0.95 / 32 + (0.05 if k == 9 else 0.0) for k in range(32)]
    draw, shares = np.random.default_rng(6), []
    for _ in range(200):
        excess, variance, _ = learned(null, [draw.multinomial(600, law)]).learned()
        shares.append(float(excess[0, 1, 9] ** 2 / 32 / variance[0, 1]))
        assert (null.accepted[0] @ excess[0, 1]) == pytest.approx(0, abs=1e-12)
    assert np.mean(shares) > 0.75
