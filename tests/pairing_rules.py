"""The rules of pairing, written down a second time: half by half, nothing expires, nothing is forgotten."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from counting_logs import MARKS
from counting_rules import Count, Row, Slots

from monitor.types import Partition

Half = tuple[int, Partition, int, Row]
"""When it happened, where it stands, what it says."""


def mark_of(request: int, response: int) -> int:
    """Return the mark of a record, which tells its halves' marks apart as far as one mark can."""
    return (request + 2 * response) % MARKS


@dataclass
class Joined:
    """What becomes of halves.

    Attributes
    ----------
    unpaired : Counter
        By model and kind.
    duplicates, records : Counter
        By model.
    met : Counter
        How often each thing worth meeting was met.
    """

    found: Slots = field(default_factory=dict)
    records: Counter[int] = field(default_factory=Counter)
    duplicates: Counter[int] = field(default_factory=Counter)
    unpaired: Counter[tuple[int, str]] = field(default_factory=Counter)
    met: Counter[str] = field(default_factory=Counter)


def pair(halves: Sequence[Half], given_up: Sequence[int], *, slot: int, wait: int) -> Joined:
    """Return what becomes of all halves that came in time, of all partitions together."""
    joined = Joined()
    waiting: list[Half] = []
    seen = set()
    until = list(given_up)
    for half in sorted(halves, key=lambda half: half[:3]):
        time, name, _, row = half
        while until and until[0] < time // slot:
            waiting.clear()
            until.pop(0)
        same = (time // slot, row.model, row.id, row.half)
        if same in seen:
            joined.duplicates[row.model] += 1
            continue
        seen.add(same)
        joined.unpaired[row.model, row.half or ""] += 1
        other = next((one for one in waiting if _fit(one, half, wait)), None)
        if other is None:
            waiting.append(half)
            continue
        waiting.remove(other)
        _join(joined, other[3], row, time // slot)
        joined.met["over partitions"] += other[1] != name
        joined.met["over slots"] += other[0] // slot != time // slot
        joined.met["several waited"] += any(_fit(one, half, wait) for one in waiting)
    return joined


def _fit(one: Half, other: Half, wait: int) -> bool:
    (time, _, _, row), (later, _, _, also) = one, other
    return later - time <= wait and (row.model, row.id) == (also.model, also.id) and row.half != also.half


def _join(joined: Joined, one: Row, other: Row, place: int) -> None:
    request, response = (one, other) if one.half == "request" else (other, one)
    count = joined.found.setdefault(place, {}).setdefault(request.model, Count())
    count.records += 1
    mark = mark_of(request.mark, response.mark)
    count.marks[mark] += 1
    count.kept.append(replace(other, mark=mark))
    joined.records[request.model] += 1
    for half in (request, response):
        joined.unpaired[half.model, half.half or ""] -= 1
