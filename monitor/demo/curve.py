"""How often a small change of an image changes what is read in it: the release that serves beside the accepted one."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator

import click

from detectors.shadow import Flips
from monitor.config.permodel import ModelSettings
from monitor.reference.store import Reference
from monitor.shadow.answers import Answer

NOISE = "noise"
_EIGHTHS = " ▏▎▍▌▋▊▉"


class Curve:
    """The accepted share of flipped answers by severity, and that of the answers that came.

    Parameters
    ----------
    reference : Reference
    settings : ModelSettings
        With the severities that are asked for, and what is tolerated.
    began : int
        Milliseconds since 1970 of the first request.
    """

    def __init__(self, reference: Reference, settings: ModelSettings, began: int) -> None:
        asked = settings.shadow.questions if settings.shadow else frozenset()
        self.accepted: dict[float, float] = {}
        self.tolerated: dict[float, float] = {}
        for flips in (Flips(*question) for question in sorted(asked)):
            counts = reference.counts_of(flips)
            share = 100 * float(counts[1:-1:2].sum() / counts[:-1].sum())
            self.accepted[flips.severity] = share
            self.tolerated[flips.severity] = share + settings.tolerance_of(flips.column, "robustness").points
        self._began = began
        self._asked: Counter[tuple[int, float]] = Counter()
        self._flipped: Counter[tuple[int, float]] = Counter()
        self._lock = threading.Lock()

    def add(self, answer: Answer, time: int) -> None:
        """Count an answer given at a time in milliseconds since 1970."""
        if answer.check == NOISE:
            place = ((time - self._began) // 1_000, answer.severity)
            with self._lock:
                self._asked[place] += 1
                self._flipped[place] += bool(answer.flipped)

    def flips(self, severity: float, first: float, end: float) -> float:
        """Return the share of answers that flipped, in percent, from one second of the story to before another."""
        places = [(second, severity) for second in range(int(first), int(end))]
        with self._lock:
            asked, flipped = (sum(counts[place] for place in places) for counts in (self._asked, self._flipped))
        return 100 * flipped / asked if asked else 0.0

    def lines(self, release: str, first: float, end: float) -> Iterator[str]:
        """Yield a table: severities, the accepted share, and that of those seconds as a bar with what is tolerated."""
        yield f"{'noise':<8}{'accepted':>11}{release:>11}   {click.style('╎ tolerated', dim=True)}"
        for severity, accepted in self.accepted.items():
            now = self.flips(severity, first, end)
            bar = _bar(now, self.tolerated[severity])
            yield f"{f'{severity:g} sd':<8}{accepted:>9.1f} %{now:>9.1f} %   {bar}"


def _bar(share: float, tolerated: float) -> str:
    """Return a bar of one character a percent, with a mark where the tolerance ends."""
    eighths, mark = round(8 * share), round(tolerated)
    drawn = "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()
    within, beyond = drawn[:mark], drawn[mark:]
    return f"{within:<{mark}}{click.style('╎', dim=True)}{click.style(beyond, fg='red')}"
