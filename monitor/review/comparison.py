"""Two references side by side: how the newer records look to somebody who accepted the older ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log, sqrt

import numpy as np
from numpy.typing import NDArray

from detectors import Detector, Joint, Scorer
from detectors.detector import Signal
from monitor.counting.tally import FLOW_SIGNALS
from monitor.judge.effect import moved_bins, value_effect
from monitor.reference.quantiles import chi_square
from monitor.reference.store import Reference
from monitor.review.common_bins import in_common
from monitor.types import BinShift

Cells = NDArray[np.int64]
Floats = NDArray[np.float64]

CHANCE = 0.01
"""Of a hundred comparisons of two draws of one law about one has a signal beyond chance, however many there are."""


@dataclass(frozen=True)
class Size:
    """How far newer records are from the older ones.

    Attributes
    ----------
    w, psi : float or None
        For values; what chance alone adds on average is taken off. None for shares.
    points : float or None
        For shares: percentage points, newer minus older.
    moved : BinShift
        The bin that says most.
    beyond_chance : bool
        Whether it is more than chance.
    """

    w: float | None
    psi: float | None
    points: float | None
    moved: BinShift
    beyond_chance: bool

    @property
    def rank(self) -> float:
        """What orders sizes: w, or ten points as one."""
        return self.w if self.w is not None else abs(self.points or 0.0) / 10


@dataclass(frozen=True)
class Difference:
    """How far one signal of the newer reference is from the older one.

    Attributes
    ----------
    least : Size
        With the newer records as like the older ones as their bins allow: this is certain.
    likely : Size
        With the newer records within each of their bins as the older ones lie there.
    chance : float or None
        For values: the w that two draws of one law, of these sizes, hardly exceed in any signal.
    """

    signal: str
    least: Size
    likely: Size
    chance: float | None


@dataclass(frozen=True)
class _Pair:
    """One signal in both references.

    Attributes
    ----------
    worth : sequence of float
        Of the older and the newer: how many independent records one record is worth.
    """

    signal: Signal
    before: Cells
    nearest: Cells
    likely: Cells
    worth: Sequence[float]


def differences(old: Reference, new: Reference) -> list[Difference]:
    """Return every signal of both references, the newer counts about the older ones, the largest difference first."""
    pairs = list(_pairs(old, new))
    tail = CHANCE / max(1, len(pairs))
    found = [_values(pair, tail) if pair.signal.kind == "values" else _share(pair, tail) for pair in pairs]
    return sorted(found, key=lambda d: (-d.least.rank, -d.likely.rank, d.signal))


def _pairs(old: Reference, new: Reference) -> Iterator[_Pair]:
    for signals, *counts in _shared(old, new):
        for signal in signals:
            before, nearest, likely = (_gathered(signal, cells) for cells in counts)
            if before.sum() and nearest.sum() and likely.sum():
                worth = [1 / reference.design_effects.get(signal.name, 1.0) for reference in (old, new)]
                yield _Pair(signal, before, nearest, likely, worth)


def _shared(old: Reference, new: Reference) -> Iterator[tuple[list[Signal], Cells, Cells, Cells]]:
    """Yield the signals of each detector that both have, the older cells, and the nearest and likely newer ones."""
    yield list(FLOW_SIGNALS), old.counts[:3], new.counts[:3], new.counts[:3]
    theirs = {
        _key(d): (d, new.counts[start : start + d.cells])
        for d, start in zip(new.layout.detectors, new.layout.starts, strict=True)
    }
    for detector, start in zip(old.layout.detectors, old.layout.starts, strict=True):
        if _key(detector) in theirs and not isinstance(detector, Scorer | Joint):  # their bins are of their own fit
            ours = old.counts[start : start + detector.cells]
            common, *counts = in_common(detector, theirs[_key(detector)][0], ours, theirs[_key(detector)][1])
            yield common.signals(counts[0]), counts[0], counts[1], counts[2]


def _key(detector: Detector) -> tuple[str, str]:
    return detector.kind, getattr(detector, "column", "")


def _gathered(signal: Signal, cells: Cells) -> Cells:
    bins = np.array(signal.bin_of)
    return np.bincount(bins[bins >= 0], weights=cells[: len(bins)][bins >= 0], minlength=len(signal.bins)).astype(
        np.int64
    )


def _values(pair: _Pair, tail: float) -> Difference:
    before, now = pair.before.sum() * pair.worth[0], pair.nearest.sum() * pair.worth[1]
    one, degrees = float(1 / before + 1 / now), len(pair.before) - 1
    chance = sqrt(one * (chi_square(degrees, tail) - degrees))
    least, likely = (_shift(pair, after, one, chance) for after in (pair.nearest, pair.likely))
    return Difference(pair.signal.name, least, likely, chance)


def _shift(pair: _Pair, after: Cells, one: float, chance: float) -> Size:
    """Return w and PSI, without what chance adds to both on average: `one` for each degree of freedom."""
    accepted, counts = (pair.before / pair.before.sum()).tolist(), after.tolist()
    effect = value_effect(counts, accepted, one * sum(counts))
    return Size(
        effect.w,
        max(0.0, (effect.psi or 0.0) - one * (len(counts) - 1)),
        None,
        moved_bins(pair.signal.bins, counts, accepted)[0],
        beyond_chance=(effect.w or 0.0) > chance,
    )


def _share(pair: _Pair, tail: float) -> Difference:
    least, likely = (_points(pair, after, tail) for after in (pair.nearest, pair.likely))
    return Difference(pair.signal.name, least, likely, None)


def _points(pair: _Pair, after: Cells, tail: float) -> Size:
    """Return percentage points; more than chance where the likelihood ratio is beyond Chernoff's bound.

    The bound holds for few events too, where a normal approximation would not.
    """
    old, new = (float(counts[1::2].sum() / counts.sum()) for counts in (pair.before, after))
    counts = np.array([pair.before * pair.worth[0], after * pair.worth[1]])
    moved = BinShift(pair.signal.event, old, new)
    return Size(None, None, 100 * (new - old), moved, beyond_chance=_likelihood_ratio(counts) > log(2 / tail))


def _likelihood_ratio(counts: Floats) -> float:
    """Return the logarithm of how much likelier the rows are with a law each than with one for all."""
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / counts.sum()
    seen = counts > 0
    return float((counts[seen] * np.log(counts[seen] / expected[seen])).sum())
