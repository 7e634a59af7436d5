"""One process at a time on a folder."""

from __future__ import annotations

import errno
import fcntl
import tempfile
from pathlib import Path
from typing import IO

from monitor.errors import SnapshotError

_FOR_GOOD = (errno.EACCES, errno.EPERM, errno.EROFS)
"""What waiting does not mend; a disk that is full may have room again."""


def lock(folder: Path) -> IO[str]:
    """Return an open file that keeps other processes out of the folder as long as it is open.

    Raises
    ------
    SnapshotError
        Where another process has it, or the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / "lock").open("a")
    except OSError as error:
        raise _unwritable(folder, error) from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise SnapshotError(
            f"state_dir {folder} is in use by another seawall process. Stop it, or give this one its own state_dir."
        ) from None
    try:
        tempfile.TemporaryFile(dir=folder).close()  # the lock may be there from before, and be written all the same
    except OSError as error:
        if error.errno in _FOR_GOOD:
            file.close()
            raise _unwritable(folder, error) from None
    return file


def _unwritable(folder: Path, error: OSError) -> SnapshotError:
    return SnapshotError(f"state_dir {folder} cannot be written: {error.strerror}")


def in_use(folder: Path) -> bool:
    """Return whether a process has the folder locked."""
    try:
        with (folder / "lock").open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
