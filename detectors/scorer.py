"""What scorers of single records have in common: which records are looked at, and how a score becomes a bin.

A score says how strange a record is. Its conformal p-value is the share of held-out accepted records that are at least
as strange (Vovk, Gammerman, Shafer 2005, section 2.2); the bins are ranges of it. What is judged is how many records
fall into each, against how many of the held-out ones did.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import ClassVar, NamedTuple

import numpy as np

from detectors.detector import THIN, Codes, Counts, Signal, merged
from detectors.neighbours import Neighbours
from detectors.space import Floats, Ints, Space
from monitor.formats.batch import Batch, Scored
from monitor.reference.schema import text_of

LEVELS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
"""Ends of bins of p, as far as enough held-out records are within each."""

TOLD = 3
"""Columns named as those that carry a score."""


class Scores(NamedTuple):
    """How strange some records are, and a function from one's position to the columns that carry it."""

    scores: Floats
    features: Callable[[int], tuple[str, ...]]


@dataclass(frozen=True)
class Scorer:
    """Cells: a range of p-values each, strangest first; at last, the records that are not scored.

    Parameters
    ----------
    space : Space
    k : int
        How many nearest rows count.
    share : float
        Share of the records that is scored, chosen by their ids.
    salt : str
        What decides, with the id, which records that are: nobody who sends records knows it.
    fingerprint : str
        Digest of the arrays.
    rows : float array (N, axes)
        Accepted records in the space.
    calibration : float array (n,)
        Scores of other accepted records, increasing.
    """

    space: Space
    k: int
    share: float
    salt: str
    fingerprint: str
    rows: Floats = field(compare=False, repr=False)
    calibration: Floats = field(compare=False, repr=False)
    kind: ClassVar[str]
    arrays: ClassVar[tuple[str, ...]] = ("rows", "calibration")

    @property
    def name(self) -> str:
        """The signal's name."""
        return f"anomaly.{self.kind}"

    @cached_property
    def levels(self) -> tuple[float, ...]:
        """The ends of the bins of p, without the last one, 1."""
        found: list[float] = []
        thin = THIN / max(1, len(self.calibration))
        for level in LEVELS:
            if level - (found[-1] if found else 0.0) >= thin - 1e-12 and 1 - level >= thin:
                found.append(level)
        return tuple(found)

    @property
    def cells(self) -> int:
        return len(self.levels) + 2

    @cached_property
    def neighbours(self) -> Neighbours:
        """The rows, to be found: made when the first record is scored."""
        return Neighbours(self.rows, self.space.levels)

    def score(self, values: Floats, groups: Ints) -> Scores:
        """Return how strange each record is; NaN where that cannot be told.

        Parameters
        ----------
        values : float array (n, columns)
            As `Space.values` gives them.
        groups : int array (n,)
            As `groups` gives them.
        """
        raise NotImplementedError

    def groups(self, batch: Batch) -> Ints:
        """Return what a record is compared within."""
        return np.zeros(len(batch), dtype=np.int64)

    def bin(self, batch: Batch) -> Codes:
        """Return the cell of each record, and leave the scores in `batch.scored`."""
        chosen = self._chosen(batch)
        found = self.score(self.space.values(batch)[chosen], self.groups(batch)[chosen])
        told = np.flatnonzero(~np.isnan(found.scores))
        positions, ranks = chosen[told], self._ranks(found.scores[told])
        p = ranks / (len(self.calibration) + 1)
        batch.scored[self.name] = Scored(positions, found.scores[told], p, lambda i: found.features(int(told[i])))
        codes = np.full(len(batch), self.cells - 1, dtype=np.int64)
        codes[positions] = self._cells_of(ranks, len(self.calibration) + 1)
        return codes

    def accepted(self, scores: Floats) -> Codes:
        """Return the cells of the records it was calibrated with, each compared with the others, given their scores."""
        told = ~np.isnan(scores)
        codes = np.full(len(scores), self.cells - 1, dtype=np.int64)
        codes[told] = self._cells_of(self._ranks(scores[told]) - 1, len(self.calibration))
        return codes

    def signals(self, counts: Counts) -> list[Signal]:
        """Return the signal, where two bins are thick enough."""
        bins = merged([int(c) for c in counts[:-1]], ordered=True)
        if bins[-1] == 0:
            return []
        ends = [*self.levels, 1.0]
        last = [max(ends[i] for i, b in enumerate(bins) if b == wanted) for wanted in range(bins[-1] + 1)]
        than = [f"{100 * (1 - level):.4g}" for level in last[:-1]]
        between = [f"stranger than {low}–{high} %" for high, low in pairwise(than)]
        labels = (f"stranger than {than[0]} %", *between, f"no stranger than {than[-1]} %")
        of = (*bins, -1)
        return [Signal(self.name, "anomalies", "values", ordered=True, bins=labels, bin_of=of, unusual=True)]

    def _ranks(self, scores: Floats) -> Ints:
        """Return how many of the held-out records and itself are at least as strange."""
        return len(self.calibration) - self.calibration.searchsorted(scores, side="left") + 1

    def _cells_of(self, ranks: Ints, of: int) -> Codes:
        most = np.array([int(level * of + 1e-9) for level in self.levels], dtype=np.int64)
        return most.searchsorted(ranks, side="left")

    def _chosen(self, batch: Batch) -> Ints:
        """Return the positions of the records that are scored: where not all are, none without an id is."""
        if self.share >= 1:
            return np.arange(len(batch))
        return np.flatnonzero([i is not None and chance(i, self.salt) < self.share for i in batch.ids])


def chance(identity: str | float, salt: str) -> float:
    """Return a number from 0 to 1 that stands for an id: always the same one, as good as drawn."""
    drawn = hashlib.blake2b(text_of(identity).encode(), digest_size=8, key=salt.encode()).digest()
    return float(int.from_bytes(drawn, "big") / 2**64)


def carried_by(columns: Sequence[str], added: Sequence[float]) -> tuple[str, ...]:
    """Return the columns that add most, at most three; of several axes of one column the sum counts."""
    whole: dict[str, float] = {}
    for column, each in zip(columns, added, strict=True):
        whole[column] = whole.get(column, 0.0) + each
    most = sorted((name for name, each in whole.items() if each > 0), key=lambda name: -whole[name])
    return tuple(name.removeprefix("feature.") for name in most[:TOLD])


def mean_over_last(values: Floats) -> Floats:
    """Return the mean over the last axis, added up from the nearest on: the same bits on every machine."""
    total: Floats = values[:, 0].copy()
    for k in range(1, values.shape[1]):
        total += values[:, k]
    total /= values.shape[1]
    return total
