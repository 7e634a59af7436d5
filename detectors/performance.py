"""What labels say of predictions: how many were wrong, how far they were off, how far confidence can be believed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from detectors.detector import Codes, Counts, Signal, merged
from detectors.numeric import NumericBins
from monitor.formats.batch import Batch
from monitor.reference.schema import text_of

GROUP = "performance"
CONFIDENCE_BINS = 8

_RIGHT, _WRONG, _UNKNOWN = 0, 1, 2


@dataclass(frozen=True)
class ErrorRate:
    """Cells: right, wrong, without a label or a prediction. For models that predict a class."""

    kind: ClassVar[str] = "error_rate"

    @property
    def cells(self) -> int:
        return 3

    def bin(self, batch: Batch) -> Codes:
        """Return the cell of each record."""
        return outcomes(batch)

    def signals(self, counts: Counts) -> list[Signal]:
        """Return the share of wrong predictions among those with a label, if the reference has any."""
        if counts[_RIGHT] + counts[_WRONG] == 0:
            return []
        bins = ("right", "wrong")
        return [Signal("performance.error", GROUP, "share", ordered=False, bins=bins, bin_of=(0, 1, -1))]


@dataclass(frozen=True)
class AbsoluteError:
    """Cells of the distance between prediction and label, and one for records that lack either.

    Parameters
    ----------
    edges : tuple of float
        As of `NumericBins`, over the reference's own errors.
    """

    edges: tuple[float, ...]
    kind: ClassVar[str] = "absolute_error"

    @cached_property
    def _bins(self) -> NumericBins:
        return NumericBins("performance.absolute_error", GROUP, self.edges, quality=())

    @property
    def cells(self) -> int:
        return self._bins.cells

    def bin(self, batch: Batch) -> Codes:
        """Return the cell of each record."""
        with np.errstate(over="ignore", invalid="ignore"):  # of two infinities nobody knows the distance: missing
            error = np.abs(batch.numbers["prediction"] - batch.numbers["label"])
        return self._bins.bin(Batch(batch.rows, {self._bins.column: error}))

    def signals(self, counts: Counts) -> list[Signal]:
        """Return the signal of the error's size, where two bins are thick enough."""
        return self._bins.signals(counts)


@dataclass(frozen=True)
class Calibration:
    """Cells: a bin of the confidence, right or wrong; and one for records that lack a label or a confidence.

    Parameters
    ----------
    edges : tuple of float
        Where each bin of the confidence but the first begins.
    """

    edges: tuple[float, ...]
    kind: ClassVar[str] = "calibration"

    @property
    def cells(self) -> int:
        return 2 * (len(self.edges) + 1) + 1

    def bin(self, batch: Batch) -> Codes:
        """Return the cell of each record."""
        confidence, outcome = batch.numbers["confidence"], outcomes(batch)
        codes = np.searchsorted(np.array(self.edges), confidence, side="right") * 2 + outcome
        codes[(outcome == _UNKNOWN) | np.isnan(confidence)] = self.cells - 1
        return codes

    def signals(self, counts: Counts) -> list[Signal]:
        """Return the signal of confidence against outcome, where two bins are thick enough."""
        bins = merged([int(c) for c in counts[:-1]], ordered=False)
        if max(bins) == 0:
            return []
        ends = [f"{edge:.3g}" for edge in self.edges]
        spans = [f"below {ends[0]}", *(f"{a}–{b}" for a, b in pairwise(ends)), f"from {ends[-1]}"] if ends else ["any"]
        names = [f"{outcome} at confidence {span}" for span in spans for outcome in ("right", "wrong")]
        labels = tuple(_joined(names, bins, one) for one in range(max(bins) + 1))
        return [
            Signal("performance.calibration", GROUP, "values", ordered=False, bins=labels, bin_of=(*bins, -1)),
        ]


def outcomes(batch: Batch) -> Codes:
    """Return, for each record, whether its prediction was right (0) or wrong (1); 2 where that cannot be said."""
    pairs = zip(batch.texts["prediction"], batch.texts["label"], strict=True)
    found = [
        _UNKNOWN if p is None or label is None else int(p != label and text_of(p) != text_of(label))
        for p, label in pairs
    ]
    return np.array(found, dtype=np.int64)


def confidence_edges(values: NDArray[np.float64]) -> tuple[float, ...]:
    """Return where the bins of the confidence begin: eighths of the reference, fewer where many are alike."""
    ordered = np.sort(values[~np.isnan(values)])
    if not len(ordered):
        return ()
    inner = [float(ordered[len(ordered) * i // CONFIDENCE_BINS]) for i in range(1, CONFIDENCE_BINS)]
    return tuple(sorted({edge for edge in inner if edge > ordered[0]}))


def _joined(names: Sequence[str], bins: Sequence[int], one: int) -> str:
    """Return the name of one bin: of cells too thin to stand alone mostly the wrong answers are joined."""
    ours = [name for name, bin_ in zip(names, bins, strict=True) if bin_ == one]
    outcome = ours[0].partition(" ")[0]
    if len(ours) == 1:
        return ours[0]
    if any(not name.startswith(outcome) for name in ours):
        return "the rarer ones"
    return outcome if sum(name.startswith(outcome) for name in names) == len(ours) else f"{outcome} elsewhere"
