"""Traffic with callers, and somebody among them who probes the model."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from random import Random
from typing import Any

from traffic import AMOUNTS, Record, traffic

ATTACKER = "mallory@probe.example"
SD = 3.0
"""The standard deviation of an amount in traffic."""


def with_callers(slots: int, seed: int, *, callers: int = 50, gateway: float = 0.5) -> Iterator[Record]:
    """Yield benign records: one caller sends half of all; one in twenty is sent again, one in twenty corrected."""
    rng = Random(seed)
    last: dict[str, Record] = {}
    for record in traffic(slots, seed):
        caller = "gateway" if rng.random() < gateway else f"user-{rng.randrange(callers)}"
        record["caller"] = caller
        kind = rng.random()
        if caller in last and kind < 0.1:
            record["features"] = deepcopy(last[caller]["features"])
            if kind < 0.05:
                record["features"][rng.choice(AMOUNTS)] = round(rng.gauss(10, 3), 3)
        last[caller] = record
        yield record


def probing(records: list[Record], seed: int, *, at: range, caller: Any = ATTACKER, share: float = 0.3) -> list[Record]:
    """Return the records; in the range, some are replaced by near-duplicates of one input, in all but time and id."""
    rng = Random(seed)
    aim = deepcopy(records[at[0]]["features"])
    for number in at:
        if rng.random() < share:
            jittered = {name: round(aim[name] + rng.gauss(0, 0.05 * SD), 3) for name in AMOUNTS}
            records[number] = records[number] | {"features": aim | jittered, "caller": caller}
    return records
