"""What hinders a process that counts: who judges is told beside the counts, and tells people."""

from __future__ import annotations

from monitor.http.health import Traffic
from monitor.judge.judge import Verdict
from monitor.parts import Now
from monitor.pipeline import Pipeline
from monitor.sight import Sight
from monitor.types import Severity
from monitor.watched import Watched

ELSEWHERE = {"quality.freshness"}
"""What only whoever judges can tell: other processes may have the records."""


class Noticed(Sight):
    """Looks at the whole once a turn, and notes what is wrong instead of telling it.

    Attributes
    ----------
    trouble : dict
        By signal what is wrong at present, in a sentence.
    """

    remembering = ("state", "memory")

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self.trouble: dict[str, str] = {}

    def judged(self, model: Watched, verdict: Verdict) -> None:
        """Look away: what is judged here may have been counted elsewhere."""

    def _traffic(self, pipeline: Pipeline, wrong: str | None) -> Traffic:
        """Return what the traffic is like; a process to which the group gave nothing yet stands by.

        Nothing is judged of what cannot be handed over, nothing told of what cannot be remembered.
        """
        traffic = super()._traffic(pipeline, wrong or self.health.hindrance)
        return "idle" if traffic == "starting" and pipeline.parts.source.trouble() is None else traffic

    def handed_over(self) -> None:
        """Note that a slot was handed over."""
        self._waits, self._unjudged = False, 0.0

    def tell(
        self, pipeline: Pipeline, now: Now, signal: str, words: str | None, *, severity: Severity, seconds: float
    ) -> None:
        if words and signal not in ELSEWHERE:
            self.trouble[signal] = words
        else:
            self.trouble.pop(signal, None)
