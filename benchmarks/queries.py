"""Query attacks: how soon they are found, and that nobody else is: `PYTHONPATH=tests python benchmarks/queries.py`.

Digits are scikit-learn's; the other sets are read from the folder `adbench` of the one that SEAWALL_DATA names.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import numpy as np
from hopskipjump import HopSkipJump
from query_streams import Rows, alarms, benign, closeness_of, jittered
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier

from detectors.queries import QueryAttacks

HOUR = 3_600_000
SETS = ("22_magic.gamma", "35_SpamBase", "32_shuttle")
SEEDS = 5
ATTACKS = 20


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--benign", type=int, default=100_000, help="benign records of each set")
    chosen = options.parse_args()
    for name, rows in sets():
        began = time.perf_counter()
        closeness = closeness_of(rows[::2])
        print(f"{name}: {len(rows):,} rows, {rows.shape[1]} features, close is {closeness.distance:.2f} spreads")
        print(f"  measured in {time.perf_counter() - began:.1f} s")
        show_attacks(rows, closeness)
        show_benign(rows, closeness, chosen.benign)
        if name == "digits":
            show_hopskipjump(closeness)


def sets() -> Iterator[tuple[str, Rows]]:
    """Yield the data sets, without their anomalies."""
    yield "digits", load_digits().data
    folder = Path(os.environ.get("SEAWALL_DATA", "")) / "adbench"
    for name in SETS:
        path = folder / f"{name}.npz"
        if not path.is_file():
            print(f"{name}: not there (SEAWALL_DATA names a folder with adbench/{name}.npz)")
            continue
        with np.load(path) as data:
            yield name, data["X"][data["y"].ravel() == 0].astype(np.float64)


def found_after(closeness: object, rows: Rows) -> float:
    """Return after how many queries of one caller it is caught; infinity where it is not."""
    detector = QueryAttacks(closeness, HOUR, b"benchmark")  # type: ignore[arg-type]
    caught = alarms(detector, rows, ["attacker"] * len(rows))
    return caught[0] + 1 if caught else float("inf")


def show_attacks(rows: Rows, closeness: object) -> None:
    """Print how many near-duplicates are asked for before the caller is caught."""
    spread = rows.std(axis=0)
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        aims = rows[rng.integers(0, len(rows), ATTACKS)]
        after = [found_after(closeness, jittered(aim, spread, 200, rng)) for aim in aims]
        print(f"  jitter .05 sd, seed {seed}: found after {median(after):g} queries, at worst {max(after):g}")


def show_benign(rows: Rows, closeness: object, count: int) -> None:
    """Print how many of benign records raise an alarm, and what one costs."""
    for seed in range(2):
        asked, callers = benign(rows, count, np.random.default_rng(seed))
        detector = QueryAttacks(closeness, HOUR, b"benchmark")  # type: ignore[arg-type]
        began = time.perf_counter()
        raised = len(alarms(detector, asked, callers))
        cost = (time.perf_counter() - began) / count * 1e6
        print(f"  benign, seed {seed}: {raised} alarms in {count:,} records, {cost:.0f} µs a record")


def show_hopskipjump(closeness: object) -> None:
    """Print how many of its own queries HopSkipJump sends before it is caught."""
    data = load_digits()
    model = MLPClassifier((64,), max_iter=80, random_state=0).fit(data.data / 16, data.target)
    low, high = data.data.min(axis=0), data.data.max(axis=0)
    for name, valid in (("integers", np.rint), ("floats", np.asarray)):
        after = []
        for seed in range(SEEDS):
            rng = np.random.default_rng(seed)
            for aim in data.data[rng.integers(0, len(data.data), 5)]:
                known = model.predict(aim[None] / 16)[0]
                attack = HopSkipJump(
                    lambda row, known=known: bool(model.predict(row[None] / 16)[0] != known),  # type: ignore[misc]
                    aim,
                    low,
                    high,
                    rng,
                    valid,
                    400,
                )
                after.append(found_after(closeness, np.array(attack.run())))
        print(f"  HopSkipJump on {name}: found after {median(after):g} queries, at worst {max(after):g}")


if __name__ == "__main__":
    main()
