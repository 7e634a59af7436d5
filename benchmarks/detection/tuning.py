"""With which budget ours alarms as often as a peer, for each slot length: who looks more often alarms more often."""

from __future__ import annotations

from collections.abc import Collection
from math import exp, log
from typing import NamedTuple

import numpy as np

from benchmarks.detection.measure import accepted_of, quiet
from benchmarks.detection.ours import Seawall
from benchmarks.detection.streams import DRIFTS, Drift

SLOTS = sorted({drift.slot for drift in DRIFTS.values()})
RAREST = 50_000
"""Slots to one alarm, at most: what is rarer cannot be counted in the time, and is measured in longer slots."""
ALARMS = 40
FEWEST, MOST_SLOTS = 400_000, 200_000
"""Records that a rate is counted over at least; slots at most."""
SEED = 500
"""Of the first draw that a budget is tuned on, accepted and stationary: none of them is measured on."""
REFERENCES = 10
FIRST = 100.0
STEEP, SURE = 1.3, 0.2
"""The rate falls as the budget to this power, more or less."""


class Counted(NamedTuple):
    """Alarms over so many stationary records with a budget, in records per false alert."""

    every: float
    alarms: int
    records: int


def slots_of(rate: float) -> list[int]:
    """Return the slot lengths, of the drifts' own, in which a rate per million records is tuned to and measured."""
    return [slot for slot in SLOTS if slot * rate >= 1e6 / RAREST] or SLOTS[-1:]


def slot_of(drift: Drift, slots: Collection[int]) -> int:
    """Return the length of these in which a drift is judged: its own, or the next one there is."""
    return min((slot for slot in slots if slot >= drift.slot), default=max(slots))


def length(rate: float, slot: int, runs: int) -> int:
    """Return the records of a run where so many runs are to show a rate per million records."""
    return round(min(max(FEWEST, ALARMS / rate * 1e6), MOST_SLOTS * slot) / runs)


def calibrated(rate: float, slot: int, scale: float = 1.0) -> float:
    """Return the budget with which ours alarms as often as `rate` per million records in slots of so many.

    It is fitted anew after each draw of accepted records, so that most of them are watched near what is sought.
    """
    every, seen = FIRST, list[Counted]()
    records = round(scale * length(rate, slot, REFERENCES))
    for seed in range(SEED, SEED + REFERENCES):
        alarms = quiet(Seawall(every), accepted_of(seed), seed, records, slot)["alarms"]
        seen.append(Counted(every, alarms, records))
        every = fitted(seen, rate)
    return every


def fitted(seen: list[Counted], rate: float) -> float:
    """Return the budget for a rate per million records: Poisson counts whose rate falls as a power of the budget.

    The power is the likeliest given what is known of it, and the rate all counts together. A guess is at most ten times
    what was tried so far, or a tenth.
    """
    tried = np.log([each.every for each in seen])
    alarms, records = (np.array([each[place] for each in seen], dtype=float) for place in (1, 2))

    def likelihood(steep: float) -> float:
        expected = records * np.exp(-steep * (tried - tried[0]))
        return float(alarms @ np.log(expected / expected.sum())) - ((steep - STEEP) / SURE) ** 2 / 2

    steep = max(np.linspace(0.8, 2.5, 35).tolist(), key=likelihood)
    expected = rate / 1e6 * float(records @ np.exp(-steep * (tried - tried[0])))
    found = float(tried[0]) + log(max(float(alarms.sum()), 0.5) / expected) / steep
    return exp(min(max(found, float(tried.min()) - log(10)), float(tried.max()) + log(10)))
