"""What a shadow endpoint that hangs costs reading: alternating pairs, with it and without.

python benchmarks/shadow.py [PAIRS] [RECORDS]   (PYTHONPATH=tests)
"""

from __future__ import annotations

import json
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import median
from typing import Any
from uuid import uuid4

import traffic
from kafka import KafkaProducer
from kafka_broker import Broker

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

TOPIC = "bench"


def read(folder: Path, bootstrap: str, records: int, shadow: dict[str, Any] | None) -> tuple[float, float]:
    """Return the seconds a record takes to be read, counted and judged, and the processor's of that thread."""
    state = folder / uuid4().hex
    state.mkdir()
    source = {"type": "kafka", "bootstrap_servers": bootstrap, "topics": [TOPIC], "group_id": state.name}
    extra = {"shadow": shadow} if shadow else {}
    config = load(traffic.config(folder, state_dir=str(state), source=source, **extra), secrets=True)
    models = watched_models(config, "bench")
    pipeline = running(config, models, Health(clock().steady), Metrics("b"), stopping=threading.Event())
    pipeline.open()
    for side in pipeline.parts.sides:
        side.open()
    folds = pipeline.parts.partitions.folds
    began, used, first = 0.0, 0.0, 0
    while (here := sum(max(0, fold.next.offset) for fold in folds.values())) < records:
        if here and not first:
            began, used, first = time.perf_counter(), time.thread_time(), here
        pipeline.step()
    took = time.perf_counter() - began, time.thread_time() - used
    pipeline.parts.source.close(1.0)
    pipeline.parts.outbox.close(pipeline, clock())
    for side in pipeline.parts.sides:
        side.close()
    return took[0] / (records - first), took[1] / (records - first)


def fill(bootstrap: str, records: int) -> None:
    """Write the records that are read each time."""
    producer = KafkaProducer(bootstrap_servers=[bootstrap], linger_ms=50, batch_size=1 << 18)
    for message in traffic.messages(records):
        producer.send(TOPIC, message.value, timestamp_ms=message.timestamp)
    producer.close()


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
    pairs, records = (int(given) for given in (*sys.argv[1:], "20", "120000")[:2])
    ratios = []
    with tempfile.TemporaryDirectory() as name, socket.create_server(("127.0.0.1", 0)) as hanging:
        folder = Path(name)
        url = f"http://127.0.0.1:{hanging.getsockname()[1]}"
        shadow = {"endpoint": {"type": "v2", "url": url, "model": traffic.MODEL}}
        asked(folder, shadow)
        with Broker(folder / "kafka") as broker:
            broker.create_topic(TOPIC, 1, retention_ms=-1)
            fill(broker.bootstrap, records)
            read(folder, broker.bootstrap, records, shadow)
            for number in range(pairs):
                order = (None, shadow) if number % 2 else (shadow, None)
                took = [read(folder, broker.bootstrap, records, each) for each in order]
                without, beside = took if number % 2 else reversed(took)
                ratios.append([a / b for a, b in zip(without, beside, strict=True)])
    wall, cpu = zip(*ratios, strict=True)
    print(f"an endpoint that hangs, {records:,} records, median of {pairs} alternating pairs (lowest to highest)")
    for what, found in (("speed of reading with it", wall), ("in processor time", cpu)):
        print(f"  {what:<28} {median(found):>10.3f}           ({min(found):.3f} to {max(found):.3f})")


if __name__ == "__main__":
    main()
