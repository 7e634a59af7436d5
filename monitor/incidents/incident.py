"""One incident: what is remembered while it is open, and the events made of it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import quote

import msgspec

from monitor.incidents.summary import cause, ranked, summarise
from monitor.types import Event, Severity, SignalChange

REMINDER = "nothing new: told again because it is still open"

OPENED_AS = "opened as: "
"""How the note begins that says by which headline an incident that is over was told first."""

Kind = Literal["opened", "updated", "resolved"]


class Incident(msgspec.Struct):
    """An open incident.

    Attributes
    ----------
    key : str
        Stable over retries, restarts and layouts.
    since, since_records : int
        Milliseconds of the onset, and the model's records before it.
    told : int
        Milliseconds of the last event.
    events : int
        How many events were made.
    told_severity : str or None
        The severity of the last event.
    known : dict of str to str
        Signals of the last event, and the shape of each there.
    calmed : list of str
        Signals that are back to calm while others are not.
    urgent : bool
        Something must be told at once.
    notes_told : int
        How many of the notes an event had.
    ways : dict of str to list of str
        The shapes in which each signal was told, where `hourly`: it may take them by turns, day after day.
    returns : int
        How often within a day it had been back to calm.
    hourly : bool
        Some signal is compared with its hour or less: where a cycle is gone, it moves one way at some hours, and back
        or the other way at others.
    opened_as, opened_about : str or None
        The headline that was told first: whoever reads that one is over knows it by that; and what it was about.
    """

    key: str
    model: str
    severity: Severity
    since: int
    since_records: int | None
    told: int
    signals: dict[str, SignalChange]
    version: str | None = None
    notes: list[str] = msgspec.field(default_factory=list)
    events: int = 0
    known: dict[str, str] = msgspec.field(default_factory=dict)
    calmed: list[str] = msgspec.field(default_factory=list)
    urgent: bool = False
    notes_told: int = 0
    returns: int = 0
    told_severity: Severity | None = None
    hourly: bool = False
    opened_as: str | None = None
    opened_about: str | None = None
    ways: dict[str, list[str]] = msgspec.field(default_factory=dict)

    def add(self, change: SignalChange) -> None:
        """Take a signal that alarms: one that was calm again and now moves as it was not told yet is another fault."""
        told = (self.known.get(change.signal), *self.ways.get(change.signal, ()))
        if change.signal in self.calmed and change.shape not in told:
            self.known.pop(change.signal, None)
        self.signals[change.signal] = change

    def note_instead(self, beginning: str, note: str) -> None:
        """Add a note in place of those that begin alike."""
        told = [n for n in self.notes[: self.notes_told] if not n.startswith(beginning)]
        waiting = [n for n in self.notes[self.notes_told :] if not n.startswith(beginning)]
        self.notes, self.notes_told = [*told, note, *waiting], len(told)

    @property
    def noted(self) -> bool:
        """Whether a note was added that was not told yet."""
        return len(self.notes) > self.notes_told

    @property
    def joined(self) -> list[SignalChange]:
        """Signals not told yet."""
        return [change for name, change in self.signals.items() if name not in self.known]

    @property
    def grown(self) -> bool:
        """Whether what joined is another fault, or as many signals again.

        What the model makes of it is neither, nor how columns then go together.
        """
        told = [self.signals[name] for name in self.known]
        faults = [change for change in self.joined if change.group not in ("predictions", "joint")]
        return len(faults) >= max(1, len(told)) or not {*map(cause, faults)} <= {*map(cause, told)}

    @property
    def _news(self) -> list[str]:
        """Why an update comes: it is graver, another signal joined, something was noted, or it is a reminder."""
        risen = self.told_severity not in (None, self.severity)
        news = [f"now {self.severity}, was {self.told_severity}"] if risen else []
        news += [f"new: {summarise(ranked(self.joined))}"] if self.joined else []
        return [*news, *self.notes[self.notes_told :]] or [REMINDER]

    def event(
        self,
        kind: Kind,
        now: int,
        records: int | None,
        *,
        reference: str | None,
        runbook: str | None,
        note: str | None = None,
    ) -> Event:
        """Return the incident's next event, and count it as told. `note` holds for all incidents at present."""
        signals = ranked(list(self.signals.values()))
        summary = summarise(signals, over=kind == "resolved")
        if kind == "opened":
            self.opened_as, self.opened_about = summary, _about(summarise(signals, over=True))
        notes = self._notes(kind, summary, [note] if note else [])
        self._count_told(now)
        return Event(
            id="evt_" + digest(self.key, str(self.events)),
            event=kind,
            incident=self.key,
            model=self.model,
            version=self.version,
            severity=self.severity,
            time=rfc3339(now),
            records=records,
            since=rfc3339(self.since),
            since_records=self.since_records,
            summary=summary,
            reference=reference,
            runbook=_filled(runbook, self.model, signals[0].signal) if runbook else None,
            signals=signals,
            notes=notes,
        )

    def _notes(self, kind: Kind, summary: str, lasting: Sequence[str]) -> tuple[str, ...]:
        """Return an event's notes. Where it is over and now reads otherwise, the first says what it was opened as.

        Neither a size that is left out at the end makes it another headline, nor which of many are named.
        """
        if kind == "updated":
            return (*self._news, *lasting, *self.notes[: self.notes_told])
        if kind == "resolved" and self.opened_as and self.opened_about != _about(summary):
            return (OPENED_AS + self.opened_as, *lasting, *self.notes)
        return (*lasting, *self.notes)

    def _count_told(self, now: int) -> None:
        """Remember what an event told."""
        self.notes_told = len(self.notes)
        self.events += 1
        self.told = now
        self.told_severity = self.severity
        self.known = {name: change.shape for name, change in self.signals.items()}
        if self.hourly:
            for name, shape in self.known.items():
                self.ways[name] = list(dict.fromkeys([*self.ways.get(name, []), shape]))
        self.urgent = False


def _about(headline: str) -> str:
    """Return what it is about: before the names of many features, or what became of one."""
    return headline.partition(": ")[0]


def _filled(runbook: str, model: str, signal: str) -> str:
    """Return the runbook's URL with both names put in, quoted: they come from records."""
    names = {"{model}": quote(model, safe=""), "{signal}": quote(signal, safe="")}
    return re.sub(r"\{model\}|\{signal\}", lambda found: names[found.group()], runbook)


def digest(*parts: str) -> str:
    """Return twelve hexadecimal digits that stand for the parts."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:12]


def rfc3339(milliseconds: int) -> str:
    """Return a time as RFC 3339 UTC, with milliseconds only where there are some.

    >>> rfc3339(0), rfc3339(1500)
    ('1970-01-01T00:00:00Z', '1970-01-01T00:00:01.500Z')
    """
    moment = datetime.fromtimestamp(milliseconds // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{moment}.{milliseconds % 1000:03d}Z" if milliseconds % 1000 else f"{moment}Z"
