"""One false-alarm budget for all signals of a model: shared over groups, then e-d-BH within each."""

from __future__ import annotations

from collections.abc import Sequence
from math import log

SHARES = {
    "features": 40,
    "predictions": 15,
    "performance": 15,
    "joint": 10,
    "anomalies": 10,
    "quality": 5,
    "robustness": 3,
    "labels": 2,
}
"""Per cent of the budget by group; what is not configured goes to the others."""


def thresholds(groups: Sequence[str], every: float) -> dict[str, float]:
    """Return log A_g for each group that is there: A divided by the group's share.

    Parameters
    ----------
    groups : sequence of str
        Group of each signal.
    every : float
        A: start mass per false alert.
    """
    present = set(groups)
    whole = sum(SHARES[g] for g in present)
    return {g: log(every * whole / SHARES[g]) for g in sorted(present)}


def flagged(evidence: Sequence[float], threshold: float) -> list[int]:
    """Return which signals of one group alarm: e-d-BH (Dandapanthula & Ramdas 2025, arXiv 2501.04130).

    The largest k of which all have current log M >= log(A_g J / k). Running maxima would lose control.

    Parameters
    ----------
    evidence : sequence of float
        log M of each signal.
    threshold : float
        log A_g.
    """
    if not evidence or max(evidence) < threshold:
        return []
    order = sorted(range(len(evidence)), key=lambda i: (-evidence[i], i))
    for k in range(len(order), 0, -1):
        if evidence[order[k - 1]] >= threshold + log(len(order) / k):
            return sorted(order[:k])
    return []
