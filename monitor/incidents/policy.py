"""Findings into incidents: opened once, updated when it matters, resolved when calm for a while.

Pure, on slot time: the same verdicts give the same events.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from monitor.incidents.grouping import OUTPUTS, follows, holding, home, leeway
from monitor.incidents.incident import Incident, digest, rfc3339
from monitor.incidents.returns import LATER, WITHIN, Returns, calm_needed
from monitor.incidents.severity import Importance, severity_of
from monitor.incidents.strange import remarks
from monitor.incidents.summary import subject
from monitor.incidents.turns import CLOCK, by_turns
from monitor.incidents.versions import Versions, began_at
from monitor.judge.family import Finding
from monitor.judge.judge import Judge, Verdict
from monitor.reference.contexts import CYCLES, HOUR, called
from monitor.types import SEVERITIES, Event, Severity, SignalChange
from sinks.signals import at_level
from sinks.text import lasting

SOON = 60_000
"""Milliseconds after which another fault that joined is told; a higher severity is told at once."""

UPDATE_EVERY = 300_000
"""Milliseconds between updates that tell of more of the same."""

MOST_NOTES = 8
"""Notes of one incident: a version number that is new in every record would add notes for ever."""


@dataclass(frozen=True)
class PolicySettings:
    """What the configuration says about telling, times in milliseconds."""

    slot: int
    resolve_after: int = 300_000
    remind_every: int = 86_400_000
    runbook: str | None = None
    importance: Callable[[str], Importance] = lambda _: "normal"


class Policy:
    """The open incidents of one model.

    Parameters
    ----------
    model, reference : str
        The model's name, the digest of its reference.
    settings : PolicySettings
    note : str or None
        A sentence that every event carries, such as that nobody accepted the reference yet.
    """

    def __init__(self, model: str, reference: str, settings: PolicySettings, note: str | None = None) -> None:
        self.model = model
        self.reference = reference
        self.settings = settings
        self.note = note
        self.incidents: list[Incident] = []
        self.versions = Versions()
        self.returns = Returns()

    def advance(self, verdict: Verdict, versions: dict[str, int], judge: Judge) -> list[Event]:
        """Return what is to be told after a slot."""
        start = verdict.slot * self.settings.slot
        now = start + self.settings.slot
        events: list[Event] = []
        for version in self.versions.add(versions, start):
            for incident in self.incidents:
                self._note(incident, f"{began_at(version, start)}, while this was open")
        opened: dict[str, Incident] = {}
        for finding in sorted(verdict.alarms, key=_causes_first):
            self._place(finding, verdict.slot, opened)
        for incident in self.incidents if verdict.alarms else ():
            for words in remarks(incident.signals, verdict.signals):
                if words not in incident.notes:
                    self._note(incident, words)
        over = [incident for incident in self.incidents if self._is_over(incident, now, judge)]
        for incident in self.incidents:
            events += self._told(incident, now, verdict.records, over=incident in over)
        events += self._resolved(over, now, verdict.records, judge)
        for incident in self.incidents:
            incident.calmed = [name for name in incident.signals if judge.calm(name)]
        return events

    def flush(self, now: int, records: int) -> list[Event]:
        """Return what waits to be told: no slot may come for a while, or ever."""
        return [self._event(i, "updated", now, records) for i in self.incidents if i.joined or i.noted]

    def close_all(self, now: int, records: int, why: str) -> list[Event]:
        """Resolve every incident, saying why its judge no longer counts; what opens soon after says so too."""
        self.versions.judged_anew(why)
        for incident in self.incidents:
            incident.notes.append(f"{why}: judged anew from here")
        events = [self._event(i, "resolved", now, records) for i in self.incidents]
        self.incidents = []
        return events

    def remark(self, key: str, subject: str, words: str, now: int, records: int) -> list[Event]:
        """Tell at once what became of an incident, in place of what was said before that begins with `subject`."""
        for incident in self.incidents:
            if incident.key == key:
                incident.note_instead(subject, words)
                return [self._event(incident, "updated", now, records)]
        return []

    def _place(self, finding: Finding, slot: int, opened: dict[str, Incident]) -> None:
        """Put a finding into its incident, a new one where none is near.

        What alarms together in a group is one alert of the budget, so it opens one incident at most (`opened`).
        """
        length = self.settings.slot
        name = finding.signal.name
        change = _change(finding, length)
        severity = severity_of(finding.effect, self.settings.importance(name), finding.signal.group)
        released = bool(self._released(finding, slot))
        incident = home(finding, severity, self.incidents, slot, length, released=released)
        if incident is None and finding.evidence is not None:
            incident = opened.get(finding.signal.group)
        if incident is None:
            incident = opened[finding.signal.group] = self._open(finding, slot, severity)
        incident.hourly |= _hourly(finding.given)
        self._count_returns(incident, name)
        if finding.anew and name in incident.signals:
            at = rfc3339(finding.onset * length)
            self._note(incident, f"{subject(name)} moved further or back at about {at}: its size is told as since then")
        self._note_turns(incident, finding)
        incident.add(self._graver_level(incident, change))
        if follows(finding.signal, incident):  # no news, and no graver: it is listed where something else is told
            incident.known.setdefault(name, change.shape)
        elif SEVERITIES.index(severity) > SEVERITIES.index(incident.severity):
            incident.severity, incident.urgent = severity, True

    def _note_turns(self, incident: Incident, finding: Finding) -> None:
        """Note it once where a signal moves one way at some hours, and the opposite way at others."""
        name = finding.signal.name
        shapes = [*incident.ways.get(name, ()), finding.shape]
        noted = any(note.endswith(CLOCK) for note in incident.notes)
        if not noted and _hourly(finding.given) and by_turns(shapes, finding.mostly or ""):
            self._note(incident, f"{subject(name)} moved {CLOCK}")

    def _graver_level(self, incident: Incident, change: SignalChange) -> SignalChange:
        """Return what to tell of a signal where another level of the field moved before: what is larger.

        The other is noted.
        """
        told = incident.signals.get(change.signal)
        if told is None or told.level is None or change.level in (None, told.level):
            return change
        less, more = sorted((told, change), key=lambda c: abs(c.effect.points or c.effect.w or 0.0))
        note = f"{subject(change.signal)} moved{at_level(less)} too"
        if note not in incident.notes:
            self._note(incident, note)
        return more

    def _open(self, finding: Finding, slot: int, severity: Severity) -> Incident:
        length = self.settings.slot
        key = "inc_" + digest(self.model, self.reference, str(slot), finding.signal.name)
        since = finding.onset * length
        incident = Incident(key, self.model, severity, since, finding.onset_records, since, {})
        for note in self._released(finding, slot):
            self._note(incident, note)
        self.incidents.append(incident)
        return incident

    def _released(self, finding: Finding, slot: int) -> list[str]:
        """Return sentences on what changed before a finding's onset."""
        length = self.settings.slot
        return self.versions.before(finding.onset * length, leeway(finding, slot) * length)

    def _count_returns(self, incident: Incident, signal: str) -> None:
        """Note it where a signal was resolved not long ago: it takes longer to be resolved again."""
        if signal not in incident.signals:
            times = self.returns.times(signal, incident.since)
            if times > incident.returns:
                incident.returns = times
                if times > 1:
                    calm = lasting(self._calm_needed(incident) / 1_000)
                    self._note(incident, f"resolved {times} times within a day: now stays open until calm for {calm}")

    def _calm_needed(self, incident: Incident) -> int:
        """Return for how many milliseconds an incident must be calm; a day where it came back and hours may differ.

        At the same hours of the next day the alarm may come later.
        """
        wait = calm_needed(self.settings.resolve_after, incident.returns)
        return max(wait, WITHIN + LATER) if incident.returns and incident.hourly else wait

    def _note(self, incident: Incident, note: str) -> None:
        if len(incident.notes) < MOST_NOTES:
            incident.notes.append(note)

    def _told(self, incident: Incident, now: int, records: int, *, over: bool) -> list[Event]:
        """Return what is to be told of an incident; of one that is over, that it is still open is not."""
        if incident.events == 0:
            incident.version = self.versions.current
            return [self._event(incident, "opened", now, records)]
        news = incident.noted or incident.joined
        wait = SOON if incident.grown else UPDATE_EVERY if news else self.settings.remind_every
        due = now - incident.told >= min(wait, self.settings.remind_every) and (news or not over)
        return [self._event(incident, "updated", now, records)] if incident.urgent or due else []

    def _is_over(self, incident: Incident, now: int, judge: Judge) -> bool:
        """Return whether all that holds an incident open is back, and nothing of it alarmed for long enough."""
        causes = holding(incident)
        alarms = [judge.alarmed(name) for name in causes]
        last = (max((a for a in alarms if a is not None), default=0) + 1) * self.settings.slot
        return now - last >= self._calm_needed(incident) and all(judge.calm(name) for name in causes)

    def _resolved(self, over: Sequence[Incident], now: int, records: int, judge: Judge) -> list[Event]:
        events = []
        for incident in over:
            self.incidents.remove(incident)
            self.returns.add(incident.signals, now)
            judge.forget(list(incident.signals))
            events.append(self._event(incident, "resolved", now, records))
        return events

    def _event(self, incident: Incident, kind: Any, now: int, records: int) -> Event:
        return incident.event(
            kind, now, records, reference=self.reference, runbook=self.settings.runbook, note=self.note
        )

    def state(self) -> dict[str, Any]:
        """Return all that is remembered, as plain values."""
        kept = {"incidents": self.incidents, "versions": self.versions, "returns": self.returns}
        plain: dict[str, Any] = msgspec.to_builtins(kept)
        return plain

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from `state`."""
        self.incidents = msgspec.convert(state["incidents"], list[Incident])
        self.versions = msgspec.convert(state["versions"], Versions)
        self.returns = msgspec.convert(state["returns"], Returns)


def _causes_first(finding: Finding) -> tuple[bool, float, str]:
    """Return by what alarms of one slot are ordered: the strongest first, outputs after what may have moved them."""
    return finding.signal.name.startswith(OUTPUTS), -(finding.evidence or 0.0), finding.signal.name


def _change(finding: Finding, slot: int) -> SignalChange:
    """Return what is told of a finding."""
    signal, given = finding.signal, called(finding.given) if finding.given else None
    if given and finding.mostly:
        given = f"{given} (mostly {finding.mostly})"
    told = (finding.evidence, finding.effect, finding.shape, finding.bins, given, finding.level)
    of = (rfc3339(finding.onset * slot), finding.onset_records, finding.records) if finding.records else ()
    return SignalChange(signal.name, signal.group, *told, *of)


def _hourly(given: str | None) -> bool:
    """Return whether a signal is compared with what came at the same hour, or within less."""
    cycle = CYCLES.get(given or "")
    return cycle is not None and cycle.part <= HOUR
