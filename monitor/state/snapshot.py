"""Everything remembered over a restart, in one file that is either the old one or the new one.

The file is a mark, a checksum and msgpack; arrays keep their bytes. No pickle.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import msgspec
import numpy as np

from monitor.errors import ForeignSnapshot, SnapshotError

MARK = b"SEAWALL1"
_DIGEST = 32
_ARRAY = 1


def save(path: Path, content: dict[str, Any]) -> None:
    """Write the snapshot in one atomic step: write, fsync, rename, fsync of the folder."""
    beside = path.with_suffix(".new")
    with beside.open("wb") as file:
        file.write(packed(content))
        file.flush()
        os.fsync(file.fileno())
    beside.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def packed(content: dict[str, Any]) -> bytes:
    """Return the content as bytes that say of themselves whether they are whole."""
    body = msgspec.msgpack.encode(content, enc_hook=_pack)
    return MARK + hashlib.blake2b(body, digest_size=_DIGEST).digest() + body


def unpacked(whole: bytes) -> dict[str, Any]:
    """Return what was packed. Raises ValueError where it is not whole, or of another build."""
    body = whole[len(MARK) + _DIGEST :]
    if whole[: len(MARK) + _DIGEST] != MARK + hashlib.blake2b(body, digest_size=_DIGEST).digest():
        raise ValueError("not whole or not of this version")
    content: dict[str, Any] = msgspec.msgpack.decode(body, ext_hook=_unpack)
    return content


def load(path: Path) -> dict[str, Any] | None:
    """Return the snapshot, None where there is none.

    Raises
    ------
    SnapshotError
        Where the file is not one, is not whole or holds something else.
    """
    try:
        whole = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SnapshotError(f"{path} cannot be read: {error.strerror}") from None
    body = whole[len(MARK) + _DIGEST :]
    if (
        whole[: len(MARK)] != MARK
        or hashlib.blake2b(body, digest_size=_DIGEST).digest() != whole[len(MARK) : len(MARK) + _DIGEST]
    ):
        raise SnapshotError(
            f"{path} is not whole or not of this version. To start anew, move it away; "
            "counting then goes on where the group committed."
        )
    with understood(path):
        content: dict[str, Any] = msgspec.msgpack.decode(body, ext_hook=_unpack)
    return content


@contextmanager
def understood(path: Path) -> Iterator[None]:
    """Raise ForeignSnapshot where what is done with the content of the snapshot stumbles over it."""
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, msgspec.MsgspecError) as why:
        raise ForeignSnapshot(
            f"{path} is whole, but it does not hold what this build remembers ({type(why).__name__}: {why}). "
            "To forget it and begin anew: seawall state reset"
        ) from why


def _pack(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        head = msgspec.msgpack.encode((value.dtype.str, value.shape))
        return msgspec.msgpack.Ext(_ARRAY, len(head).to_bytes(2, "big") + head + value.tobytes())
    raise NotImplementedError(f"{type(value).__name__} in a snapshot")


def _unpack(code: int, data: memoryview) -> Any:
    if code != _ARRAY:
        raise SnapshotError(f"unknown part {code} in a snapshot")
    size = int.from_bytes(data[:2], "big")
    kind, shape = msgspec.msgpack.decode(data[2 : 2 + size])
    return np.frombuffer(bytes(data[2 + size :]), dtype=kind).reshape(shape)


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
        raise SnapshotError(f"state_dir {folder} cannot be written: {error.strerror}") from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise SnapshotError(
            f"state_dir {folder} is in use by another seawall process. Stop it, or give this one its own state_dir."
        ) from None
    return file


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
