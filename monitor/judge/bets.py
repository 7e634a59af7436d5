"""Bets that are fixed in advance: integer tables of log factors.

A bet is a table r over a signal's bins with accepted mean 1. In the ball chi2(Q || p) <= rho2 its mean is at most
1 + rho sd(r) (Cauchy-Schwarz), so L = r / (1 + rho sd(r)) has mean at most 1 for every Q in it. Tables are
floor(2^24 log L / D): sums of integers are the same in any order, on any machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, floor, log, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from detectors.detector import Signal
from monitor.judge.null import FIXED_BETS, Null

SCALE = 1 << 24
"""One nat in the tables' integers."""

TILTS = (0.1, 0.25, 0.6, 1.2)
LEVEL_STAKES = (0.1, 0.3)
"""For levels, in units of w: an exponential tilt of a rare level's indicator would stake far too much on it."""

MANY_LEVELS_STAKE = 0.2
MOST_TILTED = 30.0
MOST_STAKED = 0.9
"""Share of what it has that a bet may lose in one record."""
SHARE_FACTORS = (1.2, 1.5, 2.0, 4.0, 16.0, 64.0)

Ints = NDArray[np.int64]


def in_table(factor: float, effect: float) -> int:
    """Return a log factor as an integer, rounded down, which only makes the bet more careful."""
    return floor(SCALE * log(factor) / effect)


def directions(signal: Signal, accepted: list[float]) -> list[tuple[str, list[float]]]:
    """Return named scores over the bins, each with mean 0 and variance 1 where accepted.

    Ordered bins have normal scores z: up and down in location, spread and narrow in scale, either tail; of what is
    unusual, more. Levels have one indicator each, up and down while there is room.
    """
    if len(accepted) < 2:
        return []
    if signal.ordered:
        below = [sum(accepted[:k]) for k in range(len(accepted))]
        z = [NormalDist().inv_cdf(b + p / 2) for b, p in zip(below, accepted, strict=True)]
        lower_tail = [max(0.0, -v - 1) for v in z]
        if signal.unusual:
            found = [("more unusual records", [-v for v in z]), ("more very unusual records", lower_tail)]
        else:
            found = [("shifted up", z), ("shifted down", [-v for v in z])]
        if len(z) > 2 and not signal.unusual:
            found += [("spread out", [v * v for v in z]), ("narrowed", [-v * v for v in z])]
            found += [
                ("heavier upper tail", [max(0.0, v - 1) for v in z]),
                ("heavier lower tail", lower_tail),
            ]
        return [(name, standard) for name, g in found if (standard := _standardised(g, accepted))]
    room = FIXED_BETS // len(strengths(signal))
    levels = [(label, [1.0 if j == k else 0.0 for j in range(len(accepted))]) for k, label in enumerate(signal.bins)]
    found = [(f"more of {label}", g) for label, g in levels][:room]
    found += [(f"less of {label}", [-v for v in g]) for label, g in levels][: room - len(found)]
    return [(name, standard) for name, g in found if (standard := _standardised(g, accepted))]


def strengths(signal: Signal) -> tuple[float, ...]:
    """Return how strongly each of the signal's scores is bet on; where levels are many, once each."""
    if signal.ordered:
        return TILTS
    return LEVEL_STAKES if len(signal.bins) * len(LEVEL_STAKES) <= FIXED_BETS else (MANY_LEVELS_STAKE,)


def _standardised(g: list[float], accepted: list[float]) -> list[float]:
    """Return the score with mean 0 and variance 1, or nothing where it is constant."""
    mean = sum(p * v for p, v in zip(accepted, g, strict=True))
    variance = sum(p * (v - mean) ** 2 for p, v in zip(accepted, g, strict=True))
    return [(v - mean) / sqrt(variance) for v in g] if variance > 1e-12 else []


def tilts(null: Null) -> tuple[Ints, NDArray[np.bool_]]:
    """Return the fixed bets of the value signals: tables (S, 24, K), and which of the 24 exist (S, 24).

    On ordered bins r is proportional to exp(strength g), on levels r = 1 + strength g.
    """
    signals, width = null.shape
    tables = np.zeros((signals, FIXED_BETS, width), dtype=np.int64)
    exist = np.zeros((signals, FIXED_BETS), dtype=bool)
    for row, signal in enumerate(null.signals):
        found = tilts_of(null, row, strengths(signal))[:FIXED_BETS]
        for bet, (_, table) in enumerate(found):
            tables[row, bet, : len(table)] = table
            exist[row, bet] = True
    return tables, exist


def tilts_of(null: Null, row: int, strong: Sequence[float]) -> list[tuple[str, list[int]]]:
    """Return the tables of one signal, each with the name of its direction; `strong` is how strongly each is bet on."""
    signal = null.signals[row]
    accepted = null.accepted[row, : len(signal.bins)].tolist()
    found = []
    for name, g in directions(signal, accepted):
        for strength in strong:
            r = _tilted(g, strength, accepted) if signal.ordered else _staked(g, strength)
            found.append((name, _table(r, accepted, null, row)))
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


def _table(r: list[float], accepted: list[float], null: Null, row: int) -> list[int]:
    variance = sum(p * (v - 1) ** 2 for p, v in zip(accepted, r, strict=True))
    third = sum(p * (v - 1) ** 3 for p, v in zip(accepted, r, strict=True))
    shrink = 1 + null.radius(row, third / variance**1.5) * sqrt(variance)
    return [in_table(v / shrink, float(null.effects[row])) for v in r]


def share_bets(null: Null) -> tuple[Ints, NDArray[np.bool_]]:
    """Return Bernoulli bets of the shares: tables (S, B, K), and which exist (S, B).

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
    return tables, exist


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
