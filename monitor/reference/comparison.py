"""Two references side by side: how the newer records look to somebody who accepted the older ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log, sqrt

import numpy as np
from numpy.typing import NDArray

from detectors import Detector
from detectors.detector import Signal
from monitor.counting.tally import FLOW_SIGNALS
from monitor.judge.effect import moved_bins, value_effect
from monitor.reference.common_bins import in_common
from monitor.reference.quantiles import chi_square
from monitor.reference.store import Reference
from monitor.types import BinShift

Cells = NDArray[np.int64]
Floats = NDArray[np.float64]

CHANCE = 0.01
"""Of a hundred comparisons of two draws of one law about one has a signal beyond chance, however many there are."""


@dataclass(frozen=True)
class Difference:
    """How far one signal of the newer reference is from the older one.

    Attributes
    ----------
    w, psi : float or None
        For values; what chance alone adds on average is taken off. None for shares.
    points : float or None
        For shares: percentage points, newer minus older.
    moved : BinShift
        The bin that says most.
    estimated : bool
        Whether the newer counts had to be divided within their bins, evenly.
    chance : float or None
        For values: the w that two draws of one law, of these sizes, hardly exceed in any signal.
    beyond_chance : bool
        Whether it is more than chance.
    """

    signal: str
    w: float | None
    psi: float | None
    points: float | None
    moved: BinShift
    estimated: bool
    chance: float | None
    beyond_chance: bool

    @property
    def size(self) -> float:
        """What orders differences: w, or ten points as one."""
        return self.w if self.w is not None else abs(self.points or 0.0) / 10


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
    after: Cells
    worth: Sequence[float]
    estimated: bool


def differences(old: Reference, new: Reference) -> list[Difference]:
    """Return every signal of both references, the newer counts about the older ones, the largest difference first."""
    pairs = list(_pairs(old, new))
    tail = CHANCE / max(1, len(pairs))
    found = [_values(pair, tail) if pair.signal.kind == "values" else _share(pair, tail) for pair in pairs]
    return sorted(found, key=lambda d: (-d.size, d.signal))


def _pairs(old: Reference, new: Reference) -> Iterator[_Pair]:
    for signals, ours, theirs, estimated in _shared(old, new):
        for signal in signals:
            before, after = _gathered(signal, ours), _gathered(signal, theirs)
            if before.sum() and after.sum():
                worth = [1 / reference.design_effects.get(signal.name, 1.0) for reference in (old, new)]
                yield _Pair(signal, before, after, worth, estimated and signal.kind == "values")


def _shared(old: Reference, new: Reference) -> Iterator[tuple[list[Signal], Cells, Cells, bool]]:
    """Yield the signals of each detector that both have, the cells of both, and whether the newer are an estimate."""
    yield list(FLOW_SIGNALS), old.counts[:3], new.counts[:3], False
    theirs = {
        _key(d): (d, new.counts[start : start + d.cells])
        for d, start in zip(new.layout.detectors, new.layout.starts, strict=True)
    }
    for detector, start in zip(old.layout.detectors, old.layout.starts, strict=True):
        if _key(detector) in theirs:
            other, counts = theirs[_key(detector)]
            ours = old.counts[start : start + detector.cells]
            common, before, after, estimated = in_common(detector, other, ours, counts)
            yield common.signals(before), before, after, estimated


def _key(detector: Detector) -> tuple[str, str]:
    return detector.kind, getattr(detector, "column", "")


def _gathered(signal: Signal, cells: Cells) -> Cells:
    bins = np.array(signal.bin_of)
    return np.bincount(bins[bins >= 0], weights=cells[: len(bins)][bins >= 0], minlength=len(signal.bins)).astype(
        np.int64
    )


def _values(pair: _Pair, tail: float) -> Difference:
    """Return w and PSI, without what chance adds to both on average: the same for each degree of freedom."""
    accepted, after = (pair.before / pair.before.sum()).tolist(), pair.after.tolist()
    before, now = pair.before.sum() * pair.worth[0], pair.after.sum() * pair.worth[1]
    one, degrees = float(1 / before + 1 / now), len(accepted) - 1
    effect = value_effect(after, accepted, one * sum(after))
    chance = sqrt(one * (chi_square(degrees, tail) - degrees))
    return Difference(
        pair.signal.name,
        effect.w,
        max(0.0, (effect.psi or 0.0) - one * degrees),
        None,
        moved_bins(pair.signal.bins, after, accepted)[0],
        pair.estimated,
        chance,
        beyond_chance=(effect.w or 0.0) > chance,
    )


def _share(pair: _Pair, tail: float) -> Difference:
    """Return percentage points; more than chance where the likelihood ratio is beyond Chernoff's bound.

    The bound holds for few events too, where a normal approximation would not.
    """
    old, new = (float(counts[1] / counts.sum()) for counts in (pair.before, pair.after))
    counts = np.array([pair.before * pair.worth[0], pair.after * pair.worth[1]])
    return Difference(
        pair.signal.name,
        None,
        None,
        100 * (new - old),
        BinShift(pair.signal.bins[1], old, new),
        pair.estimated,
        None,
        beyond_chance=_likelihood_ratio(counts) > log(2 / tail),
    )


def _likelihood_ratio(counts: Floats) -> float:
    """Return the logarithm of how much likelier the rows are with a law each than with one for all."""
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / counts.sum()
    seen = counts > 0
    return float((counts[seen] * np.log(counts[seen] / expected[seen])).sum())
