"""Traffic whose law depends on the hour and the weekday, counted as a reference and as live slots."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from detectors import NumericBins
from detectors.numeric import equal_mass_edges
from monitor.counting.tally import RECORDS, Layout, Tally
from monitor.formats.batch import Batch
from monitor.reference.contexts import CYCLES, DAY, Given
from monitor.reference.in_time import InTime
from monitor.reference.schema import Schema
from monitor.reference.store import Reference

MONDAY = 20_458 * DAY  # 2026-01-05

Law = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def daily(size: float) -> Law:
    """Return a standard normal variable whose mean goes up and down by so much once a day."""
    return lambda times, draw: size * np.sin(2 * np.pi * times / DAY) + draw.normal(size=len(times))


def weekend(size: float) -> Law:
    """Return a standard normal variable that is larger on Saturdays and Sundays."""
    return lambda times, draw: size * ((times // DAY + 3) % 7 >= 5) + draw.normal(size=len(times))


def steady(times: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Return a standard normal variable."""
    return draw.normal(size=len(times))


def reference_of(law: Law, days: int, records: int, seed: int, *, cycles: tuple[str, ...] = tuple(CYCLES)) -> Reference:
    """Return the reference that is built of so many days."""
    draw = np.random.default_rng(seed)
    times = MONDAY + np.sort(draw.integers(0, days * DAY, records))
    values = law(times, draw)
    detector = NumericBins("feature.x", "features", equal_mass_edges(values, 50))
    layout = Layout([detector])
    cells = detector.bin(Batch(np.arange(records), numbers={"feature.x": values}))
    counts = layout.empty().cells
    counts[RECORDS] = records
    counts[layout.starts[0] :] = np.bincount(cells, minlength=detector.cells)
    found = InTime(layout, counts, cycles)
    slots = times // 300_000 * 300_000
    found.look([(0, cells, Given(slots, np.zeros_like(slots)))])
    first, last = int(times[0]), int(times[-1])
    whole = Reference("m", Schema(()), layout, counts, records, found.dependence.effects, first, last)
    return replace(whole, contexts=found.contexts, within=found.within, slot=300_000)


def slots_of(
    reference: Reference, law: Law, days: float, per_slot: int, seed: int, *, slot: int = 900_000
) -> Iterator[tuple[int, Tally]]:
    """Yield live slots, which begin on a Monday after the reference."""
    draw = np.random.default_rng(seed)
    (detector,), (start,) = reference.layout.detectors, reference.layout.starts
    first = (MONDAY + 364 * DAY) // slot
    for number in range(first, first + int(days * DAY / slot)):
        times = number * slot + draw.integers(0, slot, per_slot)
        tally = reference.layout.empty()
        tally.cells[RECORDS] = per_slot
        cells = detector.bin(Batch(np.arange(per_slot), numbers={"feature.x": law(times, draw)}))
        tally.cells[start:] = np.bincount(cells, minlength=detector.cells)
        yield number, tally
