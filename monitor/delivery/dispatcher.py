"""Hands events to every sink without waiting for any of them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence

import structlog

from monitor.delivery.lane import Count, Lane
from monitor.types import News
from sinks.sink import Sink

log = structlog.get_logger()


class Dispatcher:
    """One thread and one bounded queue per sink, so that a sink that hangs delays nobody.

    Each sink gets the events in order, from its `min_severity` up; the end of an incident it was told of, always.
    What a sink refuses for now is tried again until it is taken, with growing pauses (a minute at most, or what the
    destination asks for); what it refuses for good is logged, counted and dropped. A full queue lets go of its oldest
    `updated` first, then of its oldest. Delivery is at least once: an event may come again after a crash, with the
    same id.

    Parameters
    ----------
    sinks : sequence of Sink
        Their names differ.
    count : callable
        Called as ``count(sink, outcome)`` with outcome `delivered`, `retried`, `failed` or `dropped`, from any thread.
    pending, threads
        What those methods returned before a restart. What belongs to a sink that is gone is counted as dropped.
    bound : int
        Most events that wait for one sink.
    """

    def __init__(
        self,
        sinks: Sequence[Sink],
        count: Count,
        *,
        pending: Iterable[tuple[str, News]] = (),
        threads: Mapping[tuple[str, str], str | None] | None = None,
        bound: int = 1_000,
    ) -> None:
        waiting: dict[str, list[News]] = {sink.name: [] for sink in sinks}
        for name, event in pending:
            if name in waiting:
                waiting[name].append(event)
            else:
                count(name, "dropped")
                log.error("event dropped", sink=name, why="no such sink any more", incident=event.incident)
        told: dict[str, dict[str, str | None]] = {sink.name: {} for sink in sinks}
        for (name, incident), thread in (threads or {}).items():
            told.get(name, {})[incident] = thread
        self._lanes = {s.name: Lane(s, count, bound, waiting[s.name], told[s.name]) for s in sinks}

    def put(self, events: Sequence[News]) -> None:
        """Queue events for every sink that wants them. Never waits."""
        for lane in self._lanes.values() if events else ():  # most slots tell nothing: to wake a thread costs time
            lane.put(events)

    def pending(self) -> list[tuple[str, News]]:
        """Return what is still to be told to whom, in order per sink. Ask this before `threads` when saving both."""
        return [(name, event) for name, lane in self._lanes.items() for event in lane.pending()]

    def threads(self) -> dict[tuple[str, str], str | None]:
        """Return, by (sink, incident), what the sink called the first message of each incident it knows of."""
        return {
            (name, incident): thread for name, lane in self._lanes.items() for incident, thread in lane.told().items()
        }

    def depth(self, sink: str) -> int:
        """Return how many events wait for this sink, none for one that is not told."""
        return self._lanes[sink].depth() if sink in self._lanes else 0

    def drain(self, deadline: float) -> None:
        """Go on trying until all was taken or refused for good, at most until `deadline` (of `time.monotonic`)."""
        for lane in self._lanes.values():
            lane.drain(deadline)

    def close(self, seconds: float) -> None:
        """Deliver what waits, for at most `seconds`; what is left then stays in `pending`. Each gets one last try."""
        close_all([self], seconds)

    def close_by(self, deadline: float) -> None:
        """Begin to close, so as to be done by `deadline`. Returns at once."""
        for lane in self._lanes.values():
            lane.close_by(deadline)

    def join(self) -> None:
        """Wait until closing is done, until the deadline and no longer."""
        for lane in self._lanes.values():
            lane.join()


def close_all(dispatchers: Sequence[Dispatcher], seconds: float) -> None:
    """Close several at once: they have `seconds` together, not each."""
    deadline = time.monotonic() + seconds
    for dispatcher in dispatchers:
        dispatcher.close_by(deadline)
    for dispatcher in dispatchers:
        dispatcher.join()
