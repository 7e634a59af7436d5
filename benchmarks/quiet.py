"""Stationary traffic with everything on: nothing should be told. `python benchmarks/quiet.py RECORDS SEED`.

Numbers, categories, scores and late labels of one law, scorers of single records, query attacks and river's ADWIN on a
feature (which no budget covers, so its incidents are counted apart); at most one false alert per 1,000,000 records.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from monitor.cli.main import main as seawall

START = 1_767_225_600
PER_SECOND = 200
CALLERS = 5_000


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
        truth = "yes" if features["number_0"] + draw.gauss(0, 0.5) > 0 else "no"
        sure = round(0.5 + draw.random() / 2, 3)
        said = truth if draw.random() < 0.95 else {"yes": "no", "no": "yes"}[truth]
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
        told = ["-c", str(config)]
        seawall(
            ["reference", "build", str(folder / "accepted.jsonl"), *told, "--promote", "--by", "me", "--why", "quiet"]
        )
        began = time.monotonic()
        events = folder / "events.jsonl"
        files = ["--labels", str(folder / "labels.jsonl"), "--events", str(events)]
        seawall(["replay", str(folder / "live.jsonl"), *told, *files])
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
        "sinks": [{"type": "file", "path": str(folder / "told.jsonl")}],
    }


def write(path: Path, rows: Any) -> None:
    """Write JSON Lines."""
    with path.open("w") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
