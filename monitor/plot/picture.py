"""The picture: of each signal that moved the evidence and the size over time, grey but for what one should see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from monitor.plot.caption import LEFT, RIGHT, SECOND, head
from monitor.plot.choice import Choice, told_size
from monitor.plot.days import dated, days
from monitor.plot.palette import Palette
from monitor.plot.reading import Incident, ToldSize
from monitor.plot.series import NEEDED, Series, Timeline
from sinks.text import plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, ROW, HEAD, FOOT = 11.0, 1.12, 1.64, 0.45
"""Inches: of the picture; of a row's, the title's and the time axis' height."""

BETWEEN = (SECOND - LEFT) / (RIGHT - SECOND) - 1
"""Room between the columns, as a share of one's width."""

TOLD = 44
"""Characters that say of what sizes were told."""

GAP = 6
"""Stretches without a row after which a line is broken, in slots."""


Points = dict[int, float]


def picture(timeline: Timeline, choice: Choice, incidents: Sequence[Incident], title: str, colours: Palette) -> Figure:
    """Return the picture of the signals that were chosen."""
    from matplotlib.figure import Figure

    rows = len(choice.shown)
    height = HEAD + rows * ROW + FOOT
    figure = Figure(figsize=(WIDTH, height), facecolor=colours.paper)
    head(figure, title, choice.words, incidents, colours)
    grid = figure.add_gridspec(
        rows, 2, left=LEFT, right=RIGHT, top=1 - HEAD / height - 0.12 / height, bottom=FOOT / height,
        hspace=0.62, wspace=BETWEEN,
    )  # fmt: skip
    first: Axes | None = None
    for number, series in enumerate(choice.shown):
        left, right = (figure.add_subplot(grid[number, side], sharex=first) for side in (0, 1))
        first = first or left
        own = [i for i in incidents if i.model == series.model and series.signal in i.signals]
        evidence = _evidence(left, series)
        _panel(left, _Line(timeline, evidence, series.needed or NEEDED), own, colours)
        _alarms(left, _Line(timeline, {k: v for k, v in evidence.items() if series.points[k].alarm}), own, colours)
        _panel(right, _Line(timeline, _size(right, series, own), series.tolerance), own, colours)
        _told(right, series.signal, own, colours)
        _titles(left, right, series, choice.named(series), colours)
        _about(right, series.signal, own, colours)
        for axes in (left, right):
            _calm(axes, timeline, colours, last=number == rows - 1)
    return figure


def _evidence(axes: Axes, series: Series) -> Points:
    """Prepare the left side: evidence from 0 up to where it alarms, or somewhat more."""
    needed = series.needed or NEEDED
    top = max(1.25 * needed, 1.05 * min(series.peak or 0.0, 2 * needed))
    axes.set_ylim(0, top)
    return {k: min(max(p.evidence, 0.0), top) for k, p in series.points.items() if p.evidence is not None}


def _size(axes: Axes, series: Series, own: Sequence[Incident]) -> Points:
    """Prepare the right side: w or percentage points, with room for the sizes that were told."""
    points = {k: p.size for k, p in series.points.items() if p.size is not None}
    told = [end for incident in own for each in incident.sizes.get(series.signal, ()) for end in _ends(each)]
    lowest, highest = (extreme([0.0, *points.values(), *told]) for extreme in (min, max))
    axes.set_ylim(1.15 * lowest, max(1.15 * highest, 1.6 * (series.tolerance or 0.0), 1.0 if series.share else 0.2))
    return points


def _ends(told: ToldSize) -> tuple[float, float]:
    """Return the part of an interval that is to fit: few records leave so much open that nothing else could be seen."""
    return told.size, told.size if told.high is None else min(told.high, 2 * abs(told.size))


def _told(axes: Axes, signal: str, own: Sequence[Incident], colours: Palette) -> None:
    """Mark the sizes that were told, with their intervals as far as they fit: few records leave much open."""
    for incident in own:
        colour = colours.severity[incident.severity]
        for each in incident.sizes.get(signal, ()):
            at = days(each.time)
            if each.low is not None and each.high is not None:
                axes.plot([at, at], [each.low, each.high], color=colour, lw=2.4, alpha=0.4, zorder=4)
            axes.plot(at, each.size, "o", ms=5, color=colour, mec=colours.paper, mew=1, zorder=5)


def _panel(axes: Axes, line: _Line, own: Sequence[Incident], colours: Palette) -> None:
    """Draw one line in grey, in the colour of each incident of its own while that was open."""
    axes.plot(*line.broken(), color=colours.line, lw=1.1, zorder=2)
    if line.limit is not None:
        axes.axhline(line.limit, color=colours.faint, lw=0.8, ls=(0, (4, 3)))
    for incident in own:
        colour, until = colours.severity[incident.severity], incident.end(line.timeline.end)
        axes.axvspan(days(incident.since), days(until), color=colour, alpha=0.1, lw=0, zorder=0)
        axes.axvline(days(incident.opened), color=colour, lw=1.2, zorder=3)
        axes.plot(*line.within(incident.since, until).broken(), color=colour, lw=1.1, zorder=3)


def _alarms(axes: Axes, line: _Line, own: Sequence[Incident], colours: Palette) -> None:
    """Mark alarms that no incident is drawn for."""
    told = [line.within(i.since, i.end(line.timeline.end) + line.timeline.width).points for i in own]
    alone = {k: v for k, v in line.points.items() if not any(k in points for points in told)}
    axes.plot(*_Line(line.timeline, alone).broken(), "o", ms=2.6, color=colours.ink, zorder=4)


@dataclass(frozen=True)
class _Line:
    """Values by stretch, and what they are held against."""

    timeline: Timeline
    points: dict[int, float]
    limit: float | None = None

    def within(self, since: float, until: float) -> _Line:
        """Return the part between two times."""
        return _Line(self.timeline, {k: v for k, v in self.points.items() if since <= self.timeline.time(k) <= until})

    def broken(self) -> tuple[list[float], list[float]]:
        """Return days and values, with a gap where nothing was judged for long."""
        at = sorted(self.points)
        steps = sorted(b - a for a, b in pairwise(at))
        longest = GAP * (steps[len(steps) // 2] if steps else 1)
        times: list[float] = []
        values: list[float] = []
        for before, stretch in pairwise(at[:1] + at):
            times += [days(self.timeline.time(stretch))] * (2 if stretch - before > longest else 1)
            values += [float("nan")] * (stretch - before > longest) + [self.points[stretch]]
        return times, values


def _titles(left: Axes, right: Axes, series: Series, name: str, colours: Palette) -> None:
    against = f"alarms at {series.needed:.1f}" if series.needed else "an alarm needs 6 to 9"
    peak = "nothing yet" if series.peak is None else f"at most {max(0.0, series.peak):.1f}"
    size = told_size(series).replace("percentage points", "points")
    look: dict[str, Any] = {"parse_math": False, "pad": 4}
    left.set_title(name, loc="left", fontsize=9.5, fontweight="bold", color=colours.ink, **look)
    for axes, words in ((left, f"evidence {peak}, {against}"), (right, size)):
        axes.set_title(words, loc="right", fontsize=8.5, color=colours.faint, **look)


def _about(axes: Axes, signal: str, own: Sequence[Incident], colours: Palette) -> None:
    """Say of what the dots are, where the line beside them is of all records."""
    told = dict.fromkeys(about for incident in own if (about := incident.about.get(signal)))
    if told:
        words = plain(f"told{','.join(told)}", TOLD)
        axes.set_title(words, loc="left", fontsize=8.5, color=colours.ink, parse_math=False, pad=4)


def _calm(axes: Axes, timeline: Timeline, colours: Palette, *, last: bool) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_facecolor(colours.paper)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(colours.grid)
    axes.grid(axis="y", color=colours.grid, lw=0.7)
    axes.set_axisbelow(True)
    axes.yaxis.set_major_locator(MaxNLocator(3, min_n_ticks=2))
    axes.tick_params(length=0, labelsize=8, labelcolor=colours.faint, labelbottom=last)
    dated(axes)
    axes.xaxis.get_offset_text().set(color=colours.faint, size=8, visible=last)
    margin = 0 if timeline.end > timeline.begin else 30_000
    axes.set_xlim(days(timeline.begin - margin), days(timeline.end + margin))
