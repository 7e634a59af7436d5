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

ANOTHER_FOLDER = "Stop it, or give this one its own state_dir"


def lock(folder: Path, advice: str = ANOTHER_FOLDER) -> IO[str]:
    """Return an open file that keeps other processes out of the folder as long as it is open.

    Parameters
    ----------
    advice : str
        What to do where another process has it.

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
        raise SnapshotError(f"state_dir {folder} is in use by another seawall process. {advice}.") from None
    try:
        tempfile.TemporaryFile(dir=folder).close()  # the lock may be there from before, and be written all the same
    except OSError as error:
        if error.errno in _FOR_GOOD:
            file.close()
            raise _unwritable(folder, error) from None
    return file


def _unwritable(folder: Path, error: OSError) -> SnapshotError:
    if file := file_instead(folder):
        return SnapshotError(f"state_dir {folder} cannot be written: {file} is a file. Name a folder")
    return SnapshotError(f"state_dir {folder} cannot be written: {error.strerror}")


def file_instead(folder: Path) -> Path | None:
    """Return the file that stands where the folder, or one that it lies in, should be."""
    try:
        return next((path for path in (folder, *folder.parents) if path.is_file()), None)
    except OSError:  # what may not be looked at is said by whoever writes there
        return None


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
