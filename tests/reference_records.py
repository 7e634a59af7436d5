"""Records and references for tests: a few lines of JSON, built as `seawall reference build` does."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from monitor.reference.bins import FeatureOptions
from monitor.reference.build import build
from monitor.reference.store import Reference
from monitor.types import Message

MODEL = "m"
START = 1_756_684_800_000


def messages(values: Iterable[bytes], topic: str = "t") -> list[Message]:
    """Return the values as messages of one partition, a tenth of a second apart."""
    return [Message(topic, 0, i, START + 100 * i, None, value) for i, value in enumerate(values)]


def lines(records: Iterable[Mapping[str, Any]]) -> list[bytes]:
    """Return the records as JSON."""
    return [json.dumps(record).encode() for record in records]


def timed(features: Iterable[Any], **outputs: Sequence[Any]) -> list[dict[str, Any]]:
    """Return one record a set of features, a tenth of a second apart; `outputs` are columns beside the features."""
    records = []
    for i, own in enumerate(features):
        beside = {name: column[i] for name, column in outputs.items()}
        records.append({"time": (START + 100 * i) / 1000, "features": own, **beside})
    return records


def built(
    records: Iterable[Mapping[str, Any] | bytes], options: Mapping[str, FeatureOptions] | None = None, **more: Any
) -> Reference:
    """Return the reference of the records."""
    values = [r if isinstance(r, bytes) else json.dumps(r).encode() for r in records]
    block = messages(values)
    given = {"model": MODEL, "options": options or {}, "from_table": False} | more
    return build(lambda: [block[i : i + 500] for i in range(0, len(block), 500)], **given)


def applicants(rows: int = 2_000, seed: int = 1, income: float = 0.0) -> list[dict[str, Any]]:
    """Return records of a credit model: numbers, levels, a flag, an id; 4 % of the ages are missing."""
    draw = np.random.default_rng(seed)
    features = [
        {
            "income": round(float(draw.normal(income)), 4),
            "age": None if draw.random() < 0.04 else int(draw.integers(18, 90)),
            "children": int(draw.poisson(1)),
            "region": str(draw.choice(["north", "south", "east"])),
            "home_owner": bool(draw.random() < 0.3),
            "country": "DE",
            "customer_id": f"c{draw.integers(10**9)}",
        }
        for _ in range(rows)
    ]
    decided = draw.choice(["approve", "decline"], rows, p=[0.64, 0.36]).tolist()
    return timed(features, prediction=decided, confidence=draw.random(rows).round(3).tolist())
