"""Seeded traffic of one model: a credit decision every tenth of a second, and what may go wrong with it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from random import Random
from typing import Any

MODEL = "credit-risk"
START = 1_767_225_600_000
"""The first record's event time, the beginning of 2026."""
EVERY = 100
"""Milliseconds between two records: a hundred a slot."""
SLOT_RECORDS = 100
AMOUNTS = ("income", "balance", "debt", "savings", "rent", "spending", "limit", "overdraft")

Record = dict[str, Any]
Change = Callable[[Record, Random], None]


def traffic(slots: int, seed: int, *, changed: range = range(0), change: Change | None = None) -> Iterator[Record]:
    """Yield records of so many slots; `change` is done to those of the slots in `changed`."""
    rng = Random(seed)
    for number in range(slots * SLOT_RECORDS):
        record = _record(rng, number)
        if change is not None and number // SLOT_RECORDS in changed:
            change(record, rng)
        yield record


def _record(rng: Random, number: int) -> Record:
    features: Record = {name: round(rng.gauss(10, 3), 3) for name in AMOUNTS}
    features["children"] = rng.choice([0, 0, 0, 1, 1, 2, 3])
    features["region"] = rng.choice(["north", "north", "south", "east"])
    risk = round(min(0.99, max(0.01, rng.gauss(0.3, 0.15))), 3)
    return {
        "id": f"r{number}",
        "time": rfc3339(START + number * EVERY),
        "model": MODEL,
        "version": "7",
        "features": features,
        "prediction": "refuse" if risk > 0.5 else "grant",
        "scores": {"grant": round(1 - risk, 3), "refuse": risk},
        "latency_ms": round(rng.uniform(5, 20), 2),
    }


def rfc3339(milliseconds: int) -> str:
    """Return a time with milliseconds."""
    moment = datetime.fromtimestamp(milliseconds // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{moment}.{milliseconds % 1000:03}Z"


def lines(records: Iterable[Record | bytes]) -> bytes:
    """Return records as JSON Lines; bytes stand as they are."""
    return b"".join((r if isinstance(r, bytes) else json.dumps(r).encode()) + b"\n" for r in records)


def higher_income(record: Record, rng: Random) -> None:
    record["features"]["income"] += 3


def everything_missing(record: Record, rng: Random) -> None:
    for name in AMOUNTS:
        if rng.random() < 0.3:
            record["features"][name] = None


def renamed_features(record: Record, rng: Random) -> None:
    new = {"region": "Region", "rent": "rent_eur"}
    record["features"] = {new.get(name, name): value for name, value in record["features"].items()}


def new_region(record: Record, rng: Random) -> None:
    if rng.random() < 0.1:
        record["features"]["region"] = "west"


def more_refusals(record: Record, rng: Random) -> None:
    risk = min(0.99, record["scores"]["refuse"] + 0.2)
    record["scores"] = {"grant": round(1 - risk, 3), "refuse": round(risk, 3)}
    record["prediction"] = "refuse" if risk > 0.5 else "grant"


def a_minute_late(record: Record, rng: Random) -> None:
    if rng.random() < 0.1:
        sent = datetime.fromisoformat(record["time"]).timestamp() * 1000
        record["time"] = rfc3339(int(sent) - 60_000)


def cut_off(record: Record, rng: Random) -> None:
    """Stand for a record of which only the first bytes arrived; `lines` is given them by `torn`."""
    if rng.random() < 0.1:
        record["torn"] = True


def torn(records: Iterable[Record]) -> Iterator[Record | bytes]:
    """Yield records, those that were cut off as the bytes that are left."""
    for record in records:
        yield json.dumps(record).encode()[:60] if record.pop("torn", False) else record


def doubled(records: Iterable[Record], rng: Random) -> Iterator[Record]:
    """Yield records, one in five twice."""
    for record in records:
        yield record
        if rng.random() < 0.2:
            yield record


def table(records: Iterable[Record]) -> str:
    """Return records as CSV."""
    rows = []
    for record in records:
        beside = {name: record[name] for name in ("id", "time", "model", "version", "prediction", "latency_ms")}
        scores = {f"score.{name}": value for name, value in record["scores"].items()}
        rows.append(beside | scores | record["features"])
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0].keys())
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
