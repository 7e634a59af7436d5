"""How far every partition is, as a log of what was counted tells it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from msgspec.structs import replace

from monitor.counting.handover import Marker
from monitor.types import Partition

SILENT_AFTER = 45_000
"""Milliseconds after which nobody counts a partition of which nothing came: whoever does says so every 30 seconds."""


class Markers:
    """The newest marker of each partition.

    Parameters
    ----------
    topics : collection of str
        The topics whose partitions are all waited for; for those of another, read before, nobody waits.
    known : mapping
        What was known before.
    """

    def __init__(self, topics: Collection[str], known: Mapping[Partition, Marker]) -> None:
        self.topics = topics
        self.newest = {where: marker for where, marker in known.items() if where.topic in topics}

    def take(self, marker: Marker) -> bool:
        """Read one; return whether it says that more is closed, or who is idle.

        Of the same age only what hinders may be new, and whether it is idle.
        """
        known = self.newest.get(marker.where)
        if known is not None and marker.age < known.age:
            return False
        self.newest[marker.where] = marker
        if known is None or marker.age > known.age:
            return True
        was = _is_idle(known, self._clock)
        self.newest[marker.where] = replace(marker, idle=marker.idle or (was and not marker.leaving))
        return self.newest[marker.where].idle != was

    @property
    def _awake(self) -> dict[Partition, int]:
        """What those partitions have closed that somebody waits for."""
        clock = self._clock
        return {where: marker.through for where, marker in self.newest.items() if not _is_idle(marker, clock)}

    @property
    def _clock(self) -> int:
        return max((marker.came for marker in self.newest.values()), default=0)

    @property
    def uncounted(self) -> list[Partition]:
        """The partitions of which nothing came for long, or nothing ever: nobody counts them, or not for this log."""
        clock = self._clock - SILENT_AFTER
        return sorted([*self._unknown, *(where for where, marker in self.newest.items() if marker.came < clock)])

    @property
    def complete(self) -> bool:
        """Whether every partition there is has a marker."""
        there = Counter(topic for topic, _ in self.newest)
        return all(count and there[topic] >= count for topic, count in self._counts().items())

    @property
    def silent(self) -> bool:
        """Whether every partition is idle."""
        return self.complete and not self._awake

    @property
    def closed(self) -> int | None:
        """The last slot that every partition has closed; idle ones hold up nobody. None where all are idle."""
        return min(self._awake.values(), default=None)

    @property
    def awaited(self) -> list[Partition]:
        """The partitions that hold up the others: those furthest behind, or of which nothing is known yet."""
        awake = self._awake
        return self._unknown or sorted(where for where, through in awake.items() if through == min(awake.values()))

    @property
    def _unknown(self) -> list[Partition]:
        return [
            Partition(topic, number)
            for topic, count in self._counts().items()
            for number in range(count)
            if Partition(topic, number) not in self.newest
        ]

    def _counts(self) -> dict[str, int]:
        """Return how many partitions each topic has, as far as told."""
        counts = dict.fromkeys(self.topics, 0)
        for marker in self.newest.values():
            counts[marker.topic] = max(counts.get(marker.topic, 0), marker.partitions)
        return counts


def _is_idle(marker: Marker, clock: int) -> bool:
    """Return whether nobody waits for a partition: whoever counts it says, or said not long ago, that it is idle.

    Where nobody counts it there may be more by now. How long nothing came is measured by the log's own clock, so that
    whoever reads it again decides the same.
    """
    return marker.idle and marker.came >= clock - SILENT_AFTER
