"""What operators say, as records in a log: appended by a command, read back by the monitor.

A file of JSON Lines in `state_dir`. Nothing that is remembered is ever changed from outside: a word counts when it is
read, and how far was read is part of the snapshot.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import msgspec
import structlog

FILE = "operator.jsonl"
LONGEST = 1 << 20
"""Bytes read at once: a command writes some hundred."""

log = structlog.get_logger()


class Word(msgspec.Struct, frozen=True):
    """What somebody said about a run that waits. `time` is RFC 3339 UTC, for whoever audits it; nothing goes by it."""

    word: Literal["approve", "reject"]
    model: str
    run_id: str
    by: str
    time: str
    why: str | None = None


def say(folder: Path, word: Word) -> Path:
    """Append a word in one write, and return the file once the disk has it. A line that was cut off is ended first."""
    path = folder / FILE
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        os.write(descriptor, b"\n" * torn + msgspec.json.encode(word) + b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return path


def heard(folder: Path, begin: int) -> tuple[list[Word], int]:
    """Return the whole lines from byte `begin` on, and where the next begins; a file that shrank is read anew.

    Raises OSError where the file is there and cannot be read.
    """
    path = folder / FILE
    try:
        size = path.stat().st_size
        if size == begin:
            return [], begin
        with path.open("rb") as file:
            file.seek(begin if begin < size else 0)
            begin = file.tell()
            whole, newline, _ = file.read(LONGEST).rpartition(b"\n")
    except FileNotFoundError:
        return [], 0
    words = [word for line in whole.splitlines() if (word := _word(line)) is not None]
    return words, begin + len(whole) + len(newline)


def _word(line: bytes) -> Word | None:
    try:
        return msgspec.json.decode(line, type=Word) if line.strip() else None
    except (msgspec.MsgspecError, UnicodeDecodeError) as why:
        log.warning("operator's word not understood", file=FILE, why=str(why))
        return None
