"""A file that only grows, and of which nothing is written twice after a restart."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import zlib
from collections.abc import Sequence
from pathlib import Path

import structlog

from monitor.errors import SeawallError

MANY = 1_000
MOST_WAITING = 16 << 20
"""Bytes that a full disk makes wait; with more, reading stops."""

MOST_APPENDED = 8 << 20
"""Bytes kept until they are known to be on the disk."""

_LOOKED_AT = 1 << 12
"""Bytes before its end by which a file is known again."""

End = tuple[int, int]
"""Where a file ended: its size, and a checksum of its last bytes."""

log = structlog.get_logger()


class AppendedFile:
    """Lines, kept until `flush`.

    Parameters
    ----------
    path : Path
        Folders in between are made.
    end : End, int or None
        What `flush` returned before the last snapshot: what was written since is written again, so it is cut off.
        A file that somebody wrote anew or cut meanwhile is left as it is, and gone on with at its end. An int is the
        size alone, of which older snapshots know no more.

    Raises
    ------
    SeawallError
        Where another process writes to the file: each would cut off what the other wrote.
    """

    def __init__(self, path: Path, end: End | int | None = None) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a+b", buffering=0)
        self._lock(path)
        self._size = self._file.seek(0, os.SEEK_END)
        self._waiting: list[bytes] = []
        self._appended = bytearray()
        self._bytes = 0
        if end is not None and self._size:
            self._go_on(path, end)

    def _go_on(self, path: Path, end: End | int) -> None:
        """Cut off what was written since; or leave alone what is not ours, and begin a line of our own behind it."""
        size = end if isinstance(end, int) else end[0]
        if _ended(self._file.fileno(), end):
            self._file.truncate(size)
            self._size = size
            return
        log.warning("file is not as it was left", path=str(path), then="gone on with at its end", size=self._size)
        if os.pread(self._file.fileno(), 1, self._size - 1) != b"\n":
            self._waiting, self._bytes = [b"\n"], 1

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

    def flush(self) -> End:
        """Write and fsync; return where the file ends. Raises OSError, and tries again the next time."""
        if self._waiting:
            self._append()
        self._sync()
        return _end(self._file.fileno(), self._size)

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
        self._appended += data
        if len(self._appended) > MOST_APPENDED:
            self._sync()

    def _sync(self) -> None:
        """Put on the disk what was appended. Where that fails it waits again: the kernel drops it, and tells once."""
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            if error.errno == errno.EINVAL:  # /dev/null, say: nothing that a disk could lose
                self._appended.clear()
                return
            self._file.truncate(self._size - len(self._appended))
            self._size -= len(self._appended)
            self._waiting.insert(0, bytes(self._appended))
            self._bytes += len(self._appended)
            self._appended.clear()
            raise
        self._appended.clear()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def is_as_left(path: Path, end: End | int) -> bool:
    """Return whether a file is as it was when it ended there, whatever was written behind it since."""
    if not path.exists():
        return end in (0, (0, 0), [0, 0])
    with path.open("rb") as file:
        return _ended(file.fileno(), end)


def _ended(descriptor: int, end: End | int) -> bool:
    size = end if isinstance(end, int) else end[0]
    return size <= os.fstat(descriptor).st_size and (isinstance(end, int) or _end(descriptor, size) == tuple(end))


def _end(descriptor: int, size: int) -> End:
    begin = max(0, size - _LOOKED_AT)
    return size, zlib.crc32(os.pread(descriptor, size - begin, begin))
