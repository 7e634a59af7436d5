"""What stands above the picture: what it is of, and how to read it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from monitor.plot.palette import Palette
from monitor.plot.reading import Incident
from monitor.types import SEVERITIES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LEFT, RIGHT, SECOND = 0.055, 0.975, 0.539
"""Where columns begin and end, as shares of the width: the first, the last, the second."""

EVIDENCE = (
    "evidence against chance (log₁₀)",
    "dashed: what an alarm needs",
    "after an alarm it starts anew: a shift that lasts draws a saw",
)
SIZE = (
    "size, smoothed over about 8,192 records, of all of them",
    "dashed: what is tolerated; a few thousand records may pass it by chance",
)
AS_TOLD = "dot and bar: as told, of the records since the onset told with it; 95 % interval"
DOTS = "dots: alarms; after each it starts anew: a shift that lasts draws a saw"
INCIDENTS = "shaded: an incident, from its estimated onset on; upright line: when it was told"


def words(*, incidents: bool) -> tuple[list[str], list[str]]:
    """Return how to read the evidence at the left, and the size at the right."""
    return [*EVIDENCE[:2], EVIDENCE[2] if incidents else DOTS], [*SIZE, *([AS_TOLD] if incidents else [])]


def head(figure: Figure, title: str, rest: str, incidents: Sequence[Incident], colours: Palette) -> None:
    """Write the title, what is not drawn (`rest`), and how to read each column."""
    height = figure.get_figheight()
    bold: dict[str, Any] = {"fontsize": 13, "fontweight": "bold", "color": colours.ink}
    figure.text(0.03, 1 - 0.36 / height, title, parse_math=False, **bold)
    below = " · ".join(filter(None, [INCIDENTS if incidents else "", rest]))
    figure.text(0.03, 1 - 0.60 / height, below, fontsize=9, color=colours.faint)
    for at, (first, *more) in zip((LEFT, SECOND), words(incidents=bool(incidents)), strict=True):
        figure.text(at, 1 - 0.95 / height, first, fontsize=9, color=colours.ink)
        text = "\n".join(more)
        figure.text(at, 1 - 1.02 / height, text, fontsize=8.5, color=colours.faint, va="top", linespacing=1.4)
    _severities(figure, incidents, colours)


def _severities(figure: Figure, incidents: Sequence[Incident], colours: Palette) -> None:
    """Say at the right which colour means what."""
    at = RIGHT
    for severity in sorted({i.severity for i in incidents}, key=SEVERITIES.index, reverse=True):
        mark = f"■ {severity}"
        where = 1 - 0.36 / figure.get_figheight()
        figure.text(at, where, mark, fontsize=9, color=colours.severity[severity], ha="right")
        at -= 0.011 * len(mark)
