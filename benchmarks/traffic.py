"""Records to measure with: 20 numbers, 3 categories, scores of two classes; about 700 bytes."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from monitor.reference.build import build
from monitor.reference.store import Reference, Store
from monitor.types import Message

MODEL = "bench"
NUMERIC = [f"measured_{i:02d}" for i in range(20)]
CATEGORICAL = ["first_category", "second_category", "third_category"]
START = 1_767_225_600


def values(
    count: int, *, per_second: int = 1_000, seed: int = 1, shift_at: int | None = None, begin: int = START
) -> Iterator[bytes]:
    """Yield envelopes from the second `begin` on; from `shift_at` on, one feature is half a deviation higher."""
    draw = random.Random(seed)
    for i in range(count):
        common = draw.gauss(0, 1)  # all go together, so that what watches that has all there is to do
        features: dict[str, object] = {name: round(0.6 * common + 0.8 * draw.gauss(0, 1), 6) for name in NUMERIC}
        features |= {name: draw.choice("abcdefgh") for name in CATEGORICAL}
        if shift_at is not None and i >= shift_at:
            features[NUMERIC[0]] = round(draw.gauss(0.5, 1), 6)
        yes = round(draw.random(), 4)
        record = {
            "id": f"{seed}-{i:09d}",
            "time": begin + i / per_second,
            "model": MODEL,
            "version": "7",
            "features": features,
            "prediction": "approve" if yes > 0.5 else "refuse",
            "scores": {"approve": yes, "refuse": round(1 - yes, 4)},
        }
        yield json.dumps(record, separators=(",", ":")).encode()


def messages(count: int, **options: int) -> list[Message]:
    """Return the envelopes as messages of one partition of a log."""
    return [
        Message("bench", 0, i, (START + i // 1_000) * 1_000, None, v) for i, v in enumerate(values(count, **options))
    ]


def reference(folder: Path, records: int = 20_000, detectors: Sequence[Any] = ()) -> Reference:
    """Return a reference of such records, promoted in `folder`."""
    store = Store(folder)
    if store.promoted() is None:
        accepted = messages(records, seed=2)
        built = build(lambda: iter([accepted]), model=MODEL, options={}, from_table=False, detectors=detectors)
        store.save(built, {"source": "benchmark"})
        store.promote(built.digest, by="benchmark", why="to measure with", at="2026-01-01T00:00:00Z")
    return store.accepted()


def config(folder: Path, **over: object) -> Path:
    """Write a configuration; JSON is YAML."""
    path = folder / "seawall.yaml"
    content = {
        "model": MODEL,
        "source": {"type": "file", "path": "-"},
        "reference": str(folder / "reference"),
        "state_dir": str(folder / "state"),
        "sinks": [{"type": "file", "path": str(folder / "events.jsonl")}],
        "http": "127.0.0.1:0",
    }
    path.write_text(json.dumps(content | over))
    return path
