"""A message as a line of JSON, `{"key", "headers", "value"}`: dead letters and captured logs, replayed.

Key, value and the headers' values are text. What is not UTF-8 is in base64: a value with `"encoding": "base64"`, a key
with `"key_encoding": "base64"`. Headers are an object, or a list of `[name, value]` and `[name, value, "base64"]`.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

MARKS = (b'{"key', b'{"headers', b'{"value', b'{"reason')
"""How a line begins that may hold a message."""

_PARTS = {"key", "headers", "value", "encoding", "key_encoding"}
_DEAD_LETTER = {"reason", "topic", "partition", "offset", "value"}


class Wrapped(NamedTuple):
    """What was in a line. `timestamp` is in milliseconds since 1970, None where the line has none."""

    key: bytes | None
    headers: Sequence[tuple[str, bytes]]
    value: bytes | None
    timestamp: int | None


def unwrap(line: bytes) -> Wrapped | None:
    """Return the message that the line holds, None if it is a record by itself."""
    try:
        found = msgspec.json.decode(line)
        if not isinstance(found, dict) or "value" not in found:
            return None
        if not (found.keys() <= _PARTS or found.keys() >= _DEAD_LETTER):
            return None
        return Wrapped(
            key=_bytes(found.get("key"), found.get("key_encoding")),
            headers=_headers(found.get("headers")),
            value=_value(found["value"], found.get("encoding")),
            timestamp=_timestamp(found.get("time")),
        )
    except (msgspec.DecodeError, UnicodeDecodeError, binascii.Error, RecursionError, TypeError, ValueError):
        return None


def _bytes(plain: Any, encoding: Any = None) -> bytes | None:
    if plain is None:
        return None
    if not isinstance(plain, str):
        raise TypeError("not text")
    return base64.b64decode(plain, validate=True) if encoding == "base64" else plain.encode()


def _headers(plain: Any) -> Sequence[tuple[str, bytes]]:
    pairs = plain.items() if isinstance(plain, dict) else plain or ()
    return [(str(name), _bytes(*content) or b"") for name, *content in pairs]


def _value(plain: Any, encoding: Any) -> bytes | None:
    return msgspec.json.encode(plain) if isinstance(plain, dict | list) else _bytes(plain, encoding)


def _timestamp(time: Any) -> int | None:
    return time if isinstance(time, int) and time >= 0 else None
