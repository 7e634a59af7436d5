"""Typed records of one model into columns."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import numpy as np
from msgspec.structs import astuple

from monitor.formats.batch import Batch, Indices, Numbers
from monitor.formats.tolerant import Repaired
from monitor.formats.typed import TypedRecord


class Columns:
    """One model's records of a block as columns, gathered piece by piece."""

    def __init__(self, typed: TypedRecord) -> None:
        self.typed = typed
        schema = typed.schema
        self._rows: list[int] = []
        self._versions: list[str | int | None] = []
        numeric = [*typed.numeric, *(f"score.{name}" for name in schema.scores)]
        numeric += [output.column for output in typed.outputs if output.number]
        textual = [*typed.textual, *(output.column for output in typed.outputs if not output.number)]
        self._callers: list[str | int | None] = []
        self._numbers: dict[str, list[bytes]] = {column: [] for column in numeric}
        self._texts: dict[str, list[str | float | bool | None]] = {column: [] for column in textual}
        self._mismatched: dict[str, list[int]] = {}
        self._deviations: dict[int, tuple[str, ...]] = {}

    def add(self, rows: Sequence[int], records: Sequence[Any], repaired: Mapping[int, Repaired]) -> None:
        """Add records.

        Parameters
        ----------
        rows : sequence of int
            Where each record stands in its block.
        records : sequence of TypedRecord.Record
        repaired : dict
            By position among the records: what the slow path had to spare.
        """
        for position, repair in repaired.items():
            self._add_repair(len(self._rows) + position, repair)
        self._rows += rows
        self._versions += [r.version for r in records]
        width = len(self.typed.numeric)
        features = self._features([r.features for r in records])  # numeric ones first, see TypedRecord
        numeric = [*features[:width], *(self._scores([r.scores for r in records]) if self.typed.Scores else ())]
        textual = features[width : width + len(self.typed.textual)]  # behind them what was set aside
        for output in self.typed.outputs:
            (numeric if output.number else textual).append(list(map(attrgetter(output.field), records)))
        if self.typed.callers:
            self._callers += [r.caller for r in records]
        pack = struct.Struct(f"={len(records)}d").pack
        for parts, numbers in zip(self._numbers.values(), numeric, strict=True):
            parts.append(_packed(numbers, pack))
        for texts, more in zip(self._texts.values(), textual, strict=True):
            texts.extend(more)

    def _features(self, given: list[Any]) -> list[Sequence[Any]]:
        try:
            return list(zip(*map(astuple, given), strict=True))
        except TypeError:  # some are lists in the order of the reference
            fields, features = self.typed.fields.values(), self.typed.Features
            return self._features(
                [features(**dict(zip(fields, f, strict=True))) if type(f) is tuple else f for f in given]
            )

    def _scores(self, given: list[Any]) -> list[Sequence[Any]]:
        try:
            return list(zip(*map(astuple, given), strict=True))
        except TypeError:  # some are lists, or missing
            nothing = (None,) * len(self.typed.schema.scores)
            rows = (s if type(s) is tuple else nothing if s is None else astuple(s) for s in given)
            return list(zip(*rows, strict=True))

    def _add_repair(self, position: int, repair: Repaired) -> None:
        for column in repair.mismatched:
            self._mismatched.setdefault(column, []).append(position)
        if repair.deviations:
            self._deviations[position] = repair.deviations

    def batch(self) -> Batch:
        """Return all that was added."""
        numbers: dict[str, Numbers] = {c: np.frombuffer(b"".join(parts)) for c, parts in self._numbers.items()}
        scores = [numbers[f"score.{name}"] for name in self.typed.schema.scores]
        if scores and "confidence" not in numbers:
            numbers["confidence"] = np.fmax.reduce(scores, axis=0)
        rows = integers(self._rows)
        return Batch(rows, numbers, {**self._texts}, self._mismatched, self._deviations, self._versions, self._callers)


def _packed(column: Sequence[float | None], pack: Callable[..., bytes]) -> bytes:
    try:
        return pack(*column)  # a quarter of the time of np.array
    except struct.error:
        return np.array(column, dtype=np.float64).tobytes()  # None becomes NaN


def integers(column: Sequence[int]) -> Indices:
    """Return the column as an array."""
    return np.frombuffer(struct.pack(f"={len(column)}q", *column), dtype=np.int64)


def event_milliseconds(times: Sequence[Any], stamps: Indices) -> Indices:
    """Return event times in milliseconds, to the nearest; -1 for what lies outside 1970 to 3000.

    Parameters
    ----------
    times : sequence of float seconds, datetime or None
        None takes the stamp.
    stamps : int array (n,)
        In milliseconds.
    """
    if not set(map(type, times)) <= {float, type(None)}:
        times = [t.timestamp() if t is not None and type(t) is not float else t for t in times]
    seconds = np.frombuffer(_packed(times, struct.Struct(f"={len(times)}d").pack))
    absent = np.isnan(seconds)
    stamps = np.where(stamps < LAST_SECOND * 1000, stamps, -1)
    sane = (seconds >= 0) & (seconds < LAST_SECOND)
    milliseconds = np.rint(np.where(sane, seconds, 0.0) * 1000.0).astype(np.int64)
    return np.where(absent, stamps, np.where(sane, milliseconds, -1))


LAST_SECOND = 32_503_680_000.0  # the year 3000: beyond it, somebody wrote milliseconds
