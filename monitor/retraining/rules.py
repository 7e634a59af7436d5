"""What a rule looks at: whether an incident is worth a retraining."""

from __future__ import annotations

from collections.abc import Callable

from monitor.config.retrain import WhenSection
from monitor.incidents.incident import Incident, digest
from monitor.incidents.severity import Importance, severity_of
from monitor.types import SEVERITIES


def run_id(model: str, rule: str, incident: str) -> str:
    """Return the name of the run: the same over retries, restarts and replicas."""
    return "run_" + digest(model, rule, incident)


def holds(when: WhenSection, incident: Incident, importance: Callable[[str], Importance]) -> bool:
    """Return whether a signal of the rule's groups has moved as far as it asks, and is not back to calm."""
    least = SEVERITIES.index(when.min_severity)
    return any(
        change.group in when.groups
        and change.evidence is not None  # judged, not a condition of the monitor itself
        and name not in incident.calmed
        and SEVERITIES.index(severity_of(change.effect, importance(name))) >= least
        for name, change in incident.signals.items()
    )
