"""What is remembered of one partition of records, as the words of a commit: brokers take 4,096 bytes."""

from __future__ import annotations

from typing import Any

import msgspec

from monitor.counting.fold import NEVER, Position
from monitor.counting.partitions import Remembered
from monitor.errors import SnapshotError
from monitor.types import Partition

FORM = 1


class _Words(msgspec.Struct):
    """`clock`, `closed`: as they were at the committed offset; `published`, `done`: what others know already.

    `rest`: offset, clock and closing to go on with where what was open has expired; of an idle partition.
    """

    form: int
    slot: int
    clock: int
    closed: int
    published: int
    done: int
    rest: tuple[int, int, int] | None = None


def words_of(remembered: Remembered, slot: int) -> str:
    """Return what to commit beside the offset; `slot` in milliseconds."""
    at = remembered.at
    rest = None if (last := remembered.rest) is None else (last.offset, last.clock, last.closed)
    found = _Words(FORM, slot, at.clock, at.closed, remembered.published, remembered.done, rest)
    return msgspec.json.encode(found).decode()


def remembered_of(partition: Partition, offset: int, words: str, slot: int) -> Remembered:
    """Return what `words_of` was made of; words of somebody else mean no more than the offset.

    Raises
    ------
    SnapshotError
        Where it was counted in slots of another length, or by a build that remembers otherwise.
    """
    try:
        found: Any = msgspec.json.decode(words, type=_Words)
    except msgspec.MsgspecError:
        return Remembered(Position(offset), done=offset)
    where = f"{partition.topic}/{partition.partition}"
    if found.form != FORM:
        raise SnapshotError(f"{where}: committed in form {found.form}, this build reads {FORM}. Run the build that did")
    if found.slot != slot:
        raise SnapshotError(
            f"{where} was counted in slots of {found.slot} ms, the configuration says {slot}. Set slot back, or forget "
            "what was counted: seawall state reset"
        )
    rest = None if found.rest is None else Position(*found.rest)
    return Remembered(Position(offset, found.clock, found.closed), [], found.done, max(found.published, NEVER), rest)


def what_is_left(remembered: Remembered, begins: int) -> Remembered:
    """Return where to go on in a log that begins at an offset: records that were counted may have expired.

    Of an idle partition everything is published, and what of it was open is closed then, as one process has it closed
    at once. Else what has expired was not counted: the source says so.
    """
    rest = remembered.rest
    if rest is None or begins <= remembered.at.offset:
        return remembered
    return Remembered(rest, [], remembered.done, rest.closed)
