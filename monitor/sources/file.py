"""Read a file, or standard input, once from a place to its end."""

from __future__ import annotations

import gzip
import os
import select
import sys
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence, Set
from functools import partial
from itertools import repeat
from pathlib import Path
from typing import IO, cast

from monitor.errors import SourceError
from monitor.formats.wrapped import MARKS, unwrap
from monitor.sources.lines import Block, Rows, json_lines
from monitor.types import Message, Partition, RawMessage

MOST = 2_000
"""Messages a poll, at most."""

_message = partial(tuple.__new__, Message)


class FileReader:
    """A Source over one file: JSON lines, or CSV by its name, each also gzipped.

    An offset is a byte offset in the (unpacked) stream. A message's timestamp, for records that have no time, is its
    number in the file over `rate`. A line that holds a message (`{"key", "headers", "value"}`) is unwrapped.

    Parameters
    ----------
    path : str
        As the configuration has it; it is the topic. `-` is standard input.
    rate : float
        Records a second.
    codes : set of str
        Of a table: features whose cells are texts as they are written.
    """

    stamped = False

    def __init__(self, path: str, *, rate: float = 100.0, codes: Set[str] = frozenset()) -> None:
        self.finished = False
        self._path = path
        self._codes = codes
        self._partition = Partition(path, 0)
        self._file = Path("standard input" if path == "-" else path)
        self._step = 1_000 / rate
        self._held = False
        self._wait = 0.0
        self._open: IO[bytes] | None = None
        self._blocks: Iterator[Block] = iter(())
        self._ready: list[Message] = []
        self._ordinal = 0
        self._end = 0

    def open(self, remembered: Mapping[Partition, int]) -> None:
        """Open the file and read forward to the first record at or behind the remembered offset."""
        try:
            self._go_to(remembered.get(self._partition, 0))
        except (OSError, EOFError, zlib.error, ValueError) as why:
            self.close(0)
            raise SourceError(f"{self._file}: {_in_words(why)}") from None

    def poll(self, seconds: float) -> Mapping[Partition, Sequence[RawMessage]]:
        if self._held or self.finished:
            time.sleep(min(seconds, 0.05))
            return {}
        self._wait = seconds
        try:
            more = bool(self._ready) or self._fill()
        except (OSError, EOFError, zlib.error) as why:
            raise SourceError(f"{self._file}: behind byte {self._end}: {_in_words(why)}") from None
        messages, self._ready = self._ready[:MOST], self._ready[MOST:]
        self.finished = not more
        return {self._partition: messages} if messages else {}

    def partitions(self) -> Set[Partition]:
        return {self._partition}

    def positions(self) -> Mapping[Partition, int]:
        return {self._partition: self._ready[0].offset if self._ready else self._end}

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
        """Nothing to tell: nobody else watches a file."""

    def close(self, seconds: float) -> None:
        if self._open is not None:
            self._open.close()

    def _go_to(self, offset: int) -> None:
        named = self._file.is_fifo() and self._file.suffix not in {".csv", ".gz"}
        if self._path == "-" or named:
            if offset:
                raise ValueError("cannot be read again from where it was left. Give a file, or: seawall state reset")
            self._blocks = json_lines(partial(self._read_when_ready, self._piped()))
            return
        if self._path.removesuffix(".gz").endswith(".parquet"):
            raise ValueError("Parquet is not read by this build. Write the table as .csv or .jsonl")
        self._open = stream = _opened(self._file)
        table = self._path.removesuffix(".gz").endswith(".csv")
        self._blocks = iter(Rows(stream.readline, self._codes)) if table else json_lines(stream.read)
        while offset and self._fill() and self._end <= offset:
            self._ready = []
        if offset > self._end:
            raise ValueError(
                f"reading should go on at byte {offset}, but it ends at {self._end}. It is not the file it was. "
                "To forget what was read and begin afresh: seawall state reset"
            )
        self._ready = [message for message in self._ready if message.offset >= offset]

    def _piped(self) -> int:
        """Return the descriptor of standard input, or of a pipe with a name, for whose writer nobody waits here."""
        if self._path == "-":
            return sys.stdin.fileno()
        self._open = os.fdopen(os.open(self._file, os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0)
        return self._open.fileno()

    def _read_when_ready(self, descriptor: int, size: int) -> bytes | None:
        ready, _, _ = select.select([descriptor], [], [], self._wait)
        return os.read(descriptor, size) if ready else None

    def _fill(self) -> bool:
        """Make the next block's messages ready; return whether there may be more."""
        block = next(self._blocks, None)
        if block is None:
            return False
        first, self._ordinal = self._ordinal, self._ordinal + len(block.values)
        self._end = block.end
        stamps = [int(number * self._step) for number in range(first, self._ordinal)]
        rows = zip(repeat(self._path), repeat(0), block.offsets, stamps, repeat(None), block.values, repeat(()))
        self._ready = list(map(_message, rows))
        if any(beginning.startswith(MARKS) for beginning in {value[:10] for value in block.values}):
            self._ready = [_unwrapped(message) for message in self._ready]
        return True


def _opened(file: Path) -> IO[bytes]:
    stream = gzip.open(file) if file.suffix == ".gz" else file.open("rb")  # noqa: SIM115 - closed by `close`
    return cast("IO[bytes]", stream)


def _unwrapped(message: Message) -> Message:
    wrapped = unwrap(message.value or b"")
    if wrapped is None:
        return message
    time = message.timestamp if wrapped.timestamp is None else wrapped.timestamp
    return message._replace(timestamp=time, key=wrapped.key, value=wrapped.value, headers=wrapped.headers)


def _in_words(why: Exception) -> str:
    if isinstance(why, IsADirectoryError):
        return "is a folder, not a file"
    if isinstance(why, FileNotFoundError):
        return "there is no such file"
    if isinstance(why, PermissionError):
        return "may not be read by this user"
    if isinstance(why, EOFError | zlib.error | gzip.BadGzipFile):
        return f"is damaged or not gzip ({why})"
    return str(why)
