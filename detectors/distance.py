"""How far a record's numbers are from how they go together: Mahalanobis distance, and what few components leave over.

Both come from normal scores of the columns' bins, the second and the first statistic of multivariate process control
(Hotelling's T squared over all components; the squared prediction error of the major ones: Jackson, Mudholkar 1979).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from detectors.detector import Codes, Counts, Signal, fingerprint, merged
from detectors.joint import Floats, Ints, Joint, Seen, quantile_fractions
from monitor.formats.batch import Batch

Floats32 = NDArray[np.float32]

FEWEST = 3
"""Columns: two are a pair."""

PER_COLUMN = 10
"""Records that it takes to fit to."""

SMALLEST = 0.05
"""Variance that a component is taken to have at least: below it the bins' own coarseness is what is left."""

SCORE, AXIS, WEIGHT = 64, 256, 256
"""What scores, axes and weights are multiplied by, to be whole numbers: their sums are the same in any order.

With 64 columns at most these sums stay below 2^24 and 2^53, where floats of 32 and 64 bits stop to be
exact: an axis is no longer than AXIS / sqrt(SMALLEST), a record than sqrt(64) * LACKING.
"""

MOST = 5
"""What a score is at most; the normal score of a bin of a million records is less."""

LACKING = SCORE * (MOST + 1)
"""Stands for the score of a cell without a known value."""


@dataclass(frozen=True)
class Distance(Joint):
    """Cells: a range of the distance with a range of the residual each; at last, records that lack a column.

    Parameters
    ----------
    far, left : tuple of int
        Where each range of distance and of residual begins but the first.
    shares : tuple of tuples of float
        Of both: the share of records that lies beyond each of these, when it was fitted.
    fingerprint : str
        Digest of the arrays.
    scores : int array (columns, most cells)
        Normal score of each cell.
    axes : int array (columns, columns)
        Principal components, each in units of its own standard deviation.
    weights : int array (2, columns)
        What the squares count in the distance and in the residual.
    """

    far: tuple[int, ...]
    left: tuple[int, ...]
    shares: tuple[tuple[float, ...], tuple[float, ...]]
    fingerprint: str
    scores: Ints = field(compare=False, repr=False)
    axes: Ints = field(compare=False, repr=False)
    weights: Ints = field(compare=False, repr=False)
    kind: ClassVar[str] = "distance"
    arrays: ClassVar[tuple[str, ...]] = ("scores", "axes", "weights")

    @classmethod
    def fit(cls, seen: Sequence[Seen], counted: int) -> Self | None:
        """Return the detector of ordered columns; None where columns or records are too few."""
        rows = np.flatnonzero(np.all([one.bins >= 0 for one in seen], axis=0))
        if len(seen) < FEWEST or len(rows) < PER_COLUMN * len(seen):
            return None
        z = np.array([np.clip(one.scores, -MOST, MOST)[one.bins[rows]] for one in seen])
        variances, vectors = np.linalg.eigh(np.cov(z, bias=True))
        variances = np.maximum(variances, SMALLEST)
        axes = np.rint(AXIS * vectors.T / np.sqrt(variances)[:, None]).astype(np.int64)
        minor = variances < 1  # Kaiser 1960: the others say more than a column alone
        weights = np.rint([np.full(len(seen), WEIGHT), np.where(minor, WEIGHT * variances, 0)]).astype(np.int64)
        scores = np.zeros((len(seen), max(len(one.signal.bin_of) for one in seen)), dtype=np.int64)
        for row, one in enumerate(seen):
            quantised = np.rint(SCORE * np.clip(one.scores, -MOST, MOST)).astype(np.int64)
            scores[row, : len(one.signal.bin_of)] = one.per_cell(quantised, elsewhere=LACKING)
        bare = cls(tuple(one.column for one in seen), (), (), ((), ()), "", scores, axes, weights)
        (far, beyond), (left, over) = (
            _cut(sums, counted) for sums in bare._sums(np.rint(SCORE * z).astype(np.float32))
        )
        print_of = fingerprint(scores, axes, weights)
        return cls(bare.columns, far, left, (beyond, over), print_of, scores, axes, weights)

    @property
    def cells(self) -> int:
        return (len(self.far) + 1) * (len(self.left) + 1) + 1

    @cached_property
    def _floats(self) -> tuple[Floats32, Floats32, Floats]:
        """Scores, axes and weights as floats: these are fast, and exact too as long as whole numbers stay small."""
        return self.scores.astype(np.float32), self.axes.astype(np.float32), self.weights.astype(np.float64)

    def bin(self, batch: Batch) -> Codes:
        """Return the cell of each record."""
        z = np.empty((len(self.columns), len(batch)), dtype=np.float32)
        for row, (column, scores) in enumerate(zip(self.columns, self._floats[0], strict=True)):
            scores.take(batch.cells[column], out=z[row], mode="clip")  # without a mode it would copy
        far, left = self._sums(z)
        codes: Codes = np.searchsorted(self.far, far, side="right") * (len(self.left) + 1)
        codes += np.searchsorted(self.left, left, side="right")
        codes[(z == LACKING).any(axis=0)] = self.cells - 1
        return codes

    def _sums(self, z: Floats32) -> Floats:
        """Return distance and residual of scores (columns, n), shape (2, n): whole numbers, in any order alike."""
        along = np.einsum("ij,jn->in", self._floats[1], z).astype(np.float64)
        along *= along
        sums: Floats = np.einsum("ki,in->kn", self._floats[2], along)
        return sums

    def signals(self, counts: Counts) -> list[Signal]:
        """Return both signals, as far as two ranges are thick enough."""
        table = counts[:-1].reshape(len(self.far) + 1, len(self.left) + 1)
        found = []
        for name, axis, shares in (("joint.distance", 1, self.shares[0]), ("joint.residual", 0, self.shares[1])):
            bins = merged([int(c) for c in table.sum(axis=axis)], ordered=True)
            if bins[-1] > 0:
                starts = [shares[bins.index(b) - 1] for b in range(1, bins[-1] + 1)]
                of = np.repeat(bins, table.shape[1]) if axis == 1 else np.tile(bins, table.shape[0])
                found.append(self.signal(name, _labels(starts), of.tolist(), ordered=True))
        return found


def _cut(values: Floats, counted: int) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Return where ranges begin but the first, and the share of the values that lies from there on."""
    ends = np.unique(np.quantile(values, quantile_fractions(counted, lower=False), method="higher").astype(np.int64))
    beyond = [round(float((values >= end).mean()), 4) for end in ends.tolist()]
    return tuple(ends.tolist()), tuple(beyond)


def _labels(beyond: Sequence[float]) -> tuple[str, ...]:
    """Return the names of ranges by the share of the accepted records that was as far or farther."""
    ends = [f"{100 * share:.3g}" for share in beyond]
    between = (f"among the farthest {low}–{high} %" for high, low in pairwise(ends))
    return (f"among the nearest {100 - 100 * beyond[0]:.3g} %", *between, f"among the farthest {ends[-1]} %")
