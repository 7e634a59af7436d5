"""What an alarm says beside that it is one, against the truth: how far, since when, in which shape, which bins.

`PYTHONPATH=tests python benchmarks/effects.py [RUNS]`: one row a shift and setting. An interval should hold the
truth in 95 % of first alarms and of later ones; its ends are told as shares of the truth (medians).
"""

from __future__ import annotations

import sys
from itertools import product
from typing import Any

import numpy as np
from drawn_hours import MOVES, Heard, heard
from drawn_shifts import SHIFTS, Shift, Told, covered, told

SETTINGS: tuple[dict[str, Any], ...] = (
    {"reference": 10_000, "tolerance": 0.1},
    {"reference": 10_000, "tolerance": 0.0},
    {"reference": 50_000, "tolerance": 0.0},
    {"reference": 50_000, "tolerance": 0.1, "each": 5},
    {"reference": 10_000, "tolerance": 0.1, "slot": 500},
)
COLUMNS = (
    "shift, reference, tolerance, slot, each; truth, found; delay; holds at first, later; low, told, high over truth; \
onset error median, 90 %; right word, right bin"
)


def main(runs: int) -> None:
    """Print the table."""
    print(f"{runs} runs each. {COLUMNS}")
    for setting, (name, shift) in product(SETTINGS, SHIFTS.items()):
        print(row(name, shift, setting, [told(shift, seed, alarms=3, **setting) for seed in range(runs)]), flush=True)
    print("At hours of the day: truth; holds at first, at all; low, told, high over truth at last; present; mostly")
    for name, move in MOVES.items():
        print(at_hours(name, [heard(move, seed, per_slot=30) for seed in range(runs)]), flush=True)


def at_hours(name: str, runs: list[Heard]) -> str:
    """Return one line of a signal that is judged given its hour."""
    holds = [
        [f.effect.low - 1e-3 <= truth <= f.effect.high + 1e-3 for f, truth in zip(r.findings, r.counted, strict=True)]
        for r in runs
        if r.findings
    ]
    last = [(r.findings[-1], r.counted[-1]) for r in runs if r.findings]
    ends = [np.median([_size(f, part) / truth for f, truth in last]) for part in ("low", "", "high")]
    first, ever = np.mean([h[0] for h in holds]), np.mean([all(h) for h in holds])
    return (
        f"{name:<23} {np.median([truth for _, truth in last]):5.2f} {len(last):3d}"
        f"  {first:.2f} {ever:.2f}  {' '.join(f'{e:5.2f}' for e in ends)}"
        f"  {np.median([r.present for r in runs]):.2f}  {last[0][0].mostly}"
    )


def row(name: str, shift: Shift, setting: dict[str, Any], runs: list[Told]) -> str:
    """Return one line."""
    found = [run for run in runs if run.findings]
    numbers = " ".join(
        f"{setting.get(key, usual):>6}"
        for key, usual in (("reference", 0), ("tolerance", 0), ("slot", 50), ("each", 1))
    )
    begun = f"{name:<13} {numbers}  {np.mean([r.truth for r in runs]):6.2f} {len(found):3d}"
    if not found:
        return begun
    first = [run.findings[0] for run in found]
    ends = [
        np.median([_size(f, part) / r.truth for f, r in zip(first, found, strict=True)]) for part in ("low", "", "high")
    ]
    errors = [abs(f.onset_records - r.since) for f, r in zip(first, found, strict=True)]
    later = list(covered(found, later=True))
    words = np.mean([f.shape in shift.words for f in first])
    bins = np.mean([f.bins[0].bin in shift.bins for f in first]) if shift.bins else float("nan")
    return (
        f"{begun} {np.median([r.delay for r in found]):7.0f}  {np.mean(list(covered(found))):.2f}"
        f" {np.mean(later) if later else float('nan'):.2f}  {' '.join(f'{e:5.2f}' for e in ends)}"
        f"  {np.median(errors):6.0f} {np.quantile(errors, 0.9):6.0f}  {words:.2f} {bins:.2f}"
    )


def _size(finding: Any, part: str) -> float:
    effect = finding.effect
    told = effect.w if effect.points is None else effect.points
    return float(getattr(effect, part) if part else told)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
