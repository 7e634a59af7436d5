"""Rows of a data set as requests, through the very detector that a model would have."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detectors.closeness import Closeness, measured
from detectors.queries import QueryAttacks
from detectors.sample import Sample
from detectors.sequential import in_order, taken
from monitor.formats.batch import Batch
from monitor.reference.schema import Feature, Schema

Rows = NDArray[np.float64]
SLOT = 10_000
SLOT_RECORDS = 100


def batch_of(rows: Rows, callers: Sequence[str | None] = (), first: int = 0) -> Batch:
    """Return rows as records, a hundred a slot."""
    numbers = np.arange(first, first + len(rows))
    return Batch(
        np.arange(len(rows)),
        {f"feature.{name}": values for name, values in enumerate(rows.T)},
        callers=callers,
        ids=[f"{number:08}" for number in numbers],
        times=numbers * (SLOT // SLOT_RECORDS),
    )


def closeness_of(rows: Rows) -> Closeness:
    """Return what a reference of these rows would say."""
    schema = Schema(tuple(Feature(str(name), "numeric", ("number",)) for name in range(rows.shape[1])))
    sample = Sample(schema, wanted=True)
    sample.add(batch_of(rows))
    return measured(sample)


def alarms(detector: QueryAttacks, rows: Rows, callers: Sequence[str | None] = ()) -> list[int]:
    """Return which of the requests raise an alarm; they begin with the first slot."""
    found = []
    for start in range(0, len(rows), SLOT_RECORDS):
        batch = batch_of(rows[start : start + SLOT_RECORDS], callers[start : start + SLOT_RECORDS], start)
        kept = in_order([taken([detector], batch, batch.rows)])
        alarm = detector.advance(kept, (start // SLOT_RECORDS + 1) * SLOT)
        found += [start + place for place in (alarm.rows if alarm else ())]
    return found


def benign(rows: Rows, count: int, rng: np.random.Generator, callers: int = 1_000) -> tuple[Rows, list[str]]:
    """Return requests drawn from the rows: half of them of one gateway, the rest of many callers.

    One in twenty is one of its caller's last twenty again, another one in twenty is that with one field of another row.
    """
    asked = rows[rng.integers(0, len(rows), count)].copy()
    whose = np.where(rng.random(count) < 0.5, 0, rng.integers(1, callers, count)).tolist()
    kind = rng.random(count)
    last: dict[int, list[int]] = {}
    for place, caller in enumerate(whose):
        before = last.setdefault(caller, [])
        if before and kind[place] < 0.1:
            asked[place] = asked[before[int(rng.integers(len(before)))]]
            if kind[place] < 0.05:
                column = int(rng.integers(rows.shape[1]))
                asked[place, column] = rows[int(rng.integers(len(rows))), column]
        before.append(place)
        del before[:-20]
    return asked, [f"c{caller}" for caller in whose]


def jittered(row: Rows, spread: Rows, count: int, rng: np.random.Generator) -> Rows:
    """Return near-duplicates of one row: each field moved by a twentieth of its standard deviation."""
    return np.asarray(row + 0.05 * spread * rng.normal(size=(count, len(row))))
