"""What remembering costs: the share of a busy monitor's time, and a start that goes on with 100 models of 50 signals.

OPENBLAS_NUM_THREADS=1 PYTHONPATH=tests python benchmarks/checkpoint.py   on the disk where the temporary folder is
"""

from __future__ import annotations

import dataclasses
import json
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

import traffic
from fake_source import FakeSource
from flat import Endless

from monitor.assembly import clock, running, watched_models
from monitor.config.config import Config
from monitor.config.loading import load
from monitor.http.health import Health
from monitor.http.metrics import Metrics
from monitor.logs import configure
from monitor.parts import Now
from monitor.pipeline import Pipeline
from monitor.reference.store import Store
from monitor.remembered import known
from monitor.state import snapshot

MODELS, SIGNALS = 100, 50
RECORDS = 3_000_000
LATER = 1e6
"""Seconds after which saving is due, however long it takes."""


class Share(NamedTuple):
    """Of one run: its seconds, those of saving among them, how often it saved, and megabytes of a snapshot."""

    seconds: float
    saving: float
    saves: int
    megabytes: float


def share_of_time(folder: Path, records: int) -> Share:
    """Run the monitor as fast as it goes, and take the time around each saving, the waiting for the disk included."""
    traffic.reference(folder / "reference")
    pipeline = _monitor(load(traffic.config(folder), secrets=True), Endless(records))
    outbox: Any = pipeline.parts.outbox
    save, saving, ages = outbox.save, 0.0, set()

    def timed(pipeline: Pipeline, now: Now) -> None:
        nonlocal saving
        began = time.perf_counter()
        save(pipeline, now)
        saving += time.perf_counter() - began
        ages.add(outbox.path.stat().st_mtime_ns)

    outbox.save = timed
    began = time.perf_counter()
    while not pipeline.finished:
        pipeline.step()
    whole = time.perf_counter() - began
    size = outbox.path.stat().st_size / 1e6
    outbox.close(pipeline, clock())
    return Share(whole, saving, len(ages), size)


class Restore(NamedTuple):
    """Signals of all models, megabytes of their snapshot, seconds to write it and to go on from it."""

    signals: int
    megabytes: float
    save: float
    restore: float


def restore(folder: Path) -> Restore:
    """Remember so many models, and let as many new ones go on from there; of three times the fastest."""
    accepted = traffic.reference(folder / "reference")
    names = [f"model-{number:03d}" for number in range(MODELS)]
    for name in names:
        store, own = Store(folder / "models" / name), dataclasses.replace(accepted, model=name)
        store.save(own, {"source": "benchmark"})
        store.promote(own.digest, by="benchmark", why="to measure with", at="2026-01-01T00:00:00Z")
    models = {name: {"reference": str(folder / "models" / name)} for name in names}
    content = {"models": models, "source": {"type": "file", "path": "-"}, "sinks": [], "http": "127.0.0.1:0"}
    (folder / "many.yaml").write_text(json.dumps(content | {"state_dir": str(folder / "many")}))
    config = load(folder / "many.yaml", secrets=True)
    pipeline = _monitor(config, FakeSource())
    outbox: Any = pipeline.parts.outbox
    saving: list[float] = []
    restoring: list[float] = []
    signals = 0
    for turn in range(3):
        began = time.perf_counter()
        outbox.save(pipeline, Now(clock().steady + LATER * (1 + turn), clock().wall))
        saving.append(time.perf_counter() - began)
        fresh = watched_models(config, "benchmark")
        signals = sum(len(model.judge.signals) for model in fresh)
        began = time.perf_counter()
        found = snapshot.recover(outbox.path)
        saved = known(found)["models"] if found else {}
        for model in fresh:
            model.restore(saved[model.name], 0)
        restoring.append(time.perf_counter() - began)
    size = outbox.path.stat().st_size / 1e6
    outbox.close(pipeline, clock())
    return Restore(signals, size, min(saving), min(restoring))


def _monitor(config: Config, source: Any) -> Pipeline:
    configure("error")
    config.state_dir.mkdir(parents=True)
    models = watched_models(config, "benchmark")
    return running(config, models, Health(clock().steady), Metrics("0"), stopping=threading.Event(), source=source)


def show() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seen = share_of_time(folder, RECORDS)
        many = restore(folder)
    print(f"\na busy monitor, {RECORDS / seen.seconds:,.0f} records/s for {seen.seconds:.0f} s")
    print(f"  savings of {seen.megabytes:.1f} MB           {seen.saves:>6}")
    print(f"  share of its time           {100 * seen.saving / seen.seconds:>6.1f} %   (at most 3)")
    print(f"{MODELS} models, {many.signals:,} signals, a snapshot of {many.megabytes:.1f} MB")
    print(f"  saved in                    {many.save:>6.2f} s")
    print(f"  gone on from in             {many.restore:>6.2f} s   (at most 2)")


if __name__ == "__main__":
    show()
