"""A block of messages put together from pieces that were parsed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from monitor.formats.batch import DEAD, IGNORED, Decoded, Indices
from monitor.formats.columns import Columns, event_milliseconds, integers
from monitor.formats.half import Half
from monitor.formats.tolerant import Repaired
from monitor.formats.typed import TypedRecord

FUTURE_MS = 3_600_000  # an event an hour after its log's stamp did not happen yet
_SANE = "time is outside 1970 to 3000 (milliseconds where seconds were expected?)"
_FUTURE = "time is more than an hour after the log's own stamp"


class Piece(NamedTuple):
    """Some records: a typed one or a head each, its message's offset and stamp; by position what else there is."""

    records: list[Any]
    offsets: list[int]
    stamps: list[int]
    repaired: Mapping[int, Repaired]
    dead: Mapping[int, tuple[str, str]]
    halves: Mapping[int, Half]


class Block:
    """The pieces of one block, in order.

    Parameters
    ----------
    models : dict of name to index
    typed : sequence of TypedRecord
        By index.
    """

    def __init__(self, models: Mapping[Any, int], typed: Sequence[TypedRecord]) -> None:
        self._models = models
        self._columns = [Columns(each) for each in typed]
        self._offsets: list[int] = []
        self._stamps: list[int] = []
        self._times: list[Any] = []
        self._model: list[int] = []
        self._ids: list[Any] = []
        self._dead: dict[int, tuple[str, str]] = {}
        self._another: str | None = None
        self._halves: dict[int, Half] = {}

    def add(self, piece: Piece) -> None:
        """Route the records of a piece to their models' columns."""
        first, records = len(self._ids), piece.records
        names = [r.model for r in records]
        index = {name: self._models.get(name, IGNORED) for name in set(names)}
        model = list(map(index.__getitem__, names))
        if IGNORED in model:
            self._another = self._another or min((n for n in index if n and index[n] == IGNORED), default=None)
        for position, why in piece.dead.items():
            model[position] = DEAD
            self._dead[first + position] = why
        self._offsets += piece.offsets
        self._stamps += piece.stamps
        self._times += [r.time for r in records]
        self._ids += [r.id for r in records]
        for number, columns in enumerate(self._columns):
            if model and model.count(number) == len(model):
                columns.add(range(first, first + len(model)), records, piece.repaired)
            elif number in model:
                at = [position for position, other in enumerate(model) if other == number]
                repaired = {i: piece.repaired[p] for i, p in enumerate(at) if p in piece.repaired}
                columns.add([first + position for position in at], [records[position] for position in at], repaired)
        for position, half in piece.halves.items():
            model[position] = half.model  # only now: it has no columns
            self._halves[first + position] = half
        self._model += model

    def decoded(self, *, stamped: bool) -> Decoded:
        """Return the whole; records whose time cannot be are dead letters."""
        model, stamps = integers(self._model), integers(self._stamps)
        times, clocks, impossible = event_clocks(self._times, stamps, model, stamped=stamped)
        batches = [columns.batch() for columns in self._columns]
        if impossible:
            model = model.copy()
            model[list(impossible)] = DEAD
            batches = [batch.without(impossible.keys()) for batch in batches]
        for batch in batches:
            batch.ids = self._ids if len(batch) == len(self._ids) else [self._ids[row] for row in batch.rows.tolist()]
            batch.times = times[batch.rows]
        dead = self._dead | impossible
        halves = {row: half for row, half in self._halves.items() if row not in impossible}
        there = [b if len(b) else None for b in batches]
        offsets = integers(self._offsets)
        return Decoded(offsets, times, clocks, model, self._ids, there, dead, self._another, self._times, halves)


def event_clocks(
    given: Sequence[Any], stamps: Indices, model: Indices, *, stamped: bool
) -> tuple[Indices, Indices, dict[int, tuple[str, str]]]:
    """Return event times and clock times in milliseconds, and by row why a time cannot be.

    Parameters
    ----------
    given : sequence of float seconds, datetime or None
        None takes the stamp.
    stamps, model : int arrays (n,)
        The log's stamps; what each row is of, negative where it is of none and its time does not matter.
    stamped : bool
        Whether a log made the stamps: then no event lies far behind them.
    """
    times = event_milliseconds(given, stamps)
    impossible = dict.fromkeys(np.flatnonzero((times < 0) & (model >= 0)).tolist(), ("bad_time", _SANE))
    if not stamped:
        return times, times, impossible
    future = np.flatnonzero((times > stamps + FUTURE_MS) & (stamps >= 0) & (model >= 0))
    impossible |= dict.fromkeys(future.tolist(), ("future", _FUTURE))
    return times, np.where(stamps >= 0, np.minimum(times, stamps), times), impossible
