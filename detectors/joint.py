"""Detectors of how columns go together: they look at the cells of other detectors, and at no values.

A column's cells say all that is known of its values, so they are few and whole numbers: what is made of them is a
look-up, or a sum of whole numbers, and the same bits come out in any batch and on any machine.

What these detectors are fitted to is a part of the reference of its own: see `monitor/reference/joint.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from detectors.detector import THIN, Codes, Counts, Signal
from monitor.formats.batch import Batch

GROUP = "joint"
MOST_BINS = 8
"""Bins of equal mass; at either end half and quarter ones besides, where enough records are left for them."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Joint:
    """What detectors of several columns have in common.

    Parameters
    ----------
    columns : tuple of str
        Columns whose cells are looked at.
    """

    columns: tuple[str, ...]
    kind: ClassVar[str]

    def bin(self, batch: Batch) -> Codes:
        """Return the cell of each record, given those of its columns (`batch.cells`)."""
        raise NotImplementedError

    @property
    def cells(self) -> int:
        raise NotImplementedError

    def signals(self, counts: Counts) -> list[Signal]:
        """Return the signals."""
        raise NotImplementedError

    def signal(
        self, name: str, labels: Sequence[str], bins: Sequence[int], *, ordered: bool, sides: tuple[float, ...] = ()
    ) -> Signal:
        """Return a signal of these columns, given the bin of each cell; of the last one nothing is known."""
        of = (*bins, -1)
        return Signal(name, GROUP, "values", ordered, tuple(labels), of, sides=sides, columns=self.columns)


@dataclass(frozen=True)
class Seen:
    """A column in the records that a detector is fitted to.

    Attributes
    ----------
    signal : Signal
        The column's own value signal: its bins, and which cells they hold.
    bins : int array (n,)
        Bin of each record, -1 where the column has no value that is known.
    """

    signal: Signal
    bins: Codes

    @property
    def column(self) -> str:
        """The column's name, which is that of its value signal."""
        return self.signal.name

    @cached_property
    def shares(self) -> Floats:
        """The share of each bin among the records that have a value, shape (bins,); none is 0."""
        counts = np.bincount(self.bins[self.bins >= 0], minlength=len(self.signal.bins)) + 0.5
        shares: Floats = counts / counts.sum()
        return shares

    @cached_property
    def scores(self) -> Floats:
        """Normal scores of ordered bins, shape (bins,), with mean 0 and variance 1 over these records."""
        middle = np.cumsum(self.shares) - self.shares / 2
        z = np.array([NormalDist().inv_cdf(m) for m in middle.tolist()])
        z -= float((self.shares * z).sum())
        z /= float(np.sqrt((self.shares * z * z).sum()))
        return z

    def per_cell(self, values: NDArray[np.integer], *, elsewhere: int) -> Ints:
        """Return by cell what is given by bin, and `elsewhere` for cells without a known value."""
        bin_of = np.array(self.signal.bin_of)
        return np.where(bin_of >= 0, np.asarray(values)[bin_of], elsewhere).astype(np.int64)


def quantile_fractions(counted: int, *, lower: bool = True) -> list[float]:
    """Return where to cut into bins of which each will hold at least about 1.5 times `THIN` of the counted records.

    Parameters
    ----------
    lower : bool
        Whether the lower end is cut finer too.
    """
    most = max(1, int(counted / (1.5 * THIN)))
    bins = min(MOST_BINS, most)
    tail = [2.0**-k / bins for k in (1, 2) if 2.0**-k / bins * most >= 1]
    return sorted({*(i / bins for i in range(1, bins)), *(tail if lower else ()), *(1 - t for t in tail)})
