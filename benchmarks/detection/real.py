"""Real streams with their real times, from the folder that SEAWALL_DATA names; its files are no part of this project.

Elec2: half-hours of the electricity market of New South Wales (Harries 1999). NOAA: days at Offutt Air Force Base,
Bellevue (Elwell and Polikar 2011). INSECTS, gradual, balanced (Souza et al. 2020): changes begin at record 14,028.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.detection.columns import START, STEP, Columns, Ints
from benchmarks.detection.ours import Seawall, reference_of, told, watch
from benchmarks.detection.peers import Detector
from monitor.incidents.incident import rfc3339
from monitor.types import Event

FOLDER = "SEAWALL_DATA"
HALF_HOUR, DAY = 1_800_000, 86_400_000


@dataclass(frozen=True)
class RealStream:
    """A stream, what of it is accepted, and how its records are timed.

    Attributes
    ----------
    accepted : int
        How many records the reference is built of.
    per_year : float or None
        Records of a year; None where it has no times.
    change : int or None
        The record at which it is known to change.
    words : str
        What a reader should know.
    """

    name: str
    file: str
    left_out: tuple[str, ...]
    accepted: int
    per_year: float | None
    change: int | None
    words: str

    def columns(self) -> Columns | None:
        """Return its records, None where the file is not there."""
        path = Path(os.environ.get(FOLDER, "/nonexistent")) / self.file
        if not path.exists():
            return None
        with gzip.open(path, "rt") as file:
            names = file.readline().strip().split(",")
            rows = np.loadtxt(file, delimiter=",")
        kept = {name: rows[:, place] for place, name in enumerate(names) if name not in self.left_out}
        return Columns(kept, times=self._times(len(rows)))

    def _times(self, count: int) -> Ints:
        begin, step = {
            "Elec2": (datetime(1996, 5, 7, tzinfo=UTC), HALF_HOUR),
            "NOAA": (datetime(1977, 1, 1, tzinfo=UTC), DAY),
        }.get(self.name, (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=START), STEP))
        return round(begin.timestamp() * 1_000) + step * np.arange(count, dtype=np.int64)


def seen(detector: Detector, stream: RealStream) -> dict[str, Any] | None:
    """Return the alarms on a stream; of ours what a person would be told, by default. None where it is not there."""
    columns = stream.columns()
    if columns is None:
        return None
    accepted, live = columns.part(0, stream.accepted), columns.part(stream.accepted)
    if isinstance(detector, Seawall):
        events = told(watch(reference_of(accepted), slot=10_000), live)
        opened = [_incident(event, events) for event in events if event.event == "opened"]
        span = [rfc3339(int(live.times[place])) for place in (0, -1)]
        return {
            "records": len(live),
            **_counted([o["record"] for o in opened], stream),
            "incidents": opened,
            "span": span,
        }
    return {"records": len(live), **_counted([alarm.seen for alarm in detector.watch(accepted, live)], stream)}


def _counted(places: Sequence[int], stream: RealStream) -> dict[str, Any]:
    """Return how many alarms there were; where the change is known, how many before it and how late the next."""
    if stream.change is None:
        return {"alarms": len(places)}
    at = stream.change - stream.accepted
    after = [place for place in places if place > at]
    return {"alarms": len(places), "before": len(places) - len(after), "late": after[0] - at if after else None}


def _incident(opened: Event, events: Sequence[Event]) -> dict[str, Any]:
    """Return what a reader wants to know of an incident."""
    own = [event for event in events if event.incident == opened.incident]
    leading = opened.signals[0]
    return {
        "time": opened.time,
        "since": opened.since,
        "record": opened.records,
        "until": next((event.time for event in own if event.event == "resolved"), None),
        "severity": own[-1].severity,
        "summary": opened.summary,
        "signal": leading.signal,
        "shape": leading.shape,
        "w": leading.effect.w,
        "points": leading.effect.points,
        "joined": sorted({s.signal for event in own for s in event.signals} - {leading.signal}),
    }


STREAMS = (
    RealStream(
        "Elec2",
        "elec2.csv.gz",
        ("date", "day", "period", "label"),
        17_520,
        17_532,
        None,
        "half-hours from 1996-05-07; prices and demands of two states and the transfer between them. Victoria's "
        "columns stand still until its market opened in May 1997, just before the accepted year ends.",
    ),
    RealStream(
        "NOAA",
        "noaa_weather.csv.gz",
        ("rain",),
        3_652,
        365.25,
        None,
        "days of 50 years from 1949; eight readings. The accepted records are the first ten years. The monitor knows "
        "no time before 1970, so the days are 28 years later here: the same calendar.",
    ),
    RealStream(
        "INSECTS",
        "insects_gradual.csv.gz",
        ("label",),
        5_000,
        None,
        14_028,
        "wing beats of six kinds of insects, 33 features, without times: 3,200 records an hour are assumed.",
    ),
)
