"""Seawall on columns: the reference is built by `reference build`, what is judged goes through its layout and judge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from benchmarks.detection.columns import MODEL, Alarm, Columns
from monitor.config.config import Config
from monitor.config.durations import Budget
from monitor.config.tolerance import Tolerance
from monitor.counting.tally import Tally
from monitor.reference.build import build
from monitor.reference.store import Reference
from monitor.types import Event
from monitor.watched import Watched

CHUNK = 8_192
"""Records binned at once."""
BLOCK = 1_000
QUARTER, HOUR = 900_000, 3_600_000


def reference_of(columns: Columns) -> Reference:
    """Return the reference of these records."""
    messages = list(columns.messages())
    blocks = [messages[start : start + BLOCK] for start in range(0, len(messages), BLOCK)]
    return build(lambda: iter(blocks), model=MODEL, options={}, from_table=False, stamped=True)


def watch(reference: Reference, *, slot: int, every: float | None = None, tolerance: float | None = None) -> Watched:
    """Return a watched model; what is None is as by default.

    Parameters
    ----------
    slot : int
        Milliseconds.
    every : float or None
        Records per false alert.
    """
    given = {"model": MODEL, "source": {"type": "file", "path": "-"}, "reference": "reference"}
    settings = Config.model_validate(given).models_resolved()[MODEL]
    if every is not None:  # a configuration takes no budget below 1,000 records, which peers spend many times over
        settings = replace(settings, false_alarm_every=Budget(round(every), "records"))
    if tolerance is not None:
        settings = replace(settings, tolerance=Tolerance(tolerance))
    return Watched(settings, reference, slot)


@dataclass
class Seawall:
    """Ours, as one of the detectors that are compared.

    Attributes
    ----------
    every : float
        The budget: records per false alert.
    tolerance : float
        Cohen's w.
    """

    every: float = 1e6
    tolerance: float = 0.0
    numbers: int | None = None
    apart: bool = False

    def __post_init__(self) -> None:
        self._built: tuple[Columns, Reference] | None = None

    def watch(self, accepted: Columns, live: Columns, slot: int = 800) -> Iterator[Alarm]:
        """Yield the slots of so many records in which anything alarmed; a reference is built once for many streams."""
        if self._built is None or self._built[0] is not accepted:
            self._built = accepted, reference_of(accepted)
        step = int(live.times[1] - live.times[0])
        watched = watch(self._built[1], slot=_dividing_hours(slot * step), every=self.every, tolerance=self.tolerance)
        yield from alarms(watched, live)


def _dividing_hours(least: int) -> int:
    """Return the shortest slot from so many milliseconds on that contexts allow: it divides quarters, or hours."""
    part = QUARTER if least <= QUARTER else HOUR
    return next(slot for slot in range(least, part + 1) if part % slot == 0)


def alarms(watched: Watched, columns: Columns) -> Iterator[Alarm]:
    """Yield the slots in which anything alarmed. The last one counts as whole."""
    names = {f"feature.{name}": name for name in columns.features}
    for slot, tally, seen in _slots(watched, columns):
        verdict = watched.judge.advance(slot, tally)
        if verdict.alarms:
            yield Alarm(seen, frozenset(_about(f.signal.name, f.signal.group, names) for f in verdict.alarms))


def told(watched: Watched, columns: Columns) -> list[Event]:
    """Return what a person would be told of these records."""
    events: list[Event] = []
    for slot, tally, _ in _slots(watched, columns):
        events += watched.records.judge_slot(slot, tally)[1]
    return [*events, *watched.records.flush()]


def _slots(watched: Watched, columns: Columns) -> Iterator[tuple[int, Tally, int]]:
    """Yield each slot with records, its tally, and how many records there were by its end."""
    slots = columns.times // watched.slot
    tally, open_slot = watched.layout.empty(), int(slots[0])
    for begin in range(0, len(columns), CHUNK):
        batch = columns.part(begin, begin + CHUNK).batch()
        codes = watched.layout.codes(batch)
        here = slots[begin : begin + CHUNK]
        for start, stop in pairwise([0, *(np.flatnonzero(np.diff(here)) + 1).tolist(), len(batch)]):
            if here[start] != open_slot:
                yield open_slot, tally, begin + start
                tally, open_slot = watched.layout.empty(), int(here[start])
            tally += watched.layout.count(batch, codes, np.arange(start, stop))
    yield open_slot, tally, len(columns)


def _about(signal: str, group: str, names: dict[str, str]) -> str:
    """Return the feature that a signal is about; a joint one is about all together."""
    if group == "joint":
        return "joint"
    return names.get(signal, signal.rpartition(".")[2])
