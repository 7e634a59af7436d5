"""Whether processes of the same group that are at work count alike: nothing is read before that is known."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import structlog

from monitor.assembly import clock
from monitor.counting import markers
from monitor.counting.handover import Marker, decode
from monitor.http.health import Health
from monitor.replicas.reading import let_go, reader, up_to
from monitor.replicas.waiting import RETRY, Waiting
from monitor.types import Partition, partition_names

SILENT_AFTER = markers.SILENT_AFTER / 1000
"""Seconds after which a process that wrote no marker is gone."""

CLOCKS_DIFFER = 300.0
"""Seconds by which this machine's clock may be ahead of the brokers'."""

PATIENCE = 10.0
"""Seconds that one look may take to read on: brokers may hang meanwhile."""

log = structlog.get_logger()


def await_alike(
    connection: Mapping[str, Any], topic: str, counting: str, health: Health, stopping: threading.Event
) -> bool:
    """Return True once nobody at work counts differently; False where asked to stop before.

    A process with another configuration would go on where these have committed, and they where it has, each passing
    over what the other has counted. So whoever comes last waits; whoever stops in order says so.
    """
    told, others = False, _Others(connection, topic, counting)
    waiting = Waiting(connection, health, "how others count is not known yet")
    while not stopping.is_set():
        health.beat(clock().steady)
        try:
            at_work = others.look(clock().steady)
        except Exception as why:  # noqa: BLE001 - whatever the client raises, it is asked again
            waiting.hindered(why)
        else:
            waiting.answered()
            if not at_work:
                health.clear("replicas")
                return True
            words = WAITING.format(topic=topic, partitions=partition_names(at_work))
            health.block("replicas", words)
            if not told:
                log.warning("another process counts differently", why=words)
                told = True
        stopping.wait(RETRY)
    return False


WAITING = (
    "waits for processes of the group that count differently ({partitions} in {topic}): a configuration, a reference "
    "or a build of their own. Stop them all; this one begins then by itself"
)


class _Others:
    """Who counts differently, as any partition of the topic has it."""

    def __init__(self, connection: Mapping[str, Any], topic: str, counting: str) -> None:
        self.connection, self.topic, self.counting = connection, topic, counting
        self._heard: dict[Partition, tuple[Marker, float]] = {}
        self._end: int | None = None

    def look(self, now: float) -> list[Partition]:
        """Return the partitions of records that somebody at work counts differently; `now` in seconds that go forward.

        How long nothing came of them is measured from when this process first looked: clocks of machines differ.
        """
        for offset, value in tail(self.connection, self.topic, 0, SILENT_AFTER + CLOCKS_DIFFER, self._end):
            self._end = offset + 1
            try:
                message = decode(value, 0)
            except msgspec.MsgspecError:
                continue
            if isinstance(message, Marker):
                self._heard[message.where] = message, now
        heard = [(where, marker) for where, (marker, since) in self._heard.items() if now - since < SILENT_AFTER]
        return sorted(where for where, marker in heard if marker.counting != self.counting and not marker.leaving)


def tail(
    connection: Mapping[str, Any], topic: str, partition: int, seconds: float, begin: int | None = None
) -> Iterator[tuple[int, bytes]]:
    """Yield what was written to a partition within so many seconds, or from an offset on, behind its offset.

    Raises what kafka-python raises.
    """
    from kafka import TopicPartition

    at = TopicPartition(topic, partition)
    consumer = reader(connection)
    try:
        consumer.assign([at])
        end = consumer.end_offsets([at], timeout_ms=5_000)[at]
        if begin is None:
            since = int((time.time() - seconds) * 1000)
            found = consumer.offsets_for_times({at: since}, timeout_ms=5_000)[at]
            begin = end if found is None else found.offset
        consumer.seek(at, begin)
        yield from ((record.offset, record.value) for record in up_to(consumer, at, end, PATIENCE))
    finally:
        let_go(consumer)
