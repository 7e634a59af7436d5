"""Bets that are fixed in advance: integer tables of log factors.

A bet is a table r over a signal's bins with accepted mean 1. In the ball chi2(Q || p) <= rho2 its mean is at most
1 + rho sd(r) (Cauchy-Schwarz), so L = r / (1 + rho sd(r)) has mean at most 1 for every Q in it. Tables are
floor(2^24 log L / D): sums of integers are the same in any order, on any machine.
"""

from __future__ import annotations

from math import exp, floor, log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.judge.directions import Direction, directions
from monitor.judge.null import Null
from monitor.judge.radii import moments, skewed, together

SCALE = 1 << 24
"""One nat in the tables' integers."""

MOST_TILTED = 30.0
MOST_STAKED = 0.9
"""Share of what it has that a bet may lose in one record."""
SHARE_FACTORS = (1.2, 1.5, 2.0, 4.0, 16.0, 64.0)

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def in_table(factor: float, effect: float) -> int:
    """Return a log factor as an integer, rounded down, which only makes the bet more careful."""
    return floor(SCALE * log(factor) / effect)


class Bet(NamedTuple):
    """A fixed bet: in which direction, which of its strengths, its table and its weight among those of its signal."""

    direction: Direction
    place: int
    table: list[int]
    weight: float


def tilts(null: Null) -> tuple[Ints, Floats]:
    """Return the fixed bets of the value signals: tables (S, B, K), and their weights (S, B), 0 where there is none."""
    signals, width = null.shape
    rows = [tilts_of(null, row) for row in range(signals)]
    most = max((len(bets) for bets in rows), default=0)
    tables = np.zeros((signals, most, width), dtype=np.int64)
    weights = np.zeros((signals, most))
    for row, bets in enumerate(rows):
        for column, bet in enumerate(bets):
            tables[row, column, : len(bet.table)] = bet.table
            weights[row, column] = bet.weight
    return tables, weights


def tilts_of(null: Null, row: int) -> list[Bet]:
    """Return the fixed bets of one signal.

    Those of a direction hold together with a share of the probability that is its weight.
    """
    accepted = null.accepted[row, : len(null.signals[row].bins)].tolist()
    found = []
    for direction in directions(null.signals[row], accepted):
        g, strengths = direction.score, direction.strengths
        wins = [_staked(g, s) if direction.linear else _tilted(g, s, accepted) for s in strengths]
        z = together(wins, accepted, null.miss * direction.weight)
        weight = direction.weight / len(wins)
        found += [Bet(direction, place, _table(r, accepted, null, row, z), weight) for place, r in enumerate(wins)]
    return found


def _tilted(g: list[float], strength: float, accepted: list[float]) -> list[float]:
    """Return exp(strength g) with mean 1; the exponent is bounded, since any table is a bet and infinity is none."""
    raw = [exp(min(MOST_TILTED, max(-MOST_TILTED, strength * v))) for v in g]
    mean = sum(p * r for p, r in zip(accepted, raw, strict=True))
    return [v / mean for v in raw]


def _staked(g: list[float], strength: float) -> list[float]:
    """Return 1 + strength g, with less strength where that would come near 0."""
    strength = min(strength, MOST_STAKED / -min(g))
    return [1 + strength * v for v in g]


def _table(r: list[float], accepted: list[float], null: Null, row: int, z: float) -> list[int]:
    deviation, skewness = moments(r, accepted)
    radius = max(float(null.tolerance[row]), skewed(z, float(null.sizes[row]), skewness)) + float(null.within[row])
    return [in_table(v / (1 + radius * deviation), float(null.effects[row])) for v in r]


def share_bets(null: Null) -> tuple[Ints, Floats]:
    """Return Bernoulli bets of the shares: tables (S, B, K), and their weights (S, B), 0 where there is none.

    Against "the share is at most p0" a bet on p1 > p0 pays p1/p0 for an event and (1 - p1)/(1 - p0) otherwise; its
    mean is at most 1 for every share up to p0. With several contexts each has its own p0 and p1: given the context the
    mean is at most 1, so it is whatever contexts come.
    """
    count = len(SHARE_FACTORS) + 1
    tables = np.zeros((null.shape[0], count, null.shape[1]), dtype=np.int64)
    exist = np.zeros((null.shape[0], count), dtype=bool)
    for row in range(null.shape[0]):
        effect, bounds = float(null.effects[row]), null.bounds[row, : null.signals[row].contexts].tolist()
        several = len(bounds) > 1
        for context, most in enumerate(bounds):
            for bet, p1 in enumerate(by_odds(most) if several else alternatives(most)):
                tables[row, bet, 2 * context] = in_table((1 - p1) / (1 - most), effect)
                tables[row, bet, 2 * context + 1] = in_table(p1 / most, effect)
                exist[row, bet] = True
    return tables, exist / np.maximum(exist.sum(axis=1, keepdims=True), 1)


def by_odds(most: float) -> list[float]:
    """Return the shares that are bet on in one of several contexts: what raises its odds as much as the others'."""
    if most >= 0.99:
        return []
    odds = [f * most / (1 - most) for f in SHARE_FACTORS]
    return [*(o / (1 + o) for o in odds), max(0.5, (1 + most) / 2)]


def alternatives(most: float) -> list[float]:
    """Return the shares that are bet on against "at most `most`"."""
    if most >= 0.99:
        return []
    return [*(most * f for f in SHARE_FACTORS if most * f < 0.5), max(0.5, (1 + most) / 2)]
