"""A reference in which nothing moves is told of a shift no more often than promised; one that moves is."""

from __future__ import annotations

import numpy as np
import pytest
from reference_records import built, timed
from scipy.signal import lfilter

from detectors.detector import Signal
from monitor.reference.bridge import BLOCKS, Blocks, kuiper, shifts_of
from monitor.review.cautions import cautions

BINS = 20
VALUES = Signal("feature.x", "features", "values", True, tuple(map(str, range(BINS))), tuple(range(BINS)))
SHARE = Signal("quality.missing.x", "quality", "share", False, ("others", "missing"), (0, 1))
CLEAN = 50


def _independent(draw, n):
    return draw.normal(size=n)


def _repeated(draw, n):
    return np.repeat(draw.normal(size=n // 10 + 1), 10)[:n]


def _following(coefficient):
    def of(draw, n):
        return lfilter([1], [1, -coefficient], draw.normal(size=n + 2_000))[2_000:]

    return of


LAWS = {
    "independent": _independent,
    "in tens": _repeated,
    "AR(0.5)": _following(0.5),
    "AR(0.9)": _following(0.9),
    "AR(0.99)": _following(0.99),
}


def _ranked(values):
    return np.argsort(np.argsort(values)) * BINS // len(values)


def _moves(signal, bins, chance, contexts=None):
    return shifts_of(signal, Blocks.of(bins, len(signal.bins), contexts), chance)


@pytest.mark.parametrize("rows", [600, 2_000, 20_000])
@pytest.mark.parametrize("law", LAWS)
def test_what_does_not_move_is_said_to_no_more_often_than_promised(law, rows):
    draws = map(np.random.default_rng, range(100))
    assert sum(bool(_moves(VALUES, _ranked(LAWS[law](draw, rows)), 0.1)) for draw in draws) <= 10


@pytest.mark.parametrize("events", [50, 200])
@pytest.mark.parametrize("rows", [600, 20_000])
def test_a_rare_event_that_comes_evenly_is_said_to_move_no_more_often_than_promised(events, rows):
    draws = map(np.random.default_rng, range(100))
    found = [_moves(SHARE, (draw.random(rows) < events / rows).astype(np.int64), 0.1) for draw in draws]
    assert sum(map(bool, found)) <= 10


@pytest.mark.parametrize(
    ("rows", "law", "by"), [(2_000, "independent", 0.8), (20_000, "independent", 0.2), (20_000, "AR(0.9)", 1.2)]
)
def test_a_step_is_found_where_it_is(rows, law, by):
    for seed in range(20):
        values = LAWS[law](np.random.default_rng(seed), rows)
        found = _moves(VALUES, _ranked(values / values.std() + by * (np.arange(rows) >= 0.7 * rows)), 1e-4)
        assert abs(found["location"].start / BLOCKS - 0.7) < 0.1
        assert found["location"].apart == pytest.approx(by, abs=0.35)


def test_what_contexts_explain_does_not_move():
    draw, n = np.random.default_rng(1), 20_000
    tenants = (draw.random(n) < np.where(np.arange(n) < n / 2, 0.3, 0.7)).astype(np.int64)
    bins = _ranked(draw.normal(size=n) + tenants)
    assert _moves(VALUES, bins, 1e-4)
    assert not _moves(VALUES, bins, 0.1, tenants)


def test_the_range_of_a_bridge_is_as_seldom_large_as_said():
    steps = np.random.default_rng(1).normal(size=(4_000, 1_000))
    bridges = np.cumsum(steps - steps.mean(axis=1, keepdims=True), axis=1) / 1_000**0.5
    ranges = np.sort(np.ptp(bridges, axis=1))
    for chance in (0.5, 0.1, 0.01):
        assert kuiper(ranges[int((1 - chance) * 4_000)]) == pytest.approx(chance, rel=0.3)


@pytest.mark.parametrize("x", [0.0, 0.4, 10.0, 1e9])
def test_the_chance_is_a_chance(x):
    assert 0.0 <= kuiper(x) <= 1.0


def _clean(seed):
    """Records of all kinds in which nothing moves."""
    draw, rows = np.random.default_rng(seed), 600
    walk = lfilter([1], [1, -0.5], draw.normal(size=rows))
    return timed(
        [
            {
                **{f"x{k}": float(draw.normal()) for k in range(3)},
                "amount": round(float(draw.lognormal(3)), 2),
                "count": int(draw.poisson(2)),
                "walk": float(walk[i]),
                "age": None if draw.random() < 0.003 else int(draw.integers(18, 90)),
                "side": str(draw.choice(["a", "b", "c"])),
                "shop": f"shop {draw.zipf(1.6)}",
                "flag": bool(draw.random() < 0.3),
            }
            for i in range(rows)
        ],
        prediction=draw.choice(["yes", "no"], rows).tolist(),
        label=draw.choice(["yes", "no"], rows).tolist(),
        confidence=draw.random(rows).round(3).tolist(),
    )


def test_of_clean_references_hardly_one_is_said_to_be_odd():
    told = [line for seed in range(CLEAN) for line in _odd(built(_clean(seed)))]
    assert len(told) <= 1, told


def _odd(reference):
    """The cautions that are not true of these records by their making."""
    expected = ("only 600 records", "no frequent level: shop.", "records depend on those before: walk (")
    return [line for line in cautions(reference) if not line.startswith(expected) and "further" not in line]
