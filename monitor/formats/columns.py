"""Typed records of one model into columns."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from msgspec.structs import astuple

from monitor.formats.batch import Batch, Indices, Numbers
from monitor.formats.tolerant import Repaired
from monitor.formats.typed import TypedRecord


def columns(typed: TypedRecord, rows: Indices, records: Sequence[Any], repairs: dict[int, Repaired]) -> Batch:
    """Return the records as a batch.

    Parameters
    ----------
    rows : int array (n,)
        Where each record stands in its block.
    records : sequence of TypedRecord.Record
    repairs : dict
        By row of the block: what the slow path had to spare.
    """
    batch = Batch(rows, versions=[r.version for r in records])
    _add_features(batch, typed, [r.features for r in records])
    _add_outputs(batch, typed, records)
    if repairs:
        _add_repairs(batch, repairs)
    return batch


def _add_features(batch: Batch, typed: TypedRecord, features: list[Any]) -> None:
    if tuple in set(map(type, features)):
        features = [
            typed.Features(**dict(zip(typed.fields.values(), f, strict=True))) if type(f) is tuple else f
            for f in features
        ]
    values = list(zip(*map(astuple, features), strict=True))  # numeric columns first, see TypedRecord
    width = len(typed.numeric)
    batch.numbers.update(zip(typed.numeric, map(numbers, values[:width]), strict=True))
    batch.texts.update(zip(typed.textual, values[width:], strict=False))  # behind them what was set aside


def numbers(column: Sequence[float | None]) -> Numbers:
    """Return the column as an array; None becomes NaN."""
    try:
        return np.frombuffer(struct.pack(f"={len(column)}d", *column))  # a quarter of the time of np.array
    except struct.error:
        return np.array(column, dtype=np.float64)


def integers(column: Sequence[int]) -> Indices:
    """Return the column as an array."""
    return np.frombuffer(struct.pack(f"={len(column)}q", *column), dtype=np.int64)


def _add_outputs(batch: Batch, typed: TypedRecord, records: Sequence[Any]) -> None:
    schema = typed.schema
    if schema.prediction == "number":
        batch.numbers["prediction"] = numbers([r.prediction for r in records])
    elif schema.prediction == "class":
        batch.texts["prediction"] = [r.prediction for r in records]
    if schema.latency:
        batch.numbers["latency"] = numbers([r.latency_ms for r in records])
    if typed.Scores is not None:
        nothing = (None,) * len(schema.scores)
        given = [r.scores for r in records]
        if set(map(type, given)) == {typed.Scores}:
            rows: Iterable[tuple[Any, ...]] = map(astuple, given)
        else:
            rows = (s if type(s) is tuple else nothing if s is None else astuple(s) for s in given)
        scores = list(map(numbers, zip(*rows, strict=True)))
        for name, values in zip(schema.scores, scores, strict=True):
            batch.numbers[f"score.{name}"] = values
        batch.numbers["confidence"] = np.fmax.reduce(scores, axis=0)
    if schema.confidence:
        batch.numbers["confidence"] = numbers([r.confidence for r in records])


def _add_repairs(batch: Batch, repairs: dict[int, Repaired]) -> None:
    for position, row in enumerate(batch.rows.tolist()):
        repaired = repairs.get(row)
        if repaired is None:
            continue
        for column in repaired.mismatched:
            batch.mismatched.setdefault(column, []).append(position)
        if repaired.deviations:
            batch.deviations[position] = repaired.deviations


def event_milliseconds(times: Sequence[Any], stamps: Indices) -> Indices:
    """Return event times in milliseconds, to the nearest; -1 for what lies outside 1970 to 3000.

    Parameters
    ----------
    times : sequence of float seconds, datetime or None
        None takes the stamp.
    stamps : int array (n,)
    """
    if set(map(type, times)) <= {float, type(None)}:
        seconds = numbers(times)
    else:
        seconds = numbers([t.timestamp() if t is not None and type(t) is not float else t for t in times])
    absent = np.isnan(seconds)
    sane = (seconds >= 0) & (seconds < LAST_SECOND)
    milliseconds = np.rint(np.where(sane, seconds, 0.0) * 1000.0).astype(np.int64)
    return np.where(absent, stamps, np.where(sane, milliseconds, -1))


LAST_SECOND = 32_503_680_000.0  # the year 3000: beyond it, somebody wrote milliseconds
