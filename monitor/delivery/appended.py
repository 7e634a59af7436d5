"""A file that only grows, and of which nothing is written twice after a restart."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Sequence
from pathlib import Path

from monitor.errors import SeawallError

MANY = 1_000
MOST_WAITING = 64 << 20
"""Bytes that a full disk makes wait; with more, reading stops."""


class AppendedFile:
    """Lines, kept until `flush`.

    Parameters
    ----------
    path : Path
        Folders in between are made.
    size : int or None
        What `flush` returned before the last snapshot: what was written since is written again, so it is cut off.

    Raises
    ------
    SeawallError
        Where another process writes to the file: each would cut off what the other wrote.
    """

    def __init__(self, path: Path, size: int | None = None) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab", buffering=0)
        self._lock(path)
        self._size = self._file.tell()
        self._waiting: list[bytes] = []
        self._bytes = 0
        if size is not None and self._size > size:
            self._file.truncate(size)
            self._size = size

    def _lock(self, path: Path) -> None:
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise SeawallError(f"{path} is written by another seawall process. Give each a file of its own") from None
        except OSError:  # a file system without locks
            return

    def add(self, lines: Sequence[bytes]) -> None:
        """Take lines. A disk that is full is not an error here; they wait for `flush`."""
        self._waiting += lines
        self._bytes += sum(map(len, lines))
        if len(self._waiting) >= MANY or self.full:
            with contextlib.suppress(OSError):
                self._append()

    @property
    def full(self) -> bool:
        """Whether so much waits that no more should be read."""
        return self._bytes > MOST_WAITING

    def flush(self) -> int:
        """Write and fsync; return the file's size. Raises OSError, and tries again the next time."""
        if self._waiting:
            self._append()
        os.fsync(self._file.fileno())
        return self._size

    def _append(self) -> None:
        """Write all that waits, or nothing: half a line is cut off again."""
        data = left = b"".join(self._waiting)
        try:
            while left:
                left = left[os.write(self._file.fileno(), left) :]
        except OSError:
            self._file.truncate(self._size)
            raise
        self._size += len(data)
        self._waiting.clear()
        self._bytes = 0

    def close(self) -> None:
        """Close the file."""
        self._file.close()
