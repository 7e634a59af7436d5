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
    """`clock`, `closed`: as they were at the committed offset; `published`, `done`: what others know already."""

    form: int
    slot: int
    clock: int
    closed: int
    published: int
    done: int


def words_of(remembered: Remembered, slot: int) -> str:
    """Return what to commit beside the offset; `slot` in milliseconds."""
    at = remembered.at
    found = _Words(FORM, slot, at.clock, at.closed, remembered.published, remembered.done)
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
    return Remembered(Position(offset, found.clock, found.closed), [], found.done, max(found.published, NEVER))
