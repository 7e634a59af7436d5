"""When model versions came: the first thing to look at when something moved."""

from __future__ import annotations

import msgspec

AROUND = 3_600_000
"""Milliseconds around an incident's onset in which a new version is worth a word."""

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

    def around(self, moment: int) -> list[tuple[str, int]]:
        """Return versions that began near the moment; those there from the start did not begin."""
        began = sorted(self.first_seen.items(), key=lambda item: item[1])
        return [(v, t) for v, t in began if t != self.started and abs(t - moment) <= AROUND]
