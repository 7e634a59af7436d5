"""What those who count hand to those who judge: JSON, one message a closed slot and model, and markers in between.

Anything that folds records into the same tallies may write them; docs/replicas.md has the rules.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
import numpy as np
from msgspec.structs import replace

from detectors.detector import Counts
from monitor.counting.fold import NEVER
from monitor.counting.tally import Layout, Tally
from monitor.types import Partition, Word

Number = Annotated[int, msgspec.Meta(ge=-(1 << 62), le=1 << 62)]
"""What fits into whatever it is remembered in."""

Place = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
"""A partition, or how many there are: more than any broker has, and few enough to count up to."""


class UnlikeLayoutError(ValueError):
    """A tally that nobody with this layout has counted."""


Cells = list[tuple[int, int]]
"""Counts that are not zero, each behind its place."""


class Counted(msgspec.Struct, tag="tally", tag_field="kind", frozen=True):
    """The tally of one model, slot and partition, closed there. Whoever counts the same records writes the same.

    Attributes
    ----------
    counting : str
        The digest of all that a tally depends on besides records: only tallies of the same one add.
    first, end : int
        The offset before which nothing of the slot lies in its partition, and the one behind its last record.
    given : list or None
        The cells once more by the level of the field that is a context, one level behind the other.
    """

    topic: str
    partition: Place
    slot: Number
    model: str
    counting: str
    first: Number
    end: Number
    cells: Cells
    given: Cells | None = None
    versions: dict[str, Number] = {}
    names: list[tuple[str, str, Number]] = []

    @property
    def where(self) -> Partition:
        """Return whose records these are."""
        return Partition(self.topic, self.partition)


class Marker(msgspec.Struct, tag="marker", tag_field="kind", frozen=True):
    """How far one partition was counted: every tally of it up to slot `closed` lies before this message.

    Attributes
    ----------
    partitions : int
        How many the topic has: who judges waits for all.
    offset : int
        The next offset to count. Of two markers the one with the greater offset is the newer.
    closed : int or None
        None where nothing is closed yet.
    idle : bool
        Whether nothing more is to come for now: an idle partition holds up nobody.
    trouble : dict
        By signal what hinders whoever counts it, in a sentence; empty where all is well.
    leaving : bool
        Whether whoever wrote it is about to end.
    stamp : int
        When it came, in milliseconds, as the log has it; whoever writes it does not know.
    """

    topic: str
    partition: Place
    partitions: Place
    counting: str
    offset: Number
    closed: Number | None
    idle: bool = False
    trouble: dict[str, str] = {}
    leaving: bool = False
    stamp: int | msgspec.UnsetType = msgspec.UNSET

    @property
    def where(self) -> Partition:
        """Return whose marker this is."""
        return Partition(self.topic, self.partition)

    @property
    def through(self) -> int:
        """Return the last slot that is closed."""
        return NEVER if self.closed is None else self.closed

    @property
    def age(self) -> tuple[int, int]:
        """Return what is greater the newer a marker is, whoever wrote it and however late it comes."""
        return self.offset, self.through

    @property
    def came(self) -> int:
        """Return when it came; without a stamp long ago."""
        return 0 if self.stamp is msgspec.UNSET else self.stamp


class Spoken(Word, tag="word", tag_field="kind", frozen=True):
    """What an operator said about a run of a model, in the partition of the tallies that is the model's.

    It counts where it stands in the log: behind the slots that were judged before it. Whoever says it knows nothing of
    what is counted.
    """


Handed = Counted | Marker | Spoken
_decoder = msgspec.json.Decoder(Handed)
encode = msgspec.json.Encoder().encode


def decode(value: bytes, stamp: int) -> Handed:
    """Return a message that came then. Raises msgspec.DecodeError, ValidationError among them, where it is none."""
    message: Handed = decoded(_decoder, value, stamp)
    return message


def decoded(decoder: msgspec.json.Decoder[Any], value: bytes, stamp: int) -> Any:
    """Return what is read, a marker with its stamp. Raises msgspec.DecodeError, also where it is nested too deeply."""
    try:
        message = decoder.decode(value)
    except RecursionError:
        raise msgspec.DecodeError("nested too deeply") from None
    return replace(message, stamp=stamp) if isinstance(message, Marker) else message


def partition_of(model: str, partitions: int) -> int:
    """Return which partition of the tallies is a model's."""
    return zlib.crc32(model.encode()) % partitions


def counted(tally: Tally, **about: Any) -> Counted:
    """Return the message of a tally; `about` has the rest of its fields."""
    given = None if tally.given is None else _sparse(tally.given)
    names = [(signal, name, count) for (signal, name), count in tally.names.items()]
    return Counted(cells=_sparse(tally.cells), given=given, versions=tally.versions, names=names, **about)


def tally_of(message: Counted, layout: Layout) -> Tally:
    """Return the tally. Raises UnlikeLayoutError where it was not counted in this layout."""
    tally = layout.empty()
    try:
        _fill(tally.cells, message.cells)
        if message.given is not None:
            tally.given = layout.by_level()
            _fill(tally.given.ravel(), message.given)
    except (ValueError, OverflowError) as why:
        raise UnlikeLayoutError(str(why)) from None
    tally.versions = dict(message.versions)
    tally.names = {(signal, name): count for signal, name, count in message.names}
    return tally


def _sparse(counts: Counts) -> Cells:
    flat = counts.ravel()
    places = np.flatnonzero(flat)
    return list(zip(places.tolist(), flat[places].tolist(), strict=True))


def _fill(counts: Counts, cells: Sequence[tuple[int, int]]) -> None:
    if cells:
        places, numbers = np.array(cells, dtype=np.int64).T
        if places.min() < 0 or places.max() >= len(counts):
            raise ValueError(f"cell {places.max()} of {len(counts)}")
        counts[places] = numbers
