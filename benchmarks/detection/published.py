"""Waveform and Sine as in a published benchmark: 30 changes in 154,987 records, one every 5,000.

Lukats, Zielinski, Hahn and Stahl 2024, A benchmark and survey of fully unsupervised concept drift detectors on
real-world data streams, doi 10.1007/s41060-024-00620-y: streams, seeds and what counts as delay are theirs. Their
detectors learn the new concept after each alarm; so does ours, from the next 4,000 records, with `reference build`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import numpy as np

from benchmarks.detection.columns import START, Alarm, Columns, Floats
from benchmarks.detection.peers import Detector

LENGTH = 154_987
BETWEEN = 5_000
LEARNED = 4_000
"""Records after an alarm of which the next reference is built: eight periods of the sine."""
PERIOD = 500
DAY = 86_400_000
SLOT = 4

TRIANGLES = np.array([[max(0, 6 - abs(place - peak)) for place in range(21)] for peak in (6, 14, 10)], dtype=float)
"""The waves of Breiman et al. 1984, CART, section 2.6.2, in river's order and with its peaks."""


def waveform(seed: int = 2401137, length: int = LENGTH) -> Columns:
    """Return the stream of 21 features that are mixtures of two of three waves and noise.

    The waves change every 5,000 records to another one of: as they are, 6 higher, upside down from 6, negative.
    """
    waves = [TRIANGLES, TRIANGLES + 6, 6 - TRIANGLES, -TRIANGLES]
    chosen, draw = np.random.default_rng(seed), Random(seed)
    rows, now = np.empty((length, 21)), 0
    for place in range(length):
        kind = draw.randint(0, 2)
        share = draw.random()
        first, second = waves[now][int(kind == 2)], waves[now][1 if kind == 0 else 2]
        rows[place] = [share * a + (1 - share) * b + draw.gauss(0, 1) for a, b in zip(first, second, strict=True)]
        if place % BETWEEN == 0:  # theirs changes behind the record that it names
            now = _another(now, lambda: int(chosen.integers(0, 4)))
    return _columns(rows)


def sine(seed: int = 531874, length: int = LENGTH) -> Columns:
    """Return the stream of 4 features: sines and cosines with a period of 500 records, and noise of .25.

    Every 5,000 records the first two become another pair of: (sin, cos), (−sin, cos), (−cos, −cos).
    """
    draw, now = np.random.default_rng(seed), -1
    rows = np.empty((length, 4))
    phase = np.linspace(0, 2 * np.pi, PERIOD + 1)
    for place in range(length):
        if place % BETWEEN == 0:
            draw.uniform(-1, 1, (6, 2))  # theirs draws centres for its labels here
            now = _another(now, lambda: int(draw.integers(0, 3)))
        s, c = np.sin(phase[place % PERIOD]), np.cos(phase[place % PERIOD])
        pair = ((s, c), (-s, c), (-c, -c))[now]
        rows[place] = np.array([*pair, s, c]) + draw.normal(0, 0.25, 4)
    return _columns(rows)


def _another(now: int, draw: Callable[[], int]) -> int:
    while (found := draw()) == now:
        pass
    return found


def _columns(rows: Floats) -> Columns:
    """Return rows as columns. A period of 500 records is a day, so that a cycle of the stream is one of the clock."""
    times = START + DAY // PERIOD * np.arange(len(rows))
    return Columns({f"x{place}": rows[:, place] for place in range(rows.shape[1])}, times=times)


STREAMS = {"Waveform": waveform, "Sine": sine}


def renewed(detector: Detector, columns: Columns) -> Iterator[int]:
    """Yield the alarms of a detector that learns from 4,000 records after each, and before the first."""
    start = 0
    while start + LEARNED < len(columns):
        accepted, live = columns.part(start, start + LEARNED), columns.part(start + LEARNED)
        alarm: Alarm | None = next(iter(detector.watch(accepted, live, SLOT)), None)
        if alarm is None:
            return
        start += LEARNED + alarm.seen
        yield start


def going_on(detector: Detector, columns: Columns) -> Iterator[int]:
    """Yield the alarms of a detector that sees all records and begins anew by its own rule."""
    accepted, live = columns.part(0, LEARNED), columns.part(LEARNED)
    yield from (LEARNED + alarm.seen for alarm in detector.watch(accepted, live))


def scored(alarms: list[int], length: int) -> dict[str, Any]:
    """Return which changes were found, how late, and how many alarms there were besides.

    The first alarm between a change and the next is its detection, all others are false: as the paper has it.
    """
    changes = range(BETWEEN, length, BETWEEN)
    late = {}
    extra = 0
    for alarm in alarms:
        change = (alarm - 1) // BETWEEN * BETWEEN
        if change == 0 or change in late:
            extra += 1
        else:
            late[change] = alarm - change
    return {"changes": len(changes), "found": len(late), "delays": list(late.values()), "extra": extra}
