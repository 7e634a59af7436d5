"""The time axis: days with their month, whatever the span."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DAY = "%-d %b"
FORMATS = ["%Y", "%b", DAY, "%H:%M", "%H:%M", "%S.%f"]
"""Of ticks that are years, months, days, hours, minutes, seconds apart."""
AT_A_CHANGE = ["", "%b %Y", DAY, DAY, "%H:%M", "%H:%M"]
"""Where such a tick begins the next larger unit."""
BESIDE = ["", "", "%Y", f"{DAY} %Y", f"{DAY} %Y", f"{DAY} %Y %H:%M"]
"""What the ticks do not say, at the end of the axis."""


def days(milliseconds: float) -> float:
    """Return days since 1970, in which matplotlib counts."""
    return milliseconds / 86_400_000


def dated(axes: Axes, *, most: int = 8) -> None:
    """Give the axis ticks that name their times in UTC, `most` at most."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(tz=UTC, minticks=4, maxticks=most)  # type: ignore[no-untyped-call]
    written = ConciseDateFormatter(locator, UTC, FORMATS, BESIDE, AT_A_CHANGE)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(written)
