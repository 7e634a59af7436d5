"""Pictures into files: PNG, light and dark, and a page that needs nothing from elsewhere."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.incidents.incident import rfc3339
from monitor.plot.choice import Choice, told_size
from monitor.plot.palette import DARK, LIGHT, Palette
from monitor.plot.reading import Incident
from monitor.plot.series import Series

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 160

SHORT = 24
"""Characters of a cell that are not broken into lines."""

STYLE = """
:root { color-scheme: light dark; %s }
@media (prefers-color-scheme: dark) { :root { %s } }
body { margin: 0 auto; max-width: 1180px; padding: 16px; background: var(--paper); color: var(--ink);
       font: 14px/1.5 system-ui, "Noto Sans", sans-serif; }
svg { width: 100%%; height: auto; } svg text { font-family: inherit !important; }
.wide { overflow-x: auto; margin: 8px 0 20px; } table { border-collapse: collapse; }
caption { text-align: left; font-weight: 600; padding: 6px 0; }
th { font-weight: 400; color: var(--faint); text-align: left; } td, th { padding: 3px 18px 3px 0; vertical-align: top; }
td { min-width: 18ch; overflow-wrap: break-word; } td.short { min-width: 0; white-space: nowrap; }
tr { border-top: 1px solid var(--grid); } summary { cursor: pointer; color: var(--faint); }
.mark { display: inline-block; width: 9px; height: 9px; border-radius: 2px; margin-right: 7px; }
"""


def save_picture(figure: Figure, path: Path) -> None:
    """Write a PNG."""
    figure.savefig(path, dpi=DPI, facecolor=figure.get_facecolor(), metadata={"Software": None})


def save_page(
    draw: Callable[[Palette], Figure], title: str, choice: Choice, incidents: list[Incident], path: Path
) -> None:
    """Write the page: the picture as SVG in the colours that the reader's system asks for, and tables beside it."""
    told = [_incident(i) for i in sorted(incidents, key=lambda i: i.opened)]
    tables = _table("Incidents", ("opened", "since", "until", "what", "signals"), told) if told else ""
    for words, series in (("more signals that moved", choice.moved), ("quiet signals", choice.quiet)):
        if series:
            rows = [_row(choice.named(s), s) for s in series]
            table = _table("", ("signal", "evidence at most", "an alarm needs", "size at most"), rows)
            tables += f"<details><summary>{len(series)} {words}</summary>{table}</details>"
    style = STYLE % (_variables(LIGHT), _variables(DARK))
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{style}</style>'
    drawn = _svg(draw(LIGHT), title)
    path.write_text(f'<!doctype html><html lang="en">{head}<body>{drawn}{tables}</body></html>\n', encoding="utf-8")


def _svg(figure: Figure, title: str) -> str:
    """Return the picture as SVG whose colours are the page's variables."""
    import matplotlib as mpl

    written = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "seawall"}):
        figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    drawn = written.getvalue()
    drawn = re.sub(r"<metadata>.*?</metadata>", "", drawn[drawn.index("<svg") :], flags=re.DOTALL)
    for name, colour in _named(LIGHT):
        drawn = drawn.replace(colour, f"var(--{name})")
    return drawn.replace("<svg", f'<svg role="img" aria-label="{escape(title)}"', 1)


def _named(palette: Palette) -> list[tuple[str, str]]:
    plain = [(name, getattr(palette, name)) for name in ("paper", "ink", "faint", "grid", "line")]
    return plain + list(palette.severity.items())


def _variables(palette: Palette) -> str:
    return " ".join(f"--{name}: {colour};" for name, colour in _named(palette))


def _incident(incident: Incident) -> list[str]:
    mark = f'<span class="mark" style="background: var(--{incident.severity})"></span>'
    until = "still open" if incident.until is None else rfc3339(incident.until)
    what = f"{mark}{incident.severity}: {escape(incident.summary)}"
    return [rfc3339(incident.opened), rfc3339(incident.since), until, what, escape(", ".join(sorted(incident.signals)))]


def _row(name: str, series: Series) -> list[str]:
    peak, needed = ("" if v is None else f"{v:.1f}" for v in (series.peak, series.needed))
    return [escape(name), peak, needed, told_size(series)]


def _table(caption: str, heads: tuple[str, ...], rows: list[list[str]]) -> str:
    head = "".join(f"<th>{each}</th>" for each in heads)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    table = f"<table>{caption and f'<caption>{caption}</caption>'}<tr>{head}</tr>{body}</table>"
    return f'<div class="wide">{table}</div>'


def _cell(text: str) -> str:
    """Return a cell; what is short, such as a time, stays on one line."""
    return f'<td class="short">{text}</td>' if len(text) <= SHORT else f"<td>{text}</td>"
