"""What shadow queries say of the model: how often a small change of its input changes its answer.

A record here is one answer of the endpoint. Input drift is not fragility: inputs that lie nearer to the boundary flip
more often with the very same model. So flips are counted by the confidence that was logged with the record, and judged
given it. The bins of the confidence are the same for every reference, so that a log of answers outlives it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from detectors.detector import THIN, Codes, Counts, Signal, merged
from detectors.spread import moments
from monitor.formats.batch import Batch

GROUP = "robustness"
SKEW = "skew"
"""What the untouched record is asked for."""

CONFIDENCE_EDGES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 0.9999)
"""Where the bins of the confidence but the first begin: finer near 1, where most records of a good model lie."""

LEVELS = len(CONFIDENCE_EDGES) + 2
"""Bins of the confidence, and one for records without."""

MOST_CONTEXTS = 4


@dataclass(frozen=True)
class Flips:
    """Cells: a bin of the confidence, answer kept or flipped; and one for answers to other questions.

    Parameters
    ----------
    check : str
        `noise`, `missing`, or `monotone.<feature>`.
    severity : float
        How much the record was changed: standard deviations, or the share of features made missing.
    """

    check: str
    severity: float
    kind: ClassVar[str] = "shadow_flips"

    @property
    def column(self) -> str:
        """The signal's name; it tells one of these from another."""
        return f"shadow.{self.check}" if self.check.startswith("monotone") else f"shadow.{self.check}.{self.severity:g}"

    @property
    def cells(self) -> int:
        return 2 * LEVELS + 1

    def bin(self, batch: Batch) -> Codes:
        """Return the cell of each answer."""
        flipped, level = batch.numbers["flipped"], batch.numbers["level"]
        ours = np.array([check == self.check for check in batch.texts["check"]], dtype=bool)
        ours &= (batch.numbers["severity"] == self.severity) & ((flipped == 0) | (flipped == 1))
        at = np.where((level >= 0) & (level < LEVELS - 1) & (level == np.floor(level)), level, LEVELS - 1)
        return np.where(ours, 2 * at + (flipped == 1), self.cells - 1).astype(np.int64)

    def signals(self, counts: Counts) -> list[Signal]:
        """Return the share of flipped answers given the confidence, if the reference has any."""
        of_level = (counts[:-1:2] + counts[1:-1:2]).tolist()
        if not sum(of_level):
            return []
        contexts = merged(of_level, ordered=True, least=max(THIN, sum(of_level) // MOST_CONTEXTS))
        bin_of = [2 * context + event for context in contexts for event in (0, 1)]
        words = ("as asked for", "the wrong way") if self.check.startswith("monotone") else ("stays", "flips")
        return [
            Signal(self.column, GROUP, "share", ordered=False, bins=_labels(words, contexts), bin_of=(*bin_of, -1)),
        ]


@dataclass(frozen=True)
class Skew:
    """Cells: the endpoint answers what was logged; it answers something else; answers to other questions.

    Parameters
    ----------
    scales : tuple of (str, float)
        Standard deviations of numeric columns among the accepted records: what a change, of whatever check, is
        measured in.
    """

    scales: tuple[tuple[str, float], ...] = ()
    kind: ClassVar[str] = "shadow_skew"

    @property
    def cells(self) -> int:
        return 3

    def bin(self, batch: Batch) -> Codes:
        """Return the cell of each answer."""
        skew = batch.numbers["skew"]
        ours = np.array([check == SKEW for check in batch.texts["check"]], dtype=bool)
        return np.where(ours & ((skew == 0) | (skew == 1)), skew == 1, 2).astype(np.int64)

    def signals(self, counts: Counts) -> list[Signal]:
        """Return the share of answers that differ from the logged prediction, if the reference has any."""
        if counts[0] + counts[1] == 0:
            return []
        return [Signal("shadow.skew", GROUP, "share", ordered=False, bins=("as logged", "differs"), bin_of=(0, 1, -1))]


def level_of(confidence: float) -> int | None:
    """Return the bin of a logged confidence; None where there is none."""
    if np.isnan(confidence):
        return None
    return int(np.searchsorted(np.array(CONFIDENCE_EDGES), confidence, side="right"))


def rounded_scale(values: NDArray[np.float64]) -> float:
    """Return the standard deviation of the finite values, in digits that no machine adds up otherwise."""
    return float(f"{moments(values[np.isfinite(values)])[1]:.6g}")


def _labels(words: Sequence[str], contexts: Sequence[int]) -> tuple[str, ...]:
    """Return what each bin is called; the confidence is named where it is told apart."""
    if max(contexts) == 0:
        return tuple(words)
    begins = [contexts.index(context) for context in range(max(contexts) + 1)]
    names = ["none" if at == LEVELS - 1 else f"{CONFIDENCE_EDGES[at - 1]:g}" if at else "0" for at in begins]
    return tuple(
        f"{word} at confidence {name if name == 'none' else f'from {name}'}" for name in names for word in words
    )
