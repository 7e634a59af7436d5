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
    """A Source over one file, read whole before its first message is given.

    An offset is the message's place in that order; what cannot be used comes first.
    """

    def __init__(self, path: str, *, rate: float = 100.0) -> None:
        super().__init__(path, rate=rate)
        self._given = 0
        self._sorted: list[RawMessage] | None = None

    def poll(self, seconds: float) -> Mapping[Partition, Sequence[RawMessage]]:
        if self._sorted is None:
            self._sorted = self._in_order()
        begin = self._given
        if not self._held:
            self._given = min(begin + MOST, len(self._sorted))
        self.finished = self._given == len(self._sorted)
        found = [
            Message(m.topic, m.partition, place, m.timestamp, m.key, m.value, m.headers)
            for place, m in enumerate(self._sorted[begin : self._given], begin)
        ]
        return {self._partition: found} if found else {}

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
