"""When model versions came: the first thing to look at when something moved."""

from __future__ import annotations

import msgspec

from monitor.incidents.incident import rfc3339

AROUND = 3_600_000
"""Milliseconds before an incident in which a new version is worth a word."""

SUSPECT = 600_000
"""Milliseconds before an incident in which a new version is the first thing to look at."""

KEPT = 32
"""Versions remembered, those seen last; one that comes back after as many others is new again."""


class Versions(msgspec.Struct):
    """The versions seen, the latest last, each with the start of the slot in which it first appeared."""

    first_seen: dict[str, int] = msgspec.field(default_factory=dict)
    started: int | None = None
    current: str | None = None

    def add(self, counts: dict[str, int], now: int) -> list[str]:
        """Look at one slot's records per version; return the versions that are new."""
        if counts:
            self.current = max(sorted(counts), key=lambda v: counts[v])
        fresh = [] if self.started is None else [v for v in sorted(counts) if v not in self.first_seen]
        if self.started is None and counts:
            self.started = now
        for version in sorted(counts):
            self.first_seen[version] = self.first_seen.pop(version, now)
        for version in list(self.first_seen)[:-KEPT]:
            del self.first_seen[version]
        return fresh

    def before(self, onset: int, slack: int) -> str | None:
        """Return a sentence on the last version that began before an onset; those there from the start did not begin.

        Parameters
        ----------
        onset, slack : int
            Milliseconds: when it began, and how much later that may truly have been.
        """
        began = [(t, v) for v, t in self.first_seen.items() if t != self.started and -slack <= onset - t <= AROUND]
        if not began:
            return None
        at, version = max(began)
        earlier = max(0, onset - at)
        remark = ": look at that release first" if earlier <= SUSPECT else f", {earlier // 60_000} min before"
        return f"{began_at(version, at)}{remark}"


def began_at(version: str, at: int) -> str:
    """Return when a version began, in words."""
    return f"model version {version} began at {rfc3339(at)}"
