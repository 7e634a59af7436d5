"""How far a signal is from what was accepted in each of its contexts, taken together.

w^2 within contexts is the mean of their own over the records. It is never less than that of all records together, and
more where contexts moved in opposite ways, or few of them moved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log, sqrt
from typing import NamedTuple

from monitor.judge.effect import psi
from monitor.judge.interval import MISS, radius
from monitor.types import Effect

SURE = 2.0
"""Deviations of noise by which contexts must move apart to count: else what all records say together is told."""

UNEVEN = 3.0
"""Deviations by which the differences between contexts exceed those of chance where they are told."""

SHARED = 5
"""So many contexts that follow each other may share records of the reference, and its chance with them."""


class Part(NamedTuple):
    """The records of one context.

    Attributes
    ----------
    context : int
    records : int
    seen, accepted : lists of float (K,)
        Shares of its bins.
    far : float
        The square of w that is seen.
    noise : list of float (K,)
        What noise adds to it on average and per record, bin for bin.
    known : float
        What the reference's own chance adds to it on average.
    psi : float
        As it is seen.
    """

    context: int
    records: int
    seen: list[float]
    accepted: list[float]
    far: float
    noise: list[float]
    known: float
    psi: float


class Moved(NamedTuple):
    """By how much something moved, times its records, without what chance adds; the deviation of that; its records."""

    by: float
    deviation: float
    records: int


class Within(NamedTuple):
    """The square of w within contexts, without what chance adds, its deviation by chance; the interval of w; PSI."""

    square: float
    deviation: float
    low: float
    high: float
    psi: float


def part_of(context: int, counts: Sequence[int], accepted: Sequence[float], design: float, size: float) -> Part:
    """Return what the records of one context say.

    Parameters
    ----------
    counts : sequence of int (K,)
    accepted : sequence of float (K,)
    design : float
        So many records count as one.
    size : float
        Reference records in the context, divided by their design effect.
    """
    records = sum(counts)
    seen = [c / records for c in counts]
    worth = records / design
    known = (len(accepted) - 1) / size
    far = sum((q - p) ** 2 / p for q, p in zip(seen, accepted, strict=True))
    if worth > 2:  # of one record nothing is known of how records differ
        noise = [q * (1 - q) / p * worth / (worth - 1) for q, p in zip(seen, accepted, strict=True)]
    else:
        noise = [1 - p for p in accepted]
    smoothed = (records / (records + 0.5 * len(counts))) ** 2  # half a record in each bin takes so much off
    return Part(context, records, seen, list(accepted), far, noise, known, psi(counts, accepted) / smoothed)


def moved(part: Part, design: float) -> Moved:
    """Return how far a context moved."""
    by_chance = design * sum(part.noise) + part.records * part.known
    live = 2 * sum(v * v for v in part.noise) * design * design
    known = 2 * SHARED * (part.records * part.known) ** 2 / (len(part.accepted) - 1)
    return Moved(part.records * part.far - by_chance, sqrt(live + known), part.records)


def taken_together(parts: Sequence[Part], design: float) -> Moved:
    """Return how far several contexts moved."""
    each = [moved(part, design) for part in parts]
    return Moved(sum(m.by for m in each), sqrt(sum(m.deviation**2 for m in each)), sum(m.records for m in each))


def within(parts: Sequence[Part], design: float) -> Within:
    """Return how far the records of some contexts are from what was accepted there.

    Of shares that are seen, in all bins of all contexts, seen = w^2 + 2 w x + y as in `interval.w_interval`: x is the
    noise along the shift, y its square in all directions. The more there are the surer y is near its mean, from which
    it strays as sums of independent squares do (Robbins' mixture again). What chance adds in the reference is taken
    off the lower end: it is no shift.
    """
    records = sum(part.records for part in parts)
    worth = records / design
    seen = sum(part.records * part.far for part in parts) / records
    whole = taken_together(parts, design)
    chance = [[max(v, 1 - p) for v, p in zip(part.noise, part.accepted, strict=True)] for part in parts]
    strays = _strays([2 * sum(v * v for v in noise) for noise in chance])
    largest = max(v for noise in chance for v in noise)
    most = (sum(v for noise in chance for v in noise) + strays + 2 * largest * log(2 / MISS)) / worth
    least = max(0.0, sum(v for part in parts for v in part.noise) - strays) / worth
    along = radius(_along(parts, records, worth, seen), worth)
    most += _known(parts, records)
    low = sqrt(along * along + max(0.0, seen - most)) - along
    high = sqrt(along * along + max(0.0, seen - least)) + along
    by_chance = sum((len(part.accepted) - 1) * design + part.records * part.known for part in parts) / records
    found = sum(part.records * part.psi for part in parts) / records - by_chance
    return Within(whole.by / records, whole.deviation / records, max(0.0, low), high, found)


def apart(whole: Effect, found: Within) -> bool:
    """Return whether the contexts surely moved otherwise than all their records together."""
    return found.square - (whole.w or 0.0) ** 2 > SURE * found.deviation


def few_moved(each: Mapping[int, Moved], which: Sequence[int], design: float, square: float) -> bool:
    """Return whether some hold half of the records at most, and moved by surely more than that square of w."""
    if 2 * sum(each[one].records for one in which) > sum(m.records for m in each.values()):
        return False
    far = 0.0
    for by, deviation, records in each.values():
        along = 4 * design * records * max(0.0, square)  # the noise along the shift
        far += (by - records * square) ** 2 / (deviation * deviation + along)
    free = len(each) - 1
    return far > free + UNEVEN * sqrt(2 * free)


def within_effect(whole: Effect, found: Within) -> Effect:
    """Return what is told of records that all together moved so far, and within their contexts so far.

    The interval is that of w within contexts, which is never less than that of all together.
    """
    w, psi_whole = whole.w or 0.0, whole.psi or 0.0
    if apart(whole, found):
        w, psi_whole = round(sqrt(found.square), 4), max(psi_whole, round(found.psi, 4))
    low = max(whole.low or 0.0, round(found.low, 4))
    return Effect(w=w, low=min(low, w), high=max(round(found.high, 4), w), psi=psi_whole)


def _strays(variances: Sequence[float]) -> float:
    """Return by how much a sum of so many independent squares strays from its mean at most, at any moment."""
    one = max(variances)
    whole = sum(variances) + one
    return sqrt(whole * log(whole / (one * (MISS / 2) ** 2)))


def _known(parts: Sequence[Part], records: int) -> float:
    """Return what chance adds at most in the reference, in nineteen of twenty."""
    mean = sum(part.records * part.known for part in parts) / records
    square = sum((part.records / records * part.known) ** 2 / (len(part.accepted) - 1) for part in parts)
    return mean + 2 * sqrt(2 * SHARED * square)


def _along(parts: Sequence[Part], records: int, worth: float, seen: float) -> float:
    """Return the standard deviation of a record along the shift that is seen."""
    if seen == 0.0:
        return 1.0
    variance, ends = 0.0, [0.0, 0.0]
    for part in parts:
        g = [(q / p - 1) / sqrt(seen) for q, p in zip(part.seen, part.accepted, strict=True)]
        mean = sum(q * v for q, v in zip(part.seen, g, strict=True))
        spread = sum(q * (v - mean) ** 2 for q, v in zip(part.seen, g, strict=True))
        variance += part.records / records * spread
        ends = [min(ends[0], min(g) - mean), max(ends[1], max(g) - mean)]
    return sqrt(max(variance, (ends[1] - ends[0]) ** 2 / (worth + 1)))
