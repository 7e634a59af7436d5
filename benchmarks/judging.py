"""What judging alone costs: closed slots of counts through the judge, on one core. Part of `make bench`."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
from shifts import Numbers, normal

from detectors.detector import Detector
from monitor.counting.tally import Layout, Tally
from monitor.judge.judge import Budget, Judge
from monitor.reference.schema import Schema
from monitor.reference.store import Reference

REFERENCE, SLOT, SLOTS = 50_000, 1_000, 40
FEATURES = ((20, 1_000_000), (1_000, 50_000))
"""How many, and how many records a second are aimed at."""


def measure(features: int) -> tuple[int, float]:
    """Return how many signals there are, and the seconds that a slot takes: of some slots the fastest."""
    random = np.random.default_rng(features)
    column = Numbers(normal(), lambda _: normal())
    bins, counts = column.reference(random, REFERENCE)
    detectors: list[Detector] = [replace(bins, column=f"feature.x{i}") for i in range(features)]
    layout = Layout(detectors)
    cells = np.concatenate([[REFERENCE, 0, 0], *[counts] * features])
    reference = Reference("m", Schema(()), layout, cells, REFERENCE, {}, None, None)
    judge = Judge(reference, Budget(1e6, in_records=True), lambda _: 0.0, 10_000)
    mass = column.cells(bins, column.before)
    took = []
    for slot in range(SLOTS):
        drawn = random.multinomial(SLOT, mass / mass.sum(), size=features).ravel()
        tally = Tally(np.concatenate([[SLOT, 0, 0], drawn]))
        began = time.process_time()
        judge.advance(slot, tally)
        took.append(time.process_time() - began)
    return len(judge.signals), min(took)


def show() -> None:
    """Print a row for each number of features."""
    print(f"judging alone, slots of {SLOT:,} records   ms a slot      records/s a core")
    for features, aim in FEATURES:
        signals, seconds = measure(features)
        name = f"{features:,} features, {signals:,} signals"
        print(f"  {name:<35} {1e3 * seconds:>10.2f} {SLOT / seconds:>18,.0f}   (at least {aim:,})")


if __name__ == "__main__":
    show()
