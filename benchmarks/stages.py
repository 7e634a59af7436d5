"""Each stage of a record's path on one core, without Kafka."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import traffic

from monitor.counting.fold import Fold, Position
from monitor.formats.decoder import Decoder
from monitor.pipeline import BLOCK

POLLED = 2_000  # a poll's worth at a time: as after a real poll, what is decoded next is still in the cache
ROUNDS = 20


def measure(folder: Path) -> list[tuple[str, float]]:
    """Return (stage, microseconds a record), the best of some rounds; the last is all together."""
    accepted = traffic.reference(folder / "reference")
    decoder = Decoder({traffic.MODEL: accepted.schema}, stamped=True)
    polled = traffic.messages(POLLED)
    blocks = [polled[i : i + BLOCK] for i in range(0, POLLED, BLOCK)]
    typed = decoder.typed[0].decode
    decoded = [decoder.decode(block) for block in blocks]

    def parse() -> Iterator[object]:
        for block in blocks:
            yield [typed(m.value or b"") for m in block]

    def columns() -> Iterator[object]:
        for block in blocks:
            yield decoder.decode(block)

    def cells() -> Iterator[object]:
        for done in decoded:
            yield accepted.layout.codes(done.batches[0])  # type: ignore[arg-type]

    def count() -> Iterator[object]:
        fold = Fold(10_000, 30_000, [accepted.layout], Position(0))
        for done in decoded:
            yield fold.fold(done)

    def whole() -> Iterator[object]:
        fold = Fold(10_000, 30_000, [accepted.layout], Position(0))
        for block in blocks:
            yield fold.fold(decoder.decode(block))

    gc.collect()
    gc.freeze()
    stages = [("parse (msgspec alone)", parse), ("decode to columns", columns), ("bin", cells), ("bin, fold and tally", count), ("all together", whole)]
    return [(name, _best(stage)) for name, stage in stages]


def _best(stage: Callable[[], Iterator[object]]) -> float:
    fastest = float("inf")
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for _ in range(5):
            for _ in stage():
                pass
        fastest = min(fastest, time.perf_counter() - began)
    return fastest / (5 * POLLED) * 1e6
