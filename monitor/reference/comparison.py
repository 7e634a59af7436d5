"""Two references side by side: how the newer records look to somebody who accepted the older ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf, nextafter

import numpy as np
from numpy.typing import NDArray

from detectors import CategoryBins, Detector, NumericBins
from detectors.detector import Signal
from monitor.counting.tally import FLOW_SIGNALS
from monitor.formats.batch import Batch
from monitor.judge.effect import moved_bins, value_effect
from monitor.reference.store import Reference
from monitor.types import BinShift

Cells = NDArray[np.int64]


@dataclass(frozen=True)
class Difference:
    """How far one signal of the newer reference is from the older one.

    Attributes
    ----------
    w, psi : float or None
        For values; what chance alone adds to w is taken off. None for shares.
    points : float or None
        For shares: percentage points, newer minus older.
    moved : BinShift
        The bin that says most.
    estimated : bool
        Whether the bins differ, so that the newer counts were spread evenly within theirs.
    """

    signal: str
    w: float | None
    psi: float | None
    points: float | None
    moved: BinShift
    estimated: bool

    @property
    def size(self) -> float:
        """What orders differences: w, or ten points as one."""
        return self.w if self.w is not None else abs(self.points or 0.0) / 10


def differences(old: Reference, new: Reference) -> list[Difference]:
    """Return every signal of both references, the newer counts about the older ones, the largest difference first."""
    found = []
    for detector, signals, ours, theirs in _shared(old, new):
        seen, estimated = (theirs[1], False) if theirs[0] == detector else _rebinned(detector, *theirs)
        for signal in signals:
            before, after = _gathered(signal, ours), _gathered(signal, seen)
            if before.sum() and after.sum():
                design = new.design_effects.get(signal.name, 1.0), old.design_effects.get(signal.name, 1.0)
                found.append(_difference(signal, before, after, design, estimated=estimated))
    return sorted(found, key=lambda d: (-d.size, d.signal))


def schema_changes(old: Reference, new: Reference) -> list[str]:
    """Return in words which features and outputs were added, removed, or are of another type."""
    before, after = ({f.name: f for f in r.schema.features} for r in (old, new))
    words = [f"{name}: added ({feature.type})" for name, feature in after.items() if name not in before]
    words += [f"{name}: removed (was {feature.type})" for name, feature in before.items() if name not in after]
    words += [
        f"{name}: was {before[name].type}, now {f.type}"
        for name, f in after.items()
        if name in before and f.type != before[name].type
    ]
    a, b = old.schema, new.schema
    if a.prediction != b.prediction:
        words.append(f"prediction: was {a.prediction or 'absent'}, now {b.prediction or 'absent'}")
    if set(a.scores) != set(b.scores):
        words.append(
            f"scores: {len(set(b.scores) - set(a.scores))} added, {len(set(a.scores) - set(b.scores))} removed"
        )
    for name, was, now in (("confidence", a.confidence, b.confidence), ("latency", a.latency, b.latency)):
        words += [f"{name}: {'added' if now else 'removed'}"] if was != now else []
    return words


def _shared(
    old: Reference, new: Reference
) -> Iterator[tuple[Detector | None, list[Signal], Cells, tuple[Detector | None, Cells]]]:
    """Yield each detector that both have, its signals in the older one, and the cells of both."""
    yield None, list(FLOW_SIGNALS), old.counts[:3], (None, new.counts[:3])
    theirs = {
        _key(d): (d, new.counts[start : start + d.cells])
        for d, start in zip(new.layout.detectors, new.layout.starts, strict=True)
    }
    for detector, start in zip(old.layout.detectors, old.layout.starts, strict=True):
        if _key(detector) in theirs:
            ours = old.counts[start : start + detector.cells]
            yield detector, detector.signals(ours), ours, theirs[_key(detector)]


def _key(detector: Detector) -> tuple[str, str]:
    return detector.kind, getattr(detector, "column", "")


def _gathered(signal: Signal, cells: Cells) -> Cells:
    bins = np.array(signal.bin_of)
    return np.bincount(bins[bins >= 0], weights=cells[: len(bins)][bins >= 0], minlength=len(signal.bins)).astype(
        np.int64
    )


def _difference(
    signal: Signal, before: Cells, after: Cells, design: tuple[float, float], *, estimated: bool
) -> Difference:
    accepted = (before / before.sum()).tolist()
    if signal.kind == "share":
        share = float(after[1] / after.sum())
        return Difference(
            signal.name,
            None,
            None,
            100 * (share - accepted[1]),
            BinShift(signal.bins[1], accepted[1], share),
            estimated,
        )
    noise = design[0] + design[1] * float(after.sum() / before.sum())
    effect = value_effect(after.tolist(), accepted, noise)
    return Difference(
        signal.name, effect.w, effect.psi, None, moved_bins(signal.bins, after.tolist(), accepted)[0], estimated
    )


def _rebinned(old: Detector | None, new: Detector | None, cells: Cells) -> tuple[Cells, bool]:
    """Return the newer cells as the older detector would have counted them, and whether that is an estimate."""
    if isinstance(old, CategoryBins) and isinstance(new, CategoryBins):
        return _relevelled(old, new, cells), False
    if isinstance(old, NumericBins) and isinstance(new, NumericBins):
        return _spread(old, new, cells), old.edges != new.edges
    return cells, False


def _relevelled(old: CategoryBins, new: CategoryBins, cells: Cells) -> Cells:
    """Return counts by the names of levels; levels too rare for a name stay together as `other`."""
    counted = np.zeros(old.cells, dtype=np.int64)
    batch = Batch(np.arange(len(new.levels)), texts={old.column: new.levels})
    np.add.at(counted, old.bin(batch), cells[: len(new.levels)])
    counted[-4:] += cells[-4:]
    return counted


def _spread(old: NumericBins, new: NumericBins, cells: Cells) -> Cells:
    """Return the newer counts spread evenly within their bins, or at the value where a bin is one value.

    The outermost bins reach far with few records, so beyond the older range only whole bins count.
    """
    inside = cells[1 : len(new.edges)]
    begins = np.array([*old.edges[:-1], nextafter(old.edges[-1], inf)])
    if new.edges[-1] == new.edges[-2]:
        below = np.concatenate([[0], np.cumsum(inside)])[np.searchsorted(new.edges[:-1], begins, side="left")]
    else:
        below = np.interp(begins, new.edges, np.concatenate([[0], np.cumsum(inside)]))
    steps = np.rint(np.diff(np.concatenate([[0], below, [inside.sum()]]))).astype(np.int64)
    under = int(inside[np.array(new.edges[1:]) < old.edges[0]].sum())
    over = int(inside[np.array(new.edges[:-1]) > old.edges[-1]].sum())
    steps[1] += steps[0] - under
    steps[-2] += steps[-1] - over
    steps[0], steps[-1] = under + cells[0], over + cells[len(new.edges)]
    return np.concatenate([steps, cells[-2:]])
