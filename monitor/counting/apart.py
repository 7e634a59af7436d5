"""Partitions that are counted here and judged elsewhere: a slot is handed over once its own partition has closed it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from monitor.counting.fold import NEVER, Fold, Folded, Position
from monitor.counting.handover import Counted, Marker, counted
from monitor.counting.partitions import Partitions, Remembered, Timing
from monitor.counting.tally import Layout
from monitor.errors import SourceError
from monitor.formats.batch import Decoded
from monitor.types import Partition

HALVES = (
    "{}/{} holds requests and responses in messages of their own (KServe): they may lie in different partitions, and "
    "one process joins them. Remove replicas from the configuration, and run one"
)
MOST_UNPUBLISHED = 60
"""Slots that a partition may have closed and nobody else know of: with more, it waits for the log of tallies."""


class Apart(Partitions):
    """The folds of the partitions that this process has for now.

    Parameters
    ----------
    layouts : sequence of Layout
        One per watched model.
    models : sequence of str or None
        Their names; None where nobody is handed what is counted.
    counting : str
        The digest of all that a tally depends on besides records.

    Attributes
    ----------
    published : dict
        By partition the last slot of which others know.
    elsewhere : dict
        The clocks of partitions that are awake and counted elsewhere, in milliseconds: nobody runs far ahead of them.
    """

    def __init__(self, timing: Timing, layouts: Sequence[Layout], models: Sequence[str | None], counting: str) -> None:
        super().__init__(timing, layouts)
        self.models = models
        self.counting = counting
        self.published: dict[Partition, int] = {}
        self.elsewhere: Mapping[Partition, int] = {}
        self._idle_at: dict[Partition, int] = {}

    def add(self, partition: Partition, now: float, remembered: Remembered | None = None) -> None:
        """Begin a partition, or go on with it where whoever had it before committed."""
        super().add(partition, now, remembered)
        self.published[partition] = NEVER if remembered is None else remembered.published

    def drop(self, partition: Partition) -> None:
        """Forget a partition: it is another's now, or ours anew."""
        for known in (self.folds, self.done, self.wanted, self.published, self._begun, self._read):
            known.pop(partition, None)
        self.idle.discard(partition)

    def fold(self, partition: Partition, decoded: Decoded, now: float) -> Folded:
        """Count a block; what others know already is counted again after a restart, and forgotten.

        Raises SourceError for requests and responses that come apart: only one process can join them.
        """
        if decoded.halves:
            raise SourceError(HALVES.format(partition.topic, partition.partition))
        folded = super().fold(partition, decoded, now)
        self.folds[partition].forget(self.published[partition])
        return folded

    def close_idle(self, partition: Partition) -> None:
        """Let nobody wait for the partition. What it has open is handed over as it is; more of it may follow."""
        self.idle.add(partition)

    def tallies(self) -> Iterator[Counted]:
        """Yield what is closed and not yet published, each partition in the order of slots; all, of an idle one."""
        for partition, fold in sorted(self.folds.items()):
            idle = partition in self.idle and self._idle_at.get(partition) != fold.next.offset
            for slot in sorted(slot for slot in fold.slots if idle or slot <= fold.next.closed):
                one = fold.slots[slot]
                for index, tally in sorted(one.tallies.items()):
                    if (model := self.models[index]) is not None:
                        about = {"topic": partition.topic, "partition": partition.partition, "slot": slot}
                        about |= {"model": model, "first": one.began.offset, "end": one.end}
                        yield counted(tally, counting=self.counting, **about)

    def markers(
        self, counts: Mapping[str, int], trouble: Mapping[Partition, dict[str, str]], *, leaving: bool = False
    ) -> Iterator[Marker]:
        """Yield how far each partition is; true once all that `tallies` yields is in the log.

        Parameters
        ----------
        counts : mapping
            How many partitions each topic has.
        trouble : mapping
            By partition and signal what hinders counting.
        leaving : bool
            Whether this process is about to end. What comes before another has the partition, that one has to read
            before anybody can say that it is idle: so it is not.
        """
        for partition, fold in sorted(self.folds.items()):
            if fold.next.offset >= 0:
                at = fold.next
                yield Marker(
                    topic=partition.topic,
                    partition=partition.partition,
                    partitions=counts[partition.topic],
                    counting=self.counting,
                    offset=at.offset,
                    closed=None if at.closed == NEVER else at.closed,
                    idle=partition in self.idle and not leaving,
                    trouble=trouble.get(partition, {}),
                    leaving=leaving,
                )

    def published_through(self) -> dict[Partition, int]:
        """Return up to which slot each partition is known to others, once its marker is in the log."""
        return {partition: fold.next.closed for partition, fold in self.folds.items()}

    def handed_over(self, through: Mapping[Partition, int]) -> None:
        """Forget what is published now."""
        for partition, slot in through.items():
            self.published[partition] = max(self.published[partition], slot)
            self.folds[partition].forget(self.published[partition])
        self._idle_at = {partition: self.folds[partition].next.offset for partition in self.idle}

    def ahead(self) -> set[Partition]:
        """Return the partitions too far ahead of the slowest that is awake, wherever that is counted."""
        held = super().ahead() | {p for p, fold in self.folds.items() if self._unpublished(fold) > MOST_UNPUBLISHED}
        slowest = min(self.elsewhere.values(), default=None)
        if slowest is None:
            return held
        limit = slowest + self.timing.max_ahead
        return held | {p for p, fold in self.folds.items() if p not in self.idle and fold.next.clock > limit}

    def _unpublished(self, fold: Fold) -> int:
        return sum(slot <= fold.next.closed for slot in fold.slots)

    def _remember(self, partition: Partition) -> Remembered:
        remembered = super()._remember(partition)
        remembered.published = self.published[partition]
        at = self.folds[partition].next
        if partition in self.idle and self._idle_at.get(partition) == at.offset:
            remembered.rest = Position(at.offset, at.clock, max([at.closed, *self.folds[partition].slots]))
        return remembered
