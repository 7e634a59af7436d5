"""Read a file that still grows: lines as they are written, from a place on."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import IO

from monitor.errors import SourceError
from monitor.types import Message, Partition, RawMessage

CHUNK = 1 << 18


class GrowingFile:
    """A Source over a file of JSON lines that somebody appends to. A line counts once its end is written.

    Parameters
    ----------
    path : Path
        Made empty where it is not there yet. An offset is a byte offset in it; its name is the topic.
    """

    stamped = False

    def __init__(self, path: Path) -> None:
        self.path = path
        self.finished = False
        self._partition = Partition(path.name, 0)
        self._file: IO[bytes] | None = None
        self._next = 0
        self._rest = b""
        self._held = False

    def open(self, remembered: Mapping[Partition, int]) -> None:
        """Go to where reading ended. Raises SourceError where the file is shorter than that."""
        self._next = max(0, remembered.get(self._partition, 0))
        try:
            self.path.touch()
            size = self.path.stat().st_size
            self._file = self.path.open("rb")
        except OSError as why:
            raise SourceError(f"{self.path} cannot be read: {why.strerror}") from None
        if self._next > size:
            raise SourceError(
                f"{self.path}: reading should go on at byte {self._next}, but it ends at {size}. It is not the file it "
                "was. To forget what was read and begin afresh: seawall state reset"
            )
        self._file.seek(self._next)

    def poll(self, seconds: float) -> Mapping[Partition, Sequence[RawMessage]]:
        """Return the lines that were written since; never waits."""
        if self._file is None or self._held:
            return {}
        *lines, self._rest = (self._rest + self._file.read(CHUNK)).split(b"\n")
        messages = []
        for line in lines:
            messages.append(Message(self._partition.topic, 0, self._next, -1, None, line))
            self._next += len(line) + 1
        return {self._partition: messages} if messages else {}

    def partitions(self) -> Set[Partition]:
        return {self._partition}

    def positions(self) -> Mapping[Partition, int]:
        return {self._partition: self._next}

    def missing(self) -> Set[Partition]:
        return frozenset()

    def at_end(self, partition: Partition) -> bool:
        return self.waiting() == 0

    def waiting(self) -> int:
        """Return how many bytes of whole and half lines are still to be read."""
        return os.fstat(self._file.fileno()).st_size - self._next if self._file else 0

    def hold(self, partitions: Set[Partition]) -> None:
        self._held = self._partition in partitions

    def lag(self) -> Mapping[Partition, int]:
        return {}

    def trouble(self) -> str | None:
        return None

    def commit(self, next_offsets: Mapping[Partition, int]) -> None:
        """Nothing to tell: nobody else watches a file."""

    def close(self, seconds: float) -> None:
        if self._file is not None:
            self._file.close()
