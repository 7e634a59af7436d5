"""Faults that come and go: each return within a day doubles the calm it takes to resolve, so that it is told less."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

WITHIN = 86_400_000
"""Milliseconds after which a signal that was resolved has a clean slate."""

LATER = 10_800_000
"""Milliseconds by which what comes back every day may show later than the day before."""

MOST_DOUBLINGS = 6


class Returns(msgspec.Struct):
    """When signals were last resolved, and how often they had been before that.

    Attributes
    ----------
    resolved : dict of str to (int, int)
        By signal: milliseconds, and times within a day of one another.
    """

    resolved: dict[str, tuple[int, int]] = msgspec.field(default_factory=dict)

    def add(self, signals: Iterable[str], now: int) -> None:
        """Remember that these signals are resolved; forget those that were long ago."""
        for signal in signals:
            self.resolved[signal] = (now, self.times(signal, now) + 1)
        self.resolved = {name: kept for name, kept in self.resolved.items() if now - kept[0] <= WITHIN}

    def times(self, signal: str, now: int) -> int:
        """Return how often the signal was resolved, each time within a day of the next."""
        at, times = self.resolved.get(signal, (now, 0))
        return times if now - at <= WITHIN else 0


def calm_needed(resolve_after: int, returns: int) -> int:
    """Return for how many milliseconds a signal must be calm that had been back so often."""
    return int(resolve_after << min(returns, MOST_DOUBLINGS))
