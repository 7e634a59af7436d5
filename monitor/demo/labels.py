"""Labels of some of the demo's requests, which come when the requests are long over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
import numpy as np

from monitor.demo.traffic import CHUNK_MS, RATE, SEED, SIZE, Traffic
from monitor.types import Message, Partition

LABELS = Partition("labels", 0)
ONE_IN = 20
"""So many requests have one label."""

AT_ONCE = 20
"""Labels in a tenth of a second."""


@dataclass(frozen=True)
class Label:
    """What people say of one request, and whether the model misread it."""

    request: int
    label: int
    wrong: bool


def covered(traffic: Traffic) -> int:
    """Return how many requests there were before the pens changed: those that people have looked at."""
    return int(next(p.begins for p in traffic.story if p.camera.ink != 1.0) * RATE)


def first_label(traffic: Traffic) -> int:
    """Return the milliseconds from the first request to the first label."""
    return int(next(p.begins for p in traffic.story if p.labelled) * 1_000)


def labels(traffic: Traffic) -> list[Label]:
    """Return all labels, in the order of their requests."""
    known = (outcome for number in range(covered(traffic) // SIZE) for outcome in traffic.outcomes(number))
    return [Label(request, *outcome) for request, outcome in enumerate(known) if request % ONE_IN == 0]


def label_chunks(traffic: Traffic) -> Iterator[list[Message]]:
    """Yield the labels, in no order, as many as come in each tenth of a second from when they begin to come."""
    begins, every, given = traffic.began + first_label(traffic), CHUNK_MS // AT_ONCE, labels(traffic)
    order = np.random.default_rng(SEED).permutation(len(given)).tolist()
    messages = [_message(place, begins + place * every, given[chosen]) for place, chosen in enumerate(order)]
    yield from (messages[first : first + AT_ONCE] for first in range(0, len(messages), AT_ONCE))


def _message(place: int, time: int, said: Label) -> Message:
    record = {"id": f"request-{said.request}", "label": said.label, "time": time / 1_000}
    return Message(*LABELS, place, time, None, msgspec.json.encode(record))
