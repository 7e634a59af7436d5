"""What a reference of this size can show, from the judge's own radii and bets."""

from __future__ import annotations

from math import log
from typing import NamedTuple

from detectors.detector import Signal
from monitor.config.tolerance import Tolerance
from monitor.judge.bets import SCALE, directions, tilts
from monitor.judge.budget import thresholds
from monitor.judge.null import nulls
from monitor.reference.store import Reference

MEDIUM = 0.3
SLOTS_PER_ALERT = 30 * 86_400 / 10
"""The default budget, one false alert per 30 days, in default slots of 10 seconds."""


class Visible(NamedTuple):
    """What a value signal can show.

    Attributes
    ----------
    smallest : float
        Cohen's w up to which a shift may be the chance of the reference's own draw, so that nobody is told of it
        even at tolerance 0.
    records : float or None
        About how many records a medium shift (w 0.3, in the signal's first direction) takes until it is told, at
        the default tolerance and budget; None where it never is.
    """

    smallest: float
    records: float | None


def visible(reference: Reference) -> dict[str, Visible]:
    """Return by value signal what it can show."""
    bare, _ = nulls(reference, reference.signals, lambda _: 0.0)
    usual, _ = nulls(reference, reference.signals, _default_tolerance)
    tables, exist = tilts(usual)
    groups = [signal.group for signal, _ in reference.signals]
    threshold = thresholds(groups, SLOTS_PER_ALERT)
    found = {}
    for row, signal in enumerate(usual.signals):
        accepted = usual.accepted[row, : len(signal.bins)].tolist()
        scores = directions(signal, accepted)
        moved = (
            [max(0.0, p * (1 + MEDIUM * g)) for p, g in zip(accepted, scores[0][1], strict=True)]
            if scores
            else accepted
        )
        growth = max((tables[row, :, : len(moved)] @ moved).tolist()) / (SCALE * sum(moved))
        needed = threshold[signal.group] + log(groups.count(signal.group)) + log(2 * max(1, int(exist[row].sum())))
        found[signal.name] = Visible(float(bare.fixed[row]), needed / growth if growth > 0 else None)
    return found


def _default_tolerance(signal: Signal) -> float:
    allowed = Tolerance().of(signal.name, signal.group)
    return allowed.w if signal.kind == "values" else allowed.points
