"""Runs in the environment of alibi-detect and prints, as JSON, what the adapter and the library say of one stream."""

from __future__ import annotations

import json
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from detectors.alibi import KNOWN, ONLINE, AlibiDetector, complaint, made, missing, trial
from detectors.sample import Accepted, Sample
from detectors.sequential import in_order, taken
from monitor.formats.batch import Batch
from monitor.reference.schema import Feature, Schema
from monitor.state import snapshot

SLOT = 10_000
WINDOW = 20
PARAMS: dict[str, dict[str, Any]] = {"CVMDriftOnline": {"ert": 150, "n_bootstraps": 2_000}}
SCHEMA = Schema(
    (
        Feature("a", "numeric", ("number",)),
        Feature("b", "numeric", ("number",)),
        Feature("level", "categorical", ("string",)),
    )
)


def records(count: int, seed: int, shift: float = 0.0) -> Batch:
    """Return records, the second half shifted, some without a number."""
    rng = np.random.default_rng(seed)
    columns = {f"feature.{name}": rng.normal(size=count) + shift * (np.arange(count) > count / 2) for name in "ab"}
    columns["feature.b"][::37] = np.nan
    levels = rng.choice(["x", "y", "z"], count).tolist()
    ids = [f"{place:05}" for place in range(count)]
    return Batch(np.arange(count), columns, {"feature.level": levels}, ids=ids, times=np.arange(count) * 200)


def accepted() -> Accepted:
    """Return some records of a reference."""
    sample = Sample(SCHEMA, wanted=True)
    sample.add(records(300, seed=1))
    return sample.accepted(100)


def said(name: str, batch: Batch, *, again: bool) -> list[int]:
    """Return which records raise an alarm; `again`: the detector is restored from a snapshot after every slot."""

    def fresh() -> AlibiDetector:
        return AlibiDetector(name, WINDOW, accepted(), PARAMS.get(name, {}))

    detector, found = fresh(), []
    whole = in_order([taken([detector], batch, batch.rows)])
    for slot in range(int(batch.times[-1]) // SLOT + 1):
        here = np.flatnonzero(batch.times // SLOT == slot)
        rows = type(whole)(whole.times[here], here.tolist(), {k: v[here] for k, v in whole.columns.items()})
        alarm = detector.advance(rows, (slot + 1) * SLOT)
        found += [int(here[place]) for place in (alarm.rows if alarm else ())]
        if again:
            with tempfile.TemporaryDirectory() as folder:
                snapshot.save(Path(folder) / "snapshot", detector.state())
                kept = snapshot.load(Path(folder) / "snapshot")
            detector = fresh()
            detector.restore(kept or {})
    return found


def library(name: str, batch: Batch) -> list[int]:
    """Return what the library says when it is used directly."""
    detector = made(name, WINDOW, accepted(), PARAMS.get(name, {}))
    width = 3 if name == "TabularDrift" else 2
    rows = AlibiDetector(name, WINDOW, accepted()).take(batch)["alibi.input"][:, :width]
    whole = np.flatnonzero(np.isfinite(rows).all(axis=1))
    found = []
    if name in ONLINE:
        for place in whole.tolist():
            if detector.predict(rows[place])["data"]["is_drift"]:
                found.append(place)
                detector.reset_state()
        return found
    for start in range(0, len(whole) - WINDOW + 1, WINDOW):
        places = whole[start : start + WINDOW]
        if detector.predict(rows[places])["data"]["is_drift"]:
            found.append(int(places[-1]))
    return found


def main() -> None:
    """Print everything."""
    warnings.simplefilter("ignore")
    batch = records(600, seed=2, shift=2.0)
    told: dict[str, Any] = {
        name: {
            "missing": missing(name),
            "complaint": complaint(name, PARAMS.get(name, {})),
            "trial": trial(name, WINDOW, accepted(), PARAMS.get(name, {})),
            "ours": said(name, batch, again=False),
            "restored": said(name, batch, again=True),
            "library": library(name, batch),
        }
        for name in KNOWN
    }
    told["words"] = [
        complaint("KSDrift", {"p_value": 0.1}),
        complaint("CVMDriftOnline", {}),
        missing("MMDDrift"),
        trial("CVMDriftOnline", WINDOW, accepted(), {"ert": 150, "n_bootstraps": 100}),
        trial("KSDrift", WINDOW, accepted(), {"p_val": "small"}),
    ]
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
