"""The way to one sink: a bounded queue and the thread that empties it."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Iterable
from typing import Literal

import structlog
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_when_event_set, wait_exponential_jitter
from tenacity.nap import sleep_using_event

from monitor.errors import DeliveryError
from monitor.types import SEVERITIES, News, Trigger, action_name
from sinks.sink import Sink

log = structlog.get_logger()

Outcome = Literal["delivered", "retried", "failed", "dropped"]
Count = Callable[[str, Outcome], None]

LONGEST_WAIT = 60.0
LONGEST_RETRY_AFTER = 600.0
"""Seconds: how long a destination that names its own time may keep us waiting."""


class Lane:
    """Delivers events to one sink (triggers to an action), in order, each until taken, refused for good or pushed out.

    The event being sent stays at the head of the queue until its outcome is known, so that `pending` never
    misses one. A crash in between sends it twice, with the same id.
    """

    def __init__(self, sink: Sink, count: Count, bound: int, queue: list[News], told: dict[str, str | None]) -> None:
        self.sink = sink
        self._count = count
        self._bound = bound
        self._queue = queue
        self._told = told | {e.incident: told.get(e.incident) for e in queue}
        self._changed = threading.Condition()
        self._sending = False
        self._closing = threading.Event()
        self._deadline = float("inf")
        self._thread = threading.Thread(target=self._run, name=f"sink-{sink.name}", daemon=True)
        self._thread.start()

    def put(self, events: Iterable[News]) -> None:
        """Queue what this sink should hear of. Never waits for the sink."""
        dropped = []
        with self._changed:
            for event in events:
                if not self._wanted(event):
                    continue
                self._told.setdefault(event.incident, None)
                self._queue.append(event)
                if len(self._queue) > self._bound:
                    dropped.append(self._push_out())
            self._changed.notify_all()
        for event in dropped:
            self._count(self.sink.name, "dropped")
            log.error(
                "event dropped", sink=self.sink.name, why="queue full", incident=event.incident, change=event.event
            )

    def pending(self) -> list[News]:
        """Return what is still to be told, the event being sent included."""
        with self._changed:
            return list(self._queue)

    def told(self) -> dict[str, str | None]:
        """Return the incidents this sink knows of, with the thread of each where there is one."""
        with self._changed:
            return dict(self._told)

    def depth(self) -> int:
        """Return how many events wait, the one being sent included."""
        return len(self._queue)

    def drain(self, deadline: float) -> None:
        """Wait until nothing is queued any more, at most until `deadline` (of `time.monotonic`)."""
        with self._changed:
            self._changed.wait_for(lambda: not self._queue, max(0.0, deadline - time.monotonic()))

    def close_by(self, deadline: float) -> None:
        """Stop waiting between attempts and finish by `deadline` (of `time.monotonic`). Returns at once."""
        with self._changed:
            self._deadline = deadline
            self._closing.set()
            self._changed.notify()

    def join(self) -> None:
        """Wait for the thread to end, until the deadline and no longer."""
        self._thread.join(max(0.0, self._deadline - time.monotonic()))

    def _wanted(self, event: News) -> bool:
        if isinstance(event, Trigger):
            return event.event == "fired" and action_name(event.rule) == self.sink.name
        if self.sink.min_severity is None:
            return False
        severe = SEVERITIES.index(event.severity) >= SEVERITIES.index(self.sink.min_severity)
        return severe or (event.event == "resolved" and event.incident in self._told)

    def _push_out(self) -> News:
        """Take one event out of a full queue: the oldest update, else the oldest; never the one being sent."""
        waiting = range(1 if self._sending else 0, len(self._queue))
        event = self._queue.pop(next((i for i in waiting if self._queue[i].event == "updated"), waiting[0]))
        self._forget_resolved(event)
        return event

    def _run(self) -> None:
        while (event := self._next()) is not None:
            if not self._deliver(event):
                break
        self.sink.close()

    def _next(self) -> News | None:
        with self._changed:
            self._sending = False
            self._changed.wait_for(lambda: self._queue or self._closing.is_set())
            if not self._queue or time.monotonic() >= self._deadline:
                return None
            self._sending = True
            return self._queue[0]

    def _deliver(self, event: News) -> bool:
        """Send one event to its end; False where closing left it to be told later."""
        with self._changed:
            thread = self._told.get(event.incident)
        outcome: Outcome = "delivered"
        try:
            thread = self._retrying()(self.sink.send, event, thread)
        except DeliveryError as error:
            if error.retryable:
                return False
            outcome = "failed"
            self._note_failure(event, str(error))
        except Exception as error:  # noqa: BLE001 - a mistake in one sink must not silence it for ever
            outcome = "failed"
            at = traceback.extract_tb(error.__traceback__)[-1]  # not its words: a library's may hold a secret
            self._note_failure(event, f"{type(error).__name__} at {at.filename}:{at.lineno}")
        with self._changed:
            self._queue.pop(0)
            if outcome == "delivered":
                self._told[event.incident] = thread
            self._forget_resolved(event)
            self._changed.notify_all()
        self._count(self.sink.name, outcome)
        return True

    def _forget_resolved(self, event: News) -> None:
        if event.event in {"resolved", "fired"}:  # nothing else comes of it
            self._told.pop(event.incident, None)

    def _note_failure(self, event: News, why: str) -> None:
        log.error("delivery failed", sink=self.sink.name, incident=event.incident, change=event.event, why=why)

    def _retrying(self) -> Retrying:
        return Retrying(
            retry=retry_if_exception(lambda e: isinstance(e, DeliveryError) and e.retryable),
            wait=_pause,
            sleep=sleep_using_event(self._closing),
            stop=stop_when_event_set(self._closing),
            before_sleep=self._note_retry,
            reraise=True,
        )

    def _note_retry(self, state: RetryCallState) -> None:
        self._count(self.sink.name, "retried")
        error = state.outcome.exception() if state.outcome else None
        log.warning(
            "delivery retried",
            sink=self.sink.name,
            attempt=state.attempt_number,
            next_try_seconds=round(state.upcoming_sleep, 1),
            why=str(error),
        )


_backoff = wait_exponential_jitter(initial=1, max=LONGEST_WAIT)


def _pause(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after if isinstance(error, DeliveryError) and error.retry_after else 0.0
    return max(_backoff(state), min(asked, LONGEST_RETRY_AFTER))
