"""Two references about the bins of the older: each has bins of its own, finer the more records it was built from.

How many newer records lie below an older edge is known only between two numbers where the edge is within a newer bin.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors import CategoryBins, Detector, NumericBins
from monitor.formats.batch import Batch

Cells = NDArray[np.int64]
Floats = NDArray[np.float64]


def in_common(old: Detector, new: Detector, ours: Cells, theirs: Cells) -> tuple[Detector, Cells, Cells, Cells]:
    """Return a detector of bins that both can fill, and cells in it.

    Returns
    -------
    detector : Detector
    ours : int array
        The older records.
    nearest : int array
        The newer records, as like the older ones as their bins allow: no difference comes of the bins alone.
    likely : int array
        The newer records, within each of their bins as the older ones lie there.
    """
    if isinstance(old, CategoryBins) and isinstance(new, CategoryBins):
        common, before, after = _levels(old, new, ours, theirs)
        return common, before, after, after
    if isinstance(old, NumericBins) and isinstance(new, NumericBins):
        return old, ours, *_numbers(old, new, ours, theirs)
    return old, ours, theirs, theirs


def _levels(old: CategoryBins, new: CategoryBins, ours: Cells, theirs: Cells) -> tuple[CategoryBins, Cells, Cells]:
    """Compare levels by name, those that the newer counts by themselves or never had; the rest are `other`.

    Whether a level that was too rare for a name there was ever seen here is not known.
    """
    pooled = set(new.rare)
    exact = "unseen" in new.quality  # every level it knows has a name
    kept = tuple(x for x in old.levels if x in new.levels or (exact and x not in pooled))
    common = CategoryBins(
        old.column, old.group, kept, (*(x for x in old.levels if x not in kept), *old.rare), old.quality
    )
    before, after = np.zeros((2, common.cells), dtype=np.int64)
    for cells, detector, counts in ((before, old, ours), (after, new, theirs)):
        batch = Batch(np.arange(len(detector.levels)), texts={old.column: detector.levels})
        np.add.at(cells, common.bin(batch), counts[: len(detector.levels)])
        cells[-2:] = counts[-2:]
    before[common.other : common.unseen + 1] += ours[old.other : old.unseen + 1]
    unnamed = int(theirs[new.other : new.unseen + 1].sum())
    expected = before[common.unseen] / max(1, before[:-2].sum()) * theirs[:-2].sum()
    unseen = min(unnamed, max(0, round(expected) - int(after[common.unseen])))
    after[common.other : common.unseen + 1] += unnamed - unseen, unseen
    return common, before, after


def _numbers(old: NumericBins, new: NumericBins, ours: Cells, theirs: Cells) -> tuple[Cells, Cells]:
    """Return the newer cells about the older edges: the nearest, and the likely ones."""
    edges, starts = old.passed[:-1], new.passed[:-1]
    ends = starts.copy()
    if new.edges[-1] == new.edges[-2]:  # each bin is one value
        ends[1:] = np.nextafter(new.edges[:-1], np.inf)
    below = np.cumsum(theirs[:-2])  # newer records below the end of each cell
    least = np.append(0, below)[np.searchsorted(ends, edges, side="right")]
    most = below[np.searchsorted(starts, edges, side="left")]
    low, high = (np.concatenate([[0.0], bound, below[-1:]]) for bound in (least, most))
    accepted = np.append(0.0, np.cumsum(ours[:-2]))
    at_starts = np.interp(starts, edges, accepted[1:-1])
    likely = np.clip(np.interp(accepted, at_starts, below[:-1]), low, high)
    rising = accepted + 1e-6 * np.arange(len(accepted))  # over empty bins too
    nearest = _straightest(rising, low, high)
    return _cells(nearest, theirs), _cells(likely, theirs)


def _straightest(at: Floats, low: Floats, high: Floats) -> Floats:
    """Return the shortest path between the bounds, whose ends meet: w and PSI of no other are smaller.

    Where a straight line is farthest out of bounds, the shortest path touches them.
    """
    line = np.interp(at, at[[0, -1]], low[[0, -1]])
    inside = np.clip(line, low, high)
    worst = int(np.argmax(np.abs(inside - line)))
    if inside[worst] == line[worst]:
        return line
    low, high = low.copy(), high.copy()
    low[worst] = high[worst] = inside[worst]
    parts = (slice(worst + 1), slice(worst, None))
    left, right = (_straightest(at[part], low[part], high[part]) for part in parts)
    return np.concatenate([left, right[1:]])


def _cells(below: Floats, counts: Cells) -> Cells:
    """Return whole records between the edges, then those without a number."""
    return np.append(np.diff(np.rint(below)).astype(np.int64), counts[-2:])
