from __future__ import annotations

import numpy as np
import pytest

from detectors.detector import Signal
from monitor.reference.dependence import design_effect, still_grows

BINS = 16
VALUES = Signal("feature.x", "features", "values", True, tuple(map(str, range(BINS))), tuple(range(BINS)))
LEVELS = Signal("feature.x", "features", "values", False, ("a", "b", "c"), (0, 1, 2))
SHARE = Signal("quality.missing.x", "quality", "share", False, ("others", "missing"), (0, 1))
ROWS = 4_000


def _binned(values):
    """Equal-mass bins of a standard normal."""
    ranks = np.argsort(np.argsort(values))
    return ranks * BINS // len(values)


def _autoregressive(draw, slope):
    noise = draw.normal(size=ROWS)
    values = np.empty(ROWS)
    values[0] = noise[0]
    for i in range(1, ROWS):
        values[i] = slope * values[i - 1] + noise[i] * (1 - slope**2) ** 0.5
    return values


@pytest.mark.parametrize("signal", [VALUES, LEVELS, SHARE], ids=lambda s: f"{s.kind} of {len(s.bins)}")
def test_independent_records_are_not_deflated(signal):
    ones = 0
    for seed in range(100):
        bins = np.random.default_rng(seed).integers(0, len(signal.bins), ROWS)
        ones += design_effect(signal, bins) == 1.0
    assert ones >= 95


@pytest.mark.parametrize("slope", [0.5, 0.8])
def test_records_that_remember_the_one_before_are_deflated_at_least_as_theory_says(slope):
    true = (1 + slope) / (1 - slope)  # of the mean of an autoregressive series
    found = [design_effect(VALUES, _binned(_autoregressive(np.random.default_rng(s), slope))) for s in range(10)]
    assert all(effect > 1 for effect in found)
    assert np.median(found) >= 0.8 * true


def test_bursts_of_equal_records_are_deflated_about_as_often_as_they_repeat():
    for seed in range(10):
        single = np.random.default_rng(seed).integers(0, 3, ROWS // 5)
        assert 4 < design_effect(LEVELS, np.repeat(single, 5)) < 15


def test_missing_values_that_come_in_bursts_deflate_their_share():
    starts = np.random.default_rng(1).random(ROWS // 20) < 0.2
    assert design_effect(SHARE, np.repeat(starts, 20).astype(np.int64)) > 10


def test_an_indicator_too_thin_to_judge_is_ignored():
    bins = np.zeros(ROWS, dtype=np.int64)
    bins[:49] = 1  # one burst, of fewer records than a bin needs
    assert design_effect(SHARE, bins) == 1.0
    bins[:50] = 1
    assert design_effect(SHARE, bins) > 1.0


def test_too_few_records_for_25_blocks_say_nothing():
    assert design_effect(LEVELS, np.repeat([0, 1], 24)) == 1.0


def test_a_small_reference_sees_bursts_of_ten():
    for seed in range(10):
        counts = np.where(np.random.default_rng(seed).random(500) < 0.1, 10, 1)
        values = np.repeat(np.random.default_rng(100 + seed).normal(size=500), counts)[:500]
        assert design_effect(VALUES, np.argsort(np.argsort(values)) * BINS // 500) > 4  # 5.7 in the long run


def _sessions(draw, rows, longest):
    """Values that stay for a whole session of 1 to `longest` records."""
    lengths = draw.integers(1, longest + 1, rows)
    return _binned(np.repeat(draw.normal(size=rows), lengths)[:rows])


def test_where_records_depend_further_back_than_the_longest_blocks_the_effect_still_grows():
    draws = [np.random.default_rng(seed) for seed in range(10)]
    assert all(still_grows(VALUES, _sessions(draw, 4_000, 80)) for draw in draws)
    cycle = np.sin(np.arange(ROWS) / ROWS * 2 * np.pi)
    assert all(still_grows(VALUES, _binned(cycle + draw.normal(size=ROWS))) for draw in draws)


def test_where_dependence_ends_within_the_blocks_it_does_not():
    draws = [np.random.default_rng(seed) for seed in range(50)]
    independent = [still_grows(VALUES, _binned(draw.normal(size=ROWS))) for draw in draws]
    short = [still_grows(VALUES, _sessions(draw, 40_000, 8)) for draw in draws[:20]]
    assert (sum(independent), sum(short)) == (0, 0)


def test_too_few_records_for_long_blocks_say_nothing_of_growth():
    assert not still_grows(LEVELS, np.repeat([0, 1, 2], 130))
