"""Stationary counts through the judge: nothing should be told. `python benchmarks/stationary.py [--runs 20]`.

23 features (numbers of several shapes and three categories) at tolerance 0 and a budget of one false alert in
1,000,000 records: the promise allows two a run, for 95 of 100 references.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace

import numpy as np
from delays import A, constant
from shifts import Categories, Column, Counts, HeavyTails, Levels, Normals, Numbers, normal

from monitor.counting.tally import RECORDS, Layout, Tally
from monitor.judge.judge import Budget, Judge
from monitor.reference.schema import Schema
from monitor.reference.store import Reference

SLOT = 1_000


def columns() -> list[Column]:
    """Return 20 numbers and 3 categories."""
    two = Normals(((0.5, -2.0, 0.5), (0.5, 2.0, 0.5)))
    numbers: list[Column] = [Numbers(law, constant(law)) for law in (normal(), HeavyTails(), two, normal()) * 4]
    numbers += [Numbers(law, constant(law), discrete=True) for law in (Counts(0.03), Counts(0.4), Counts(2), Counts(9))]
    for count in (4, 20, 500):
        zipf = [1 / (k + 2) for k in range(count)]
        law = Levels(tuple(share / sum(zipf) for share in zipf))
        numbers.append(Categories(law, law))
    return numbers


def run(size: int, records: int, seed: int) -> list[str]:
    """Return the signals that alarmed."""
    random = np.random.default_rng(seed)
    drawn = [(column, *column.reference(random, size)) for column in columns()]
    detectors = [replace(d, column=f"feature.x{i}") for i, (_, d, _) in enumerate(drawn)]
    layout = Layout(detectors)
    cells = np.concatenate([[size, 0, 0], *(counts for _, _, counts in drawn)])
    reference = Reference("m", Schema(()), layout, cells, size, {}, None, None)
    judge = Judge(reference, Budget(A, in_records=True), lambda _: 0.0, 10_000)
    masses = [c.cells(d, c.before) for c, d, _ in drawn]  # type: ignore[arg-type]
    told = []
    for slot in range(records // SLOT):
        counts = [random.multinomial(SLOT, mass / mass.sum()) for mass in masses]
        tally = Tally(np.concatenate([[SLOT, 0, 0], *counts]))
        tally.cells[RECORDS] = SLOT
        told += [f.signal.name for f in judge.advance(slot, tally).alarms]
    return told


def main() -> None:
    """Print how often what was told."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--runs", type=int, default=20, help="references of each size")
    options.add_argument("--records", type=int, default=2_000_000, help="records of a run")
    options.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 50_000], help="reference records")
    chosen = options.parse_args()
    for size in chosen.sizes:
        began = time.monotonic()
        told = [run(size, chosen.records, size + seed) for seed in range(chosen.runs)]
        false, which = sum(map(len, told)), sorted({name for each in told for name in each})
        print(f"reference of {size:>6,}: {false} false alarms in {chosen.runs} x {chosen.records:,} records", end="")
        print(f" {which or ''} ({time.monotonic() - began:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
