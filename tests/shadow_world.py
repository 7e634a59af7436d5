"""Requests of a small model, the model itself within the test, and logs of what it was asked."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

from monitor.config.permodel import ModelSettings
from monitor.config.shadow import ShadowSection
from monitor.formats.decoder import Decoder
from monitor.reference.build import build
from monitor.reference.store import Reference, Store
from monitor.shadow.answers import Answer
from monitor.shadow.curve import Source, measured
from monitor.shadow.endpoint import InProcess, Said
from monitor.shadow.inputs import Row
from monitor.shadow.probing import Prober
from monitor.types import Message, Partition

MODEL = "loans"
START = 1_767_225_600_000
EVERY = 100
"""Milliseconds between two requests: a hundred a slot."""

REQUESTS, ANSWERS = Partition("requests", 0), Partition("answers", 0)
SHADOW = {
    "endpoint": {"type": "v2", "url": "http://127.0.0.1:1", "model": MODEL, "scores": "scores"},
    "share": 1.0,
    "budget": {"per_second": 100_000, "per_day": 10_000_000},
    "checks": [
        {"type": "noise", "severity": [0.2]},
        {"type": "monotone", "feature": "income", "direction": "up", "output": "score.yes"},
    ],
}


def section(**own: Any) -> ShadowSection:
    """Return the section, with some keys of one's own."""
    return ShadowSection.model_validate(SHADOW | own)


def sure_of(row: Row, fragile: float = 0.0) -> float:
    """Return the score of `yes`; a fragile model has a ripple on it that a small change moves."""
    income, age, _ = (0.0 if v is None else v for v in row)
    logit = 0.05 * (income - 50) - 0.03 * (age - 40) + fragile * math.sin(3 * income)
    return 1 / (1 + math.exp(-logit))


def model(fragile: float = 0.0, version: str = "1") -> InProcess:
    """Return a model that answers within this process."""

    def said(rows: Sequence[Row]) -> Said:
        yes = [sure_of(row, fragile) for row in rows]
        predictions = ["yes" if s >= 0.5 else "no" for s in yes]
        return Said(predictions, {"no": [1 - s for s in yes], "yes": yes}, version)

    return InProcess(said)


def request(number: int, rng: Random, *, near: float = 0.0, fragile: float = 0.0) -> dict[str, Any]:
    """Return a record; `near` moves the inputs towards the boundary."""
    income = round(rng.gauss(50, 20 * (1 - near)), 3)
    age = float(round(rng.gauss(40, 15 * (1 - near))))
    row = (income, age, float(rng.random() < 0.3))
    yes = sure_of(row, fragile)
    return {
        "id": f"r{number}",
        "time": (START + number * EVERY) / 1_000,
        "features": dict(zip(("income", "age", "owner"), row, strict=True)),
        "prediction": "yes" if yes >= 0.5 else "no",
        "scores": {"no": 1 - yes, "yes": yes},
    }


def messages(count: int, seed: int, **what: Any) -> list[Message]:
    """Return a log of requests."""
    rng = Random(seed)
    records = [request(number, rng, **what) for number in range(count)]
    stamped = [(START + number * EVERY, json.dumps(record).encode()) for number, record in enumerate(records)]
    return [Message(REQUESTS.topic, 0, offset, stamp, None, body) for offset, (stamp, body) in enumerate(stamped)]


def accepted(folder: Path, asked: ShadowSection, *, count: int = 6_000) -> Reference:
    """Return a reference for which the accepted model was asked, promoted in a folder."""
    log = messages(count, 1)
    plain = build(lambda: iter([log]), model=MODEL, options={}, from_table=False)
    reference = measured(plain, Source(lambda: iter([log]), "auto"), asked, lambda _, __: model())
    store = Store(folder)
    store.save(reference, {"source": "tests", "rows": reference.rows})
    store.promote(reference.digest, by="ann", why="tests", at="2026-01-01T00:00:00Z")
    return reference


def asked(
    reference: Reference, own: ShadowSection, log: Sequence[Message], fragile: Callable[[int], float]
) -> list[Answer]:
    """Return what a model answers that is so fragile when it is asked about the request of a number."""
    batch = Decoder({MODEL: reference.schema}, stamped=False).decode(log).batches[0]
    models = {f: Prober(MODEL, reference, own, model(f)) for f in {fragile(n) for n in range(len(log))}}
    found = []
    for position in range(len(log)):
        prober = models[fragile(position)]
        found += prober.ask(prober.question(batch, position, batch.ids[position]))
    return found


def answer_log(answers: Sequence[Answer], rng: Random, *, parts: int = 1, mess: bool = False) -> dict[Partition, Any]:
    """Return answers as they were written, thirty a second; `mess` adds what happens in life."""
    import msgspec

    logs: dict[Partition, list[Message]] = {Partition("answers", n): [] for n in range(parts)}
    for number, answer in enumerate(answers):
        stamp = START + number * 1_000 // 30
        body = msgspec.json.encode(msgspec.structs.replace(answer, time=stamp / 1_000))
        log = logs[Partition("answers", rng.randrange(parts))]
        bodies = [body]
        if mess and rng.random() < 0.03:
            bodies.append(rng.choice([body, b"{torn", b"[]", b'{"id": 7}', body.replace(MODEL.encode(), b"other")]))
        for each in bodies:
            where = next(p for p, one in logs.items() if one is log)
            log.append(Message(where.topic, where.partition, len(log), stamp, None, each))
    return logs


def settings(reference: Path, own: ShadowSection | None) -> ModelSettings:
    """Return the settings of the model, everything else as by default."""
    from monitor.config.config import Config

    config = Config.model_validate(
        {"model": MODEL, "source": {"type": "file", "path": "x"}, "reference": {"path": str(reference)}}
    )
    return type(config.models_resolved()[MODEL])(**{**vars(config.models_resolved()[MODEL]), "shadow": own})
