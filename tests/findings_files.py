"""Files as `seawall replay` writes them, made by hand: findings and events."""

from __future__ import annotations

import json


def row(slot, signal="feature.x", **over):
    time = f"2026-01-{1 + slot // 8640:02d}T{slot // 360 % 24:02d}:{slot // 6 % 60:02d}:{slot % 6 * 10:02d}Z"
    given = {"time": time, "model": "m", "records": 1_000 + slot, "slot_records": 1, "signal": signal}
    given |= {"group": "features", "evidence": 0.1, "needed": 6.7, "alarm": False}
    return given | {"w": 0.03, "psi": 0.001, "points": None, "tolerance": 0.1} | over


def write(path, rows):
    path.write_text("".join(json.dumps(each) + "\n" for each in rows))
    return path


def change(event="opened", at=50, signals=("feature.x",), **over):
    given = {"event": event, "incident": "inc_1", "model": "m", "severity": "error", "summary": "x shifted up"}
    given |= {
        "time": row(at)["time"],
        "since": row(40)["time"],
        "signals": [{"signal": s} if isinstance(s, str) else s for s in signals],
    }
    return given | over


def moving():
    """Return findings of a signal that moves, one that comes near and many that do not."""
    rows = []
    for slot in range(100):
        late = slot >= 40
        rows.append(row(slot, evidence=7.5 if slot == 50 else 0.1 * late, alarm=slot == 50, w=0.4 if late else 0.02))
        rows.append(row(slot, "feature.near", evidence=4.0 * late))
        rows += [row(slot, f"feature.quiet{i}") for i in range(20)]
        rows.append(row(slot, "quality.missing.x", w=None, psi=None, points=0.0, group="quality"))
    return rows
