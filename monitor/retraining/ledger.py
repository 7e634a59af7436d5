"""What a rule remembers, and whether that lets it start another run."""

from __future__ import annotations

import msgspec

from monitor.config.durations import format_duration
from monitor.config.retrain import RetrainRule
from monitor.incidents.incident import rfc3339
from monitor.types import Outcome

DAY = 86_400_000
OVER: tuple[Outcome | None, ...] = ("fired", "dry_run", "rejected")
"""After these an incident is settled for the rule."""


class Case(msgspec.Struct):
    """What a rule knows of one open incident.

    Attributes
    ----------
    since : int or None
        Milliseconds of the slot from which on the rule has held; None where it was told and holds no more, for now.
    outcome, why : str
        What was told last.
    approved_by : str or None
        Who agreed.
    """

    since: int | None
    outcome: Outcome | None = None
    why: str = ""
    approved_by: str | None = None


class Ledger(msgspec.Struct):
    """What one rule remembers: when it fired, in milliseconds, and its cases by incident."""

    fired: list[int] = msgspec.field(default_factory=list)
    cases: dict[str, Case] = msgspec.field(default_factory=dict)

    def held(self, incident: str, now: int) -> int:
        """Return for how many milliseconds the rule, which holds now, has held for an incident."""
        case = self.cases.setdefault(incident, Case(now))
        if case.since is None:
            case.since = now
        return now - case.since

    def pause(self, incident: str) -> None:
        """Note that the rule does not hold now. What was told stands, and so does an approval: the incident is open."""
        if case := self.cases.get(incident):
            case.since = None
            if case.outcome is None:
                del self.cases[incident]

    def outcome(self, rule: RetrainRule, case: Case, suspect: str | None, now: int) -> tuple[Outcome, str]:
        """Return whether a rule that has held for long enough may start a run, and why."""
        if suspect is not None:
            return "held", suspect
        if self.fired and now - self.fired[-1] < rule.cooldown:
            free = rfc3339(self.fired[-1] + rule.cooldown)
            return "cooldown", f"the last run was less than {format_duration(rule.cooldown)} ago, none before {free}"
        today = [fired for fired in self.fired if now - fired < DAY]
        if len(today) >= rule.per_day:
            free = rfc3339(today[-rule.per_day] + DAY)
            return "capped", f"{rule.per_day} in 24 hours is all that is allowed, none before {free}"
        why = f"{', '.join(rule.when.groups)} at {rule.when.min_severity} for {format_duration(rule.when.lasts)}"
        if rule.approval and case.approved_by is None:
            return "waiting", why
        return "dry_run" if rule.dry_run else "fired", why
