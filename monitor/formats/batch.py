"""Columns of one model's records."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.formats.half import Half

Numbers = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Scored:
    """What a scorer said of some records of a batch.

    Attributes
    ----------
    positions : int array (n,)
    scores, p : float arrays (n,)
        How strange each is; which share of accepted records is at least as strange.
    features : callable
        From 0 to n - 1 to the names of the features that carry the score, most first, three at most.
    """

    positions: Indices
    scores: Numbers
    p: Numbers
    features: Callable[[int], tuple[str, ...]]


@dataclass
class Batch:
    """Some records of one model, as columns of equal length.

    Attributes
    ----------
    rows : int array (n,)
        Where each record stands in the block it was decoded from.
    numbers : dict of float array (n,)
        Numeric columns (`feature.income`, `confidence`, ...); NaN is missing.
    texts : dict of list (n,)
        Columns compared as levels; None is missing. A number stands for its spelling.
    mismatched : dict of list of int
        For some columns: positions whose value has the wrong type. The column holds missing there.
    deviations : dict of int to tuple of str
        Positions whose features do not fit the schema, and how (`absent: income`, `unknown: incme`).
    versions : list (n,)
        Model version of each record, as it was spelled; 7 and "7" are one.
    callers : list (n,)
        Who asked, where somebody wants to know; else empty.
    ids : list (n,)
    times : int array (n,)
        Event times in milliseconds.
    cells : dict of int array (n,)
        Of some columns the cells that each record fell into: what detectors of several columns look at.
    scored : dict of Scored
        What scorers left when they binned the batch, by signal: it is written elsewhere, and not computed twice.
    """

    rows: Indices
    numbers: dict[str, Numbers] = field(default_factory=dict)
    texts: dict[str, Sequence[str | float | bool | None]] = field(default_factory=dict)
    mismatched: dict[str, list[int]] = field(default_factory=dict)
    deviations: dict[int, tuple[str, ...]] = field(default_factory=dict)
    versions: Sequence[str | int | None] = ()
    callers: Sequence[str | int | None] = ()
    ids: Sequence[str | float | None] = ()
    times: Indices = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    cells: dict[str, Indices] = field(default_factory=dict, repr=False, compare=False)
    scored: dict[str, Scored] = field(default_factory=dict, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.rows)

    def without(self, rows: Collection[int]) -> Batch:
        """Return the batch without the records that stand in these rows of the block."""
        kept = [position for position, row in enumerate(self.rows.tolist()) if row not in rows]
        new = {old: position for position, old in enumerate(kept)}
        return Batch(
            self.rows[kept],
            {column: values[kept] for column, values in self.numbers.items()},
            {column: [values[p] for p in kept] for column, values in self.texts.items()},
            {column: [new[p] for p in wrong if p in new] for column, wrong in self.mismatched.items()},
            {new[p]: how for p, how in self.deviations.items() if p in new},
            [self.versions[p] for p in kept],
            [self.callers[p] for p in kept] if self.callers else (),
        )


@dataclass
class Decoded:
    """One block of messages of one partition, in offset order.

    Attributes
    ----------
    offsets, times, clocks : int arrays (n,)
        Per record: its offset; event time and clock time in milliseconds. The clock time is the event time,
        capped by the log's stamp where there is one. For a dead letter both mean nothing.
    model : int array (n,)
        Index of the watched model, `IGNORED` or `DEAD`.
    ids : list (n,)
        What tells a record from another; two of one partition and slot that are alike here are duplicates. Mostly the
        id; of a label, what it says too.
    batches : list of Batch or None
        One per watched model.
    dead : dict of int to (reason, detail)
        Dead letters by row.
    another : str or None
        One of the models that are named and not watched.
    given : list (n,)
        The times as the records carry them; None takes the message's stamp.
    halves : dict of int to Half
        Halves of records by row. They have a model and a time, and stand in no batch.
    """

    offsets: Indices
    times: Indices
    clocks: Indices
    model: NDArray[np.int64]
    ids: Sequence[str | float | None]
    batches: list[Batch | None]
    dead: dict[int, tuple[str, str]]
    another: str | None = None
    given: Sequence[Any] = ()
    halves: Mapping[int, Half] = field(default_factory=dict)


IGNORED = -1
DEAD = -2
