"""What a reference of this size can show, from the judge's own radii and bets."""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from typing import NamedTuple

from detectors.detector import Signal
from monitor.config.tolerance import Tolerance
from monitor.judge.bets import SCALE, tilts_of
from monitor.judge.budget import thresholds
from monitor.judge.by_level import ByLevel
from monitor.judge.directions import directions
from monitor.judge.families import families
from monitor.judge.family import FOLLOWING, Family
from monitor.judge.in_context import FamilyInContext
from monitor.judge.null import Null
from monitor.reference.contexts import HOUR
from monitor.reference.store import Reference

MEDIUM = 0.3
BLIND = 1.0
"""What stands for the smallest shift where no context has enough records to show one."""

SLOTS_PER_ALERT = 30 * 86_400 / 10
"""The default budget, one false alert per 30 days, in default slots of 10 seconds."""


class Visible(NamedTuple):
    """What a value signal can show.

    Attributes
    ----------
    smallest, largest : float
        Cohen's w up to which a shift may be the chance of the reference's own draw, so that nobody is told of it
        even at tolerance 0: in the contexts where that is least and most, if it is judged in several.
    records : float or None
        About how many records a medium shift (w 0.3, in the signal's first direction) takes until it is told, at
        the default tolerance and budget; None where it never is. Of several contexts, in the middle one.
    blind : tuple of str
        Contexts that have too few records to show anything.
    """

    smallest: float
    largest: float
    records: float | None
    blind: tuple[str, ...] = ()


def visible(reference: Reference) -> dict[str, Visible]:
    """Return by value signal what it can show."""
    groups = [signal.group for signal, _ in reference.signals]
    threshold = thresholds(groups, SLOTS_PER_ALERT)
    bare, usual = (
        [family for family in families(reference, reference.signals, allowed, (), HOUR) if family.values]
        for allowed in (lambda _: 0.0, _default_tolerance)
    )
    found = {}
    for strict, lenient in zip(bare, usual, strict=True):
        for row, signal in enumerate(strict.null.signals):
            names, nulls = _contexts(strict)
            radii = [float(null.fixed[row]) for null in nulls if len(null.signals[row].bins) > 1]
            blind = [name for name, null in zip(names, nulls, strict=True) if _is_blind(strict, null, row)]
            needed = threshold[signal.group] + log(groups.count(signal.group))
            records = _records(_middle(lenient, row), row, needed)
            found[signal.name] = Visible(min(radii, default=BLIND), max(radii, default=BLIND), records, tuple(blind))
    return found


def _contexts(family: Family) -> tuple[Sequence[str], Sequence[Null]]:
    """Return the names of the contexts in which signals are judged, and what is accepted in each."""
    if isinstance(family, FamilyInContext):
        return family.strata.names, family.strata.nulls
    return ("",), (family.null,)


def _middle(family: Family, row: int) -> Null:
    """Return what is accepted in the context where shifts are seen neither best nor worst, of those that show any."""
    nulls = _contexts(family)[1]
    showing = sorted((n for n in nulls if len(n.signals[row].bins) > 1), key=lambda n: float(n.fixed[row]))
    return (showing or nulls)[len(showing) // 2]


def _is_blind(family: Family, null: Null, row: int) -> bool:
    """Return whether a context shows nothing; a level of a field that never came need not."""
    return len(null.signals[row].bins) == 1 and (not isinstance(family, ByLevel) or bool(null.accepted[row].any()))


def _records(null: Null, row: int, needed: float) -> float | None:
    """Return how many records a medium shift takes until it is told."""
    signal = null.signals[row]
    accepted = null.accepted[row, : len(signal.bins)].tolist()
    scores = directions(signal, accepted)
    if not scores:
        return None
    moved = [max(0.0, p * (1 + MEDIUM * g)) for p, g in zip(accepted, scores[0].score, strict=True)]
    taken = []
    for bet in tilts_of(null, row):
        growth = sum(t * q for t, q in zip(bet.table, moved, strict=True)) / (SCALE * sum(moved))
        if growth > 0:
            taken.append((needed - log(bet.weight * (1 - FOLLOWING))) / growth)
    return min(taken, default=None)


def _default_tolerance(signal: Signal) -> float:
    allowed = Tolerance().of(signal.name, signal.group)
    return allowed.w if signal.kind == "values" else allowed.points
