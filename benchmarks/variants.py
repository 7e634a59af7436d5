"""Streams that do not change, and look as if they did: nothing should be told. `python benchmarks/variants.py`.

Twenty features each, at tolerance 0 and a budget of one false alert in 1,000,000 records, with what `reference build`
chooses by itself: bins, design effects, hours of the day. Beside each how many alarms there are without its design
effects and contexts.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from detectors import NumericBins
from detectors.numeric import equal_mass_edges
from monitor.counting.tally import RECORDS, Layout
from monitor.formats.batch import Batch
from monitor.judge.judge import Budget, Judge
from monitor.reference.contexts import CYCLES, DAY, Given
from monitor.reference.in_time import InTime
from monitor.reference.schema import Schema
from monitor.reference.store import Reference

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Law = Callable[[Ints, np.random.Generator], Floats]

FEATURES = 20
SLOT = 900_000
IN_SLOT = 1_000
MONDAY = 20_458 * DAY  # 2026-01-05


def skewed(times: Ints, draw: np.random.Generator) -> Floats:
    """Return amounts: lognormal, with a sixth of exact zeros."""
    return np.where(draw.random(len(times)) < 1 / 6, 0.0, draw.lognormal(0, 2, len(times)))


def discrete(times: Ints, draw: np.random.Generator) -> Floats:
    """Return small counts."""
    return draw.poisson(0.7, len(times)).astype(float)


def thin(times: Ints, draw: np.random.Generator) -> Floats:
    """Return two values, one of them in 1 % of the records, and a third in one of a thousand."""
    return draw.choice([0.0, 1.0, 2.0], len(times), p=[0.989, 0.01, 0.001])


def remembered(times: Ints, draw: np.random.Generator) -> Floats:
    """Return an autoregressive series: each value is half the one before it."""
    return np.asarray(lfilter([0.75**0.5], [1, -0.5], draw.normal(size=len(times))))


def bursts(times: Ints, draw: np.random.Generator) -> Floats:
    """Return values of which every tenth is sent ten times in a row."""
    counts = np.where(draw.random(len(times)) < 0.1, 10, 1)
    return np.repeat(draw.normal(size=len(times)), counts)[: len(times)]


def daily(times: Ints, draw: np.random.Generator) -> Floats:
    """Return values whose mean goes up and down by half a standard deviation once a day."""
    return 0.5 * np.sin(2 * np.pi * times / DAY) + draw.normal(size=len(times))


def weekly(times: Ints, draw: np.random.Generator) -> Floats:
    """Return values of two kinds, of which there are more of one at weekends, and by night."""
    weekend, night = (times // DAY + 3) % 7 >= 5, np.cos(2 * np.pi * times / DAY) > 0.5
    other = draw.random(len(times)) < 0.2 + 0.3 * weekend + 0.2 * night
    return 3.0 * other + draw.normal(size=len(times))


def plain(times: Ints, draw: np.random.Generator) -> Floats:
    """Return a normal variable."""
    return draw.normal(size=len(times))


LAWS: Mapping[str, Law] = {
    "skewed": skewed,
    "discrete": discrete,
    "thin bins": thin,
    "AR(0.5)": remembered,
    "bursts of duplicates": bursts,
    "daily cycle": daily,
    "weekly mix": weekly,
    "normal": plain,
}


def reference_of(law: Law, records: int, days: int, draw: np.random.Generator) -> Reference:
    """Return the reference of records that came evenly over so many days."""
    times = MONDAY + np.arange(records) * (days * DAY) // records
    columns = {f"feature.x{i}": law(times, draw) for i in range(FEATURES)}
    layout = Layout([NumericBins(name, "features", equal_mass_edges(v, 50)) for name, v in columns.items()])
    codes = layout.codes(Batch(np.arange(records), numbers=columns))
    counts = np.bincount(codes.ravel(), minlength=layout.total)
    counts[RECORDS] = records
    found = InTime(layout, counts, tuple(CYCLES))
    given = Given(times // SLOT * SLOT, np.zeros_like(times))
    found.look((i, row - start, given) for i, (row, start) in enumerate(zip(codes, layout.starts, strict=True)))
    first, last = int(times[0]), int(times[-1])
    shrunk = Reference("m", Schema(()), layout, counts, records, found.dependence.effects, first, last)
    return replace(shrunk, contexts=found.contexts, within=found.within, slot=SLOT)


def alarms(
    reference: Reference, law: Law, records: int, draw: np.random.Generator, tolerance: float
) -> tuple[int, int]:
    """Return how many alarms there are as the reference says, and how many without its design effects and contexts."""
    bare = replace(reference, design_effects={}, contexts=())
    judges = [Judge(r, Budget(1e6, in_records=True), lambda _: tolerance, SLOT) for r in (reference, bare)]
    first, told = (MONDAY + 364 * DAY) // SLOT, [0, 0]
    times = first * SLOT + np.arange(records) * SLOT // IN_SLOT
    columns = {f"feature.x{i}": law(times, draw) for i in range(FEATURES)}
    for number in range(records // IN_SLOT):
        here = slice(number * IN_SLOT, (number + 1) * IN_SLOT)
        batch = Batch(np.arange(IN_SLOT), numbers={name: v[here] for name, v in columns.items()})
        tally = reference.layout.count(batch, reference.layout.codes(batch), batch.rows)
        for which, judge in enumerate(judges):
            told[which] += len(judge.advance(first + number, tally).alarms)
    return told[0], told[1]


def main() -> None:
    """Print a line for each variant."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--records", type=int, default=2_000_000)
    options.add_argument("--size", type=int, nargs="+", default=[20_000], help="records of a reference")
    options.add_argument("--days", type=int, default=28, help="that it covers")
    options.add_argument("--tolerance", type=float, default=0.0)
    options.add_argument("--only", nargs="+", choices=LAWS, default=list(LAWS))
    chosen = options.parse_args()
    for size in chosen.size:
        for name in chosen.only:
            began, told, found = time.monotonic(), np.zeros(2, dtype=int), set()
            for seed in range(chosen.runs):
                draw = np.random.default_rng(seed)
                reference = reference_of(LAWS[name], size, chosen.days, draw)
                found |= {each.called for each in reference.contexts}
                told += alarms(reference, LAWS[name], chosen.records, draw, chosen.tolerance)
            print(
                f"{name:<22} reference {size:>6,}: {told[0]} alarms in {chosen.runs} x {chosen.records:,} records; "
                f"{told[1]:,} without what was found in time ({', '.join(sorted(found)) or 'no cycle'}; "
                f"{time.monotonic() - began:.0f} s)",
                flush=True,
            )


if __name__ == "__main__":
    main()
