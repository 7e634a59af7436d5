"""How late shifts of one feature are told, over what theory allows. `python benchmarks/delays.py [--runs 100]`.

One of 23 features shifts; counts are drawn from its law and go through the judge, slot by slot, with the radii and
thresholds of all 23. References are drawn anew for each run; the tolerance is 0, the budget one in 1,000,000 records.

yardstick   log(A J) / KL(after || before) records, of the law that is not binned; a ramp's divergences add up to it
oracle      the CUSUM that knows both laws exactly: same slots, same start mass, threshold log(A J)
1/(1 - n/m) what the size m of the reference costs alone, n being the yardstick

Slots are an eighth of the yardstick (of a ramp's too), at most 1,000 records.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import inf, log
from typing import Any

import numpy as np
from shifts import Categories, Column, Counts, HeavyTails, Law, Levels, Normals, Numbers, moved, normal

from detectors.detector import Signal
from monitor.counting.tally import RECORDS, Layout, Tally
from monitor.judge.judge import Budget, Judge
from monitor.reference.schema import Schema
from monitor.reference.store import Reference

A, FEATURES = 1_000_000, 23
QUIET_SLOTS, MOST_SLOTS = 16, 160
"""Slots before the shift; slots after it, in eighths of a yardstick, until it counts as missed."""


@dataclass(frozen=True)
class Shift:
    """A row: what happens, over how many records if it begins slowly or ends, and what is aimed at, by reference."""

    name: str
    column: Column
    ramp: int = 0
    lasts: int = 0
    aims: tuple[float | None, float | None] = (None, None)


def constant(law: Law) -> Callable[[int], Law]:
    """Return what stays as it is once it came."""
    return lambda _: law


def shifts() -> Iterator[Shift]:
    """Yield the rows; aims are for references of 50,000 and of 10,000."""
    for mean, aims in ((0.1, (1.6, None)), (0.25, (1.3, 1.7)), (0.5, (1.4, 1.6)), (1.0, (None, None))):
        yield Shift(f"mean + {mean} sd", Numbers(normal(), constant(normal(mean))), aims=aims)
    yield Shift("mean - .25 sd", Numbers(normal(), constant(normal(-0.25))), aims=(1.3, 1.7))
    for factor, aim in ((1.2, 1.5), (1.5, 1.8), (1 / 1.2, None)):
        yield Shift(f"sd x {factor:.2f}", Numbers(normal(), constant(normal(0, factor))), aims=(aim, None))
    far = Normals(((0.98, 0.0, 1.0), (0.02, 4.0, 0.25)))
    yield Shift("2 % moved to + 4 sd", Numbers(normal(), constant(far)), aims=(3.5, None))
    yield Shift("heavy tails (t, 3)", Numbers(normal(), constant(HeavyTails())))
    two = Normals(((0.5, -2.0, 0.5), (0.5, 2.0, 0.5)))
    between = Normals(((0.475, -2.0, 0.5), (0.475, 2.0, 0.5), (0.05, 0.0, 0.2)))
    yield Shift("new mode, 5 %, between two", Numbers(two, constant(between)))
    yield Shift("new mode, 5 % at 1.5 sd", Numbers(normal(), constant(Normals(((0.95, 0, 1), (0.05, 1.5, 0.1))))))
    few = (0.4, 0.3, 0.2, 0.1)
    twenty = moved([1 / (k + 2) for k in range(20)], 6, 0.0)
    twenty = tuple(s / sum(twenty) for s in twenty)
    twenty, many = moved(twenty, 6, 0.03), [1 / (k + 1) for k in range(500)]
    many = list(moved([s / sum(many) for s in many], 5, 0.03))
    for shares, level, aim in ((twenty, 6, 1.6), (many, 5, 1.8)):
        now = Levels(moved(shares, level, 0.08))
        yield Shift(f"3 to 8 % of {len(shares)} levels", Categories(Levels(tuple(shares)), now), aims=(aim, None))
    yield Shift("10 to 5 % of 4 levels", Categories(Levels(few), Levels(moved(few, 3, 0.05))))
    swapped = (*twenty[:2], twenty[6], *twenty[3:6], twenty[2], *twenty[7:])
    yield Shift("two of 20 levels swap", Categories(Levels(twenty), Levels(swapped)))
    yield Shift("missing, 1 %", Categories(Levels(few), Levels(few, missing=0.01)))
    yield Shift("unseen, 1 %", Categories(Levels(few), Levels(few, unseen=0.01)))
    yield Shift("counts, mean 2 to 2.3", Numbers(Counts(2.0), constant(Counts(2.3)), discrete=True))
    yield Shift("a flag, 3 to 5 %", Numbers(Counts(0.0305), constant(Counts(0.0513)), discrete=True))
    for name, records in (
        ("20,000 records", 20_000),
        ("a day of 144,000", 144_000),
        ("a week of 1,008,000", 1_008_000),
    ):
        yield Shift(f"ramp to .5 sd over {name}", Numbers(normal(), ramp(0.5, records)), ramp=records)
    yield Shift("burst of 2 yardsticks, .5 sd", Numbers(normal(), constant(normal(0.5))), lasts=272)
    yield Shift("burst of 2 yardsticks, 1 sd", Numbers(normal(), constant(normal(1.0))), lasts=68)


def ramp(mean: float, over: int) -> Callable[[int], Law]:
    """Return a mean that grows evenly."""
    return lambda records: normal(mean * min(1.0, max(records, 1) / over))


def yardstick(shift: Shift) -> float:
    """Return after how many records the divergences add up to log(A J)."""
    needed = log(A * FEATURES)
    if not shift.ramp:
        return needed / shift.column.divergence(0)
    steps = [shift.column.divergence(shift.ramp * k // 1_000) * shift.ramp / 1_000 for k in range(1, 1_001)]
    return float(np.searchsorted(np.cumsum(steps), needed)) * shift.ramp / 1_000


def judge_of(detector: Any, counts: Any, records: int) -> tuple[Judge, Layout]:
    """Return the judge of one feature of 23: radii, budget and thresholds are those of all."""
    layout = Layout([detector])
    cells = np.concatenate([[records, 0, 0], counts])
    reference = Reference("m", Schema(()), layout, cells, records, {}, None, None)
    own = [s for s, _ in reference.signals if not s.name.startswith(("quality.late", "quality.dead"))]
    others = [replace(s, name=f"{s.name}.{i}") for s in own for i in range(1, FEATURES)]
    judge = Judge(reference, Budget(A, in_records=True), lambda _: 0.0, 10_000, beside=others)
    every = [*judge.signals, *others]
    for group, members in judge.groups.items():
        judge.thresholds[group] += log(sum(_in(group, every)) / len(members))  # e-d-BH among all that there are
    return judge, layout


def _in(group: str, signals: list[Signal]) -> list[bool]:
    return [s.group == group for s in signals]


@dataclass
class Run:
    """What one reference and one stream gave: false alarms before, records until told (infinite: missed), oracle's."""

    false: int
    delay: float
    oracle: float


def run(shift: Shift, size: int, yard: float, seed: int) -> Run:
    """Draw a reference, some quiet slots, the shift."""
    random = np.random.default_rng(seed)
    column, slot = shift.column, max(1, min(1_000, int(yard / 8)))
    detector, counts = column.reference(random, size)
    judge, layout = judge_of(detector, counts, size)

    def told(number: int, law: Any) -> bool:
        tally = Tally(np.zeros(layout.total, dtype=np.int64))
        mass = column.cells(detector, law)  # type: ignore[arg-type]
        tally.cells[RECORDS] = slot
        tally.cells[layout.starts[0] :] = random.multinomial(slot, mass / mass.sum())
        return bool(judge.advance(number, tally).alarms)

    false = sum(told(number, column.before) for number in range(QUIET_SLOTS))
    most = int(max(MOST_SLOTS, 4 * yard / slot)) if not shift.lasts else shift.lasts // slot + 8
    delay = inf
    for late in range(most):
        over = shift.lasts and late * slot >= shift.lasts
        if told(QUIET_SLOTS + late, column.before if over else column.after(late * slot + slot // 2)):
            delay = (late + 1.0) * slot
            break
    return Run(false, delay, oracle(shift, slot, most, random))


def oracle(shift: Shift, slot: int, most: int, random: np.random.Generator) -> float:
    """Return the delay of the CUSUM of the true likelihood ratio."""
    column, evidence = shift.column, 0.0
    for late in range(-QUIET_SLOTS, most):
        known = column.after(max(0, late) * slot + slot // 2)
        over = shift.lasts and late * slot >= shift.lasts
        values = (column.before if late < 0 or over else known).draw(random, slot)
        before = column.before.log_density(values)
        if isinstance(column, Categories):
            before = np.maximum(before, log(column.floor))
        gained = float((known.log_density(values) - before).sum())
        evidence = max(evidence, log(slot)) + gained
        if late >= 0 and evidence >= log(A * FEATURES):
            return (late + 1.0) * slot
    return inf


def row(shift: Shift, size: int, runs: int) -> str:
    """Return a line of the table."""
    yard = yardstick(shift)
    seen = [run(shift, size, yard, 1_000 * size + seed) for seed in range(runs)]
    half, most = (np.quantile([r.delay for r in seen], q, method="higher") / yard for q in (0.5, 0.9))
    known_half, known_most = (np.quantile([r.oracle for r in seen], q, method="higher") / yard for q in (0.5, 0.9))
    cost = 1 / (1 - yard / size) if yard < size else inf
    aim = shift.aims[0 if size >= 50_000 else 1]
    verdict = "" if aim is None else f"{aim:>6.1f} {'reached' if half <= aim else 'MISSED'}"
    missed, false = sum(r.delay == inf for r in seen), sum(r.false for r in seen)
    return (
        f"{shift.name:<36}{yard:>9,.0f} {half:>7.2f} {most:>6.2f} {missed:>7} {false:>6}   "
        f"{known_half:>6.2f} {known_most:>6.2f} {cost:>6.2f}  {verdict}"
    )


def main() -> None:
    """Print the tables."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--runs", type=int, default=100, help="references of each size")
    options.add_argument("--sizes", type=int, nargs="+", default=[50_000, 10_000], help="records of a reference")
    options.add_argument("--only", default="", help="rows whose name holds this")
    chosen = options.parse_args()
    began = time.monotonic()
    for size in chosen.sizes:
        print(f"reference of {size:,} records, {chosen.runs} of them; delay over the yardstick")
        print(f"{'':<36}{'records':>9} {'median':>7} {'90 %':>6} {'missed':>7} {'false':>6}   oracle   90 %  1/(1-n/m)")
        for shift in shifts():
            if chosen.only in shift.name:
                print(row(shift, size, chosen.runs), flush=True)
        print()
    print(f"{time.monotonic() - began:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
