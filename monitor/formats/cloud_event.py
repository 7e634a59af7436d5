"""CloudEvents 1.0 on Kafka: binary (attributes are headers) or structured (all of it is one JSON object).

Source: CloudEvents, Kafka Protocol Binding 1.0.2, sections 3.2 and 3.3. Bridges from HTTP write `ce-id` for `ce_id`.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from monitor.errors import BadRecord
from monitor.formats.json_value import parse
from monitor.types import RawMessage


class CloudEvent(NamedTuple):
    """One event: its attributes by their names in lower case, and its data as bytes."""

    attributes: Mapping[str, str]
    data: bytes | None


class _Head(msgspec.Struct):
    specversion: str
    type: str


_head = msgspec.json.Decoder(_Head).decode


def type_of(message: RawMessage) -> str | None:
    """Return the event's type from headers, or from a JSON object that says it is an event; None where it is none."""
    if message.headers and (found := _from_headers(message).get("type")):
        return found
    value = message.value or b""
    if b'"specversion"' not in value:
        return None
    try:
        return _head(value).type
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def read_event(message: RawMessage) -> CloudEvent:
    """Return the event.

    Raises
    ------
    BadRecord
        `not_a_record` where it is no CloudEvent, or what `parse` raises for a structured one.
    """
    attributes = _from_headers(message)
    if "type" in attributes:
        return CloudEvent(attributes, message.value)
    whole = parse(message.value)
    if not isinstance(whole, dict) or not isinstance(whole.get("type"), str):
        raise BadRecord("not_a_record", "no ce_type header, and no structured CloudEvent")
    texts = {name: text for name, text in whole.items() if isinstance(text, str)}
    return CloudEvent(texts, _data(whole))


def _from_headers(message: RawMessage) -> dict[str, str]:
    """Return `ce_*` and `ce-*` headers."""
    named = ((name.lower(), value) for name, value in message.headers or ())
    return {name[3:]: (value or b"").decode("utf-8", "replace") for name, value in named if name[:3] in ("ce_", "ce-")}


def _data(whole: Mapping[str, Any]) -> bytes | None:
    """Return a structured event's data: JSON in place, JSON in a text (its content type claimed otherwise), base64."""
    encoded, data = whole.get("data_base64"), whole.get("data")
    if isinstance(encoded, str):
        try:
            return base64.b64decode(encoded, validate=True)
        except binascii.Error:
            raise BadRecord("not_json", "data_base64 is not base64") from None
    if data is None:
        return None
    return data.encode() if isinstance(data, str) else json.dumps(data, ensure_ascii=False).encode()
