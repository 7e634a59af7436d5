"""How the traffic reaches the pipeline without a broker: a source in this process."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from gzip import GzipFile
from typing import BinaryIO

from monitor.demo.traffic import CHUNK_MS
from monitor.types import Message, Partition, RawMessage


def wait_for(moment: int, seconds: float) -> bool:
    """Wait for a moment (milliseconds since 1970), at most so many seconds; return whether it has come."""
    left = moment / 1_000 - time.time()
    if left > 0:
        time.sleep(min(left, seconds))
    return left <= seconds


def recorded(chunks: Iterable[list[Message]], file: BinaryIO | GzipFile, count: int) -> Iterator[list[Message]]:
    """Yield the chunks, and keep the first so many in a file that `seawall replay` reads."""
    for number, chunk in enumerate(chunks):
        if number < count:
            file.write(b"".join((message.value or b"") + b"\n" for message in chunk))
        yield chunk


def slowed(chunks: Iterable[list[Message]], count: int) -> Iterator[list[Message]]:
    """Yield the first so many chunks as fast as they are asked for, the others no faster than they would come."""
    for number, chunk in enumerate(chunks):
        if number >= count:
            time.sleep(CHUNK_MS / 1_000)
        yield chunk


class Feed:
    """A source that delivers chunks: each when its time has come, or, in a hurry, whenever it is asked."""

    stamped = True

    def __init__(self, partition: Partition, chunks: Iterator[list[Message]], *, hurried: bool) -> None:
        self.finished = False
        self._partition = partition
        self._chunks = chunks
        self._hurried = hurried
        self._next: list[Message] = []
        self._held = False

    def open(self, remembered: Mapping[Partition, int]) -> None:
        """Nothing is remembered: every demo is the first."""

    def poll(self, seconds: float) -> Mapping[Partition, Sequence[RawMessage]]:
        self._next = self._next or next(self._chunks, [])
        if not self._next:
            self.finished = True
        if self.finished or self._held or not (self._hurried or wait_for(self._next[-1].timestamp, seconds)):
            return {}
        messages, self._next = self._next, []
        return {self._partition: messages}

    def partitions(self) -> Set[Partition]:
        return {self._partition}

    def positions(self) -> Mapping[Partition, int]:
        return {}

    def missing(self) -> Set[Partition]:
        return frozenset()

    def at_end(self, partition: Partition) -> bool:
        return self.finished

    def hold(self, partitions: Set[Partition]) -> None:
        self._held = self._partition in partitions

    def lag(self) -> Mapping[Partition, int]:
        return {}

    def trouble(self) -> str | None:
        return None

    def commit(self, next_offsets: Mapping[Partition, int]) -> None:
        """Nobody asks how far we are."""

    def close(self, seconds: float) -> None:
        """Nothing to let go of."""
