"""Contexts in time: hours, weekdays or months, in each of which traffic has a law of its own.

A record's context is that of its slot's beginning, so all records of a slot have the same one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from detectors import CategoryBins
from monitor.counting.tally import Layout

Ints = NDArray[np.int64]
Marks = NDArray[np.bool_]
Number = TypeVar("Number", np.int64, np.float64)

HOUR = 3_600_000
QUARTER = HOUR // 4
DAY = 24 * HOUR
WEEK = 7 * DAY

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class Cycle:
    """What repeats, and which part of it a moment belongs to.

    Attributes
    ----------
    called : str
        In words: `per hour of the day`.
    names : tuple of str
        Of its contexts.
    at : callable
        Context of each of some times in milliseconds since 1970, UTC.
    length, part : int
        Milliseconds that a cycle lasts, and its shortest context: a slot may not straddle two.
    reach : int
        How many contexts on either side, at the same kind of day, have records that count for a context too.
    """

    called: str
    names: tuple[str, ...]
    at: Callable[[Ints], Ints]
    length: int
    part: int
    reach: int = 0

    def reaching(self, counts: Ints) -> Ints:
        """Return the counts (C, cells) of records within reach of each context, given those in it."""
        if not self.reach:
            return counts
        return around(counts.reshape(-1, DAY // self.part, counts.shape[1]), self.reach).reshape(counts.shape)

    def turn(self, times: Ints) -> Ints:
        """Return which turn of the cycle each time lies in, counted from the first of them."""
        return (times - times.min()) // self.length if len(times) else times


def _weekday(times: Ints) -> Ints:
    return (times // DAY + 3) % 7  # 1970 began on a Thursday


def _month(times: Ints) -> Ints:
    return times.astype("datetime64[ms]").astype("datetime64[M]").astype(np.int64) % 12


def _hour(times: Ints) -> Ints:
    return times // HOUR % 24


def _quarter(times: Ints) -> Ints:
    return times // QUARTER % 96


_HOURS = tuple(f"{hour:02}:00" for hour in range(24))
_QUARTERS = tuple(f"{hour:02}:{minute:02}" for hour in range(24) for minute in (0, 15, 30, 45))

CYCLES: Mapping[str, Cycle] = MappingProxyType(
    {
        "hour_of_day": Cycle("hour of the day", _HOURS, _hour, DAY, HOUR),
        "day_of_week": Cycle("weekday", _WEEKDAYS, _weekday, WEEK, DAY),
        "hour_and_weekend": Cycle(
            "hour of the day, weekends apart",
            tuple(f"{day} {hour}" for day in ("weekday", "weekend") for hour in _HOURS),
            lambda t: 24 * (_weekday(t) > 4) + _hour(t),
            WEEK,
            HOUR,
        ),
        "hour_of_week": Cycle(
            "hour of the week",
            tuple(f"{day} {hour}" for day in _WEEKDAYS for hour in _HOURS),
            lambda t: 24 * _weekday(t) + _hour(t),
            WEEK,
            HOUR,
        ),
        "month": Cycle("month", _MONTHS, _month, 365 * DAY, DAY),
        "quarter_of_day": Cycle("time of day", _QUARTERS, _quarter, DAY, QUARTER, reach=2),
        "quarter_and_weekend": Cycle(
            "time of day, weekends apart",
            tuple(f"{day} {quarter}" for day in ("weekday", "weekend") for quarter in _QUARTERS),
            lambda t: 96 * (_weekday(t) > 4) + _quarter(t),
            WEEK,
            QUARTER,
            reach=2,
        ),
    }
)

FINER: Mapping[str, str] = MappingProxyType(
    {"hour_of_day": "quarter_of_day", "hour_and_weekend": "quarter_and_weekend"}
)
"""Cycles that follow what moves within an hour, from the records of an hour and a quarter around each time."""


def around(days: NDArray[Number], reach: int = 2) -> NDArray[Number]:
    """Return for each time of day, the second axis, the sum over those around it; the last is beside the first."""
    found = days.copy()
    for step in range(1, reach + 1):
        found += np.roll(days, step, axis=1) + np.roll(days, -step, axis=1)
    return found


def in_quarters(hours: Ints, times: Ints) -> Ints:
    """Return the quarters that some times lie in, of the hours that these are contexts of."""
    return 4 * hours + times // QUARTER % 4


OUTSIDE = ("any other", "never seen before", "missing", "of the wrong type")
"""Contexts of a field, behind its levels."""


@dataclass(frozen=True)
class Contexts:
    """What was accepted in each context.

    Attributes
    ----------
    by : str
        Key of `CYCLES`, or the column whose levels are the contexts.
    names : tuple of str
        Of the contexts.
    signals : tuple of str
        Signals that are judged given the context.
    counts : int array (C, cells)
        Reference records per context and cell of the layout.
    choosing : int array (C, cells) or None
        Those that choose which levels are joined, where others are counted. None in what older versions built.
    """

    by: str
    names: tuple[str, ...]
    signals: tuple[str, ...]
    counts: Ints
    choosing: Ints | None = None

    def counted(self) -> dict[str, Ints]:
        """Return what is counted, by name."""
        return {self.by: self.counts} | ({} if self.choosing is None else {f"{self.by}.choosing": self.choosing})

    def mapped(self, cells: Callable[[Ints], Ints]) -> Contexts:
        """Return the same contexts with other cells, given what becomes of an array of them."""
        return replace(
            self, counts=cells(self.counts), choosing=None if self.choosing is None else cells(self.choosing)
        )

    @property
    def cycle(self) -> Cycle | None:
        """The cycle, None where the contexts are the levels of a field."""
        return CYCLES.get(self.by)

    @property
    def called(self) -> str:
        """What these are, in words."""
        return called(self.by)


def called(by: str) -> str:
    """Return what contexts are, in words."""
    return CYCLES[by].called if by in CYCLES else by.removeprefix("feature.")


def names_of(by: str, layout: Layout) -> tuple[str, ...]:
    """Return the names of the contexts."""
    if by in CYCLES:
        return CYCLES[by].names
    place = layout.place_of(by)
    detector = layout.detectors[place] if place is not None else None
    if not isinstance(detector, CategoryBins):
        raise ValueError(f"no levels of {by}")  # noqa: TRY004 - of a damaged reference
    return (*detector.levels, *OUTSIDE)


@dataclass(frozen=True)
class Given:
    """What contexts some records came in.

    Attributes
    ----------
    slots : int array (n,)
        Beginnings of their slots, in milliseconds.
    levels : int array (n,)
        Cells of the field that is a context; zeros where there is none.
    choosing : bool array (n,) or None
        Which of them choose and are not counted; None: all are counted.
    """

    slots: Ints
    levels: Ints
    choosing: Marks | None = None

    @property
    def counted(self) -> Marks:
        """Which of them are counted."""
        return np.ones(len(self.slots), dtype=bool) if self.choosing is None else ~self.choosing

    def at(self, by: str, *, quarters: bool = False) -> Ints:
        """Return the context of each; on request the quarter of its hour with it."""
        found = CYCLES[by].at(self.slots) if by in CYCLES else self.levels
        return in_quarters(found, self.slots) if quarters else found

    def __getitem__(self, which: slice | Marks) -> Given:
        return Given(self.slots[which], self.levels[which], None if self.choosing is None else self.choosing[which])
