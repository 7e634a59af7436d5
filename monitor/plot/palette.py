"""Colours by what they mean, on white paper and on dark."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Palette:
    """Colours by what they mean."""

    paper: str
    ink: str
    faint: str
    grid: str
    line: str
    severity: dict[str, str]


LIGHT = Palette(
    "#ffffff",
    "#1f2328",
    "#68707a",
    "#e7e9ec",
    "#9aa2ab",
    {"info": "#57606a", "warning": "#b35900", "error": "#c4232f", "critical": "#8b0f4a"},
)
DARK = Palette(
    "#14171c",
    "#e4e8ec",
    "#98a1ab",
    "#2a2f37",
    "#6d7782",
    {"info": "#a9b2bc", "warning": "#e0913a", "error": "#f0646c", "critical": "#e86aa8"},
)
