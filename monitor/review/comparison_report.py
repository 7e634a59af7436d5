"""Two references side by side, in a table: what a person looks at before promoting the newer one."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.reference.schema import schema_changes
from monitor.reference.store import Reference
from monitor.review.comparison import Difference, differences
from monitor.review.naming import named, short
from monitor.review.report import WIDEST, console, records_of, table_of
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
    told = [difference for difference in found if difference.likely.beyond_chance and difference.likely.rank >= TOLD]
    rows = [_row(difference) for difference in told]
    if rows:
        table = table_of("signal", "w>", "PSI>", "points>", "most of it", "old>", "new>")
        for row in rows:
            table.add_row(*row)
        say.print(table)
    if any("–" in cell for row in rows for cell in row[1:4]):
        say.print(
            "a–b: the bins differ. These records differ by a at least; by b if within bins they lie as the older do"
        )
    for line in _left_out(len(found) - len(told), [d.chance for d in found if d.chance is not None]):
        say.print(line)
    for line in _conclusion(told, changes):
        say.print(line, soft_wrap=True)


def _row(difference: Difference) -> tuple[str, ...]:
    least, likely = difference.least, difference.likely
    moved = least.moved if least.beyond_chance else likely.moved
    old, new = both(moved.expected, moved.observed)
    w, psi = _range(least.w, likely.w, ".2f"), _range(least.psi, likely.psi, ".3f")
    points = _range(least.points, likely.points, "+.1f")
    return short(difference.signal), w, psi, points, plain(moved.bin, 24), old, new


def _range(least: float | None, likely: float | None, form: str) -> str:
    """Return both, or one where they read alike."""
    if least is None or likely is None:
        return ""
    return "–".join(dict.fromkeys((f"{least:{form}}", f"{likely:{form}}")))


def _left_out(signals: int, chance: Sequence[float]) -> list[str]:
    """Return what is not in the table, and how much could hide there."""
    if not signals:
        return []
    rest = f"{counted(signals, 'more signal')} differ{'s' if signals == 1 else ''}"
    lines = [f"{rest} by less than {TOLD} (w) or {10 * TOLD:g} points, or no more than chance"]
    if chance and max(chance) >= TOLD:
        lines.append(f"with so many records two draws of the same traffic differ by up to {max(chance):.2f} (w)")
    return lines


def _conclusion(told: Sequence[Difference], changes: Sequence[str]) -> list[str]:
    """Return what surely moved, and of what the bins cannot tell."""
    threshold = f"{WORTH} (w) or {10 * WORTH:g} point"
    moved = [d for d in told if d.least.beyond_chance and d.least.rank >= WORTH]
    unclear = [d for d in told if d not in moved and d.likely.rank >= WORTH]
    lines = []
    if moved:
        lines.append(f"{named([short(d.signal) for d in moved])} moved by {threshold}, or more")
    if unclear:
        lines.append(
            f"whether {named([short(d.signal) for d in unclear])} moved by {threshold} the bins cannot tell: "
            "`seawall replay` the newer records against the older version"
        )
    lines = lines or [f"nothing moved by {threshold}"]
    if changes:
        lines[-1] += f"; {counted(len(changes), 'change')} of the schema"
    return lines
