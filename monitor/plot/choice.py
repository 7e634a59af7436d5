"""Which signals are worth a look, and what is said of those that are not."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from monitor.plot.reading import Incident
from monitor.plot.series import Series, Timeline
from sinks.text import plain

MOST = 12
"""Rows of a picture that still fits on a screen or two."""

FEWEST = 3
"""Where nothing moved, so many of the nearest to an alarm are shown nevertheless."""

NEAR = 0.5
"""Share of the evidence that an alarm needs from which on a signal counts as moving: log10, so it is rare by chance."""

LONGEST_NAME = 60


@dataclass(frozen=True)
class Choice:
    """What is shown, in order; what else moved; what stayed quiet."""

    shown: list[Series]
    moved: list[Series]
    quiet: list[Series]

    def named(self, series: Series) -> str:
        """Return what a signal is called: with its model, where there are several."""
        models = {s.model for s in (*self.shown, *self.moved, *self.quiet)}
        return plain(series.signal if len(models) == 1 else f"{series.model}: {series.signal}", LONGEST_NAME)

    @property
    def words(self) -> str:
        """What is not drawn, in words."""
        rest = [f"{len(self.moved)} more that moved"] if self.moved else []
        rest += [f"{len(self.quiet)} quiet signal{'s' * (len(self.quiet) != 1)}"] if self.quiet else []
        return f"not drawn: {', '.join(rest)}" if rest else ""


def choose(timeline: Timeline, incidents: Sequence[Incident], named: Collection[str] = ()) -> Choice:
    """Return the signals that are named; else those that alarmed or came near, the first to move first."""
    every = sorted(timeline.series.values(), key=lambda s: (-s.nearness, s.model, s.signal))
    if named:
        shown = [s for s in every if s.signal in named]
        return Choice(shown, [], [s for s in every if s.signal not in named])
    told = {(i.model, signal) for i in incidents for signal in i.signals}
    loud = [s for s in every if s.alarmed or (s.model, s.signal) in told]
    near = [s for s in every if s not in loud and s.nearness >= NEAR]
    shown = sorted(loud[:MOST], key=_begun) + near[: max(0, MOST - len(loud))]
    shown = shown or every[:FEWEST]
    moved = [s for s in (*loud, *near) if s not in shown]
    return Choice(shown, moved, [s for s in every if s not in shown and s not in moved])


def _begun(series: Series) -> tuple[int, str]:
    """Return when it alarmed first."""
    return min((k for k, p in series.points.items() if p.alarm), default=0), series.signal


def told_size(series: Series) -> str:
    """Return how large a signal became, against what."""
    largest, allowed = series.largest, series.tolerance
    if largest is None:
        return "too few records for a size"
    if series.share:
        beside = "" if allowed is None else f", {allowed:g} tolerated"
        return f"{largest:+.2g} percentage points at most{beside}"
    return f"w {largest:.2f} at most{'' if allowed is None else f', {allowed:g} tolerated'}"


def headline(timeline: Timeline, incidents: Sequence[Incident] | None) -> str:
    """Return what the picture is of: models, records, time, incidents."""
    models = plain(", ".join(name for name in timeline.records if name) or "findings", LONGEST_NAME)
    records = f"{sum(timeline.records.values()):,} records"
    begin, end = (_moment(time) for time in (timeline.begin, timeline.end))
    span = f"{begin if begin == end else f'{begin} – {end}'} UTC"
    told = "" if incidents is None else f" · {len(incidents)} incident{'s' * (len(incidents) != 1)}"
    return f"{models} · {records} · {span}{told}"


def _moment(milliseconds: float) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d %H:%M")
