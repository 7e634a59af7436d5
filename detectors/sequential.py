"""What a sequential detector promises.

Some detectors do not bin: what they say of a record depends on the records before it. They are given the values of a
slot that is closed, in an order that depends on the records alone, and keep their state between slots.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from monitor.formats.batch import Batch

Column = NDArray[Any]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Rows:
    """What sequential detectors keep of some records of one model.

    Attributes
    ----------
    times : int array (n,)
        Event times in milliseconds.
    ids : sequence (n,)
    columns : dict of array (n, ...)
        By the names the detectors gave them.
    """

    times: Ints
    ids: Sequence[str | float | None]
    columns: Mapping[str, Column]

    def __len__(self) -> int:
        return len(self.times)


@dataclass(frozen=True)
class Alarm:
    """What a detector has to say after a slot.

    Attributes
    ----------
    rows : tuple of int
        Which of the slot's records, in order, raised it.
    words : str
        A sentence for a person; the same words mean the same news.
    """

    rows: tuple[int, ...]
    words: str


class Sequential(Protocol):
    """One detector that depends on order. Its alarms rest on its own rule: no false-alarm budget covers them.

    Attributes
    ----------
    signal, group : str
        What its incidents are called, and among which signals they stand.
    fingerprint : str
        What it was configured with: only state of the same fingerprint is restored.
    callers : bool
        Whether it must know who asked.
    """

    @property
    def signal(self) -> str: ...
    @property
    def group(self) -> str: ...
    @property
    def fingerprint(self) -> str: ...
    @property
    def callers(self) -> bool: ...

    def take(self, batch: Batch) -> Mapping[str, Column]:
        """Return what is to be kept of a batch's records until their slot closes, a row each.

        The same record gives the same row in every batch; columns of one name are the same for every detector.
        """

    def advance(self, rows: Rows, now: int) -> Alarm | None:
        """Look at the records of the next closed slot, in order; `now` is its end in milliseconds."""

    def state(self) -> dict[str, Any]:
        """Return all that is remembered, as arrays and plain values."""

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from `state`, to the same alarms as if nothing had happened."""


def taken(detectors: Sequence[Sequential], batch: Batch, positions: Ints) -> Rows:
    """Return what the detectors keep of the batch's records at these positions."""
    columns: dict[str, Column] = {}
    for detector in detectors:
        columns |= detector.take(batch)
    if len(positions) == len(batch):
        return Rows(batch.times, batch.ids, columns)
    ids = [batch.ids[position] for position in positions.tolist()]
    return Rows(batch.times[positions], ids, {name: column[positions] for name, column in columns.items()})


def in_order(parts: Sequence[Rows]) -> Rows:
    """Return the records of a slot by time, then id: numbers, then text, then those without one.

    What is still equal keeps the order in which it was given: by partition and offset, as the counting merges them.
    None of that depends on how a log was cut into blocks.
    """
    times = np.concatenate([part.times for part in parts])
    ids = [identity for part in parts for identity in part.ids]
    keys = [(time, *_rank(identity)) for time, identity in zip(times.tolist(), ids, strict=True)]
    order = np.array(sorted(range(len(keys)), key=keys.__getitem__), dtype=np.int64)
    columns = {name: np.concatenate([part.columns[name] for part in parts])[order] for name in parts[0].columns}
    return Rows(times[order], [ids[i] for i in order.tolist()], columns)


def _rank(identity: str | float | None) -> tuple[int, float, str]:
    if isinstance(identity, str):
        return 1, 0.0, identity
    return (2, 0.0, "") if identity is None else (0, identity, "")
