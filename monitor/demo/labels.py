"""Labels of some of the demo's requests, which come when the requests are long over."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np

from monitor.demo.traffic import CHUNK_MS, RATE, SEED, SIZE, Traffic
from monitor.types import Message, Partition

LABELS = Partition("labels", 0)
ONE_IN = 20
"""So many requests have one label."""

AT_ONCE = 20
"""Labels in a tenth of a second."""


def covered(traffic: Traffic) -> int:
    """Return how many requests there were before the pens changed: those that people have looked at."""
    return int(next(p.begins for p in traffic.story if p.camera.ink != 1.0) * RATE)


def first_label(traffic: Traffic) -> int:
    """Return the milliseconds from the first request to the first label."""
    return int(next(p.begins for p in traffic.story if p.labelled) * 1_000)


def label_chunks(traffic: Traffic) -> Iterator[list[Message]]:
    """Yield the labels, in no order, as many as come in each tenth of a second from when they begin to come."""
    begins = traffic.began + first_label(traffic)
    requests = np.random.default_rng(SEED).permutation(np.arange(0, covered(traffic), ONE_IN))
    truth = [label for chunk in range(covered(traffic) // SIZE) for label in traffic.truth(chunk)]
    every = CHUNK_MS // AT_ONCE
    for first in range(0, len(requests), AT_ONCE):
        said = [(first + i, request) for i, request in enumerate(requests[first : first + AT_ONCE].tolist())]
        yield [_message(place, begins + place * every, request, truth[request]) for place, request in said]


def _message(place: int, time: int, request: int, label: int) -> Message:
    record = {"id": f"request-{request}", "label": label, "time": time / 1_000}
    return Message(*LABELS, place, time, None, msgspec.json.encode(record))
