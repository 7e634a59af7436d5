"""The first stage: records of the partitions that this process has for now, counted and handed over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import structlog

from monitor.counting.apart import Apart
from monitor.http.health import Health
from monitor.http.metrics import Metrics
from monitor.pipeline import Pipeline
from monitor.replicas.metadata import remembered_of, what_is_left, words_of
from monitor.types import Partition, RawMessage
from monitor.watched import Watched

if TYPE_CHECKING:
    from monitor.counting.handover import Marker
    from monitor.counting.partitions import Remembered
    from monitor.parts import Now
    from monitor.replicas.halves import HalvesOut
    from monitor.sources.kafka_shared import Committed, SharedReader

log = structlog.get_logger()


class CountingPipeline(Pipeline):
    """A pipeline that judges nothing: its outbox hands over what is closed.

    Parts as of any other, but that `partitions` are `Apart` and the source is one of several of its group.

    Attributes
    ----------
    uncommitted : set of Partition
        Those that the group had no commit for when they were begun, and is not known to have one for yet.
    halves : HalvesOut or None
        Halves of pairs that are handed over, too.
    logs : sequence of str
        The topics in which is said how far this is; none for that of the tallies.
    """

    health: Health
    metrics: Metrics
    halves: HalvesOut | None = None
    logs: Sequence[str] = ()

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._given: dict[Partition, int] = {}
        self.uncommitted: set[Partition] = set()

    @property
    def source(self) -> SharedReader:
        """What is read."""
        return self.parts.source  # type: ignore[return-value] # made so by whoever built the parts

    @property
    def apart(self) -> Apart:
        """What is counted."""
        return self.parts.partitions  # type: ignore[return-value]

    def read(self, partition: Partition, messages: Sequence[RawMessage], now: Now) -> None:
        """Count what came of a partition; of one that was given to us just now, only once it is known from where."""
        if self._begun(partition, now, at=messages[0].offset):
            super().read(partition, messages, now)

    def follow(self, now: Now) -> None:
        """Let go of partitions that went, begin those that came."""
        mine = self.source.partitions()
        for partition in self.apart.folds.keys() - mine:
            self.apart.drop(partition)
            self._given.pop(partition, None)
            self.uncommitted.discard(partition)
        for partition in sorted(mine):
            if not self._begun(partition, now) and partition not in self._given:
                break  # brokers that are silent take their time for each answer: the others are asked later
        self.begin_unread()

    @property
    def beside(self) -> list[CountingPipeline]:
        """The topics that are counted beside this one."""
        return [side for side in self.parts.sides if isinstance(side, CountingPipeline)]

    def hear(self, markers: Mapping[Partition, Marker]) -> None:
        """Learn how far others are: nobody runs far ahead of them in the same topic."""
        timing = self.apart.timing
        for each in (self, *self.beside):
            ours = {where: marker for where, marker in markers.items() if where.topic in each.source.counts()}
            each.apart.elsewhere = slowest(ours, timing.slot, timing.lateness)

    @property
    def models_here(self) -> Sequence[Watched]:
        """The models that are judged here for now."""
        return [model for side in self.parts.sides for model in getattr(side, "models", ())]

    def commit(self) -> None:
        """Commit where each partition goes on. Raises OSError where it is not known whether a first commit is there."""
        remembered, slot = self.apart.remembered(), self.apart.timing.slot
        begun = {partition: each for partition, each in remembered.items() if each.at.offset >= 0}
        self.source.commit(
            {partition: each.at.offset for partition, each in begun.items()},
            {partition: words_of(each, slot) for partition, each in begun.items()},
        )
        self.uncommitted -= {each for each in sorted(self.uncommitted & begun.keys()) if self.source.committed(each)}

    def judge(self) -> None:
        """Leave that to whoever has the model."""

    def _begun(self, partition: Partition, now: Now, at: int | None = None) -> bool:
        """Return whether messages of a partition from `at` on may be counted: it goes on where the group committed.

        Whoever had it before, or this process before it lost it for a moment, may have read them already.
        """
        count = self.source.given[partition]
        if self._given.get(partition) == count:
            return True
        try:
            committed = self.source.committed(partition)
            remembered = None if committed is None else self._remembered(partition, committed)
        except OSError as why:
            self._given.pop(partition, None)
            log.info("commit not known yet", topic=partition.topic, partition=partition.partition, why=why.strerror)
            if at is not None:
                self.source.go_to(partition, at)
            return False
        self.apart.drop(partition)
        self.apart.add(partition, now.steady, remembered)
        self._given[partition] = count
        self.uncommitted.discard(partition)
        if remembered is None:
            self.uncommitted.add(partition)
        else:
            self.source.go_to(partition, remembered.at.offset)
        return remembered is None

    def _remembered(self, partition: Partition, committed: Committed) -> Remembered:
        """Return what the group knows. Raises OSError where the brokers do not say where the log begins."""
        remembered = remembered_of(partition, *committed, self.apart.timing.slot)
        if remembered.rest is None:
            return remembered
        return what_is_left(remembered, self.source.span(partition)[0])


def slowest(markers: Mapping[Partition, Marker], slot: int, lateness: int) -> dict[Partition, int]:
    """Return the clocks, at least, of partitions that are awake, as their markers tell: milliseconds."""
    awake = {where: marker for where, marker in markers.items() if not marker.idle and marker.closed is not None}
    return {where: (marker.through + 1) * slot + lateness for where, marker in awake.items()}
