"""One stream of one model under judgement: its judge, and what is told of it."""

from __future__ import annotations

from typing import Any

from monitor.counting.tally import Tally
from monitor.incidents.policy import Policy
from monitor.judge.judge import Judge, Verdict
from monitor.types import Event


class Judged:
    """Signals that are judged on one clock: those of the records, or those of a stream that comes later.

    An incident belongs to one clock, so each has a policy of its own; the budget and the miss probability are shared.
    """

    def __init__(self, judge: Judge, policy: Policy) -> None:
        self.judge = judge
        self.policy = policy

    def judge_slot(self, slot: int, tally: Tally) -> tuple[Verdict, list[Event]]:
        """Judge one closed slot; return what it showed and what is to be told."""
        verdict = self.judge.advance(slot, tally)
        return verdict, self.policy.advance(verdict, tally.leading_versions, self.judge)

    def flush(self) -> list[Event]:
        """Return what waits to be told, as of the last slot that was judged."""
        return [] if self.judge.last is None else self.policy.flush(self.end, self.judge.records)

    def remark(self, incident: str, subject: str, words: str) -> list[Event]:
        """Return the event that tells what became of an incident, if it is one of these; see `Policy.remark`."""
        return self.policy.remark(incident, subject, words, self.end, self.judge.records)

    @property
    def end(self) -> int:
        """The end of the last slot that was judged, in milliseconds since 1970; 0 before the first."""
        return 0 if self.judge.last is None else (self.judge.last + 1) * self.policy.settings.slot

    def state(self) -> dict[str, Any]:
        """Return all that is remembered."""
        return {
            "signals": [signal.name for signal in self.judge.signals],
            "judge": self.judge.state(),
            "policy": self.policy.state(),
        }

    def restore(self, state: dict[str, Any], now: int, why: str | None) -> list[Event]:
        """Go on from `state`; of another reference or of other signals only the open incidents matter.

        Parameters
        ----------
        why : str or None
            Why what was counted no longer counts. The open incidents are resolved, and told, with these words.
        """
        self.policy.restore(state["policy"])
        if why is None and state["signals"] != [signal.name for signal in self.judge.signals]:
            why = "other signals are watched"
        if why is None:
            self.judge.restore(state["judge"])
            return []
        self.judge.go_on(state["judge"])
        return self.policy.close_all(now, self.judge.records, why)
