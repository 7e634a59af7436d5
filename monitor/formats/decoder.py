"""Messages of one partition into columns: a fast path for what fits the schema, a tolerant one for the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from monitor.errors import BadRecord
from monitor.formats.batch import DEAD, IGNORED, Batch, Decoded
from monitor.formats.columns import columns, event_milliseconds, integers
from monitor.formats.envelope import format_named
from monitor.formats.json_value import check_caps
from monitor.formats.tolerant import Repaired, repair, time_of, version_of
from monitor.formats.typed import AwareTime, TypedRecord
from monitor.reference.schema import Schema
from monitor.types import RawMessage

FUTURE_MS = 3_600_000  # an event an hour after its log's stamp did not happen yet
_LARGE = 2_000  # bytes; nesting deep enough to matter does not fit below


class _Head(msgspec.Struct, gc=False):
    """What is read of a record before it is known to be ours; stands for ignored and dead ones too."""

    model: str | None = None
    time: AwareTime | float | None = None

    @property
    def id(self) -> None:
        return None


_NOTHING = _Head()


class Decoder:
    """Turns blocks of messages into columns for the watched models.

    Never raises for what a message holds. A record that names no model counts for the only watched one.

    Parameters
    ----------
    schemas : dict of model name to Schema
    format : str
        `auto`, or the name of a wire format.
    stamped : bool
        Whether a log stamped the messages (Kafka), so that events from the future can be told.
    """

    def __init__(self, schemas: Mapping[str, Schema], *, format: str = "auto", stamped: bool) -> None:
        self.models = {name: i for i, name in enumerate(schemas)}
        self.typed = [TypedRecord(schema) for schema in schemas.values()]
        self.format = format
        self.stamped = stamped
        if len(self.typed) == 1:
            (self._only,) = self.models
            self.models[None] = 0  # type: ignore[index]
            self._decode = self.typed[0].decode
        else:
            self._head = msgspec.json.Decoder(_Head).decode
            self._decode = self._decode_routed

    def _decode_capped(self, value: bytes) -> Any:
        return self._decode(check_caps(value) if len(value) > _LARGE else value)

    def _decode_routed(self, value: bytes) -> Any:
        head = self._head(value)
        model = self.models.get(head.model, IGNORED)  # type: ignore[arg-type]
        return head if model == IGNORED else self.typed[model].decode(value)

    def decode(self, messages: Sequence[RawMessage]) -> Decoded:
        """Return the block decoded; the messages are of one partition, in offset order."""
        values = [m.value or b"" for m in messages]
        decode = self._decode if max(map(len, values), default=0) <= _LARGE else self._decode_capped
        records: list[Any] = []
        slow: dict[int, list[_Outcome]] = {}
        left = iter(values)
        while len(records) < len(values):
            try:
                records.extend(map(decode, left))  # keeps what it got before one raises
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, BadRecord):
                slow[len(records)] = self._read_slowly(messages[len(records)])
                records.append(_NOTHING)
        stamps = [m.timestamp for m in messages]
        offsets = [m.offset for m in messages]
        return self._assemble(*_spread(records, offsets, stamps, slow))

    def _read_slowly(self, message: RawMessage) -> list[_Outcome]:
        """Return one outcome a record of the message: a repaired one, an ignored one's head, or why it is dead."""
        try:
            return [self._repair(plain) for plain in format_named(self.format, message).read(message)]
        except BadRecord as error:
            return [error]

    def _repair(self, plain: dict[str, Any]) -> _Outcome:
        try:
            name = version_of(plain.get("model"))
            model = self.models.get(name, IGNORED)  # type: ignore[arg-type]
            if model == IGNORED:
                return _head_of_another(name or "", plain.get("time"))
            repaired = repair(plain, self.typed[model])
            repaired.record.model = name
        except BadRecord as error:
            return error
        return repaired

    def _assemble(
        self,
        records: list[Any],
        offsets: list[int],
        stamps: list[int],
        repairs: dict[int, Repaired],
        dead: dict[int, tuple[str, str]],
    ) -> Decoded:
        names = [r.model for r in records]
        index = {name: self.models.get(name, IGNORED) for name in set(names)}
        model = integers(list(map(index.__getitem__, names)))
        stamp = integers(stamps)
        times = event_milliseconds([r.time for r in records], stamp)
        for row in np.flatnonzero((times < 0) & (model >= 0)).tolist():
            dead.setdefault(
                row, ("bad_time", "time is outside 1970 to 3000 (milliseconds where seconds were expected?)")
            )
        clocks = times
        if self.stamped:
            for row in np.flatnonzero((times > stamp + FUTURE_MS) & (stamp >= 0) & (model >= 0)).tolist():
                dead.setdefault(row, ("future", "time is more than an hour after the log's own stamp"))
            clocks = np.where(stamp >= 0, np.minimum(times, stamp), times)
        if dead:
            model = model.copy()
            model[list(dead)] = DEAD
        batches: list[Batch | None] = []
        for number, typed in enumerate(self.typed):
            rows = np.flatnonzero(model == number)
            ours = records if len(rows) == len(records) else [records[row] for row in rows.tolist()]
            batches.append(columns(typed, rows, ours, repairs) if ours else None)
        return Decoded(integers(offsets), times, clocks, model, [r.id for r in records], batches, dead)


_Outcome = Repaired | _Head | BadRecord


def _head_of_another(model: str, time: Any) -> _Head:
    """Return what counts of another model's record; a time that is none is no time of ours, and moves no clock."""
    try:
        return _Head(model, time_of(time))
    except BadRecord:
        return _Head(model, -1.0)


def _spread(
    records: list[Any], offsets: list[int], stamps: list[int], slow: dict[int, list[_Outcome]]
) -> tuple[list[Any], list[int], list[int], dict[int, Repaired], dict[int, tuple[str, str]]]:
    """Put what was read slowly in its place; a message of several records takes several rows."""
    repairs: dict[int, Repaired] = {}
    dead: dict[int, tuple[str, str]] = {}
    shift = 0
    for position, outcomes in slow.items():
        first = position + shift
        records[first : first + 1] = [_record(outcome) for outcome in outcomes]
        offsets[first : first + 1] = [offsets[first]] * len(outcomes)
        stamps[first : first + 1] = [stamps[first]] * len(outcomes)
        shift += len(outcomes) - 1
        for row, outcome in enumerate(outcomes, first):
            if isinstance(outcome, Repaired):
                repairs[row] = outcome
            elif isinstance(outcome, BadRecord):
                dead[row] = (outcome.reason, outcome.detail)
    return records, offsets, stamps, repairs, dead


def _record(outcome: _Outcome) -> Any:
    if isinstance(outcome, Repaired):
        return outcome.record
    return outcome if isinstance(outcome, _Head) else _NOTHING
