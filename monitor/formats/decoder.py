"""Messages of one partition into columns: a fast path for what fits the schema, a tolerant one for the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from copy import copy
from typing import Any

import msgspec

from monitor.errors import BadRecord
from monitor.formats.batch import IGNORED, Decoded
from monitor.formats.block import Block, Piece
from monitor.formats.envelope import FORMATS, JOINED, format_named
from monitor.formats.half import Half
from monitor.formats.json_value import MAX_BYTES, check_caps
from monitor.formats.tolerant import Repaired, repair, time_of, version_of
from monitor.formats.typed import AwareTime, TypedRecord
from monitor.reference.schema import Schema
from monitor.types import RawMessage

PIECE = 250
"""Records turned into columns at once: with more, their numbers fall out of the processor's cache in between."""

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
    callers : set of str
        Models for which it matters who asked.
    """

    def __init__(
        self,
        schemas: Mapping[str, Schema],
        *,
        format: str = "auto",
        stamped: bool,
        callers: Set[str] = frozenset(),
    ) -> None:
        self.models = {name: i for i, name in enumerate(schemas)}
        self.typed = [TypedRecord(schema, callers=name in callers) for name, schema in schemas.items()]
        self.format = format
        self.stamped = stamped
        if len(self.typed) == 1:
            (self._only,) = self.models
            self.models[None] = 0  # type: ignore[index]
            self._decode = self.typed[0].decode
        else:
            self._head = msgspec.json.Decoder(_Head).decode
            self._decode = self._decode_routed
        self._decode_envelope = self._decode
        if any(known.name == format and known.paired for known in FORMATS):
            self._decode = _no_envelope

    def of_joined(self) -> Decoder:
        """Return a decoder for the same models that reads nothing but joined records, without a log's stamp."""
        other = copy(self)
        other.format, other.stamped = JOINED.name, False
        other._decode = self._decode_envelope  # noqa: SLF001 - of our own kind
        return other

    def _decode_capped(self, value: bytes) -> Any:
        most = JOINED.most if self.format == JOINED.name else MAX_BYTES
        return self._decode(check_caps(value, most) if len(value) > _LARGE else value)

    def _decode_routed(self, value: bytes) -> Any:
        head = self._head(value)
        if head.model is None:
            raise BadRecord("not_a_record", "names no model")  # maybe its headers do
        model = self.models.get(head.model, IGNORED)
        return head if model == IGNORED else self.typed[model].decode(value)

    def decode(self, messages: Sequence[RawMessage]) -> Decoded:
        """Return the block decoded; the messages are of one partition, in offset order."""
        block = Block(self.models, self.typed)
        for start in range(0, len(messages), PIECE):
            piece = messages[start : start + PIECE]
            block.add(_spread(piece, *self._parse(piece)))
        return block.decoded(stamped=self.stamped)

    def _parse(self, piece: Sequence[RawMessage]) -> tuple[list[Any], dict[int, list[_Outcome]]]:
        """Return a record a message; by position, what those hold that did not fit the fast path."""
        values = [m.value or b"" for m in piece]
        decode = self._decode if max(map(len, values)) <= _LARGE else self._decode_capped
        records: list[Any] = []
        slow: dict[int, list[_Outcome]] = {}
        left = iter(values)
        while len(records) < len(values):
            try:
                records.extend(map(decode, left))  # keeps what it got before one raises
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, BadRecord):
                slow[len(records)] = self._read_slowly(piece[len(records)])
                records.append(_NOTHING)
        return records, slow

    def _read_slowly(self, message: RawMessage) -> list[_Outcome]:
        """Return one outcome a record of the message: a repaired one, an ignored one's head, or why it is dead."""
        try:
            return [self._repair(plain) for plain in format_named(self.format, message).read(message)]
        except BadRecord as error:
            return [error]

    def _repair(self, plain: dict[str, Any] | Half) -> _Outcome:
        if isinstance(plain, Half):
            plain.model = self.models.get(plain.name, IGNORED)  # type: ignore[arg-type]
            return _Head(plain.name, plain.time) if plain.model == IGNORED else plain
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


_Outcome = Repaired | _Head | BadRecord | Half


def _no_envelope(_: bytes) -> Any:
    raise BadRecord("not_a_record", "half a record")  # the slow path reads it


def _head_of_another(model: str, time: Any) -> _Head:
    """Return what counts of another model's record; a time that is none is no time of ours, and moves no clock."""
    try:
        return _Head(model, time_of(time))
    except BadRecord:
        return _Head(model, -1.0)


def _spread(piece: Sequence[RawMessage], records: list[Any], slow: dict[int, list[_Outcome]]) -> Piece:
    """Put what was read slowly in its place; a message of several records takes several rows."""
    offsets, stamps = [m.offset for m in piece], [m.timestamp for m in piece]
    repaired: dict[int, Repaired] = {}
    dead: dict[int, tuple[str, str]] = {}
    halves: dict[int, Half] = {}
    shift = 0
    for position, outcomes in slow.items():
        first = position + shift
        records[first : first + 1] = [_record(outcome) for outcome in outcomes]
        offsets[first : first + 1] = [offsets[first]] * len(outcomes)
        stamps[first : first + 1] = [stamps[first]] * len(outcomes)
        shift += len(outcomes) - 1
        for row, outcome in enumerate(outcomes, first):
            if isinstance(outcome, Repaired):
                repaired[row] = outcome
            elif isinstance(outcome, BadRecord):
                dead[row] = (outcome.reason, outcome.detail)
            elif isinstance(outcome, Half):
                halves[row] = outcome
    return Piece(records, offsets, stamps, repaired, dead, halves)


def _record(outcome: _Outcome) -> Any:
    if isinstance(outcome, Repaired):
        return outcome.record
    if isinstance(outcome, Half):
        return _Head("", outcome.time)  # it has no columns, as if it were no model's
    return _NOTHING if isinstance(outcome, BadRecord) else outcome
