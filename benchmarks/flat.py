"""Memory over many records: the whole pipeline but Kafka, fed as fast as it goes.

python benchmarks/flat.py RECORDS FOLDER   prints resident megabytes ten times on the way.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence, Set
from pathlib import Path

import service
import traffic

from monitor.assembly import clock, parts_of, watched_models
from monitor.config.loading import load
from monitor.parts import Parts
from monitor.pipeline import Pipeline
from monitor.replay import CountedOnly, Told
from monitor.types import Message, Partition, RawMessage

POLLED = 2_000
HERE = Partition("flat", 0)


class Endless:
    """A source that gives the same features again and again, each with an id and a time of its own."""

    stamped = True

    def __init__(self, records: int, per_second: int = 1_000) -> None:
        self.records, self.per_second = records, per_second
        self.finished = False
        self._next = 0
        self._bodies = [value.partition(b',"features"')[2] for value in traffic.values(POLLED)]
        self._marks = [records * i // 10 for i in range(1, 11)]
        self.seen: list[float] = []

    def open(self, remembered: Mapping[Partition, int]) -> None: ...

    def poll(self, seconds: float) -> Mapping[Partition, Sequence[RawMessage]]:
        first, self._next = self._next, self._next + POLLED
        self.finished = self._next >= self.records
        while self._marks and self._next >= self._marks[0]:
            self._marks.pop(0)
            self.seen.append(service.resident(os.getpid()))
        return {HERE: [self._message(first + i, body) for i, body in enumerate(self._bodies)]}

    def _message(self, number: int, body: bytes) -> Message:
        seconds = traffic.START + number / self.per_second
        head = b'{"id":"%d","time":%.3f,"model":"bench","version":"7","features"' % (number, seconds)
        return Message("flat", 0, number, int(seconds * 1_000), None, head + body)

    def partitions(self) -> Set[Partition]:
        return {HERE}

    def missing(self) -> Set[Partition]:
        return frozenset()

    def at_end(self, partition: Partition) -> bool:
        return False

    def hold(self, partitions: Set[Partition]) -> None: ...

    def lag(self) -> Mapping[Partition, int]:
        return {}

    def trouble(self) -> str | None:
        return None

    def commit(self, next_offsets: Mapping[Partition, int]) -> None: ...

    def close(self, seconds: float) -> None: ...


def run(records: int, folder: Path) -> list[float]:
    """Return resident megabytes at each tenth of the way."""
    traffic.reference(folder / "reference")
    config = load(traffic.config(folder), secrets=True)
    source = Endless(records)
    models = watched_models(config, "bench")
    parts = Parts(**parts_of(config, models, source), letters=CountedOnly(), outbox=Told(None, {}), observers=[])
    Pipeline(parts, clock).run()
    return source.seen


if __name__ == "__main__":
    print(*(f"{megabytes:.1f}" for megabytes in run(int(sys.argv[1]), Path(sys.argv[2]))))
