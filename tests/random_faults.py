"""What goes wrong in a random run, drawn from a seed: what is written when, and what is done to whom meanwhile."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import traffic
from tallying import Sent
from traffic import START

PARTITIONS = 4
STEP = 10
"""Milliseconds of event time between two records: a hundred a slot of a second."""

DAY = 86_400_000

IDLES = 5.0
"""Seconds before the kill in which a quiet partition is taken for idle, and comes back."""

FAULTS = {
    "none": 40,
    "pause": 15,  # SIGSTOP, and SIGCONT within the session time-out
    "long pause": 4,  # past it: the group goes on without the process
    "terminate": 8,
    "kill at start": 12,
    "broker killed": 9,
    "broker restarted": 6,
    "broker paused": 6,
}


@dataclass
class Round:
    """What is written, and what happens meanwhile. Each round ends with `kill -9`.

    Attributes
    ----------
    writes : list of list of Sent
        Written one after the other, with a pause of so many seconds between them.
    quiet : int or None
        The partition that gets nothing for a while: what belongs there comes at the end of the round, or with the next.
    hurried : bool
        Whether the fault does not wait until something new was read.
    lasts, delay : float
        Seconds that the fault lasts, and from then to the kill.
    """

    fault: str
    hurried: bool
    lasts: float
    delay: float
    quiet: int | None
    pause: float
    writes: list[list[Sent]] = field(default_factory=list)


def planned(seed: int, rounds: int) -> list[Round]:
    """Return the same rounds for the same seed."""
    rng = Random(seed)
    plan = [_round(rng) for _ in range(rounds)]
    bursts = [rng.choice([1, 1, 6]) for _ in plan]
    count = sum(600 * burst for burst in bursts)
    slots = count // traffic.SLOT_RECORDS
    shift = range(slots * 2 // 5, slots * 3 // 5)
    messages = _messages(rng, slots, shift)
    kept: list[Sent] = []
    for one, burst in zip(plan, bursts, strict=True):
        pieces = 1 if burst > 1 else 8
        late, kept = kept, []
        one.writes = [late, *(_written(messages, 600 * burst // pieces, one.quiet, kept) for _ in range(pieces))]
        if one.delay >= IDLES or one is plan[-1]:
            one.writes.append(kept)
            kept = []
    return plan


def _round(rng: Random) -> Round:
    (fault,) = rng.choices(list(FAULTS), list(FAULTS.values()))
    lasts = {"long pause": rng.uniform(11, 14), "kill at start": rng.uniform(0, 1.5)}.get(fault, rng.uniform(0.3, 4))
    quiet = rng.choice([None, *range(PARTITIONS)])
    hurried = rng.random() < 0.2
    if rng.random() < 0.6:
        return Round(fault, hurried, lasts, rng.uniform(0, 2), quiet, rng.uniform(0.1, 0.8))
    return Round(fault, hurried, lasts, rng.uniform(IDLES, 8), quiet, rng.uniform(0.4, 0.6))


def _written(messages: Iterator[list[Sent]], count: int, quiet: int | None, kept: list[Sent]) -> list[Sent]:
    """Return the next messages; those of the quiet partition are kept for later."""
    found: list[Sent] = []
    for _ in range(count):
        for sent in next(messages, []):
            (kept if sent.partition == quiet else found).append(sent)
    return found


def _messages(rng: Random, slots: int, shift: range) -> Iterator[list[Sent]]:
    """Yield what is written of each record: it, or it twice, or it spoilt; beside it, at times, something else."""
    for number, record in enumerate(
        traffic.traffic(slots, rng.randrange(1 << 30), changed=shift, change=traffic.higher_income)
    ):
        now = START + number * STEP
        partition, stamp = rng.randrange(PARTITIONS), now + rng.randrange(100)
        record["time"] = traffic.rfc3339(now)
        yield [Sent(partition, stamp, value) for value in _spoilt(rng, record, now)]


def _spoilt(rng: Random, record: dict[str, Any], now: int) -> list[bytes]:
    """Return the record as it comes: mostly as it is."""
    chance = rng.random()
    times = {0.10: rng.randrange(2_500), 0.12: rng.randrange(4_000, 90_000), 0.123: -2 * DAY, 0.126: 20_000 * DAY}
    for bound, back in times.items():
        if chance < bound:  # out of order, too late, far in the future, far in the past
            return [json.dumps(record | {"time": traffic.rfc3339(now - back)}).encode()]
    value = json.dumps(record).encode()
    if chance < 0.15:
        return [value] * rng.choice([2, 2, 3])
    if chance < 0.16:
        return [value[: rng.randrange(1, 60)]]
    if chance < 0.164:
        return [value, b""]
    if chance < 0.17:
        return [json.dumps(record | {"model": "another"}).encode()]
    return [value]
