"""Whole records out of a log that is read and not judged, such as that of a reference: the pairs that count live.

Nobody waits here for partitions, and nothing is late: halves are held, as many as fit, and those of the oldest slot are
joined when there are more. So halves may stand in any order within so much of a log, and all are joined by time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import heappop, heappush

from monitor.counting.fold import NOWHERE, Position
from monitor.counting.pairing import Blocks, Pair, Pairing, blocks_of, whole_records
from monitor.counting.slots import ID_BYTES, OpenSlot, Waiting
from monitor.counting.tally import Tally
from monitor.errors import BadRecord
from monitor.formats.columns import event_milliseconds, integers
from monitor.formats.envelope import JOINED, format_named
from monitor.formats.half import Half
from monitor.formats.json_value import MAX_BYTES, check_caps
from monitor.types import RawMessage

HELD = (256 << 20) // ID_BYTES
"""What halves take that are held, in ids: 256 MiB."""


class Joiner:
    """Turns messages into messages that are whole records: halves become envelopes, all others stay as they are.

    Parameters
    ----------
    model : str
        Halves that name another one are left out.
    format : str
        The wire format of the messages.
    slot, wait : int
        Milliseconds; how far apart in time the halves of a pair may be.
    held : int
        What halves may take before the oldest slot is joined, in ids; with 0 they are joined as they come.

    Attributes
    ----------
    rest : str
        The wire format of what it returns.
    dead : Counter
        Messages that could not be used, by reason; `why` is what was wrong with the first.
    others : int
        Halves that name another model; `another` is the first such name.
    """

    rest = JOINED.name

    def __init__(self, model: str, format: str, slot: int, wait: int, held: int = HELD) -> None:
        self.dead: Counter[str] = Counter()
        self.why = ""
        self.others = 0
        self.another: str | None = None
        self.model, self._format, self._slot, self._held = model, format, slot, held
        self._slots: dict[int, OpenSlot] = {}
        self._numbers: list[int] = []
        self._size = self._read = 0
        self._pairing = Pairing(slot, wait, self._take)
        self._whole: list[RawMessage | Pair] = []

    def over(self, blocks: Iterable[Sequence[RawMessage]]) -> Iterator[list[RawMessage]]:
        """Yield the whole records of a log, block by block, and then those of the halves that were held."""
        for block in blocks:
            self._look(block)
            yield from blocks_of(self._taken())
        while self._slots:
            self._close()
            yield from blocks_of(self._taken())
        self._pairing.give_up()

    def __call__(self, messages: Sequence[RawMessage]) -> list[RawMessage]:
        """Return the whole records there are now."""
        self._look(messages)
        return [*self._taken()]

    @property
    def alone(self) -> int:
        """How many halves have found no other, once the log has ended."""
        return self._pairing.totals.unpaired.total()

    @property
    def twice(self) -> int:
        """How many halves were there already, in the same slot."""
        return self._pairing.totals.duplicates.total()

    def _look(self, messages: Sequence[RawMessage]) -> None:
        for message in messages:
            self._read += 1
            try:
                self._add(message)
            except BadRecord as error:
                self.dead[error.reason] += 1
                self.why = self.why or str(error)
            while self._size > self._held:
                self._close()

    def _add(self, message: RawMessage) -> None:
        found = format_named(self._format, message)
        if not found.paired:
            if message.value and len(message.value) > MAX_BYTES:
                check_caps(message.value)  # who reads on has no bounds, for a pair has none
            self._whole.append(message)
            return
        for half in found.read(message):
            if not isinstance(half, Half):
                continue
            if half.name in (None, self.model):
                self._hold(message, half)
            else:
                self.others += 1
                self.another = self.another or half.name

    def _hold(self, message: RawMessage, half: Half) -> None:
        time = int(event_milliseconds([half.time], integers([message.timestamp]))[0])
        if time < 0:
            raise BadRecord("bad_time", "time is outside 1970 to 3000")
        half.model = 0
        number = time // self._slot
        if number not in self._slots:
            self._slots[number] = OpenSlot(Position(0))
            heappush(self._numbers, number)
        slot = self._slots[number]
        before = slot.size
        slot.keep(Waiting(time, NOWHERE, self._read, half, slot))
        self._size += slot.size - before

    def _close(self) -> None:
        number = heappop(self._numbers)
        slot = self._slots.pop(number)
        self._size -= slot.size
        self._pairing.join(number, slot.halves)

    def _take(self, pairs: Sequence[Pair]) -> tuple[Mapping[int, Tally], Blocks]:
        self._whole += pairs
        return {}, ()

    def _taken(self) -> Iterator[RawMessage]:
        """Yield what is whole; pairs are written out one by one, for their records may be large."""
        whole, self._whole = self._whole, []
        for one in whole:
            yield from whole_records([one], [()]) if isinstance(one, Pair) else (one,)
