"""Bytes of a stream into the records they hold, each with the offset at which it begins."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Callable, Iterator, Set
from itertools import accumulate, count
from operator import add
from typing import NamedTuple

from monitor.formats.table import Table

CHUNK = 1 << 19
LONGEST = 16 << 20
"""A longer line is cut here: far above what is decoded, so that it is seen and refused for its size."""
ROWS = 500

_MARK = b"\xef\xbb\xbf"


class Block(NamedTuple):
    """Some records in order. `end` is the offset behind them."""

    offsets: list[int]
    values: list[bytes]
    end: int


def json_lines(read: Callable[[int], bytes | None]) -> Iterator[Block]:
    """Yield the lines without their ends; empty ones are left out. The last line need not be ended.

    Parameters
    ----------
    read : callable
        Returns at most so many bytes, `b""` at the end; None where nothing has come yet, which yields an empty block.
    """
    rest, offset, cutting = b"", 0, False
    while (data := read(CHUNK)) != b"":
        *lines, tail = data.split(b"\n") if data else (b"",)
        if lines:
            lines[0] = rest + lines[0]
            rest = tail
        else:
            rest += tail
        offsets = list(map(add, accumulate(map(len, lines), initial=offset), count()))
        offset = offsets.pop()
        if cutting and lines:
            del lines[0], offsets[0]
            cutting = False
        yield _block(offsets, lines, offset, returns=b"\r" in (data or b""))
        if cutting or len(rest) > LONGEST:
            if not cutting:
                yield Block([offset], [rest[:LONGEST]], offset + len(rest))
            offset, rest, cutting = offset + len(rest), b"", True
    if rest:
        yield _block([offset], [rest], offset + len(rest), returns=True)


def _block(offsets: list[int], lines: list[bytes], end: int, *, returns: bool) -> Block:
    if lines and not offsets[0]:
        lines[0] = lines[0].removeprefix(_MARK)
    if returns:
        lines = [line.removesuffix(b"\r") for line in lines]
    if b"" in lines:
        kept = [i for i, line in enumerate(lines) if line]
        offsets, lines = [offsets[i] for i in kept], [lines[i] for i in kept]
    return Block(offsets, lines, end)


class Rows:
    """The rows of a CSV stream, each as the JSON of an envelope; a row that is none stays as it is.

    Python's csv module says where a row ends, so quoted line breaks are read as it reads them. A row of several lines
    must be well-formed and have one cell a column, though: else a stray quote has swallowed the rows that follow it,
    and only its own line is lost.

    Parameters
    ----------
    readline : callable
        Returns the next line with its end, at most so many bytes of it; `b""` at the end.
    codes : set of str
        As in `Table`.

    Raises
    ------
    ValueError
        Where the first row is not a header.
    """

    def __init__(self, readline: Callable[[int], bytes], codes: Set[str] = frozenset()) -> None:
        self._readline = readline
        self._taken: list[bytes] = []
        self._given_back: deque[bytes] = deque()
        self._reader = csv.reader(self._lines())
        self._end = 0
        self._width: int | None = None
        header = self._next()
        while header is not None and header[1] == []:
            header = self._next()
        if header is None:
            raise ValueError("the file is empty")
        self._table = Table(header[1] or (), codes)
        self._width = len(self._table.names)

    def __iter__(self) -> Iterator[Block]:
        """Yield the rows of `ROWS` at a time, empty ones left out: a file of nothing else does not hold up a poll."""
        offsets: list[int] = []
        values: list[bytes] = []
        read = 0
        while (found := self._next()) is not None:
            offset, cells, raw = found
            if cells != []:
                offsets.append(offset)
                values.append((cells and self._table.envelope(cells)) or raw)
            read += 1
            if read % ROWS == 0:
                yield Block(offsets, values, self._end)
                offsets, values = [], []
        if values:
            yield Block(offsets, values, self._end)

    def _lines(self) -> Iterator[str]:
        while line := self._given_back.popleft() if self._given_back else self._readline(LONGEST):
            self._taken.append(line)
            first = not self._end and len(self._taken) == 1
            yield (line.removeprefix(_MARK) if first else line).decode("utf-8", "surrogateescape")

    def _next(self) -> tuple[int, list[str] | None, bytes] | None:
        """Return the next row: its offset, its cells (none where they cannot be told apart) and its bytes."""
        offset = self._end
        cells: list[str] | None
        try:
            cells = next(self._reader)
        except StopIteration:
            return None
        except csv.Error:
            cells = None
        if cells is None or (len(self._taken) > 1 and not self._is_row()):
            self._given_back.extendleft(reversed(self._taken[1:]))
            del self._taken[1:]
            self._reader = csv.reader(self._lines())
            cells = None
        raw = b"".join(self._taken)
        self._taken.clear()
        self._end += len(raw)
        return offset, cells, raw.rstrip(b"\r\n")

    def _is_row(self) -> bool:
        """Return whether the lines taken are one row for a reader that forgives nothing."""
        first, *others = (line.decode("utf-8", "surrogateescape") for line in self._taken)
        try:
            rows = list(csv.reader([first.removeprefix("\ufeff"), *others], strict=True))
        except csv.Error:
            return False
        return len(rows) == 1 and len(rows[0]) == (self._width or len(rows[0]))
