"""Each stage of a record's path on one core, without Kafka."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from pathlib import Path

import traffic

from detectors.config import AutoConfig
from monitor.counting.fold import Fold, Position
from monitor.formats.batch import Decoded
from monitor.formats.decoder import Decoder
from monitor.pipeline import BLOCK
from monitor.types import Message

POLLED = 2_000  # a poll's worth at a time: as after a real poll, what is decoded next is still in the cache
ROUNDS = 20


def measure(folder: Path) -> list[tuple[str, float]]:
    """Return (stage, microseconds a record), the best of some rounds; all together, then what scorers add."""
    accepted = traffic.reference(folder / "reference")
    decoder = Decoder({traffic.MODEL: accepted.schema}, stamped=True)
    polled = traffic.messages(POLLED)
    blocks = [polled[i : i + BLOCK] for i in range(0, POLLED, BLOCK)]
    typed = decoder.typed[0].decode
    decoded = [decoder.decode(block) for block in blocks]

    def fold_of(each: Callable[[list[Message]], Decoded]) -> list[object]:
        fold = Fold(10_000, 30_000, [accepted.layout], Position(0))
        return [fold.fold(each(block)) for block in blocks]

    known = {id(block): done for block, done in zip(blocks, decoded, strict=True)}
    stages: list[tuple[str, Callable[[], object]]] = [
        ("parse (msgspec alone)", lambda: [[typed(m.value or b"") for m in block] for block in blocks]),
        ("decode to columns", lambda: [decoder.decode(block) for block in blocks]),
        ("bin", lambda: [accepted.layout.codes(done.batches[0]) for done in decoded]),  # type: ignore[arg-type]
        ("bin, fold and tally", lambda: fold_of(lambda block: known[id(block)])),
        ("all together", lambda: fold_of(decoder.decode)),
    ]
    scored = traffic.reference(folder / "scored", detectors=(AutoConfig(),))
    for kind, scorer in scored.scorers.items():
        each = f"besides, {kind} of {len(scorer.rows):,} rows"
        stages.append((each, lambda s=scorer: [s.bin(done.batches[0]) for done in decoded]))  # type: ignore[misc]
    gc.collect()
    gc.freeze()
    return [(name, _best(stage)) for name, stage in stages]


def _best(stage: Callable[[], object]) -> float:
    fastest = float("inf")
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for _ in range(5):
            stage()
        fastest = min(fastest, time.perf_counter() - began)
    return fastest / (5 * POLLED) * 1e6
