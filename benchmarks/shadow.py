"""What a shadow endpoint that hangs costs reading: alternating pairs, with it and without.

python benchmarks/shadow.py [PAIRS] [RECORDS]   (PYTHONPATH=tests)
"""

from __future__ import annotations

import json
import shutil
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import median
from typing import Any

import traffic
from fake_source import FakeSource

from monitor.assembly import clock, running, watched_models
from monitor.config.loading import load
from monitor.config.shadow import ShadowSection
from monitor.http.health import Health
from monitor.http.metrics import Metrics
from monitor.logs import configure
from monitor.reference.build import build
from monitor.reference.store import Store
from monitor.shadow.curve import Source, measured
from monitor.shadow.endpoint import InProcess, Said
from monitor.types import Message, Partition

PIECE = 1_000


class Memory(FakeSource):
    """Messages that are there at once: nothing but the monitor takes time."""

    def __init__(self, messages: list[Message]) -> None:
        self.place = Partition("bench", 0)
        super().__init__(there={self.place}, stamped=True)
        self.messages, self.next = messages, 0

    def open(self, remembered: Any) -> None:
        """Begin at the first."""

    def poll(self, seconds: float) -> Any:
        """Return the next thousand."""
        piece = self.messages[self.next : self.next + PIECE]
        self.next += len(piece)
        self.finished = self.next >= len(self.messages)
        return {self.place: piece} if piece else {}


def read(folder: Path, messages: list[Message], shadow: dict[str, Any] | None) -> tuple[float, float]:
    """Return the seconds in which all records were read, counted and judged, and the processor's of that thread."""
    state = folder / "state"
    shutil.rmtree(state, ignore_errors=True)
    state.mkdir()
    extra = {"shadow": shadow} if shadow else {}
    config = load(traffic.config(folder, state_dir=str(state), **extra), secrets=True)
    source = Memory(messages)
    models = watched_models(config, "bench")
    pipeline = running(config, models, Health(clock().steady), Metrics("b"), stopping=threading.Event(), source=source)
    pipeline.open()
    for side in pipeline.parts.sides:
        side.open()
    began, used = time.perf_counter(), time.thread_time()
    while not source.finished:
        pipeline.step()
    took = time.perf_counter() - began, time.thread_time() - used
    pipeline.parts.outbox.close(pipeline, clock())
    for side in pipeline.parts.sides:
        side.close()
    return took


def asked(folder: Path, shadow: dict[str, Any]) -> None:
    """Make a reference for which a model was asked that always says the same."""
    accepted = traffic.messages(6_000, seed=2)
    plain = build(lambda: iter([accepted]), model=traffic.MODEL, options={}, from_table=False)
    always = InProcess(lambda rows: Said(["approve"] * len(rows)))
    section = ShadowSection.model_validate(shadow)
    logged = [m._replace(value=_approving(m.value)) for m in accepted]
    source = Source(lambda: iter([logged]), "auto")
    reference = measured(plain, source, section, lambda _, __: always)
    store = Store(folder / "reference")
    store.save(reference, {"source": "benchmark"})
    store.promote(reference.digest, by="benchmark", why="to measure with", at="2026-01-01T00:00:00Z")


def _approving(value: bytes | None) -> bytes:
    return json.dumps(json.loads(value or b"{}") | {"prediction": "approve"}).encode()


def main() -> None:
    """Measure and print."""
    configure("error")
    pairs, records = (int(given) for given in (*sys.argv[1:], "20", "200000")[:2])
    messages = traffic.messages(records)
    ratios = []
    with tempfile.TemporaryDirectory() as name, socket.create_server(("127.0.0.1", 0)) as hanging:
        folder = Path(name)
        url = f"http://127.0.0.1:{hanging.getsockname()[1]}"
        shadow = {"endpoint": {"type": "v2", "url": url, "model": traffic.MODEL}}
        asked(folder, shadow)
        read(folder, messages[:20_000], shadow)
        for number in range(pairs):
            order = (None, shadow) if number % 2 else (shadow, None)
            took = [read(folder, messages, each) for each in order]
            without, beside = took if number % 2 else reversed(took)
            ratios.append([a / b for a, b in zip(without, beside, strict=True)])
    wall, cpu = zip(*ratios, strict=True)
    print(f"an endpoint that hangs, {records:,} records, median of {pairs} alternating pairs (lowest to highest)")
    for what, found in (("speed of reading with it", wall), ("in processor time", cpu)):
        print(f"  {what:<28} {median(found):>10.3f}           ({min(found):.3f} to {max(found):.3f})")


if __name__ == "__main__":
    main()
