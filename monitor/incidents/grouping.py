"""Which findings have one cause: those whose onsets lie together."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.incidents.incident import Incident
from monitor.judge.family import Finding

LEEWAY = 3
"""Slots by which onsets of one cause may differ."""


def home(finding: Finding, incidents: Iterable[Incident], slot: int, length: int) -> Incident | None:
    """Return the open incident a finding belongs to: the one its signal is in, else the nearest in onset.

    Parameters
    ----------
    slot : int
        The slot just judged.
    length : int
        Milliseconds of a slot.
    """
    incidents = list(incidents)
    for incident in incidents:
        if finding.signal.name in incident.signals:
            return incident
    allowed = leeway(finding, slot)
    near = [(abs(finding.onset - incident.since // length), i) for i, incident in enumerate(incidents)]
    distance, index = min(near, default=(allowed + 1, -1))
    return incidents[index] if distance <= allowed else None


def leeway(finding: Finding, slot: int) -> int:
    """Return by how many slots the onset may be wrong: half its delay on top for a finding that took long."""
    return LEEWAY + (slot - finding.onset) // 2
