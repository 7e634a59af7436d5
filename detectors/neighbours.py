"""The nearest rows of a reference, the same bits in every batch.

BLAS proposes candidates in 32 bits, a few more than are wanted; how it rounds depends on the size of the batch, so the
distances themselves are added up column by column in 64 bits. Where the rounding could have hidden a nearer row, all
rows that may be nearer are looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.space import Floats, Ints, Points

BLOCK = 128
"""Records looked up at once: with 10,000 rows their 32-bit distances take 5 MB."""

SPARE = 6
"""Candidates besides those that are wanted."""

A_GROUP = 8
"""Rows that are looked at together first, at least, where there are `MANY`."""

MANY = 512
MOST_LEVELS = 32
"""Levels of a category that BLAS tells apart. Others look nearer to it than they are, which only costs time."""

ROUNDING = 2.0**-23

Singles = NDArray[np.float32]


class Nearest(NamedTuple):
    """The k nearest rows of each record.

    Attributes
    ----------
    distances : float array (n, k)
        Increasing.
    rows : int array (n, k)
        Which they are; of equal ones the first.
    """

    distances: Floats
    rows: Ints


class Neighbours:
    """Rows to be found.

    Parameters
    ----------
    rows : float array (N, axes)
        As `Space.rows` gives them.
    levels : sequence of (int, float)
        Of the last axes, which are compared for equality: how many cells, what a differing one adds.
    """

    def __init__(self, rows: Floats, levels: Sequence[tuple[int, float]]) -> None:
        self._columns = np.ascontiguousarray(rows.T)
        self._levels = tuple(levels)
        self._numeric = rows.shape[1] - len(levels)
        found = self._embedded(rows)
        lengths = (found.astype(np.float64) ** 2).sum(axis=1)
        self._longest = float(np.sqrt(lengths.max(initial=0.0)))
        self._groups = 1 << (len(rows) // A_GROUP).bit_length() - 1 if len(rows) >= MANY else 1
        padding = -len(rows) % self._groups
        proposals = np.concatenate([-2 * found, lengths[:, None].astype(np.float32)], axis=1)
        nowhere = np.zeros((padding, proposals.shape[1]), dtype=np.float32)
        nowhere[:, -1] = np.inf
        self._proposals = np.ascontiguousarray(np.concatenate([proposals, nowhere]).T)

    def __len__(self) -> int:
        return int(self._columns.shape[1])

    def nearest(self, points: Points, k: int) -> Nearest:
        """Return the k nearest rows of each record; there are at least k."""
        parts = [self._block(points.at[i : i + BLOCK], k) for i in range(0, len(points.at), BLOCK)]
        squares = np.concatenate([part.distances for part in parts] or [np.empty((0, k))])
        rows = np.concatenate([part.rows for part in parts] or [np.empty((0, k), dtype=np.int64)])
        return Nearest(np.sqrt(squares + points.beyond[:, None]), rows)

    def apart(self, at: Floats, rows: Ints) -> Floats:
        """Return what each axis adds to the squared distance of one record from some rows, shape (axes, rows)."""
        return np.array([self._squares(axis, at[axis], rows) for axis in range(len(self._columns))])

    def _block(self, at: Floats, k: int) -> Nearest:
        embedded = self._embedded(at)
        lengths = (embedded.astype(np.float64) ** 2).sum(axis=1)
        roughly = np.concatenate([embedded, np.ones((len(at), 1), dtype=np.float32)], axis=1) @ self._proposals
        candidates, others = _smallest(roughly, k + SPARE, self._groups)
        found = self._exactly(at, candidates, k)
        # What rounding to 32 bits, and adding up in any order, can change at most.
        wrong = (len(self._proposals) + 8) * ROUNDING * (np.sqrt(lengths) + self._longest) ** 2
        doubtful = found.distances[:, -1] >= others + lengths - wrong
        for i in np.flatnonzero(doubtful).tolist():
            possible = np.flatnonzero(roughly[i, : len(self)] + lengths[i] - wrong[i] <= found.distances[i, -1])
            again = self._exactly(at[i : i + 1], possible[None, :], k)
            found.distances[i], found.rows[i] = again.distances[0], again.rows[0]
        return found

    def _exactly(self, at: Floats, candidates: Ints, k: int) -> Nearest:
        """Return the k nearest of each record's candidates by squared distance, which stand in increasing order."""
        squares = np.zeros(candidates.shape)
        for axis in range(len(self._columns)):
            squares += self._squares(axis, at[:, axis, None], candidates)
        order = np.argsort(squares, axis=1, kind="stable")[:, :k]
        return Nearest(np.take_along_axis(squares, order, axis=1), np.take_along_axis(candidates, order, axis=1))

    def _squares(self, axis: int, at: Floats | np.float64, rows: Ints) -> Floats:
        there: Floats = self._columns[axis].take(rows)
        if axis >= self._numeric:
            differs: Floats = (there != at) * self._levels[axis - self._numeric][1]
            return differs
        there -= at
        there *= there
        return there

    def _embedded(self, at: Floats) -> Singles:
        """Return the points with a column for each level: of two levels their squared distance is that of the axis."""
        parts = [at[:, : self._numeric]]
        for axis, (cells, square) in enumerate(self._levels, self._numeric):
            known = np.arange(min(cells, MOST_LEVELS))
            parts.append((at[:, axis, None] == known) * np.sqrt(square / 2))
        return np.concatenate(parts, axis=1).astype(np.float32)


def _smallest(roughly: Singles, count: int, groups: int) -> tuple[Ints, Floats]:
    """Return which values of each line are the smallest, in increasing order, and what no other one is below.

    The smallest `count` lie in those groups whose smallest are: a tenth of the time of looking through all.
    """
    lines, width = roughly.shape
    if groups <= count:
        return _sorted_out(roughly, np.broadcast_to(np.arange(width), roughly.shape), count)
    lowest = roughly.reshape(lines, -1, groups).min(axis=1)
    order = np.argpartition(lowest, count, axis=1)
    chosen = order[:, :count, None] + np.arange(0, width, groups)
    chosen = chosen.reshape(lines, -1)
    found, bound = _sorted_out(np.take_along_axis(roughly, chosen, axis=1), chosen, count)
    outside = np.take_along_axis(lowest, order[:, count : count + 1], axis=1)[:, 0].astype(np.float64)
    return found, np.minimum(bound, outside)


def _sorted_out(values: Singles, names: Ints, count: int) -> tuple[Ints, Floats]:
    if values.shape[1] <= count:
        return np.sort(names, axis=1), np.full(len(values), np.inf)
    order = np.argpartition(values, count, axis=1)
    bound = np.take_along_axis(values, order[:, count : count + 1], axis=1)[:, 0].astype(np.float64)
    return np.sort(np.take_along_axis(names, order[:, :count], axis=1), axis=1), bound
