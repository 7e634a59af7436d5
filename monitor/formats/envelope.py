"""The Seawall envelope: one JSON object a record.

    {"id", "time", "model", "version", "features": {...} or [...], "prediction", "scores": {...} or [...],
     "confidence", "caller", "latency_ms", "label"}

Every other wire format is a file beside this one that turns its messages into the same shape.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, Protocol

from monitor.errors import BadRecord
from monitor.formats.half import Half
from monitor.formats.json_value import MAX_BYTES, parse
from monitor.formats.kserve import KServe
from monitor.types import RawMessage


class Format(Protocol):
    """How one wire format is told apart and read. `paired`: a message is half of a record, or no record."""

    name: str
    paired: bool

    def sniff(self, message: RawMessage) -> bool:
        """Return whether the message looks like this format, from headers and the first bytes alone."""

    def read(self, message: RawMessage) -> Sequence[dict[str, Any] | Half]:
        """Return the message's records in the shape of the envelope, or halves of them. Raises BadRecord."""


class Envelope:
    """Seawall's own format.

    Parameters
    ----------
    most : int
        Bytes of a message that are read.
    """

    paired = False

    def __init__(self, name: str = "seawall", most: int = MAX_BYTES) -> None:
        self.name = name
        self.most = most

    def sniff(self, message: RawMessage) -> bool:
        """Return whether the value begins as a JSON object: what is not known otherwise is taken for an envelope."""
        return (message.value or b"")[:64].lstrip()[:1] == b"{"

    def read(self, message: RawMessage) -> list[dict[str, Any]]:
        """Return the one record of the message."""
        record = parse(message.value, self.most)
        if not isinstance(record, dict):
            raise BadRecord("not_a_record", f"a JSON {type(record).__name__} where an object was expected")
        return [record]


FORMATS: tuple[Format, ...] = (KServe(), Envelope())
JOINED = Envelope("joined", most=sys.maxsize)
"""Records made of halves: each half was small enough, and nobody could say what became of them if both were not."""


def format_named(name: str, message: RawMessage) -> Format:
    """Return the configured format, or for `auto` the first that recognises the message."""
    for candidate in (*FORMATS, JOINED):
        if candidate.name == name or (name == "auto" and candidate.sniff(message)):
            return candidate
    return FORMATS[-1]
