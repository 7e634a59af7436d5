"""How soon labels show that a model is wrong more often: `python benchmarks/errors.py`.

The accepted error is 5 %; from a known label on it is 10 %, inputs and confidence as before. Beside the delay stands
the yardstick log(A J) / KL, and how often a stream that stays at 5 % alarmed.
"""

from __future__ import annotations

import random
from math import log
from statistics import median, quantiles

import numpy as np

from detectors.performance import Calibration, ErrorRate
from monitor.counting.tally import FLOW_SIGNALS, Layout
from monitor.formats.batch import Batch
from monitor.judge.judge import Budget, Judge
from monitor.reference.schema import Schema
from monitor.reference.store import Reference

EVERY = 1_000_000
SLOT = 50
RUNS = 40
EDGES = tuple(np.linspace(0.5, 1, 9)[1:-1].tolist())


def labelled(draw: random.Random, error: float, count: int) -> Batch:
    """Return so many joined predictions."""
    label = [draw.choice("ab") for _ in range(count)]
    said = [a if draw.random() >= error else {"a": "b", "b": "a"}[a] for a in label]
    sure = np.array([draw.uniform(0.5, 1) for _ in label])
    return Batch(np.arange(count), {"confidence": sure}, {"prediction": said, "label": label}, versions=[None] * count)


def judge_of(records: int, seed: int) -> tuple[Judge, Layout]:
    """Return a judge on a reference of so many labelled records."""
    layout = Layout([ErrorRate(), Calibration(EDGES)])
    batch = labelled(random.Random(seed), 0.05, records)
    counts = layout.count(batch, layout.codes(batch), batch.rows).cells
    reference = Reference("m", Schema(()), layout, counts, records, {}, None, None)
    ignored = [signal.name for signal in FLOW_SIGNALS]
    return Judge(reference, Budget(EVERY, in_records=True), lambda _: 0.0, 10_000, ignored), layout


def delay(records: int, seed: int, error: float, most: int) -> int | None:
    """Return how many labels it took to alarm; None where none of `most` did."""
    judge, layout = judge_of(records, seed)
    draw = random.Random(1_000 + seed)
    for slot in range(most // SLOT):
        batch = labelled(draw, error, SLOT)
        if judge.advance(slot, layout.count(batch, layout.codes(batch), batch.rows)).alarms:
            return (slot + 1) * SLOT
    return None


def main() -> None:
    """Measure and print."""
    divergence = 0.1 * log(0.1 / 0.05) + 0.9 * log(0.9 / 0.95)
    yardstick = log(EVERY * 2) / divergence
    print(f"error from 5 to 10 %, tolerance 0, at most 1 false alert per {EVERY:,} labels; yardstick {yardstick:,.0f}")
    print("reference   delay, median   90 %    over the yardstick   missed   alarms of 20,000 quiet labels")
    for records in (5_000, 10_000, 50_000):
        delays = [delay(records, seed, 0.10, 20_000) for seed in range(RUNS)]
        found = [d for d in delays if d is not None]
        quiet = sum(delay(records, seed, 0.05, 20_000) is not None for seed in range(RUNS))
        tenth = quantiles(found, n=10)[-1]
        over = median(found) / yardstick
        row = f"{records:>9,}   {median(found):>13,.0f}   {tenth:>5,.0f}   {over:>18.2f}   {RUNS - len(found):>6}"
        print(f"{row}   {quiet:>6} runs of {RUNS}")


if __name__ == "__main__":
    main()
