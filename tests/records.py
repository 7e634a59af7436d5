"""Records of one model in tests: a schema with every kind of column, and what a block of them decodes to."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from monitor.formats.batch import Batch, Decoded
from monitor.formats.decoder import Decoder
from monitor.reference.schema import ANY_KIND, Feature, Schema, text_of
from monitor.types import Message

SCHEMA = Schema(
    features=(
        Feature("income", "numeric", ("number",)),
        Feature("plan", "categorical", ("string",)),
        Feature("age", "discrete", ("number",)),
        Feature("member", "categorical", ("boolean",)),
        Feature("code", "categorical", ("number", "string")),
        Feature("flag", "categorical", ("boolean", "number")),
        Feature("answer", "categorical", ("boolean", "string")),
        Feature("rank", "categorical", ("number",)),
        Feature("any", "categorical", ANY_KIND),
        Feature("naïve ☂", "numeric", ("number",), required=False),
        Feature("note", "aside", ("string",)),
    ),
    prediction="class",
    scores=("no", "yes"),
    confidence=True,
    latency=True,
    label="class",
)

GOOD = (
    '{"id": "r1", "time": "2026-01-01T00:00:05Z", "model": "m", "version": "7", "features": {"income": 5.5, '
    '"plan": "basic", "age": 3, "member": true, "code": "x", "flag": 1, "answer": "no", "rank": 2, "any": 4, '
    '"naïve ☂": 1, "note": "n"}, "prediction": "yes", "scores": {"no": 0.25, "yes": 0.75}, "confidence": 0.75, '
    '"latency_ms": 12, "label": "no", "caller": "ann"}'
)
"""A record that fits the schema exactly."""

STAMP = 1_767_225_605_000
"""The log's stamp: five seconds after the beginning of 2026."""


def with_feature(name: str, token: str) -> str:
    """Return the good record with one feature's JSON replaced, or added."""
    return _replaced(name, token, "features")


def with_field(name: str, token: str) -> str:
    """Return the good record with one field's JSON replaced, or added."""
    return _replaced(name, token, None)


def _replaced(name: str, token: str, inside: str | None) -> str:
    record = json.loads(GOOD)
    (record[inside] if inside else record)[name] = "\0"
    return json.dumps(record).replace('"\\u0000"', token)


def without(name: str) -> str:
    """Return the good record without one feature."""
    record = json.loads(GOOD)
    del record["features"][name]
    return json.dumps(record)


def message(value: str | bytes | None, offset: int = 0, timestamp: int = STAMP) -> Message:
    """Return a message of partition 0 of a topic."""
    return Message("t", 0, offset, timestamp, None, value.encode() if isinstance(value, str) else value, ())


def messages(values: Sequence[str | bytes | None]) -> list[Message]:
    """Return the values as messages with consecutive offsets."""
    return [message(value, offset) for offset, value in enumerate(values)]


def decode(*values: str | bytes | None, schema: Schema = SCHEMA, stamped: bool = True) -> Decoded:
    """Return the values decoded as one block for the model `m`."""
    return Decoder({"m": schema}, stamped=stamped, callers={"m"}).decode(messages(values))


def decode_slowly(*values: str | bytes | None, schema: Schema = SCHEMA, stamped: bool = True) -> Decoded:
    """Return the values decoded by the tolerant path alone."""
    decoder = Decoder({"m": schema}, stamped=stamped, callers={"m"})
    decoder._decode = _refuse
    return decoder.decode(messages(values))


def _refuse(value: bytes) -> Any:
    raise RecursionError


def plain(decoded: Decoded) -> dict[str, Any]:
    """Return a block as plain values: equal blocks are equal, missing numbers are None, texts have one spelling."""
    dead = {int(decoded.offsets[row]): reason for row, (reason, _) in decoded.dead.items()}
    usable = [row for row in range(len(decoded.offsets)) if row not in decoded.dead]
    return {
        "offsets": decoded.offsets.tolist(),
        "model": decoded.model.tolist(),
        "times": [int(decoded.times[row]) for row in usable],
        "clocks": [int(decoded.clocks[row]) for row in usable],
        "ids": [decoded.ids[row] for row in usable if decoded.model[row] >= 0],
        "dead": dead,
        "batches": [batch and _plain_batch(batch) for batch in decoded.batches],
    }


def joined(blocks: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return plain blocks as if they had been one."""
    whole: dict[str, Any] = {key: [] for key in ("offsets", "model", "times", "clocks", "ids")} | {"dead": {}}
    for block in blocks:
        for key, found in whole.items():
            found.update(block[key]) if key == "dead" else found.extend(block[key])
    by_model = zip(*(block["batches"] for block in blocks), strict=True)
    return whole | {"batches": [[row for batch in batches for row in batch or ()] or None for batches in by_model]}


def _plain_batch(batch: Batch) -> list[dict[str, Any]]:
    """Return one dict a record; where it stands in the block is left out."""
    rows = []
    for position in range(len(batch)):
        version = batch.versions[position]
        row: dict[str, Any] = {name: _number(values[position]) for name, values in batch.numbers.items()}
        row |= {name: _text(values[position]) for name, values in batch.texts.items()}
        row["mismatched"] = sorted(name for name, at in batch.mismatched.items() if position in at)
        row["deviations"] = sorted(batch.deviations.get(position, ()))
        rows.append(row | {"version": None if version is None else str(version)})
    return rows


def _number(value: np.float64) -> float | None:
    return None if math.isnan(value) else float(value)


def _text(value: str | float | bool | None) -> str | None:
    return None if value is None else text_of(value)
