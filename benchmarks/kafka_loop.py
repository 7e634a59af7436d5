"""Reads a topic to its end: bare, or with the whole monitor. Prints seconds and records.

python benchmarks/kafka_loop.py bare|monitor BOOTSTRAP TOPIC RECORDS FOLDER
"""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path
from uuid import uuid4

import traffic


def bare(bootstrap: str, topic: str, records: int) -> tuple[float, float]:
    """Poll with kafka-python and nothing else, with the settings that the monitor uses."""
    from kafka import KafkaConsumer

    from monitor.sources.kafka_connecting import OURS

    settings = {
        **OURS,
        "auto_offset_reset": "earliest",
        "bootstrap_servers": [bootstrap],
        "group_id": f"bare-{uuid4().hex}",
    }
    consumer = KafkaConsumer(topic, **settings)
    read, began, used = 0, 0.0, 0.0
    while read < records:
        for batch in consumer.poll(timeout_ms=250).values():
            if not read:
                began, used = time.perf_counter(), time.process_time()
            read += len(batch)
    took = time.perf_counter() - began, time.process_time() - used
    consumer.close(autocommit=False, timeout_ms=500)
    return took


def monitor(bootstrap: str, topic: str, records: int, folder: Path) -> tuple[float, float]:
    """Run the pipeline of `seawall run`, snapshots, metrics and all."""
    from monitor.assembly import clock, running, watched_models
    from monitor.config.loading import load
    from monitor.http.health import Health
    from monitor.http.metrics import Metrics
    from monitor.logs import configure

    configure("error")
    state = folder / uuid4().hex
    source = {"type": "kafka", "bootstrap_servers": bootstrap, "topics": [topic], "group_id": f"monitor-{uuid4().hex}"}
    config = load(traffic.config(folder, source=source, state_dir=str(state)), secrets=True)
    config.state_dir.mkdir(parents=True)
    pipeline = running(
        config, watched_models(config, "bench"), Health(clock().steady), Metrics("bench"), stopping=threading.Event()
    )
    pipeline.parts.source.open(pipeline.parts.partitions.wanted)
    began, used = 0.0, 0.0
    while (read := sum(max(0, f.next.offset) for f in pipeline.parts.partitions.folds.values())) < records:
        if not began and read:
            began, used = time.perf_counter(), time.process_time()
        pipeline.step()
    took = time.perf_counter() - began, time.process_time() - used
    pipeline.parts.source.close(1.0)
    pipeline.parts.outbox.close(pipeline, clock())
    return took


if __name__ == "__main__":
    how, bootstrap, topic, count, folder = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), Path(sys.argv[5])
    wall, cpu = bare(bootstrap, topic, count) if how == "bare" else monitor(bootstrap, topic, count, folder)
    print(wall, cpu)
