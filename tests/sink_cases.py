"""One entry for each sink of the union (and each way it can be configured) for the contract suite.

A new sink without an entry fails `test_every_sink_is_held_to_these_promises`.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any

from http_receiver import Receiver
from pydantic import TypeAdapter

from sinks import SinkConfig
from sinks.sink import Sink, event_line

SECRET = "hunter2hunter2hunter2hunter2hunt"
"""Stands for the secret part of every configuration; 32 letters and digits, as a routing key has."""


@dataclass(frozen=True)
class Case:
    """How to configure a sink against a receiver, and how to read what it sent."""

    written: Mapping[str, Any]
    """Its configuration, with `{url}` for the receiver's URL and `{folder}` for a folder."""
    identity: Callable[[Any], str]
    """From what was sent: the name by which the receiver knows the incident."""
    aim: Callable[[Any, str], None] | None = None
    """Points the vendor's client to the receiver, where the configuration cannot."""

    def settings(self, url: str, folder: Path) -> dict[str, Any]:
        def fill(value: Any) -> Any:
            return [fill(v) for v in value] if isinstance(value, list) else value.format(url=url, folder=folder)

        return {key: fill(value) for key, value in self.written.items()}

    def config(self, url: str, folder: Path) -> SinkConfig:
        return TypeAdapter(SinkConfig).validate_python(self.settings(url, folder))

    def build(self, url: str, folder: Path) -> Sink:
        sink = self.config(url, folder).build()
        if self.aim:
            self.aim(sink, url)
        return sink


def _aim_stdout(sink: Any, url: str) -> None:
    sink.stream, sink.form = io.StringIO(), event_line


def _aim_bot(sink: Any, url: str) -> None:
    sink.client.base_url = f"{url}/api/"


def _aim_pagerduty(sink: Any, url: str) -> None:
    sink.client._url = url  # its setter asks for https


def _footer(sent: Any) -> str:
    return sent["blocks"][-1]["elements"][0]["text"].split(" · ")[-2]


CASES = {
    "stdout": Case({"type": "stdout"}, itemgetter("incident"), _aim_stdout),
    "file": Case({"type": "file", "path": "{folder}/a/events.jsonl"}, itemgetter("incident")),
    "slack": Case({"type": "slack", "webhook_url": "{url}/services/" + SECRET}, _footer),
    "slack-bot": Case({"type": "slack", "token": SECRET, "channel": "#alerts"}, _footer, _aim_bot),
    "pagerduty": Case({"type": "pagerduty", "routing_key": SECRET}, itemgetter("dedup_key"), _aim_pagerduty),
    "webhook": Case({"type": "webhook", "url": "{url}/hook/" + SECRET, "secrets": [SECRET]}, itemgetter("subject")),
}
HTTP_CASES = {name: case for name, case in CASES.items() if name not in {"stdout", "file"}}


def sent_bytes(sink: Any, receiver: Receiver) -> list[bytes]:
    """Return what the sink sent, message by message, wherever it went."""
    if hasattr(sink, "stream"):
        return sink.stream.getvalue().encode().splitlines()
    if hasattr(sink, "path"):
        return sink.path.read_bytes().splitlines()
    return [request.body for request in receiver.requests]


def sent(sink: Any, receiver: Receiver) -> list[Any]:
    """Return the same, parsed."""
    return [json.loads(body) for body in sent_bytes(sink, receiver)]


def texts(value: Any) -> list[str]:
    """Return every string in parsed JSON, keys too."""
    if isinstance(value, dict):
        return [text for pair in value.items() for item in pair for text in texts(item)]
    if isinstance(value, list):
        return [text for item in value for text in texts(item)]
    return [value] if isinstance(value, str) else []
