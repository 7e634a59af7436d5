"""How far every partition is, as a log of what was counted tells it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from msgspec.structs import replace

from monitor.counting.handover import Marker
from monitor.types import Partition


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
        if known is not None and marker.age == known.age:
            marker = replace(marker, idle=marker.idle or (known.idle and not marker.leaving))
        self.newest[marker.where] = marker
        return known is None or (marker.age, marker.idle) != (known.age, known.idle)

    @property
    def complete(self) -> bool:
        """Whether every partition there is has a marker."""
        there = Counter(topic for topic, _ in self.newest)
        return all(count and there[topic] >= count for topic, count in self._counts().items())

    @property
    def silent(self) -> bool:
        """Whether every partition is idle."""
        return self.complete and all(marker.idle for marker in self.newest.values())

    @property
    def closed(self) -> int | None:
        """The last slot that every partition has closed; idle ones hold up nobody. None where all are idle."""
        return min((marker.through for marker in self.newest.values() if not marker.idle), default=None)

    @property
    def awaited(self) -> list[Partition]:
        """The partitions that hold up the others: those furthest behind, or of which nothing is known yet."""
        unknown = [
            Partition(topic, number)
            for topic, count in self._counts().items()
            for number in range(count)
            if Partition(topic, number) not in self.newest
        ]
        awake = {where: marker.through for where, marker in self.newest.items() if not marker.idle}
        return unknown or sorted(where for where, through in awake.items() if through == min(awake.values()))

    def _counts(self) -> dict[str, int]:
        """Return how many partitions each topic has, as far as told."""
        counts = dict.fromkeys(self.topics, 0)
        for marker in self.newest.values():
            counts[marker.topic] = max(counts.get(marker.topic, 0), marker.partitions)
        return counts
