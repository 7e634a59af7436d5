"""Two references about the same bins: each has bins of its own, finer the more records it was built from.

What the newer one's bins leave open is taken as the older one has it, so that no difference comes of the bins alone.
"""

from __future__ import annotations

from math import inf, nextafter

import numpy as np
from numpy.typing import NDArray

from detectors import CategoryBins, Detector, NumericBins
from monitor.formats.batch import Batch

Cells = NDArray[np.int64]

HEAVY = 1 / 8
"""A bin with twice the share of an even one holds a value that many records share: it cannot be spread evenly."""


def in_common(old: Detector, new: Detector, ours: Cells, theirs: Cells) -> tuple[Detector, Cells, Cells, bool]:
    """Return a detector of bins that both can fill, the cells of both in it, and whether the newer are an estimate."""
    if isinstance(old, CategoryBins) and isinstance(new, CategoryBins):
        return _levels(old, new, ours, theirs)
    if isinstance(old, NumericBins) and isinstance(new, NumericBins):
        return _numbers(old, new, ours, theirs)
    return old, ours, theirs, False


def _levels(
    old: CategoryBins, new: CategoryBins, ours: Cells, theirs: Cells
) -> tuple[CategoryBins, Cells, Cells, bool]:
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
    return common, before, after, False


def _numbers(old: NumericBins, new: NumericBins, ours: Cells, theirs: Cells) -> tuple[NumericBins, Cells, Cells, bool]:
    """Keep the older edges that the newer counts can be divided at."""
    inside = ours[1 : len(old.edges)]
    starts = [0, *(i for i in range(1, len(inside)) if _divides(old.edges[i], new, theirs))]
    edges = (*(old.edges[i] for i in starts), old.edges[-1])
    common = NumericBins(old.column, old.group, edges, old.quality)
    gathered = np.add.reduceat(inside, starts)
    before = np.concatenate([ours[:1], gathered, ours[len(old.edges) :]])
    estimated = not _one_value_each(new) and not set(edges[1:-1]) <= set(new.edges)
    return common, before, _spread(common, new, theirs), estimated


def _divides(edge: float, new: NumericBins, theirs: Cells) -> bool:
    """Return whether about so many newer records below an edge are known.

    They are not within the outermost bins, which reach far with few records, nor where many records share a value.
    """
    inside = theirs[1 : len(new.edges)]
    place = int(np.searchsorted(new.edges, edge, side="right")) - 1
    if _one_value_each(new) or not 0 <= place < len(inside) or new.edges[place] == edge:
        return True
    return 0 < place < len(inside) - 1 and inside[place] <= HEAVY * inside.sum()


def _one_value_each(detector: NumericBins) -> bool:
    return detector.edges[-1] == detector.edges[-2]


def _spread(common: NumericBins, new: NumericBins, cells: Cells) -> Cells:
    """Return the newer counts spread evenly within their bins, or at the value where a bin is one value.

    Beyond the older range only whole bins count.
    """
    inside = cells[1 : len(new.edges)]
    begins = np.array([*common.edges[:-1], nextafter(common.edges[-1], inf)])
    below = np.concatenate([[0], np.cumsum(inside)])
    if _one_value_each(new):
        below = below[np.searchsorted(new.edges[:-1], begins, side="left")]
    else:
        below = np.interp(begins, new.edges, below)
    steps = np.diff(np.rint(np.concatenate([[0], below, [inside.sum()]]))).astype(np.int64)
    under = int(inside[np.array(new.edges[1:]) < common.edges[0]].sum())
    over = int(inside[np.array(new.edges[:-1]) > common.edges[-1]].sum())
    steps[1] += steps[0] - under
    steps[-2] += steps[-1] - over
    steps[0], steps[-1] = under + cells[0], over + cells[len(new.edges)]
    return np.concatenate([steps, cells[-2:]])
