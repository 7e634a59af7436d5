"""The plots of the page: what speed costs in false alarms, and what was told of real streams. Light and dark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from math import hypot, isinf
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

from benchmarks.detection.jobs import DEFAULT, OURS, TUNED
from benchmarks.detection.real import STREAMS
from benchmarks.detection.streams import DRIFTS
from benchmarks.detection.tables import Measured
from monitor.plot.days import dated
from monitor.plot.palette import DARK, LIGHT, Palette

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN = ("mean .1", "mean .25", "mean .5", "scale 1.5", "of 20", "correlation")
ACCENT = {LIGHT.paper: "#0b62a8", DARK.paper: "#62b0ee"}
ALARMS = (0.003, 4e5)
"""False alarms per million records, from the left to the right."""
FAR = 14.0
"""Pixels beyond which a line leads from a name to its point."""
ROOM = 5.0
"""Factor by which the delays' axis goes on beyond the smallest and the largest: names have to stand somewhere."""
DPI = 150
SHORT = {
    OURS: "Seawall",
    DEFAULT: "w = .1",
    **dict(zip(TUNED, ("as ADWIN", "as ADWIN 0–1"), strict=True)),
    "ADWIN": "ADWIN",
    "ADWIN, scaled": "ADWIN 0–1",
    "PageHinkley": "Page-H.",
    "KSWIN": "KSWIN",
    "KS, Bonferroni": "KS",
    "PSI > 0.1": "PSI",
    "TabularDrift": "Tabular",
    "CVMDriftOnline": "CVM",
}

Box = tuple[float, float, float, float]
"""Left, lower, right and upper end, in pixels."""


def draw(every: Mapping[str, Measured], folder: Path) -> None:
    """Write the pictures."""
    for colours, end in ((LIGHT, ""), (DARK, "-dark")):
        for name, make in (("benchmark-delays", _trade), ("benchmark-real", _real)):
            if make is _real and not _told(every):
                continue
            figure = make(every, colours)
            figure.savefig(folder / f"{name}{end}.png", dpi=DPI, facecolor=colours.paper, metadata={"Software": None})


def _trade(every: Mapping[str, Measured], colours: Palette) -> Any:
    """Draw the median delay over false alarms, a panel for each of some changes; down and left is better."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11.5, 8.4), dpi=DPI, facecolor=colours.paper)
    words = (
        "blue: Seawall, certified (tolerance 0, or w = .1), and tuned to alarm as often as ADWIN and as ADWIN of 0–1\n"
        "‹ none seen: fewer than drawn, which is the upper end of the interval"
    )
    _head(figure, "Delay over false alarms: further down and to the left is better", words, colours)
    grid = figure.add_gridspec(2, 3, left=0.065, right=0.985, top=0.855, bottom=0.07, hspace=0.3, wspace=0.2)
    for place, drift in enumerate(SHOWN):
        axes = figure.add_subplot(grid[place])
        here = [own for own in every.values() if own.name in SHORT and drift in own.delays]
        _style(axes, colours)
        _scales(axes, [own.median(drift) for own in here if not isinf(own.median(drift))])
        axes.set_title(DRIFTS[drift].words, loc="left", fontsize=9.5, fontweight="bold", color=colours.ink, pad=6)
        if place % 3 == 0:
            axes.set_ylabel("median delay in records", fontsize=8.5, color=colours.faint)
        if place >= 3:
            axes.set_xlabel("false alarms per million records", fontsize=8.5, color=colours.faint)
        _panel(axes, here, drift, colours)
    return figure


def _scales(axes: Axes, delays: Sequence[float]) -> None:
    """Give both axes logarithms in plain numbers, as far up and down as there is something to see."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(*ALARMS)
    axes.set_ylim(min(delays, default=10) / ROOM, max(delays, default=10) * ROOM)
    axes.xaxis.set_major_locator(LogLocator(100))
    axes.yaxis.set_major_locator(LogLocator(10, subs=(1, 3)))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
        axis.set_minor_formatter(NullFormatter())


def _panel(axes: Axes, here: Sequence[Measured], drift: str, colours: Palette) -> None:
    missed = [SHORT[own.name] for own in here if isinf(own.median(drift))]
    if missed:
        words = fill(f"missed by {', '.join(missed)}", 58)
        axes.text(0.01, 0.985, words, transform=axes.transAxes, va="top", fontsize=7.3, color=colours.faint)
    taken: list[Box] = []
    points = []
    for own in sorted(here, key=lambda own: (not own.name.startswith(OURS), own.median(drift))):
        rate = own.rate_at(drift)
        if not isinf(own.median(drift)) and rate:
            per, _, high = rate
            at = min(max(per or high, ALARMS[0]), ALARMS[1]), own.median(drift)
            points.append((own, at, "<" if not per else "o"))
            x, y = axes.transData.transform(at)
            taken.append((x - 6, y - 6, x + 6, y + 6))
    for own, at, mark in points:
        mine = own.name.startswith(OURS)
        colour = ACCENT[colours.paper] if mine else colours.faint
        axes.plot(*at, mark, ms=5.5 if mine else 4, color=colour, zorder=3 if mine else 2)
        _label(axes, ("‹ " if mark == "<" else "") + SHORT[own.name], at, taken, colour)


def _label(axes: Axes, words: str, at: tuple[float, float], taken: list[Box], colour: str) -> None:
    """Write a name beside its point, where nothing stands yet."""
    x, y = axes.transData.transform(at)
    wide, high = 9.0 * len(words) + 4, 19.0
    around = [(12.0, 0.0), (-12.0 - wide, 0.0), (-wide / 2, 20.0), (-wide / 2, -20.0)]
    around += [(side, step * way) for step in (19, 38, 57, 76) for way in (1, -1) for side in (12.0, -12.0 - wide)]
    boxes = [(x + dx, y + dy - high / 2, x + dx + wide, y + dy + high / 2) for dx, dy in around]
    left, right = axes.bbox.x0, axes.bbox.x1
    free = (b for b in boxes if b[0] > left and b[2] < right and not any(_meet(b, other) for other in taken))
    box = next(free, boxes[0])
    taken.append(box)
    end = min(max(x, box[0]), box[2]), min(max(y, box[1] + 4), box[3] - 4)  # of a line to the nearest of its edge
    if hypot(end[0] - x, end[1] - y) > FAR:
        line = axes.transData.inverted().transform([(x, y), end])
        axes.plot(*line.T, color=colour, lw=0.7, alpha=0.7, zorder=1)
    where = axes.transData.inverted().transform((box[0], (box[1] + box[3]) / 2))
    axes.annotate(words, where, fontsize=7.3, color=colour, va="center", annotation_clip=False)


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _told(every: Mapping[str, Measured]) -> dict[str, dict[str, Any]]:
    """Return what ours told of each real stream."""
    found = {name: seen for own in every.values() for name, seen in own.real.items() if "incidents" in seen}
    return {stream.name: found[stream.name] for stream in STREAMS if stream.name in found}


def _real(every: Mapping[str, Measured], colours: Palette) -> Any:
    """Draw what was told of the real streams: a bar for each incident from its onset on."""
    from matplotlib.figure import Figure

    streams = _told(every)
    heights = [max(1, len(seen["incidents"])) for seen in streams.values()]
    figure = Figure(figsize=(11, 1.3 + 0.36 * sum(heights) + 0.75 * len(heights)), facecolor=colours.paper)
    words = "from the estimated onset to the end of the incident; the line is where it was told"
    _head(figure, "What a person would be told of real streams, with the default configuration", words, colours)
    tall = figure.get_figheight()
    grid = figure.add_gridspec(
        len(heights),
        1,
        height_ratios=heights,
        left=0.03,
        right=0.97,
        top=1 - 1.15 / tall,
        bottom=0.35 / tall,
        hspace=0.9,
    )
    for place, (name, seen) in enumerate(streams.items()):
        axes = figure.add_subplot(grid[place])
        _style(axes, colours)
        axes.set_yticks([])
        dated(axes, most=9)
        axes.xaxis.get_offset_text().set(color=colours.faint, size=8)
        told = len(seen["incidents"])
        axes.set_title(f"{name}: {told} incident{'s' * (told != 1)} in {seen['records']:,} records", loc="left",
                       fontsize=9.5, fontweight="bold", color=colours.ink)  # fmt: skip
        _bars(axes, seen, colours)
    return figure


def _bars(axes: Axes, seen: Mapping[str, Any], colours: Palette) -> None:
    begin, end = (_days(moment) for moment in seen["span"])
    axes.set_xlim(begin, end)
    axes.set_ylim(-0.6, max(1, len(seen["incidents"])) - 0.4)
    axes.invert_yaxis()
    for row, told in enumerate(seen["incidents"]):
        since, opened = _days(told["since"]), _days(told["time"])
        until = end if told["until"] is None else _days(told["until"])
        colour = colours.severity[told["severity"]]
        axes.barh(row, until - since, left=since, height=0.5, color=colour, alpha=0.22)
        axes.plot([opened, opened], [row - 0.3, row + 0.3], color=colour, lw=2)
        late = opened > begin + 0.62 * (end - begin)
        words = f" {told['summary']} "
        axes.text(opened, row, words, fontsize=8, color=colours.ink, va="center", ha="right" if late else "left")


def _days(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp() / 86_400


def _head(figure: Any, title: str, words: str, colours: Palette) -> None:
    tall = figure.get_figheight()
    figure.text(0.03, 1 - 0.38 / tall, title, fontsize=13, fontweight="bold", color=colours.ink)
    figure.text(0.03, 1 - 0.5 / tall, words, fontsize=8.5, color=colours.faint, va="top", linespacing=1.5)


def _style(axes: Axes, colours: Palette) -> None:
    axes.set_facecolor(colours.paper)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(colours.grid)
    axes.grid(color=colours.grid, lw=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(which="both", length=0, labelsize=8, labelcolor=colours.faint)
