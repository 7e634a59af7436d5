"""Which findings have one cause: those whose onsets lie together."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import permutations

from detectors.detector import Signal
from monitor.incidents.incident import Incident
from monitor.incidents.summary import ALONE
from monitor.judge.family import Finding
from monitor.types import SEVERITIES, Severity

LEEWAY = 3
"""Slots by which onsets of one cause may differ."""

WEAK_WITHIN = 3_600_000
"""Milliseconds after the onset of an incident in which what is less severe joins it."""


OUTPUTS = ("prediction", "confidence", "score.")
"""What a model makes of its features."""


def home(
    finding: Finding,
    severity: Severity,
    incidents: Iterable[Incident],
    slot: int,
    length: int,
    *,
    released: bool = False,
) -> Incident | None:
    """Return the open incident a finding belongs to: the one its signal is in, else the nearest in onset.

    Weak shifts of one cause show late, and their onset seems late too: beside a graver incident an hour is near. How
    columns go together follows a column that moved as long as that lasts: at each hour of a cycle otherwise.
    So do outputs, unless a model version began with them. An attack is nobody's cause: it has an incident of its own.

    Parameters
    ----------
    slot : int
        The slot just judged.
    length : int
        Milliseconds of a slot.
    released : bool
        Whether a model version began about when the finding did.
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
        soon = 0 <= later * length <= WEAK_WITHIN
        caused = not released and results(finding.signal, incident, later + allowed)
        if abs(later) <= allowed or (graver and soon) or caused or follows(finding.signal, incident, later):
            near.append((abs(later), index))
    return incidents[min(near)[1]] if near else None


def follows(signal: Signal, incident: Incident, later: int = 0) -> bool:
    """Return whether a column moved that the signal is about, so that how it goes with others need mean no more.

    What is about more than two is the consequence of a pair, too, and knows its onset least. Where a column comes back
    day after day the onset of how it goes with others may be that of an earlier day.
    """
    moved = {name.split(".", 2)[-1] if name.startswith("quality.") else name for name in incident.signals}
    names, many = [column.removeprefix("feature.") for column in signal.columns], len(signal.columns) > 2
    alone = any(name in moved for name in (*names, *signal.columns))
    paired = many and any(f"joint.pair.{a}+{b}" in moved for a, b in permutations(names, 2))
    return (alone or paired) and (many or later >= 0 or incident.returns > 0)


def results(signal: Signal, incident: Incident, later: int) -> bool:
    """Return whether a column moves, or moved at other hours, when or before an output of the model does.

    `later` is negative where it surely began before; which it was is unknown where both alarm in one slot.
    """
    moving = (c for name, c in incident.signals.items() if incident.hourly or name not in incident.calmed)
    columns = any(change.group in ALONE for change in moving)
    return columns and signal.name.startswith(OUTPUTS) and (later >= 0 or incident.events == 0)


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
