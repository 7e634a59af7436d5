"""Records as KServe's payload logger writes them: two CloudEvents each."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from records import STAMP
from traffic import MODEL, Record, rfc3339

from monitor.types import Message

TYPE = "org.kubeflow.serving.inference."
TOOK = 40
"""Milliseconds from a request to its response."""


def event(
    kind: str, identity: str | None, body: Any, time: int | str | None = STAMP, *, name: str | None = MODEL, **more: str
) -> Message:
    """Return a binary event as a Kafka bridge writes it; a body that is no bytes is written as JSON."""
    attributes = {"specversion": "1.0", "type": TYPE + kind, "source": "http://localhost:9081/", "id": identity}
    attributes |= {
        "time": rfc3339(time) if isinstance(time, int) else time,
        "inferenceservicename": name,
        "namespace": "models",
    }
    attributes |= {"component": "predictor", "endpoint": "default", **more}
    headers = [(f"ce_{key}", text.encode()) for key, text in attributes.items() if text is not None]
    value = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    return Message("t", 0, 0, STAMP, None, value, (*headers, ("content-type", b"application/json")))


def structured(message: Message, **more: Any) -> Message:
    """Return a binary event as a structured one; `more` stands beside the data or instead of it."""
    attributes = {name[3:]: value.decode() for name, value in message.headers if name.startswith("ce_")}
    whole = {**attributes, "data": json.loads(message.value or b"null"), **more}
    headers = (("content-type", b"application/cloudevents+json; charset=UTF-8"),)
    return message._replace(headers=headers, value=json.dumps(whole).encode())


def packed(message: Message) -> Message:
    """Return an event whose body is gzip, as a client sent it."""
    return message._replace(value=gzip.compress(message.value or b"", mtime=0))


def tensor(name: str, shape: list[int], datatype: str, data: list[Any]) -> dict[str, Any]:
    """Return a tensor of the Open Inference Protocol."""
    return {"name": name, "shape": shape, "datatype": datatype, "data": data}


def events(record: Record) -> tuple[Message, Message]:
    """Return request and response of a record of the tests' traffic; it belongs to the response's time."""
    time = round(datetime.fromisoformat(record["time"]).timestamp() * 1000)
    inputs = [tensor(name, [1], _datatype(value), [value]) for name, value in record["features"].items()]
    outputs = [
        tensor("predict", [1, 1], "BYTES", [record["prediction"]]),
        tensor("predict_proba", [1, 2], "FP64", [list(record["scores"].values())]),
    ]
    answer = {"model_name": "other", "model_version": record["version"], "id": "x", "outputs": outputs}
    request = event("request", record["id"], {"inputs": inputs}, time - TOOK, name=record["model"])
    response = event("response", record["id"], answer, time, name=record["model"])
    return request._replace(timestamp=time), response._replace(timestamp=time)


def _datatype(value: Any) -> str:
    return "BYTES" if isinstance(value, str) else "FP64"


def captured(messages: Iterator[Message] | list[Message]) -> bytes:
    """Return messages as lines of a captured log."""
    lines = []
    for message in messages:
        headers = {name: value.decode() for name, value in message.headers}
        value = (message.value or b"").decode()
        lines.append(json.dumps({"key": None, "headers": headers, "value": value}).encode() + b"\n")
    return b"".join(lines)
