"""Typed records of one model into columns."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
from msgspec.structs import astuple

from monitor.formats.batch import Batch, Indices, Numbers
from monitor.formats.tolerant import Repaired
from monitor.formats.typed import TypedRecord


def columns(typed: TypedRecord, rows: Sequence[int], records: Sequence[Any], repairs: dict[int, Repaired]) -> Batch:
    """Return the records as a batch.

    Parameters
    ----------
    rows : sequence of int
        Where each record stands in its block.
    records : sequence of TypedRecord.Record
    repairs : dict
        By row of the block: what the slow path had to spare.
    """
    batch = Batch(np.array(rows, dtype=np.int64), versions=[r.version for r in records])
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
    rows = list(map(astuple, features))  # numeric columns first, see TypedRecord
    width = len(typed.numeric)
    for column, values in zip(typed.numeric, _matrix(rows, width), strict=True):
        batch.numbers[column] = values
    for position, column in enumerate(typed.textual, width):
        batch.texts[column] = [row[position] for row in rows]


def _matrix(rows: list[tuple[Any, ...]], width: int) -> Numbers:
    """Return the first `width` entries of every row as contiguous columns, shape (width, n); None becomes NaN."""
    pack = struct.Struct(f"={width}d").pack
    try:
        flat = np.frombuffer(b"".join([pack(*row[:width]) for row in rows]))  # half the time of fromiter
    except struct.error:
        flat = np.fromiter(chain.from_iterable([row[:width] for row in rows]), np.float64, width * len(rows))
    return flat.reshape(len(rows), width).T.copy()


def _add_outputs(batch: Batch, typed: TypedRecord, records: Sequence[Any]) -> None:
    schema = typed.schema
    if schema.prediction == "number":
        batch.numbers["prediction"] = np.array([r.prediction for r in records], dtype=np.float64)
    elif schema.prediction == "class":
        batch.texts["prediction"] = [r.prediction for r in records]
    if schema.latency:
        batch.numbers["latency"] = np.array([r.latency_ms for r in records], dtype=np.float64)
    if typed.Scores is not None:
        nothing = (None,) * len(schema.scores)
        given = [r.scores for r in records]
        if set(map(type, given)) == {typed.Scores}:
            rows = list(map(astuple, given))
        else:
            rows = [s if type(s) is tuple else nothing if s is None else astuple(s) for s in given]
        matrix = _matrix(rows, len(nothing))
        for name, values in zip(schema.scores, matrix, strict=True):
            batch.numbers[f"score.{name}"] = values
        batch.numbers["confidence"] = np.fmax.reduce(matrix, axis=0)
    if schema.confidence:
        batch.numbers["confidence"] = np.array([r.confidence for r in records], dtype=np.float64)


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
        seconds = np.array(times, dtype=np.float64)
    else:
        plain = [t.timestamp() if t is not None and type(t) is not float else t for t in times]
        seconds = np.array(plain, dtype=np.float64)
    absent = np.isnan(seconds)
    sane = (seconds >= 0) & (seconds < LAST_SECOND)
    milliseconds = np.rint(np.where(sane, seconds, 0.0) * 1000.0).astype(np.int64)
    return np.where(absent, stamps, np.where(sane, milliseconds, -1))


LAST_SECOND = 32_503_680_000.0  # the year 3000: beyond it, somebody wrote milliseconds
