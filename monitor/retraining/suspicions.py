"""What forbids learning from present data: an attack or poisoning that is open, and where earlier ones lie."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from monitor.incidents.incident import Incident, rfc3339
from monitor.types import SignalChange, Suspect

ATTACKS = ("anomaly.queries",)
"""Signals of somebody who works at the model: what came meanwhile is not to be learned from."""

POISONING = "labels"
"""The group of signals of labels that somebody may have made wrong."""


class Period(msgspec.Struct):
    """When an incident of such a signal was open, in milliseconds."""

    signal: str
    since: int
    until: int


class Suspicions(msgspec.Struct):
    """What a model's rules remember of attacks and poisonings.

    Attributes
    ----------
    periods : dict of str to Period
        By incident: those that are open, and those that overlap with an incident that is.
    doubt : str
        Why nothing is learned for a while though none is open: judging began anew while one was. Else empty.
    lasts, until : int
        How long that counts, and up to when, in milliseconds; `until` is 0 as long as no slot was judged since.
    """

    periods: dict[str, Period] = msgspec.field(default_factory=dict)
    doubt: str = ""
    lasts: int = 0
    until: int = 0

    def advance(self, incidents: Sequence[Incident], now: int) -> str | None:
        """Return why nothing is to be learned from present data, after a slot that ends now."""
        first: str | None = None
        for incident in incidents:
            if name := suspect(incident.signals.values()):
                known = self.periods.get(incident.key)
                self.periods[incident.key] = Period(name, known.since if known else incident.since, now)
                first = first or _words(incident.key, name, "is open")
        oldest = min((incident.since for incident in incidents), default=now)
        self.periods = {key: period for key, period in self.periods.items() if period.until > oldest}
        return first or self._doubt(now)

    def _doubt(self, now: int) -> str | None:
        if self.doubt and not self.until:
            self.until = now + self.lasts
        if now >= self.until:
            self.doubt, self.until = "", 0
        return self.doubt or None

    def begin_anew(self, incident: str, signal: str, lasts: int) -> None:
        """Doubt for a while: an incident was closed, but not because it was over."""
        self.doubt, self.lasts, self.until = _words(incident, signal, "was open when judging began anew"), lasts, 0

    def between(self, since: int, until: int) -> tuple[Suspect, ...]:
        """Return what of the data between two times came while an attack or poisoning was open."""
        return tuple(
            Suspect(key, period.signal, rfc3339(max(since, period.since)), rfc3339(min(until, period.until)))
            for key, period in sorted(self.periods.items())
            if period.since < until and period.until > since
        )


def suspect(signals: Iterable[SignalChange]) -> str | None:
    """Return the name of the first signal of an attack or of poisoning."""
    return next((s.signal for s in signals if s.signal in ATTACKS or s.group == POISONING), None)


def _words(incident: str, signal: str, how: str) -> str:
    if signal in ATTACKS:
        return f"an attack {how}: {incident} ({signal})"
    return f"labels may be poisoned: {incident} {how} ({signal})"
