"""The order of effects where counts are handed over: tallies, markers, commit; each in the log before the next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import structlog

from monitor.counting.handover import Counted, Marker, encode, partition_of
from monitor.http.health import Health
from monitor.http.metrics import Metrics
from monitor.replicas.log import Entry, Log
from monitor.types import News, Partition

if TYPE_CHECKING:
    from monitor.parts import Now
    from monitor.pipeline import Pipeline
    from monitor.replicas.counting import CountingPipeline
    from monitor.replicas.noticed import Noticed

HAND_OVER_EVERY = 1.0
"""Seconds."""

REPEAT_EVERY = 30.0
"""Seconds after which a marker that did not change is written again: who judges sees that somebody counts."""

CLOSE_SECONDS = 3.0

log = structlog.get_logger()


class HandingOver:
    """The outbox of a process that counts, the topics beside the records too: it tells nobody but those who judge.

    A tally may be handed over twice, after a crash or by a process that woke up; who judges takes it once. That a slot
    is closed is said only when all its tallies are in the log; what is committed was handed over. Nothing is said of a
    partition before the group has a first commit for it: so one that was counted and has none had one (`expired`).

    Parameters
    ----------
    topic, partitions
        The topic of tallies, and how many partitions it has.
    noticed : Noticed
        Knows what hinders counting.
    """

    def __init__(
        self, log: Log, topic: str, partitions: int, *, noticed: Noticed, health: Health, metrics: Metrics
    ) -> None:
        self.log = log
        self.topic = topic
        self.partitions = partitions
        self.noticed = noticed
        self.health = health
        self.metrics = metrics
        self._leaving = False
        self._next = 0.0
        self._marked: dict[Partition, tuple[Marker, float]] = {}

    def put(self, model: str, events: Sequence[News]) -> None:
        """Take nothing: whoever judges tells."""

    def save(self, pipeline: Pipeline, now: Now) -> None:
        """Hand over what is closed, once a second."""
        if now.steady >= self._next:
            self._next = now.steady + HAND_OVER_EVERY
            self._save(pipeline, now, 10.0)  # type: ignore[arg-type] # who has this outbox counts

    def close(self, pipeline: Pipeline, now: Now) -> None:
        """Hand over what is closed; the rest is counted again by whoever has its partition next."""
        self._leaving = True
        if pipeline.parts.source.trouble() is None and not self.health.blocked("state"):
            # else there is no time to find out once more
            self._save(pipeline, now, CLOSE_SECONDS)  # type: ignore[arg-type]
        self.log.close()
        pipeline.parts.letters.close()
        for observer in pipeline.parts.observers:
            observer.close()

    def _save(self, pipeline: CountingPipeline, now: Now, seconds: float) -> None:
        try:
            pipeline.parts.letters.flush()
            for each in (pipeline, *pipeline.beside):
                for observer in each.parts.observers:
                    observer.flush()
                if self._hand_over(each, now, seconds) and each is pipeline:
                    self.noticed.handed_over()
        except OSError as error:
            self.health.block("state", f"counts cannot be handed over to {self.topic}: {error.strerror}")
            self.health.traffic("stuck")  # at once: it has waited for seconds
            log.warning("counts not handed over", topic=self.topic, why=error.strerror)
        else:
            self.health.clear("state")
            self.metrics.checkpoint.set(now.wall / 1000)

    def _hand_over(self, pipeline: CountingPipeline, now: Now, seconds: float) -> bool:
        """Return whether there were tallies, once all is in the log. Raises OSError where it is not known to be."""
        apart, source = pipeline.apart, pipeline.source
        if apart.folds.keys() and not source.counts():
            return False  # how many partitions there are is a part of every marker
        if pipeline.uncommitted:
            pipeline.commit()
        through = {
            where: slot for where, slot in apart.published_through().items() if where not in pipeline.uncommitted
        }
        tallies = [self._tally(message) for message in apart.tallies()]
        if tallies:
            self.log.append(tallies, seconds)
        if pipeline.halves is not None:
            self.log.append(pipeline.halves.entries(), seconds)
            pipeline.halves.queue.clear()
        trouble = {partition: dict(self.noticed.trouble) for partition in apart.folds}
        markers = [
            each
            for each in apart.markers(source.counts(), trouble, leaving=self._leaving)
            if each.where in through and self._news(each, now.steady)
        ]
        if markers:
            self.log.append(self._everywhere(markers, pipeline.logs or [self.topic]), seconds)
        self._marked |= {marker.where: (marker, now.steady) for marker in markers}
        apart.handed_over(through)
        pipeline.commit()
        return bool(tallies)

    def _news(self, marker: Marker, now: float) -> bool:
        known = self._marked.get(marker.where)
        return known is None or known[0] != marker or now - known[1] >= REPEAT_EVERY

    def _tally(self, message: Counted) -> Entry:
        key = f"{message.topic}/{message.partition}/{message.slot}/{message.model}"
        return Entry(self.topic, partition_of(message.model, self.partitions), key.encode(), encode(message))

    def _everywhere(self, markers: Iterable[Marker], topics: Sequence[str]) -> Iterable[Entry]:
        """Yield the markers for every partition of the topics: whoever judges needs them all."""
        for marker in markers:
            key, value = f"{marker.topic}/{marker.partition}".encode(), encode(marker)
            for topic in topics:
                for number in range(self.partitions):
                    yield Entry(topic, number, key, value)
