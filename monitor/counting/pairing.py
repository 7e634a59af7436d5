"""Halves into records, slot by slot: a pair belongs to the slot of its later half.

A slot comes here once every partition has closed it, with all halves that were in time, whatever the order in which
they were read. What has not found its other half waits; it is unpaired once nothing that is still to come can be within
`wait` of it. What waits keeps its slot's beginning from being forgotten (`Fold.resume`), so a restart reads it again;
a snapshot holds no more of it than its offset.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from monitor.counting.fold import Folded
from monitor.counting.slots import Waiting
from monitor.counting.tally import RECORDS, Layout, Tally
from monitor.formats.batch import Decoded
from monitor.formats.decoder import Decoder
from monitor.formats.half import Half, HalfKind
from monitor.formats.joined import joined_records
from monitor.types import Message, Partition, RawMessage

BLOCK, BLOCK_BYTES = 1_000, 16 << 20
"""Records decoded at once, and what they may take: names are written out once a row, so one pair may make gigabytes."""

_OTHER: dict[HalfKind, HalfKind] = {"request": "response", "response": "request"}


class Pair(NamedTuple):
    """Two halves, and when the later one happened in milliseconds."""

    request: Half
    response: Half
    time: int


class Totals(NamedTuple):
    """What has become of halves, by model (and kind): records of pairs, halves met twice, halves left alone."""

    records: Counter[int]
    duplicates: Counter[int]
    unpaired: Counter[tuple[int, HalfKind]]

    def since(self, before: Totals) -> Totals:
        """Return what was added to an earlier copy."""
        return Totals(*(now - then for now, then in zip(self, before, strict=True)))  # type: ignore[operator]

    def copy(self) -> Totals:
        """Return them as they are now."""
        return Totals(*(each.copy() for each in self))  # type: ignore[arg-type]


Blocks = Iterable[tuple[Decoded, Folded]]
"""Records as the decoder would have handed them over whole, and what they added."""

Count = Callable[[Sequence[Pair]], tuple[Mapping[int, Tally], Blocks]]


class Pairing:
    """Joins the halves of the slots that all partitions have closed, in order.

    Parameters
    ----------
    slot, wait : int
        Milliseconds; how far apart in time the halves of a pair may be.
    count : callable
        Tallies of pairs by model, and their records.
    remembered : sequence of (topic, partition, offsets)
        What `state` returned: halves that waited, and will be read again.
    """

    def __init__(self, slot: int, wait: int, count: Count, remembered: Iterable[Sequence[Any]] = ()) -> None:
        self.slot = slot
        self.wait = wait
        self.totals = Totals(Counter(), Counter(), Counter())
        self._count = count
        self._blocks: list[tuple[Decoded, Folded]] = []
        self._waiting: dict[tuple[HalfKind, int, str], list[Waiting]] = {}
        self._awaited = {Partition(topic, number): set(offsets) for topic, number, offsets in remembered}

    def join(self, slot: int, halves: Iterable[Waiting]) -> Mapping[int, Tally]:
        """Return the tallies of the pairs whose later half lies in this slot, by model.

        Of the same half twice in a slot the first counts; of several that wait, the oldest is taken.
        """
        self._expire(slot * self.slot - self.wait)
        seen = set()
        pairs: list[Pair] = []
        for one in sorted(halves, key=_place):
            half = one.half
            if (half.kind, half.model, half.id) in seen:
                self.totals.duplicates[half.model] += 1
                continue
            seen.add((half.kind, half.model, half.id))
            other = self._taken((_OTHER[half.kind], half.model, half.id), one.time)
            if other is None:
                self._keep(one)
            else:
                request, response = (other.half, half) if half.kind == "response" else (half, other.half)
                pairs.append(Pair(request, response, max(one.time, other.time)))
        tallies, blocks = self._count(pairs) if pairs else ({}, ())
        self._blocks += blocks
        self.totals.records.update({model: int(tally.cells[RECORDS]) for model, tally in tallies.items()})
        return tallies

    def joined(self) -> Blocks:
        """Return the records of pairs since the last call, for those who look on."""
        blocks, self._blocks = self._blocks, []
        return blocks

    def readmit(self, partition: Partition, halves: Iterable[Waiting]) -> None:
        """Let those wait again that did before a restart; all others of judged slots are done with."""
        awaited = self._awaited.get(partition, set())
        for one in halves if awaited else ():
            if one.offset in awaited:
                awaited.remove(one.offset)
                self._keep(one)

    def give_up(self) -> None:
        """Wait no longer: nothing more is to come."""
        self._expire(None)
        self._awaited.clear()

    def state(self) -> list[Any]:
        """Return where the waiting halves stand."""
        offsets = {partition: set(awaited) for partition, awaited in self._awaited.items()}
        for halves in self._waiting.values():
            for one in halves:
                offsets.setdefault(one.partition, set()).add(one.offset)
        return [[*partition, sorted(found)] for partition, found in sorted(offsets.items()) if found]

    def _keep(self, one: Waiting) -> None:
        halves = self._waiting.setdefault((one.half.kind, one.half.model, one.half.id), [])
        halves.append(one)
        halves.sort(key=_place)
        one.slot.waiting += 1

    def _taken(self, key: tuple[HalfKind, int, str], time: int) -> Waiting | None:
        halves = self._waiting.get(key, [])
        for position, one in enumerate(halves):
            if abs(time - one.time) <= self.wait:
                del halves[position]
                if not halves:
                    del self._waiting[key]
                one.slot.waiting -= 1
                return one
        return None

    def _expire(self, before: int | None) -> None:
        """Count as unpaired what happened before this, or all."""
        for key, halves in list(self._waiting.items()):
            left = [one for one in halves if before is not None and one.time >= before]
            if len(left) < len(halves):
                self.totals.unpaired[key[1], key[0]] += len(halves) - len(left)
                for one in halves[: len(halves) - len(left)]:
                    one.slot.waiting -= 1
                self._waiting[key] = left
            if not left:
                del self._waiting[key]


def _place(one: Waiting) -> tuple[int, Partition, int]:
    """Return what orders halves, however their partitions were read."""
    return one.time, one.partition, one.offset


class PairCounter:
    """Counts pairs as records of their own would be counted.

    Parameters
    ----------
    decoder : Decoder
        That of the halves.
    layouts : sequence of Layout
        One per watched model.
    """

    def __init__(self, decoder: Decoder, layouts: Sequence[Layout]) -> None:
        self.decoder = decoder.of_joined()
        self.layouts = layouts
        self.names = [[feature.name for feature in typed.schema.features] for typed in decoder.typed]

    def __call__(self, pairs: Sequence[Pair]) -> tuple[Mapping[int, Tally], Blocks]:
        """Return the tallies by model, and the records block by block."""
        tallies: dict[int, Tally] = {}
        blocks = []
        for block in blocks_of(whole_records(pairs, self.names)):
            decoded, folded = self.decoder.decode(block), Folded()
            for index, batch in enumerate(decoded.batches):
                if batch is not None:
                    layout, every = self.layouts[index], np.arange(len(batch))
                    tally = tallies.setdefault(index, layout.empty())
                    tally += layout.count(batch, layout.codes(batch), every)
                    folded.counted[index], folded.fresh[index] = len(batch), [every]
            blocks.append((decoded, folded))
        return tallies, blocks


def blocks_of(messages: Iterable[RawMessage]) -> Iterator[list[RawMessage]]:
    """Yield records in blocks that are small in number and in bytes."""
    block: list[RawMessage] = []
    size = 0
    for message in messages:
        block.append(message)
        size += len(message.value or b"")
        if len(block) == BLOCK or size > BLOCK_BYTES:
            yield block
            block, size = [], 0
    if block:
        yield block


def whole_records(pairs: Iterable[Pair], names: Sequence[Sequence[str]]) -> Iterator[Message]:
    """Yield the records of pairs in the shape of the envelope; `names` has the reference's features by model."""
    for pair in pairs:
        for value in joined_records(*pair, names[pair.request.model]):
            yield Message("", 0, 0, pair.time, None, value)
