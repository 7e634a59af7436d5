"""How close two inputs are, in units of the reference's spread.

The distance is Euclid's over the features, of which none counts for more than one spread: a rare value that is far
away would hide that all others are as they were. A level or a missing value that differs counts for one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from detectors.sample import MOST_ROWS, Sample, raw
from detectors.spread import middle_and_spread
from monitor.formats.batch import Batch

FAR = 1e6
"""Spreads from the middle beyond which all values are the same; further out, and apart, is where missing ones stand."""

LAST = 50
"""Inputs of one caller that are looked back upon."""

MATCHES = 10
"""So many of them close to the newest one are no accident."""

RARE = 1e-7
"""Chance that a record like the reference's has so many matches among others like them."""

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Closeness:
    """What the reference says about the distance between inputs.

    Attributes
    ----------
    middle, spread : dict of str to float
        Mean and standard deviation of each numeric column; of one with a sentinel median and usual distance from it.
    levels : tuple of str
        Columns compared as levels.
    distance : float
        What is no further apart is close, in spreads. 0 where the reference's own records lie as close as an attack's.
    """

    middle: dict[str, float]
    spread: dict[str, float]
    levels: tuple[str, ...]
    distance: float

    def vectors(self, batch: Batch) -> Vectors:
        """Return the batch's inputs, shape (n, features): numbers in spreads, levels by their checksum."""
        return _scaled(raw(batch, list(self.spread), self.levels), [*self.middle.values()], [*self.spread.values()])


def measured(sample: Sample) -> Closeness:
    """Return what some of the reference's records say of the distance between inputs."""
    rows = sample.rows()
    finite = [values[np.isfinite(values)] for values in rows[:, : len(sample.numeric)].T]
    found = [middle_and_spread(values) for values in finite]
    middle, spread = [middle for middle, _ in found], [spread or 1.0 for _, spread in found]
    distance = match_distance(_scaled(rows[:: 1 + (len(rows) - 1) // MOST_ROWS], middle, spread))
    middles, spreads = (dict(zip(sample.numeric, numbers, strict=True)) for numbers in (middle, spread))
    return Closeness(middles, spreads, tuple(sample.levels), distance)


def _scaled(rows: NDArray[np.float64], middle: Sequence[float], spread: Sequence[float]) -> Vectors:
    """Return rows with their numbers in spreads; missing ones are equal to each other, and to no number."""
    numbers = len(spread)
    with np.errstate(over="ignore"):  # as far as can be, and no further than FAR
        values = np.clip((rows[:, :numbers] - np.array(middle)) / np.array(spread), -FAR, FAR)
    known = np.where(np.isnan(values), 2 * FAR, values)
    return np.concatenate([known, rows[:, numbers:]], axis=1).astype(np.float32)


def squared_distances(one: Vectors, others: Vectors) -> Vectors:
    """Return the squared distances of rows to others, shapes (..., features) to each other; NaN is far from all."""
    apart = np.abs(others - one)
    np.minimum(apart, 1.0, out=apart)
    apart *= apart
    return np.asarray(apart.sum(axis=-1))


def match_distance(rows: Vectors) -> float:
    """Return the largest distance at which records drawn at random from `rows` are `MATCHES` of `LAST` too rarely.

    How often a record has a neighbour differs from record to record, so the chance is taken for each and averaged,
    a little more than the sample says. The same input again is no neighbour: callers ask twice.
    """
    apart = np.concatenate([np.sort(squared_distances(row, rows)) for row in rows]).reshape(len(rows), -1)
    apart[apart == 0.0] = np.inf
    apart.sort(axis=1)
    chance = np.array([tail(1.25 * k / len(rows) + 0.001) for k in range(len(rows) + 1)])
    candidates = np.unique(apart[np.isfinite(apart)])
    low, high = 0, len(candidates)
    while low < high:  # the last candidate that is rare enough
        middle = (low + high) // 2
        close = (apart <= candidates[middle]).sum(axis=1)
        low, high = (middle + 1, high) if float(chance[close].mean()) <= RARE else (low, middle)
    return float(np.sqrt(candidates[low - 1])) if low else 0.0


def tail(share: float, least: int = MATCHES) -> float:
    """Return the chance of `least` or more neighbours among `LAST`, when each is one with this chance."""
    p = min(1.0, share)
    return sum(comb(LAST, k) * p**k * (1 - p) ** (LAST - k) for k in range(least, LAST + 1))
