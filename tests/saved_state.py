"""A folder with a configuration and a snapshot of one open incident."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from monitor.incidents.incident import Incident
from monitor.remembered import remembered_state
from monitor.state.migration import VERSION
from monitor.state.snapshot import save
from monitor.types import Effect, SignalChange

CHANGE = SignalChange("feature.income", "features", 7.2, Effect(w=0.31), "shifted up")
INCIDENT = Incident("inc_1", "credit", "error", 0, 0, 0, {"feature.income": CHANGE})


def config(folder: Path, source: dict[str, object], **settings: object) -> str:
    path = folder / "seawall.yaml"
    path.write_text(json.dumps({"model": "credit", "source": source, "reference": "reference", **settings}))
    return str(path)


def snapshot(folder: Path) -> Path:
    path = folder / "state" / "snapshot"
    path.parent.mkdir(exist_ok=True)
    model = {
        "reference": "sha256:" + 64 * "a",
        "signals": [],
        "judge": {"records": 1_234},
        "policy": {"incidents": [msgspec.to_builtins(INCIDENT)]},
        "conditions": {},
    }
    content = remembered_state(folder / "none") | {
        "version": VERSION,
        "partitions": [["inference", 0, 77, 0, 0, [], 77]],
        "models": {"credit": model},
    }
    save(path, content)
    return path


def moved(path: Path, offset: int, **more: object) -> dict[str, object]:
    """Return the content as it is when more was read."""
    content = remembered_state(path)
    return content | {"partitions": [["inference", 0, offset, 0, 0, [], offset]]} | more
