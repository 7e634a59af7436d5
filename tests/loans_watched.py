"""A loan model with everything on: a caller who probes it, shadow checks, labels that come late, a retraining.

What happens to it: a caller sends near-duplicates; then incomes rise, more predictions are wrong, and the model at the
endpoint becomes fragile; then the caller goes away.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from random import Random
from typing import Any

from kafka import KafkaProducer
from shadow_world import MODEL, request, sure_of
from traffic import lines
from v2_server import V2Server

REQUESTS = 7_000
PROBED = range(1_800, 4_000)
MOVED = 2_800
FRAGILE = 1.5
RULE = "nightly"
RATE = 1_000
"""Messages that are written within a second, so that the endpoint is asked all along."""


def configured(bootstrap: str, topics: dict[str, str], endpoint: str, trainer: str) -> dict[str, Any]:
    """Return the configuration; `topics` are those of requests, labels and answers."""
    answering = {"type": "v2", "url": endpoint, "model": "m", "prediction": "predict", "classes": ["no", "yes"]}
    return {
        "model": MODEL,
        "source": {"type": "kafka", "bootstrap_servers": bootstrap, "topics": [topics["requests"]]},
        "slot": "1s",
        "allowed_lateness": "1s",
        "resolve_after": "5s",
        "detectors": [{"type": "auto"}, {"type": "queries"}],
        "labels": {"source": {"type": "kafka", "topics": [topics["labels"]]}, "wait": "20s"},
        "shadow": {
            "endpoint": answering | {"scores": "scores"},
            "share": 0.4,
            "budget": {"per_second": 100_000, "per_day": 10_000_000},
            "checks": [{"type": "noise", "severity": [0.2]}],
            "answers": {"topic": topics["answers"]},
        },
        "retrain": [
            {
                "name": RULE,
                "action": {"type": "webhook", "url": trainer},
                "when": {"groups": ["features"], "min_severity": "warning", "for": "2s"},
            }
        ],
    }


def said(rows: Any, fragile: float) -> dict[str, list[float]]:
    """Return the outputs of the model at the endpoint."""
    yes = [sure_of(row, fragile) for row in rows]
    return {"predict": [int(s >= 0.5) for s in yes], "scores": [v for s in yes for v in (1 - s, s)]}


def accepted() -> bytes:
    """Return labelled requests, 5 % of them predicted wrongly."""
    rng = Random(1)
    records = [request(number, rng) for number in range(6_000)]
    return lines(record | {"label": _truth(record, rng, 0.05), "caller": _somebody(rng)} for record in records)


def live() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what happens in the order of its time: `requests` or `labels`, and the record."""
    rng, late, aim = Random(2), [], {}
    for number in range(REQUESTS):
        record = request(number, rng) | {"caller": _somebody(rng)}
        if number >= MOVED:
            record["features"]["income"] += 12
            record |= _predicted(record["features"])
        if number in PROBED and rng.random() < 0.3:
            aim = aim or record["features"]
            record |= {"features": aim | {"income": aim["income"] + rng.gauss(0, 0.2)}, "caller": "mallory"}
        yield "requests", record
        truth = _truth(record, rng, 0.05 if number < MOVED else 0.25)
        if rng.random() < 0.9:  # of some it is never known
            known = record["time"] + rng.choice([2, 5, 10])
            late.append({"id": record["id"], "label": truth, "time": known})
        for label in [label for label in late if label["time"] <= record["time"]]:
            late.remove(label)
            yield "labels", label


def write(bootstrap: str, topics: dict[str, str], server: V2Server) -> None:
    """Write all of it, as fast as an endpoint on this machine can be asked; on the way the model becomes fragile."""
    producer = KafkaProducer(bootstrap_servers=bootstrap.split(","), acks="all", linger_ms=20)
    for number, (topic, record) in enumerate(live()):
        producer.send(topics[topic], lines([record]), timestamp_ms=int(1_000 * record["time"]))
        if record["id"] == f"r{MOVED}":
            server.model = lambda rows: said(rows, FRAGILE)
        if number % 100 == 0:
            producer.flush()
            time.sleep(100 / RATE)
    producer.close()


def _somebody(rng: Random) -> str:
    return f"user-{rng.randrange(50)}"


def _predicted(features: dict[str, float]) -> dict[str, Any]:
    yes = sure_of(tuple(features.values()))
    return {"prediction": "yes" if yes >= 0.5 else "no", "scores": {"no": 1 - yes, "yes": yes}}


def _truth(record: dict[str, Any], rng: Random, wrong: float) -> str:
    other = {"yes": "no", "no": "yes"}[record["prediction"]]
    return other if rng.random() < wrong else record["prediction"]
