"""A message as a JSON object, `{"key", "headers", "value"}`: how dead letters are kept and captured logs replay.

Text stands as it is. A value that is not UTF-8 stands in base64, with `"encoding": "base64"` beside it; a key or a
header's value as `{"base64": "..."}`.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from monitor.types import RawMessage

MARKS = (b'{"key', b'{"headers', b'{"value', b'{"reason')
"""How a line begins that may hold a message."""

_PARTS = {"key", "headers", "value", "encoding"}
_DEAD_LETTER = {"reason", "topic", "partition", "offset", "value"}


class Wrapped(NamedTuple):
    """What was in a line. `timestamp` is in milliseconds since 1970, None where the line has none."""

    key: bytes | None
    headers: Sequence[tuple[str, bytes]]
    value: bytes | None
    timestamp: int | None


def wrap(message: RawMessage) -> dict[str, Any]:
    """Return the message's key, headers and value as plain values; `unwrap` of their JSON gives them back."""
    value = _plain(message.value)
    wrapped = {"key": _plain(message.key), "headers": [[name, _plain(content)] for name, content in message.headers]}
    if isinstance(value, dict):
        return {**wrapped, "value": value["base64"], "encoding": "base64"}
    return {**wrapped, "value": value}


def unwrap(line: bytes) -> Wrapped | None:
    """Return the message that the line holds, None if it is a record by itself."""
    try:
        found = msgspec.json.decode(line)
        if not isinstance(found, dict) or "value" not in found:
            return None
        if not (found.keys() <= _PARTS or found.keys() >= _DEAD_LETTER):
            return None
        return Wrapped(
            key=_bytes(found.get("key")),
            headers=_headers(found.get("headers")),
            value=_value(found["value"], found.get("encoding")),
            timestamp=_timestamp(found.get("time")),
        )
    except (msgspec.DecodeError, UnicodeDecodeError, binascii.Error, TypeError, ValueError):
        return None


def _plain(content: bytes | None) -> str | dict[str, str] | None:
    if content is None:
        return None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode("ascii")}


def _bytes(plain: Any) -> bytes | None:
    if plain is None:
        return None
    if isinstance(plain, dict):
        return base64.b64decode(plain["base64"], validate=True) if plain.keys() == {"base64"} else _refuse()
    return plain.encode() if isinstance(plain, str) else _refuse()


def _headers(plain: Any) -> Sequence[tuple[str, bytes]]:
    pairs = plain.items() if isinstance(plain, dict) else plain or ()
    headers = [(name, _bytes(content)) for name, content in pairs]
    if not all(isinstance(name, str) for name, _ in headers):
        _refuse()
    return headers  # type: ignore[return-value]  # Kafka allows a header without a value


def _value(plain: Any, encoding: Any) -> bytes | None:
    if encoding == "base64":
        return base64.b64decode(plain, validate=True)
    if isinstance(plain, dict | list):
        return msgspec.json.encode(plain)
    return _bytes(plain)


def _timestamp(time: Any) -> int | None:
    if not isinstance(time, str):
        return None
    return round(datetime.fromisoformat(time).timestamp() * 1000)


def _refuse() -> Any:
    raise TypeError("not what a message is made of")
