"""Stationary traffic with everything on: nothing should be told. `python benchmarks/quiet.py RECORDS SEED`.

Numbers, categories, scores and late labels of one law, scorers of single records, query attacks, shadow checks of a
model in this process for one record in fifty, and river's ADWIN on a feature (which no budget covers, so its incidents
are counted apart); at most one false alert per 1,000,000 records.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from msgspec.json import encode
from msgspec.structs import replace

from monitor.cli.main import main as seawall
from monitor.config.loading import load
from monitor.config.shadow import ShadowSection
from monitor.formats.decoder import Decoder
from monitor.reference.from_file import build_from_file
from monitor.reference.store import Reference, Store
from monitor.shadow.answers import Answer
from monitor.shadow.endpoint import InProcess, Said
from monitor.shadow.inputs import Row, inputs_of
from monitor.shadow.probing import Prober
from monitor.types import Message

START = 1_767_225_600
PER_SECOND = 200
CALLERS = 5_000
SHARE = 0.02
BLOCK = 10_000


def records(count: int, seed: int, *, labelled: bool) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield requests with the labels that come later."""
    draw = random.Random(seed)
    for number in range(count):
        when = START + number / PER_SECOND
        features: dict[str, Any] = {f"number_{i}": round(draw.gauss(0, 1), 4) for i in range(8)}
        features |= {
            "amount": round(draw.lognormvariate(0, 1), 2),
            "visits": draw.choices(range(6), range(6, 0, -1))[0],
        }
        features |= {"region": draw.choice("abcd"), "plan": draw.choices("xyz", (6, 3, 1))[0]}
        if draw.random() < 0.02:
            features["amount"] = None
        said = says(features["number_0"], features["number_1"])
        sure = round(0.5 + min(0.5, abs(features["number_0"] + features["number_1"] / 2) / 5), 3)
        truth = said if draw.random() < sure else {"yes": "no", "no": "yes"}[said]
        record = {
            "id": f"{seed}-{number}",
            "time": round(when, 3),
            "model": "quiet",
            "version": "1",
            "features": features,
            "prediction": said,
            "scores": {said: sure, {"yes": "no", "no": "yes"}[said]: round(1 - sure, 3)},
            "caller": f"caller-{min(int(draw.expovariate(1) * 500), CALLERS)}",
            "latency_ms": round(draw.uniform(5, 20), 1),
        }
        yield (
            record | ({"label": truth} if labelled else {}),
            {
                "id": record["id"],
                "label": truth,
                "time": round(when + draw.expovariate(1 / 300), 3),
            },
        )


def says(first: float, second: float) -> str:
    """Return what the model predicts."""
    return "yes" if first + second / 2 > 0 else "no"


def model_of(section: ShadowSection, reference: Reference) -> InProcess:
    """Return the model as it is asked."""
    inputs = inputs_of(reference, section.endpoint)
    at = [inputs.index("number_0"), inputs.index("number_1")]

    def answer(rows: Sequence[Row]) -> Said:
        return Said([says(*(float(row[place] or 0.0) for place in at)) for row in rows])

    return InProcess(answer)


def answers_to(live: Path, reference: Reference, section: ShadowSection | None) -> Iterator[Answer]:
    """Yield the answers to a share of the records, each a second after its record."""
    if section is None:
        return
    prober = Prober("quiet", reference, section, model_of(section, reference))
    decoder = Decoder({"quiet": reference.schema}, stamped=False)
    lines = live.read_bytes().splitlines()
    for begin in range(0, len(lines), BLOCK):
        block = [Message("live", 0, begin + n, -1, None, line) for n, line in enumerate(lines[begin : begin + BLOCK])]
        (batch,) = decoder.decode(block).batches
        if batch is None:
            continue
        for position, name in prober.chosen(batch, batch.rows, section.share, str):
            answered = prober.ask(prober.question(batch, position, name))
            yield from (replace(a, time=float(batch.times[position]) / 1_000 + 1.0) for a in answered)


def main(count: int, seed: int) -> None:
    """Replay and print what was told."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder / "accepted.jsonl", (r for r, _ in records(20_000, seed + 1_000, labelled=True)))
        late: list[dict[str, Any]] = []
        write(folder / "live.jsonl", (late.append(label) or r for r, label in records(count, seed, labelled=False)))
        write(folder / "labels.jsonl", sorted(late, key=lambda label: label["time"]))
        config = folder / "seawall.yaml"
        config.write_text(json.dumps(configured(folder)))
        settings = load(config, secrets=False).models_resolved()["quiet"]
        reference, provenance = build_from_file(str(folder / "accepted.jsonl"), settings, "auto", answering=model_of)
        store = Store(folder / "reference")
        store.save(reference, provenance)
        store.promote(reference.digest, by="me", why="quiet", at="2026-01-01T00:00:00Z")
        write(folder / "answers.jsonl", answers_to(folder / "live.jsonl", reference, settings.shadow))
        began = time.monotonic()
        events = folder / "events.jsonl"
        files = ["--labels", str(folder / "labels.jsonl"), "--events", str(events)]
        files += ["--answers", str(folder / "answers.jsonl")]
        seawall(["replay", str(folder / "live.jsonl"), "-c", str(config), *files])
        seen = [json.loads(line) for line in events.read_text().splitlines()]
    opened = Counter(s["signal"] for e in seen if e["event"] == "opened" for s in e["signals"])
    free = sum(n for signal, n in opened.items() if signal.endswith(".ADWIN"))
    print(
        f"seed {seed}: {count:,} records, {opened.total() - free} incidents under the budget {dict(opened)}", end=", "
    )
    print(f"{time.monotonic() - began:.0f} s")


def configured(folder: Path) -> dict[str, Any]:
    """Return the configuration."""
    return {
        "model": "quiet",
        "source": {"type": "file", "path": "-"},
        "reference": str(folder / "reference"),
        "tolerance": 0,
        "false_alarm_every": "1000000 records",
        "detectors": [
            {"type": "auto"},
            {"type": "queries"},
            {"type": "river", "detector": "ADWIN", "signal": "latency"},
        ],
        "shadow": {"endpoint": {"type": "v2", "url": "http://127.0.0.1:9", "model": "quiet"}, "share": SHARE},
        "sinks": [{"type": "file", "path": str(folder / "told.jsonl")}],
    }


def write(path: Path, rows: Any) -> None:
    """Write JSON Lines."""
    with path.open("w") as file:
        file.writelines(encode(row).decode() + "\n" for row in rows)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
