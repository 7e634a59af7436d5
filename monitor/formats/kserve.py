"""KServe's payload logger: a CloudEvent for the request and one for the response, in any order, of one id.

Read as its source has it (kserve/kserve, pkg/logger: worker.go, handler.go): the id is the caller's `Ce-Id` or a UUID,
the time is when the event was sent, a response carries the content type of its request, so what a body is is told by
its bytes, and a request that was not answered with 200 has no response.
"""

from __future__ import annotations

from sys import intern

from monitor.errors import BadRecord
from monitor.formats.cloud_event import CloudEvent, read_event, type_of
from monitor.formats.half import HALVES, Half, HalfKind
from monitor.formats.json_value import parse, unpacked
from monitor.formats.tensors import tensors_of
from monitor.formats.tolerant import time_of, version_of
from monitor.types import RawMessage

TYPES: dict[str, HalfKind] = {f"org.kubeflow.serving.inference.{kind}": kind for kind in HALVES}


class KServe:
    """The messages of KServe's payload logger."""

    name = "kserve"
    paired = True

    def sniff(self, message: RawMessage) -> bool:
        """Return whether it is an event of the logger."""
        return type_of(message) in TYPES

    def read(self, message: RawMessage) -> list[Half]:
        """Return the half that the message holds; none for events of other types. Raises BadRecord."""
        event = read_event(message)
        kind = TYPES.get(event.attributes["type"])
        return [] if kind is None else [_half(event, kind)]


def _half(event: CloudEvent, kind: HalfKind) -> Half:
    attributes = event.attributes
    identity = attributes.get("id")
    if not identity:
        raise BadRecord("no_id", "a CloudEvent without an id: its other half cannot be found")
    data = unpacked(event.data)
    body = parse(data)
    tensors = tensors_of(body, kind)
    name = attributes.get("inferenceservicename") or version_of(body.get("model_name"))
    name = name and intern(name)  # thousands of halves wait, of few models
    return Half(kind, identity, name, time_of(attributes.get("time")), tensors[0].rows, data or b"")
