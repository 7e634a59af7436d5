"""Which combinations of several columns come, numbers and levels alike: cells of about equal mass.

A tree cuts the accepted records in halves, column after column, until so many cells are left (after QuantTree:
Boracchi, Carrera, Cervellera, Macciò 2018, ICML; its cuts are drawn, ours go where columns depend on each other most).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, NamedTuple, Self

import numpy as np

from detectors.detector import FEWEST, Codes, Counts, Signal, fingerprint, merged
from detectors.joint import Ints, Joint, Seen
from monitor.formats.batch import Batch

MOST_CELLS = 16
PER_CELL = 100
"""Counted records that a cell should hold."""

EVEN = 0.3
"""Of two halves the smaller one holds at least this share."""

LEAST = 70
"""Counted records that either half should hold: leaves joined for being thin would look rarer than they are."""


@dataclass(frozen=True)
class Combinations(Joint):
    """Cells: one a leaf of the tree; at last, records that lack a column on their way.

    Parameters
    ----------
    leaves : tuple of str
        What a record of each leaf has: `income ≥ 5.1, age < 30`.
    fingerprint : str
        Digest of the masks.
    masks : int array (columns, most cells)
        By cell of each column: the leaves that it allows, a bit each. Of each record all columns allow one leaf.
    """

    leaves: tuple[str, ...]
    fingerprint: str
    masks: Ints = field(compare=False, repr=False)
    kind: ClassVar[str] = "combinations"
    arrays: ClassVar[tuple[str, ...]] = ("masks",)

    @classmethod
    def fit(cls, seen: Sequence[Seen], counted: int) -> Self | None:
        """Return the tree of columns, those that depend most on others first; None where records are too few."""
        cells = min(MOST_CELLS, 1 << max(0, (counted // PER_CELL).bit_length() - 1))
        if cells < MOST_CELLS // 4:
            return None
        rows = np.arange(len(seen[0].bins))
        leaves = list(_grown(seen, rows, cells, (), LEAST * len(rows) / counted))
        used = [one for one in seen if any(cut.column is one for path in leaves for cut in path)]
        masks = np.zeros((len(used), max(len(one.signal.bin_of) for one in used)), dtype=np.int64)
        for row, one in enumerate(used):
            masks[row, : len(one.signal.bin_of)] = _allowed(one, leaves)
        names = _distinct([", ".join(_conditions(path)) for path in leaves])
        return cls(tuple(one.column for one in used), names, fingerprint(masks), masks)

    @property
    def cells(self) -> int:
        return len(self.leaves) + 1

    @cached_property
    def _rows(self) -> list[Ints]:
        return list(self.masks)

    def bin(self, batch: Batch) -> Codes:
        """Return the cell of each record: the only leaf that all its columns allow."""
        left: Codes = self._rows[0].take(batch.cells[self.columns[0]])
        for column, row in zip(self.columns[1:], self._rows[1:], strict=True):
            left &= row.take(batch.cells[column])
        bit = np.frexp(left)[1].astype(np.int64) - 1  # exact: the exponent of a power of two
        bit[bit < 0] = len(self.leaves)
        return bit

    def signals(self, counts: Counts) -> list[Signal]:
        """Return the signal, where two leaves are thick enough."""
        bins = merged([int(c) for c in counts[:-1]], ordered=False, least=FEWEST)
        if max(bins) == 0:
            return []
        labels = [
            _joined([n for n, b in zip(self.leaves, bins, strict=True) if b == one]) for one in range(max(bins) + 1)
        ]
        return [self.signal("joint.combinations", labels, bins, ordered=False)]


class _Cut(NamedTuple):
    """One side of a cut: the bins of a column that lie on it."""

    column: Seen
    bins: tuple[int, ...]


def _grown(
    seen: Sequence[Seen], rows: Ints, cells: int, path: tuple[_Cut, ...], least: float
) -> Iterator[tuple[_Cut, ...]]:
    """Yield the path to each leaf; so many of the records at least lie in it."""
    cuts = _best_cut(seen, rows, path, least) if cells > 1 else None
    if cuts is None:
        yield path
        return
    for cut in cuts:
        inside = np.isin(cut.column.bins[rows], cut.bins)
        yield from _grown(seen, rows[inside], cells // 2, (*path, cut), least)


def _best_cut(seen: Sequence[Seen], rows: Ints, path: tuple[_Cut, ...], least: float) -> tuple[_Cut, _Cut] | None:
    """Return both sides of the cut of the column that depends most on the path; of those on it only when no other is.

    At the root that is the first one.
    """
    taken = [cut.column for cut in path]
    fresh = [one for one in seen if not any(one is other for other in taken)]
    for some in (fresh, taken):
        depend = [round(_dependence(one, rows), 6) if path else 0.0 for one in some]
        for at in sorted(range(len(some)), key=lambda at: (-depend[at], at)):
            if cuts := _halves(some[at], rows, least):
                return cuts
    return None


def _dependence(one: Seen, rows: Ints) -> float:
    """Return w squared of a column's bins among these records, what chance adds taken off."""
    bins = one.bins[rows]
    counts = np.bincount(bins[bins >= 0], minlength=len(one.shares))
    whole = max(1, int(counts.sum()))
    return float((((counts / whole - one.shares) ** 2) / one.shares).sum()) - (len(counts) - 1) / whole


def _halves(one: Seen, rows: Ints, least: float) -> tuple[_Cut, _Cut] | None:
    """Cut near the middle; levels are put in the order in which they are more frequent here than elsewhere."""
    bins = one.bins[rows]
    counts = np.bincount(bins[bins >= 0], minlength=len(one.shares))
    order = np.arange(len(counts)) if one.signal.ordered else np.argsort(-counts / one.shares, kind="stable")
    below = np.cumsum(counts[order])[:-1] / max(1, counts.sum())
    if not len(below):
        return None
    at = int(np.argmin(np.abs(below - 0.5)))
    smaller = min(below[at], 1 - below[at])
    if smaller < EVEN or smaller * counts.sum() < least:
        return None
    parts = (order[: at + 1].tolist(), order[at + 1 :].tolist())
    first, last = (_Cut(one, tuple(sorted(part))) for part in parts)
    return first, last


def _allowed(one: Seen, leaves: Sequence[tuple[_Cut, ...]]) -> Ints:
    """Return by cell of a column the leaves that it allows; a cell without a known value those that do not ask."""
    masks = np.zeros(len(one.signal.bins), dtype=np.int64)
    unasked = 0
    for bit, path in enumerate(leaves):
        asked = [set(cut.bins) for cut in path if cut.column is one]
        unasked |= 0 if asked else 1 << bit
        for bin_ in range(len(masks)):
            if all(bin_ in bins for bins in asked):
                masks[bin_] |= 1 << bit
    return one.per_cell(masks, elsewhere=unasked)


def _conditions(path: Sequence[_Cut]) -> Iterator[str]:
    """Yield what a record of a leaf has, column by column."""
    for one in {id(cut.column): cut.column for cut in path}.values():
        bins = sorted(set.intersection(*(set(cut.bins) for cut in path if cut.column is one)))
        name, labels = one.column.removeprefix("feature."), one.signal.bins
        if not one.signal.ordered:
            yield f"{name} {' or '.join(labels[b] for b in bins[:2])}{' or others' if bins[2:] else ''}"
            continue
        ends = [f"≥ {_start(label)}" for label in labels[bins[0] : bins[0] + 1] if bins[0] > 0]
        ends += [f"< {_start(label)}" for label in labels[bins[-1] + 1 : bins[-1] + 2]]
        yield f"{name} {' and '.join(ends)}"


def _start(label: str) -> str:
    """Return where an ordered bin begins: `5.1` of `[5.1, 6.0)`, `6.0` of `≥ 6.0`, `3` of `3`."""
    return label.removeprefix("≥ ").removeprefix("[").split(", ")[0]


def _distinct(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(name if names.index(name) == at else f"{name} ({at + 1})" for at, name in enumerate(names))


def _joined(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]}, or {len(names) - 1} rarer"
