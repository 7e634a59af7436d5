"""Everything remembered over a restart, in one file that is either the old one or the new one, and the one before it.

A file is a mark, a checksum and msgpack; arrays keep their bytes. No pickle. What changes between releases is what is
in it (`migration.py`), never this.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from monitor.errors import ForeignSnapshot, SnapshotError, TornSnapshot

MARK = b"SEAWALL1"
_DIGEST = 32
_ARRAY = 1


class Found(NamedTuple):
    """What was found.

    Attributes
    ----------
    path : Path
        In which file.
    instead : str or None
        Why it is not the newest: what is wrong with that one.
    """

    path: Path
    content: dict[str, Any]
    instead: str | None = None


def previous(path: Path) -> Path:
    """Return where the snapshot before the newest is kept."""
    return path.with_suffix(".1")


def torn(path: Path) -> Path:
    """Return where a newest one that was not whole is put aside."""
    return path.with_suffix(".torn")


def save(path: Path, content: dict[str, Any], *, twice: bool = False) -> None:
    """Write the snapshot in one atomic step; the one that was there is kept as the previous one.

    Whenever this is interrupted, `load` finds what was there before, or the new one. What is at `path` must be whole
    (`recover`): it takes the place of the one before it.

    Parameters
    ----------
    twice : bool
        Whether the previous one is to be this one as well, in a file of its own: then whichever is damaged later,
        nothing of it is lost.

    Raises
    ------
    OSError
    """
    whole = packed(content)
    beside = path.with_suffix(".new")
    for _ in range(1 + twice):
        _write(beside, whole)
        with contextlib.suppress(FileNotFoundError):  # the first one, or the last saving ended right here
            path.rename(previous(path))
        beside.rename(path)
    # Whoever is told next has to be remembered: until now, power lost could bring back the names as they were.
    _sync_folder(path.parent)


def _write(path: Path, whole: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    try:
        left = memoryview(whole)
        while left:
            left = left[os.write(descriptor, left) :]
        # Before it has its name: disks write in the order they like, and a name without content is a torn snapshot.
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def packed(content: dict[str, Any]) -> bytes:
    """Return the content as bytes that say of themselves whether they are whole."""
    body = msgspec.msgpack.encode(content, enc_hook=_pack)
    return MARK + hashlib.blake2b(body, digest_size=_DIGEST).digest() + body


def unpacked(whole: bytes) -> dict[str, Any]:
    """Return what was packed. Raises ValueError where it is not whole, or of another build."""
    body = _body(memoryview(whole))
    if body is None:
        raise ValueError("not whole or not of this version")
    return _content(body)


def _content(body: memoryview) -> dict[str, Any]:
    content: dict[str, Any] = msgspec.msgpack.decode(body, ext_hook=_unpack)
    return content


def _body(whole: memoryview) -> memoryview | None:
    """Return what the checksum covers, None where it is not what was written."""
    mark, digest, body = whole[: len(MARK)], whole[len(MARK) : len(MARK) + _DIGEST], whole[len(MARK) + _DIGEST :]
    return body if mark == MARK and hashlib.blake2b(body, digest_size=_DIGEST).digest() == digest else None


def load(path: Path) -> dict[str, Any] | None:
    """Return the content of the newest snapshot, or of the previous one where that is not whole; None without any."""
    found = find(path)
    return found.content if found else None


def find(path: Path) -> Found | None:
    """Return the newest snapshot, or the previous one where the newest is torn, damaged or not there.

    One that is whole and not understood is refused, never passed over: an older one would go on behind its back.

    Raises
    ------
    SnapshotError
        TornSnapshot, where something is there and neither is whole; ForeignSnapshot, where one that is whole holds
        something else.
    """
    absent = False
    try:
        if (content := read(path)) is not None:
            return Found(path, content)
        instead, absent = f"{path} is not there", True
    except TornSnapshot as why:
        instead = str(why)
    try:
        before = read(previous(path))
    except TornSnapshot as why:
        raise TornSnapshot(_neither(instead, str(why))) from None
    if absent and path.exists():
        return find(path)  # another process is just saving
    if before is None and absent:
        return None
    if before is None:
        raise TornSnapshot(_neither(instead, f"there is no {previous(path).name}"))
    return Found(previous(path), before, instead)


def _neither(newest: str, before: str) -> str:
    return (
        f"{newest}, and {before}: nothing is left to go on from. Move them away to read on where the group committed, "
        "judging anew; or forget that as well: seawall state reset"
    )


def recover(path: Path) -> Found | None:
    """As `find`, before the first `save`: a newest one that is not whole is put aside, so that it replaces nothing."""
    found = find(path)
    if found and found.instead:
        try:
            with contextlib.suppress(FileNotFoundError):
                path.rename(torn(path))
        except OSError as error:
            raise SnapshotError(f"state_dir {path.parent} cannot be written: {error.strerror}") from None
    return found


def read(path: Path) -> dict[str, Any] | None:
    """Return the content of one file, None where there is none.

    Raises
    ------
    SnapshotError
        As `find`; also where it cannot be opened.
    """
    try:
        whole = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        kind = TornSnapshot if error.errno == errno.EIO else SnapshotError  # the disk's trouble, or somebody's mistake
        raise kind(f"{path} cannot be read: {error.strerror}") from None
    body = _body(memoryview(whole))
    if body is None:
        raise TornSnapshot(f"{path} is {'not whole' if whole else 'empty'}")
    with understood(path):
        return _content(body)


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
