"""Incidents about the monitor's own sight: silence, a partition that stands still, too many unusable records.

These go by the wall clock and are not promised bit for bit.
"""

from __future__ import annotations

from typing import Any

import msgspec

from monitor.incidents.incident import Incident, digest
from monitor.types import Effect, Event, Severity, SignalChange


class Conditions:
    """The conditions of one model that hold at present, each an open incident.

    Parameters
    ----------
    model, reference : str
    runbook : str or None
        As in the configuration.
    remind_every : int
        Milliseconds after which a condition that still holds is told again.
    """

    def __init__(
        self, model: str, reference: str | None, runbook: str | None = None, *, remind_every: int = 86_400_000
    ) -> None:
        self.model = model
        self.reference = reference
        self.runbook = runbook
        self.remind_every = remind_every
        self.open: dict[str, Incident] = {}

    def look(
        self, signal: str, words: str | None, now: int, *, since: int, records: int, severity: Severity
    ) -> list[Event]:
        """Return what is to be told, given whether a condition holds.

        Parameters
        ----------
        signal : str
            Such as `quality.freshness`.
        words : str or None
            What is wrong, in a sentence; None where all is well.
        now, since : int
            Milliseconds since 1970.
        """
        incident = self.open.get(signal)
        if words is None:
            if incident is None:
                return []
            del self.open[signal]
            return [self._event(incident, "resolved", now, records)]
        change = SignalChange(signal, "quality", None, Effect(), words)
        if incident is not None:
            if now - incident.told < self.remind_every:
                return []
            incident.signals[signal] = change
            return [self._event(incident, "updated", now, records)]
        # That nothing can be saved is not saved either: every restart that sees it again means the same incident.
        key = "inc_" + digest(self.model, signal, "" if signal == "quality.state" else str(since))
        incident = self.open[signal] = Incident(key, self.model, severity, since, records, now, {signal: change})
        return [self._event(incident, "opened", now, records)]

    def _event(self, incident: Incident, kind: Any, now: int, records: int) -> Event:
        return incident.event(kind, now, records, reference=self.reference, runbook=self.runbook)

    def state(self) -> dict[str, Any]:
        """Return all that is remembered, as plain values."""
        plain: dict[str, Any] = msgspec.to_builtins(self.open)
        return plain

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from `state`."""
        self.open = msgspec.convert(state, dict[str, Incident])
