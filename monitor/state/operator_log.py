"""What operators say, as records in a log: appended by a command, read back by the monitor.

A file of JSON Lines in `state_dir`. Nothing that is remembered is ever changed from outside: a word counts when it is
read, and how far was read is part of the snapshot.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import structlog

from monitor.types import Word

FILE = "operator.jsonl"
LONGEST = 1 << 20
"""Bytes read at once, and of the longest line that is heard: a command writes some hundred."""

log = structlog.get_logger()


def say(folder: Path, word: Word) -> Path:
    """Append a word in one write, and return the file once the disk has it. A line that was cut off is ended first.

    Raises ValueError, and writes nothing, where the word is so long that it would not be heard.
    """
    path = folder / FILE
    line = short_enough(msgspec.json.encode(word) + b"\n")
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        os.write(descriptor, b"\n" * torn + line)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return path


def short_enough(line: bytes) -> bytes:
    """Return the line. Raises ValueError where it is so long that it would not be heard."""
    if len(line) > LONGEST:
        raise ValueError(f"the word is too long: {len(line):,} bytes, of which {LONGEST:,} are read")
    return line


def heard(folder: Path, begin: int) -> tuple[list[Word], int]:
    """Return the whole lines from byte `begin` on, and where the next begins; a file that shrank is read anew.

    A line longer than `LONGEST` is skipped, piece by piece: what follows a byte that ends no line is the rest of it.
    Raises OSError where the file is there and cannot be read.
    """
    path = folder / FILE
    try:
        size = path.stat().st_size
        if size == begin:
            return [], begin
        with path.open("rb") as file:
            begin = begin if begin < size else 0
            file.seek(max(0, begin - 1))
            within = begin > 0 and file.read(1) != b"\n"
            whole, newline, rest = file.read(LONGEST).rpartition(b"\n")
    except FileNotFoundError:
        return [], 0
    if len(rest) == LONGEST:
        if not within:
            log.warning("line skipped, too long for an operator's word", file=FILE, at=begin)
        return [], begin + LONGEST
    lines = whole.partition(b"\n")[2] if within else whole
    words = [word for line in lines.splitlines() if (word := _word(line)) is not None]
    return words, begin + len(whole) + len(newline)


def _word(line: bytes) -> Word | None:
    try:
        return msgspec.json.decode(line, type=Word) if line.strip() else None
    except (msgspec.MsgspecError, UnicodeDecodeError) as why:
        log.warning("operator's word not understood", file=FILE, why=str(why))
        return None
