"""Stationary records through a whole model's layout and judge: nothing should be told.

`PYTHONPATH=. python benchmarks/stationary.py [--runs 20]`: 23 features, what the model says, and how they go together,
at tolerance 0 and one false alert in 1,000,000 records. The promise allows two in a run, for 95 of 100 references.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter

import numpy as np

from benchmarks.detection.columns import Columns
from benchmarks.detection.ours import alarms, reference_of, watch
from benchmarks.detection.streams import stationary

SLOT = 900_000
"""Milliseconds: 800 records."""
PART = 500_000
"""Records drawn at once."""


def answered(count: int, seed: int, first: int = 0) -> Columns:
    """Return stationary records and what a model says of them."""
    columns, draw = stationary(count, seed, first=first), np.random.default_rng([seed, 2])
    score = columns.numbers["normal_0"] + 0.5 * columns.numbers["bimodal_0"] + draw.standard_normal(count)
    confidence = 1 / (1 + np.exp(-np.abs(score)))
    columns.outputs = {"prediction": score, "confidence": confidence, "latency": draw.lognormal(3, 0.5, count)}
    return columns


def run(size: int, records: int, seed: int, tolerance: float) -> Counter[str]:
    """Return how often what alarmed."""
    watched = watch(reference_of(answered(size, 2 * seed)), slot=SLOT, every=1e6, tolerance=tolerance)
    told: Counter[str] = Counter()
    for part in range(0, records, PART):
        live = answered(min(PART, records - part), 1_000_000 * (seed + 1) + part, size + part)
        told.update(name for alarm in alarms(watched, live) for name in alarm.features)
    return told


def main() -> None:
    """Print how often what was told."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--runs", type=int, default=20, help="references of each size")
    options.add_argument("--records", type=int, default=2_000_000, help="records of a run")
    options.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 50_000], help="reference records")
    options.add_argument("--tolerance", type=float, default=0.0, help="Cohen's w")
    chosen = options.parse_args()
    for size in chosen.sizes:
        began, told = time.monotonic(), Counter[str]()
        for seed in range(chosen.runs):
            told += run(size, chosen.records, size + seed, chosen.tolerance)
        records, took = f"{chosen.runs} x {chosen.records:,} records", f"({time.monotonic() - began:.0f} s)"
        print(f"reference of {size:>6,}: {told.total()} false alarms in {records}", dict(told) or "", took, flush=True)


if __name__ == "__main__":
    main()
