"""How a cycle moves within an hour: what is 7:50 is like 8:10 rather than 7:10.

Records are compared with those of an hour and a quarter around their time where these say better what they are like
than those of their hour do, as they do of whatever moves smoothly. What begins sharply with an hour is left to hours.
"""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.detector import Signal
from monitor.reference.contexts import CYCLES, DAY, HOUR, QUARTER, around, in_quarters
from monitor.reference.dependence import watched_scores

STILL = 0.05
"""Cohen's w within an hour that is not worth following: half the smallest that anybody calls a shift."""

FASTEST = 3.2
"""Times the standard deviation of the quarters' means about their hours' that a law lies off its hour's at most.

Of a sine over the day: the square root of 2 where it is steepest, 1.8 at the ends of an hour; ranks show 0.8 of it.
"""

LIKELY = 3.0
"""Deviations above chance from which that standard deviation is believed: most of what has a cycle moves so."""

SURE = 4.5
"""Deviations by which a quarter of an hour lies off its surroundings by chance at most."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def followed(signal: Signal, bins: Ints, times: Ints, by: str, finer: str | None) -> tuple[str, float]:
    """Return which of two cycles follows a signal best, and how far its law may lie off what that one accepts.

    Parameters
    ----------
    bins, times : int arrays (n,)
        Bin of each record to which the signal applies, beginning of its slot in milliseconds.
    by : str
        The cycle that it has.
    finer : str or None
        The one that follows what moves within its hours, where it may be used.

    Returns
    -------
    (str, float)
        The cycle, and a Cohen's w; 0 where nothing moves.
    """
    if CYCLES[by].part != HOUR:
        return by, 0.0
    at = in_quarters(CYCLES[by].at(times), times)
    series = [Quarters.of(z, at, 4 * len(CYCLES[by].names)) for z in watched_scores(signal, bins)]
    pace = max((each.pace for each in series), default=0.0)
    left = max((max(each.off(each.hour), each.within_hours) for each in series), default=0.0)
    if max(pace, left) < STILL:
        return by, 0.0
    if finer and sum(each.gained(each.nearby) - each.gained(each.hour) for each in series) >= 0:
        return finer, max(within_quarters(pace), *(each.off(each.nearby) for each in series))
    return by, left


def within_quarters(pace: float) -> float:
    """Return how far a law lies off that of an hour and a quarter around it, given how far it moves in half an hour.

    At an even pace it moves a quarter of that in an eighth of an hour, on which a quarter ends; and records of 1.25
    hours vary by (2.5 pace)^2 / 12 more, which is a w of 1 / sqrt 2 times as much.
    """
    return pace / 4 + (2.5 * pace) ** 2 / 12 / sqrt(2)


class Means(NamedTuple):
    """Means of a score for each quarter of an hour, or of a stretch that it lies in, and the records that these are of.

    Attributes
    ----------
    of, records : float arrays (days, 96)
        A day is one of each kind.
    """

    of: Floats
    records: Floats


class Quarters(NamedTuple):
    """What quarters of an hour say of a score, in standard deviations of what hours leave.

    Attributes
    ----------
    own, hour, nearby : Means
        Of the quarters, of the hours that they lie in, and of the hours and a quarter around them.
    variance : float array (days, 96)
        Of single records in the hour: the lowest values may all come in a few of them.
    skewness : float
        Of single records.
    """

    own: Means
    hour: Means
    nearby: Means
    variance: Floats
    skewness: float

    @classmethod
    def of(cls, z: Floats, at: Ints, quarters: int) -> Quarters:
        """Return those of some records: a number, and the quarter of an hour, of each."""
        z = z - z.mean()
        sums, records = (_by_quarter(w, at, quarters) for w in (z, np.ones(len(z))))
        rest = z - _means(_by_hour(sums), _by_hour(records)).of.ravel()[at]
        scale = float(rest.std()) or 1.0
        own, hour, nearby = (_means(over(sums) / scale, over(records)) for over in (np.copy, _by_hour, around))
        rest /= scale
        variance = _means(_by_hour(_by_quarter(rest * rest, at, quarters)), _by_hour(records)).of
        return cls(own, hour, nearby, variance, abs(float((rest**3).mean())))

    @property
    def pace(self) -> float:
        """How far it moves in half an hour, at most, as the hours before and after tell."""
        hours, known = self.hour.of[:, ::4], self.hour.records[:, ::4] >= 1
        both = np.roll(known, -1, axis=1) & np.roll(known, 1, axis=1)
        moved = np.abs(np.roll(hours, -1, axis=1) - np.roll(hours, 1, axis=1))
        return float(moved[both].max(initial=0.0)) / 4

    @property
    def within_hours(self) -> float:
        """How far a law lies off its hour's at most, as all hours together tell; 0 where it may be chance."""
        records = self.own.records
        beyond = float((records * (self.own.of - self.hour.of) ** 2).sum())
        free = float((1 - records / self.hour.records)[records >= 1].sum())
        return FASTEST * sqrt((beyond - free) / records.sum()) if beyond - free > LIKELY * sqrt(2 * free) else 0.0

    def gained(self, fit: Means) -> float:
        """Return how much of the variance these means explain, less what they would by chance (Mallows 1973)."""
        explained = (self.own.records * fit.of * (2 * self.own.of - fit.of)).sum()
        return float(explained - 2 * (self.own.records / fit.records).sum())

    def off(self, fit: Means) -> float:
        """Return how far a quarter of an hour lies off, at most, of those of which it is no chance."""
        left = np.maximum(0.0, 1 / self.own.records - 1 / fit.records)
        chance = (
            SURE * np.sqrt(left * self.variance) + self.skewness * (SURE**2 - 1) / 6 * left
        )  # Cornish & Fisher 1938
        away = np.abs(self.own.of - fit.of)
        return float(away[(away > chance) & (self.own.records >= 1)].max(initial=0.0))


def _by_quarter(weights: Floats, at: Ints, quarters: int) -> Floats:
    """Return the sum of each quarter (days, 96)."""
    return np.bincount(at, weights=weights, minlength=quarters).reshape(-1, DAY // QUARTER).astype(np.float64)


def _by_hour(quarters: Floats) -> Floats:
    """Return for each quarter the sum over its hour."""
    return np.asarray(quarters.reshape(len(quarters), -1, 4).sum(axis=2)).repeat(4, axis=1)


def _means(sums: Floats, records: Floats) -> Means:
    some = np.maximum(records, 1e-9)
    return Means(sums / some, some)
