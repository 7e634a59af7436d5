"""Sinks without a destination: what the dispatcher does with them is the test."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from monitor.errors import DeliveryError
from monitor.types import Event, Severity

BUSY = DeliveryError("busy", retryable=True)
REFUSED = DeliveryError("refused", retryable=False)


@dataclass
class RecordingSink:
    """Remembers what it was sent; raises what stands in `script` first, one a call."""

    name: str = "recording"
    min_severity: Severity = "info"
    script: list[Exception | None] = field(default_factory=list)
    attempts: list[str] = field(default_factory=list)
    taken: list[tuple[str, str | None]] = field(default_factory=list)
    """Id of the event, and the thread it came with."""
    closed: bool = False

    def send(self, event: Event, thread: str | None) -> str | None:
        self.attempts.append(event.id)
        error = self.script.pop(0) if self.script else None
        if error is not None:
            raise error
        self.taken.append((event.id, thread))
        return thread or f"thread of {event.incident}"

    def close(self) -> None:
        self.closed = True


@dataclass
class HangingSink(RecordingSink):
    """Answers only once it is released."""

    name: str = "hanging"
    entered: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    def send(self, event: Event, thread: str | None) -> str | None:
        self.entered.set()
        self.released.wait()
        return super().send(event, thread)
