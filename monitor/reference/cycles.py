"""Does a signal change with the hour, the weekday or the month? Then it is judged given these.

What repeats from cycle to cycle is told from what merely lasts (Fisher's analysis of variance in two ways): the means
of a context over the cycles are compared with how much they vary from cycle to cycle. A needless context costs power,
a missing one false alarms, so little is enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from detectors.detector import THIN, Signal
from monitor.reference.contexts import CYCLES, Cycle
from monitor.reference.dependence import watched_scores
from monitor.reference.split import EVERY, FREQUENT
from monitor.reference.variance_ratio import means

CHANCE = 1e-3
"""Of a signal without a cycle to be taken for one with."""

LEAST = 0.02
"""Standard deviation of the contexts' means, in those of single records, below which nothing is gained."""

FEWEST = 2
"""Whole cycles without which nothing can be said. (A part of one would have a mean of its own, for no other reason.)"""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def cycles_of(signal: Signal, bins: Ints, times: Ints) -> dict[str, float]:
    """Return the cycles that a signal has, the better the larger.

    Parameters
    ----------
    bins : int array (n,)
        Bin of each record to which the signal applies.
    times : int array (n,)
        Beginning of each record's slot, in milliseconds.
    """
    if not len(times):
        return {}
    sizes = {name: _size(signal, bins, times, CYCLES[name]) for name in ("hour_of_day", "day_of_week", "month")}
    found = {name: size for name, size in sizes.items() if size}
    week = {name: size for name, size in found.items() if name != "month"}
    if found.get("month", 0.0) <= sum(week.values()):
        found = week | _both(signal, bins, times, week)
    return found


def best_of(signal: Signal, found: Mapping[str, float], times: Ints, allowed: Sequence[str]) -> str | None:
    """Return the cycle in which a signal is to be judged, None where all have too few records in their contexts."""
    least = 2 * (EVERY * FREQUENT if signal.kind == "values" and not signal.ordered else THIN)
    fit = [name for name in found if name in allowed and enough(times, CYCLES[name], least)]
    return max(fit, key=found.__getitem__, default=None)


def _both(signal: Signal, bins: Ints, times: Ints, found: Mapping[str, float]) -> dict[str, float]:
    """Return the cycle of hours and weekdays together, where neither alone explains the other, as few as do."""
    hours = CYCLES["hour_of_week"]
    rest = _size(signal, bins, times, hours, without=tuple(found) or ("hour_of_day", "day_of_week"))
    if len(found) < 2 and not rest:
        return {}
    whole = 1.0 + sum(found.values())
    beyond = _size(signal, bins, times, hours, without=("hour_and_weekend",))
    return {"hour_and_weekend": whole} if not beyond else {"hour_of_week": whole + 1.0, "hour_and_weekend": whole}


def enough(times: Ints, cycle: Cycle, least: int) -> bool:
    """Return whether of the contexts that have any records half have so many at least: those of two bins."""
    records = np.bincount(cycle.at(times))
    return bool(np.median(records[records > 0]) >= least)


def _size(signal: Signal, bins: Ints, times: Ints, cycle: Cycle, without: Iterable[str] = ()) -> float:
    """Return the variance of the contexts' means, in that of records, where it is no chance; else 0.

    `without` are cycles whose means are taken off first.
    """
    turn = cycle.turn(times)
    whole = turn < (times.max() - times.min() + 2 * cycle.part) // cycle.length
    if not whole.any() or turn[whole].max() + 1 < FEWEST:
        return 0.0
    bins, times, turn, context = bins[whole], times[whole], turn[whole], cycle.at(times[whole])
    series = watched_scores(signal, bins)
    for other in without:
        at = CYCLES[other].at(times)
        series = [z - means(z, at)[at] for z in series]
    found = [_between(z, context, turn) for z in series]
    return max((size for size, chance in found if size >= LEAST**2 and chance * len(series) < CHANCE), default=0.0)


def _between(z: Floats, context: Ints, turn: Ints) -> tuple[float, float]:
    """Return (variance of the contexts' means over that of records, the chance of it without a cycle)."""
    from scipy.special import fdtrc

    z = z - means(z, turn)[turn]
    cells, cell, sizes = np.unique(turn * (1 + context.max()) + context, return_inverse=True, return_counts=True)
    of_context = means(z, context)
    own = of_context[cells % (1 + context.max())]
    between, within = float((sizes * own**2).sum()), float((sizes * (means(z, cell) - own) ** 2).sum())
    groups, free = len(np.unique(context)) - 1, len(cells) - len(np.unique(context)) - len(np.unique(turn)) + 1
    if groups < 1 or free < 1 or within <= 0:
        return 0.0, 1.0
    noise = within / free
    varies = means(z**2, context)
    few, fewer = (_evenness(v) for v in (varies[np.unique(context)], varies[cells % (1 + context.max())]))
    chance = float(fdtrc(groups * few, free * fewer, between / groups / noise))
    return (between - groups * noise) / (len(z) * float(z.var())), chance


def _evenness(variances: Floats) -> float:
    """Return what share of as many squares count that have these variances (Satterthwaite 1946).

    The lowest values of a day come in a few of its hours: then the others say nothing of how much these vary.
    """
    return float(variances.sum() ** 2 / (len(variances) * (variances**2).sum()))
