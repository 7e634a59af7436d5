"""See that reading goes on: kafka-python can stop fetching a partition without a word."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set

from kafka import TopicPartition

ROUND = 5.0
PATIENCE = 30.0

Ends = Callable[[Set[TopicPartition]], Mapping[TopicPartition, int] | None]


class Watch:
    """Compares positions every `ROUND` seconds and asks the log about those that stand still.

    Attributes
    ----------
    ends : dict
        Log ends as last asked, of partitions that stood still.
    silent_since : float or None
        Since when the brokers do not say where the log ends.
    """

    def __init__(self, now: float) -> None:
        self.ends: dict[TopicPartition, int] = {}
        self.silent_since: float | None = None
        self._next = now + ROUND
        self._moved: dict[TopicPartition, tuple[int | None, float]] = {}

    def due(self, now: float) -> bool:
        """Return whether a round is due."""
        return now >= self._next

    def stuck(
        self, positions: Mapping[TopicPartition, int | None], held: Set[TopicPartition], ask: Ends, now: float
    ) -> set[TopicPartition]:
        """Return the partitions that stood still for `PATIENCE` seconds although there is more, or nobody can tell.

        Parameters
        ----------
        positions : mapping
            Next offset to read of every partition that is ours; None where it is not known yet.
        held : set
            Those paused on purpose.
        ask : callable
            Returns log ends, or None when the brokers do not answer.
        """
        self._next = now + ROUND
        still = set()
        for partition, position in positions.items():
            if partition in held or self._moved.get(partition, (-1, 0.0))[0] != position:
                self._moved[partition] = (position, now)
            else:
                still.add(partition)
        self._moved = {partition: self._moved[partition] for partition in positions}
        ends = ask(still | (held & positions.keys())) if still or held else {}
        if ends is None:
            self.silent_since = self.silent_since if self.silent_since is not None else now
        else:
            self.silent_since = None
            self.ends |= ends
            for partition in still:
                if positions[partition] == ends.get(partition):
                    self._moved[partition] = (positions[partition], now)
        return {partition for partition in still if now - self._moved[partition][1] >= PATIENCE}
