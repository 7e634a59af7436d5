"""Two references side by side, in a table: what a person looks at before promoting the newer one."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.reference.cautions import named, short
from monitor.reference.comparison import Difference, differences
from monitor.reference.report import WIDEST, console, records_of, table_of
from monitor.reference.schema import schema_changes
from monitor.reference.store import Reference
from sinks.text import both, counted, plain

TOLD = 0.02
WORTH = 0.1
"""Differences of this size (Cohen's w; ten points count as one) are shown, and named at the end."""


def compared(old: Reference, new: Reference) -> None:
    """Print how the newer reference looks to somebody who accepted the older one, the largest difference first."""
    say = console()
    say.print(f"old {old.digest[7:19]}: {records_of(old)}")
    say.print(f"new {new.digest[7:19]}: {records_of(new)}")
    if old.digest == new.digest:
        say.print("they are the same")
        return
    changes = schema_changes(old.schema, new.schema)
    for line in changes:
        say.print(f"  ! {plain(line, WIDEST)}")
    found = differences(old, new)
    told = [difference for difference in found if difference.beyond_chance and difference.size >= TOLD]
    if told:
        table = table_of("signal", "w>", "PSI>", "points>", "most of it", "old>", "new>")
        for difference in told:
            table.add_row(*_row(difference))
        say.print(table)
    if any(difference.estimated for difference in told):
        say.print("≈ the bins differ: the newer counts were spread evenly within theirs")
    for line in _left_out(len(found) - len(told), [d.chance for d in found if d.chance is not None]):
        say.print(line)
    say.print(_conclusion([difference for difference in told if difference.size >= WORTH], changes))


def _row(difference: Difference) -> tuple[str, ...]:
    about = "≈" if difference.estimated else ""
    old, new = both(difference.moved.expected, difference.moved.observed)
    w = f"{about}{difference.w:.2f}" if difference.w is not None else ""
    psi = f"{difference.psi:.3f}" if difference.psi is not None else ""
    points = f"{difference.points:+.1f}" if difference.points is not None else ""
    return short(difference.signal), w, psi, points, plain(difference.moved.bin, 24), old, new


def _left_out(signals: int, chance: Sequence[float]) -> list[str]:
    """Return what is not in the table, and how much could hide there."""
    if not signals:
        return []
    rest = f"{counted(signals, 'more signal')} differ{'s' if signals == 1 else ''}"
    lines = [f"{rest} by less than {TOLD} (w) or {10 * TOLD:g} points, or no more than chance"]
    if chance and max(chance) >= TOLD:
        lines.append(f"with so many records two draws of the same traffic differ by up to {max(chance):.2f} (w)")
    return lines


def _conclusion(moved: Sequence[Difference], changes: Sequence[str]) -> str:
    schema = f"; {counted(len(changes), 'change')} of the schema" if changes else ""
    threshold = f"{WORTH} (w) or {10 * WORTH:g} point"
    if not moved:
        return f"nothing moved by {threshold}{schema}"
    return f"{named([short(d.signal) for d in moved])} moved by {threshold}, or more{schema}"
