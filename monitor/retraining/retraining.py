"""Which retraining is started when: a pure function of the open incidents after each judged slot, on slot time.

A rule starts one run for an incident at most. What keeps it from that is told once each time it changes: a suspicion,
the cooldown, the cap of a day, the approval that is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from monitor.config.retrain import RetrainRule
from monitor.counting.trail import Trail
from monitor.incidents.incident import Incident, rfc3339
from monitor.incidents.severity import Importance
from monitor.incidents.summary import ranked, summarise
from monitor.retraining.ledger import DAY, OVER, Case, Ledger
from monitor.retraining.rules import holds, run_id
from monitor.retraining.suspicions import Suspicions
from monitor.types import Offsets, Partition, Trigger, Word


@dataclass(frozen=True)
class Moment:
    """After which slot is decided.

    Attributes
    ----------
    now : int
        Milliseconds of the end of the last judged slot.
    slot, records : int
        Length of a slot in milliseconds; the model's records judged so far.
    incidents : sequence of Incident
        All that are open.
    trails : dict of Partition to Trail
        Where the judged slots lie.
    """

    now: int
    slot: int
    records: int
    incidents: Sequence[Incident]
    trails: Mapping[Partition, Trail]


class Retraining:
    """The rules of one model and what they remember.

    Parameters
    ----------
    model, reference : str
        The model's name, the digest of its reference.
    importance : callable
        Signal to how much it matters.
    flagged : str or None
        Where single flagged records are listed.
    """

    def __init__(
        self,
        model: str,
        reference: str,
        rules: Sequence[RetrainRule],
        importance: Callable[[str], Importance],
        flagged: str | None = None,
    ) -> None:
        self.model = model
        self.reference = reference
        self.rules = rules
        self.importance = importance
        self.flagged = flagged
        self.suspicions = Suspicions()
        self.ledgers = {rule.name: Ledger() for rule in rules}
        self.begins: dict[str, list[tuple[str, int, int]]] = {}

    def advance(self, at: Moment) -> list[Trigger]:
        """Return what is decided after a slot."""
        if not self.rules:
            return []
        self._note_begins(at)
        suspect = self.suspicions.advance(at.incidents, at.now)
        looked = [self._look(rule, incident, suspect, at) for rule in self.rules for incident in at.incidents]
        return [trigger for trigger in looked if trigger is not None]

    def hear(self, word: Word, at: Moment) -> list[Trigger]:
        """Return what an operator's word decides; nothing where no rule waits for it any more."""
        for rule in self.rules:
            for incident in at.incidents:
                case = self.ledgers[rule.name].cases.get(incident.key)
                if case is None or case.outcome in {None, *OVER} or word.run_id != self._run(rule, incident):
                    continue
                if word.word == "approve":
                    case.approved_by = word.by
                    decided = self._look(rule, incident, self.suspicions.advance(at.incidents, at.now), at)
                else:
                    case.outcome, case.why = "rejected", f"{word.by}: {word.why}" if word.why else word.by
                    decided = self._trigger(rule, incident, case, at)
                return [decided] if decided else []
        return []

    def _run(self, rule: RetrainRule, incident: Incident) -> str:
        return run_id(self.model, rule.name, incident.key)

    def _note_begins(self, at: Moment) -> None:
        """Note where new incidents begin in the logs as long as that is known best; forget those that are over."""
        self.begins = {
            incident.key: self.begins.get(incident.key)
            or [(*p, trail.first(incident.since // at.slot)) for p, trail in sorted(at.trails.items())]
            for incident in at.incidents
        }
        for ledger in self.ledgers.values():
            ledger.cases = {key: case for key, case in ledger.cases.items() if key in self.begins}

    def _look(self, rule: RetrainRule, incident: Incident, suspect: str | None, at: Moment) -> Trigger | None:
        """Return what has changed about one incident for one rule."""
        ledger = self.ledgers[rule.name]
        case = ledger.cases.get(incident.key)
        if case and case.outcome in OVER:
            return None
        if not holds(rule.when, incident, self.importance):
            ledger.pause(incident.key)
            return None
        if ledger.held(incident.key, at.now) < rule.when.lasts:
            return None
        case = ledger.cases[incident.key]
        outcome, why = ledger.outcome(rule, case, suspect, at.now)
        if (outcome, why) == (case.outcome, case.why):
            return None
        case.outcome, case.why = outcome, why
        if outcome in OVER:
            ledger.fired = [t for t in ledger.fired if at.now - t < max(DAY, rule.cooldown)] + [at.now]
        return self._trigger(rule, incident, case, at)

    def _trigger(self, rule: RetrainRule, incident: Incident, case: Case, at: Moment) -> Trigger:
        signals = ranked(list(incident.signals.values()))
        begins = {Partition(topic, number): first for topic, number, first in self.begins[incident.key]}
        return Trigger(
            run_id=self._run(rule, incident),
            event=case.outcome or "held",
            rule=rule.name,
            why=case.why,
            model=self.model,
            version=incident.version,
            reference=self.reference,
            incident=incident.key,
            severity=incident.severity,
            summary=summarise(signals),
            since=rfc3339(incident.since),
            until=rfc3339(at.now),
            records=at.records,
            since_records=incident.since_records,
            offsets=tuple(
                Offsets(*p, first=begins.get(p, trail.first(incident.since // at.slot)), end=trail.end)
                for p, trail in sorted(at.trails.items())
            ),
            signals=signals,
            approved_by=case.approved_by,
            flagged=self.flagged,
            suspect=self.suspicions.between(incident.since, at.now),
        )

    def state(self) -> dict[str, Any]:
        """Return all that is remembered, as plain values."""
        kept = {"ledgers": self.ledgers, "begins": self.begins, "suspicions": self.suspicions}
        plain: dict[str, Any] = msgspec.to_builtins(kept)
        return plain

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from `state`, with those rules that are still there."""
        saved = msgspec.convert(state["ledgers"], dict[str, Ledger])
        self.ledgers |= {name: ledger for name, ledger in saved.items() if name in self.ledgers}
        self.begins = msgspec.convert(state["begins"], dict[str, list[tuple[str, int, int]]])
        self.suspicions = msgspec.convert(state.get("suspicions", {}), Suspicions)
