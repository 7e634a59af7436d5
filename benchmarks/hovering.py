"""How many incidents a stream opens that stays near the tolerance: `PYTHONPATH=tests python benchmarks/hovering.py`.

Policy and judge together, 2,000,000 records of one feature in slots of 10 s; w is told as a part of the tolerance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from math import sqrt

import numpy as np
from judge_streams import Traffic, judge_of, number

from monitor.incidents.policy import Policy, PolicySettings

RECORDS, SLOT_RECORDS, TOLERANCE, SLOT = 2_000_000, 500, 0.1, 10_000
STREAMS: dict[str, Callable[[np.random.Generator, int], float]] = {
    **{f"at {part}": lambda _, __, part=part: part for part in (0.9, 1.0, 1.1, 1.2, 1.5)},
    "at .8 and 1.2, 17 minutes each": lambda _, slot: (0.8, 1.2)[slot // 100 % 2],
    "at .7 and 1.3, 17 minutes each": lambda _, slot: (0.7, 1.3)[slot // 100 % 2],
    "at .7 and 1.3, over an hour each": lambda _, slot: (0.7, 1.3)[slot // 400 % 2],
    "at 1, each slot .2 about it": lambda draw, _: max(0.0, draw.normal(1, 0.2)),
    "at 0 and 1.5, over an hour each": lambda _, slot: (0.0, 1.5)[slot // 400 % 2],
}


def incidents(part: Callable[[np.random.Generator, int], float], seed: int) -> tuple[int, int, int]:
    """Return how many were opened and resolved, and in how many slots the signal alarmed."""
    traffic = Traffic({"x": number("x")}, seed)
    judge = judge_of(traffic.reference(100_000), tolerance=TOLERANCE, every=259_200, in_records=False)
    policy, draw = Policy("m", "sha256:0", PolicySettings(SLOT)), np.random.default_rng(seed)
    accepted = judge.families[0].null.accepted[0]
    along = draw.normal(size=len(accepted))
    along -= along @ accepted
    along /= sqrt(accepted @ along**2)
    told: Counter[str] = Counter()
    for slot in range(RECORDS // SLOT_RECORDS):
        law = np.maximum(accepted * (1 + TOLERANCE * part(draw, slot) * along), 1e-9)
        verdict = judge.advance(slot, traffic.tally(SLOT_RECORDS, x={"law": law.tolist()}))
        told["alarms"] += bool(verdict.alarms)
        told.update(event.event for event in policy.advance(verdict, {}, judge))
    return told["opened"], told["resolved"], told["alarms"]


def main() -> None:
    """Print a row a stream, a figure a seed."""
    print("w over the tolerance; opened, resolved, alarms of 3 seeds")
    for name, part in STREAMS.items():
        opened, resolved, alarms = zip(*(incidents(part, seed) for seed in range(3)), strict=True)
        print(f"{name:<34} {opened!s:<14} {resolved!s:<14} {alarms}", flush=True)


if __name__ == "__main__":
    main()
