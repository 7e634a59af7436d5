"""Answers of a log into columns, one batch a model."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np

from monitor.errors import BadRecord
from monitor.formats.batch import DEAD, IGNORED, Batch, Decoded
from monitor.formats.block import event_clocks
from monitor.formats.columns import integers
from monitor.formats.json_value import parse
from monitor.shadow.answers import Answer
from monitor.types import RawMessage


class AnswerReader:
    """Decodes blocks of answers.

    Parameters
    ----------
    models : sequence of str
        Names of the watched models; answers of others are ignored.
    stamped : bool
        As of `Decoder`.
    """

    def __init__(self, models: Sequence[str], *, stamped: bool) -> None:
        self.models = {name: index for index, name in enumerate(models)}
        self.stamped = stamped

    def decode(self, messages: Sequence[RawMessage]) -> Decoded:
        """Return the block decoded. Never raises for what a message holds."""
        read: list[Answer | None] = []
        dead: dict[int, tuple[str, str]] = {}
        for row, message in enumerate(messages):
            try:
                read.append(_answer(message))
            except BadRecord as why:
                read.append(None)
                dead[row] = (why.reason, why.detail)
        model = np.array([DEAD if a is None else self.models.get(a.model, IGNORED) for a in read], dtype=np.int64)
        stamps = integers([m.timestamp for m in messages])
        given = [None if a is None else a.time for a in read]
        times, clocks, impossible = event_clocks(given, stamps, model, stamped=self.stamped)
        model[list(impossible)] = DEAD
        ids = [None if a is None else f"{a.id} {a.check} {a.severity}" for a in read]
        batches = []
        for index in self.models.values():
            rows = np.flatnonzero(model == index)
            batch = columns([answer for row in rows.tolist() if (answer := read[row]) is not None])
            batch.rows, batch.times, batch.ids = rows, times[rows], [ids[row] for row in rows.tolist()]
            batches.append(batch if len(rows) else None)
        return Decoded(integers([m.offset for m in messages]), times, clocks, model, ids, batches, dead | impossible)


def columns(answers: Sequence[Answer]) -> Batch:
    """Return answers as columns."""
    numbers: dict[str, list[float | None]] = {
        "severity": [a.severity for a in answers],
        "flipped": [a.flipped for a in answers],
        "skew": [a.skew for a in answers],
        "level": [a.confidence for a in answers],
    }
    return Batch(
        np.arange(len(answers)),
        {name: np.array([math.nan if v is None else float(v) for v in values]) for name, values in numbers.items()},
        {"check": [a.check for a in answers]},
        versions=[a.version for a in answers],
    )


def _answer(message: RawMessage) -> Answer:
    """Return what a message says. Raises BadRecord."""
    plain = parse(message.value)
    try:
        return msgspec.convert(plain, Answer)
    except msgspec.ValidationError as why:
        raise BadRecord("not_a_record", f"not an answer of a shadow check: {why}") from None
