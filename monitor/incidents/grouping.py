"""Which findings have one cause: those whose onsets lie together."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.incidents.incident import Incident
from monitor.incidents.summary import ALONE
from monitor.judge.family import Finding
from monitor.types import SEVERITIES, Severity

LEEWAY = 3
"""Slots by which onsets of one cause may differ."""

WEAK_WITHIN = 3_600_000
"""Milliseconds after the onset of an incident in which what is less severe joins it."""


def home(
    finding: Finding, severity: Severity, incidents: Iterable[Incident], slot: int, length: int
) -> Incident | None:
    """Return the open incident a finding belongs to: the one its signal is in, else the nearest in onset.

    Weak shifts of one cause show late, and their onset seems late too: beside a graver incident an hour is near. So it
    is for how columns go together, beside columns that moved.
    An attack is nobody's cause: it has an incident of its own.

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
    if _attack(finding.signal.group, finding.evidence):
        return None
    allowed = leeway(finding, slot)
    near = []
    for index, incident in enumerate(incidents):
        if any(_attack(change.group, change.evidence) for change in incident.signals.values()):
            continue
        graver = SEVERITIES.index(incident.severity) > SEVERITIES.index(severity)
        later = finding.onset - incident.since // length
        follows = finding.signal.group == "joint" and any(s.group in ALONE for s in incident.signals.values())
        if abs(later) <= allowed or ((graver or follows) and 0 <= later * length <= WEAK_WITHIN):
            near.append((abs(later), index))
    return incidents[min(near)[1]] if near else None


def holding(incident: Incident) -> list[str]:
    """Return the signals that hold an incident open: those of how columns go together not beside columns that moved.

    If these stay when the others are back, they are a fault of their own and alarm anew.
    """
    causes = [name for name, change in incident.signals.items() if change.group != "joint"]
    moved = any(change.group in ALONE for change in incident.signals.values())
    return causes if moved else list(incident.signals)


def _attack(group: str, evidence: float | None) -> bool:
    """Return whether somebody was caught, by a rule and not by evidence on many records."""
    return group == "anomalies" and evidence is None


def leeway(finding: Finding, slot: int) -> int:
    """Return by how many slots the onset may be wrong: half its delay on top for a finding that took long."""
    return LEEWAY + (slot - finding.onset) // 2
