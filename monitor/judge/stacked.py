"""The signals of all levels of a field one below the other, as if each were a signal of its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from detectors.detector import Signal
from monitor.judge.null import Floats, Null
from monitor.judge.strata import Strata

MOST_NAMED = 4
"""From so many on, levels that are joined in a bin are counted, not named."""


def stacked(strata: Strata) -> Null:
    """Return what is accepted in all levels, one below the other. Nothing is gathered from a tally's cells."""
    parts, none = strata.nulls, np.zeros(0, dtype=np.int64)
    width = max(null.shape[1] for null in parts)
    columns = {"accepted": width, "inverse": width, "bounds": parts[0].bounds.shape[1]}

    def below(name: str) -> Floats:
        each = [getattr(null, name) for null in parts]
        if name not in columns:
            return np.concatenate(each)
        return np.concatenate([np.pad(v, ((0, 0), (0, columns[name] - v.shape[1]))) for v in each])

    every = (*columns, "effects", "sizes", "fixed", "adaptive", "tolerance", "within")
    signals = tuple(_named(strata, level, row) for level in range(len(parts)) for row in range(parts[0].shape[0]))
    return Null(signals, none, none, miss=parts[0].miss, **{name: below(name) for name in every})


def _named(strata: Strata, level: int, row: int) -> Signal:
    """Return a level's signal, with bins that are called by all that is joined in them."""
    whole, own = strata.whole.signals[row], strata.nulls[level].signals[row]
    of = strata.groups[level, row, : len(whole.bins)].tolist()
    joined = [[k for k, group in enumerate(of) if group == b] for b in range(len(own.bins))]
    return replace(own, bins=tuple(_joined(whole, bins) for bins in joined))


def _joined(whole: Signal, bins: list[int]) -> str:
    """Return `[1, 4)` for `[1, 2)` and `[2, 4)`, `a or b` for levels."""
    names = [whole.bins[k] for k in bins]
    if len(names) == 1 or not whole.ordered:
        return " or ".join(names) if len(names) < MOST_NAMED else f"{names[0]} or {len(names) - 1} others"
    first, last = names[0], names[-1]
    if first.startswith("[") and last.startswith("["):
        return f"{first.partition(', ')[0]}, {last.rpartition(', ')[2]}"
    if first.startswith("[") and last.startswith("≥ "):
        return f"≥ {first[1:].partition(', ')[0]}"
    if first.startswith("< ") and last.startswith("["):
        return f"< {last[:-1].rpartition(', ')[2]}"
    return f"{first} to {last}"
