"""A file of labels, given in the order of their times: whoever exports labels seldom sorts them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from monitor.counting.fold import NEVER
from monitor.formats.batch import DEAD
from monitor.labels.reading import LabelReader
from monitor.sources.file import MOST, FileReader
from monitor.types import Message, Partition, RawMessage


class InOrder(FileReader):
    """A Source over one file, read whole before its first message: about 150 bytes a label, besides the label.

    An offset is the message's place in that order; what cannot be used comes first.
    """

    def __init__(self, path: str, *, rate: float = 100.0) -> None:
        super().__init__(path, rate=rate)
        self._path = path
        self._sorted: list[RawMessage] | None = None
        self._given = 0
        self._waits = False

    def poll(self, seconds: float) -> Mapping[Partition, Sequence[RawMessage]]:
        if self._sorted is None:
            self._sorted = self._in_order()
        begin = self._given
        if not self._waits:
            self._given = min(begin + MOST, len(self._sorted))
        self.finished = self._given == len(self._sorted)
        block = enumerate(self._sorted[begin : self._given], begin)
        found = [Message(m.topic, m.partition, place, m.timestamp, m.key, m.value, m.headers) for place, m in block]
        return {Partition(self._path, 0): found} if found else {}

    def hold(self, partitions: frozenset[Partition] | set[Partition]) -> None:
        self._waits = Partition(self._path, 0) in partitions

    def _in_order(self) -> list[RawMessage]:
        messages: list[RawMessage] = []
        times = [np.zeros(0, dtype=np.int64)]
        reader = LabelReader(stamped=False)
        while not self.finished:
            for block in super().poll(0.25).values():
                decoded = reader.decode(block)
                times.append(np.where(decoded.model == DEAD, NEVER, decoded.times))
                messages += block
        return [messages[place] for place in np.argsort(np.concatenate(times), kind="stable").tolist()]
