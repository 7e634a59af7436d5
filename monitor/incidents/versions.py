"""When model versions came and went, and references: the first thing to look at when something moved."""

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
    """The versions seen, the latest last, each with the start of the slot in which it first appeared.

    Attributes
    ----------
    last_seen : dict of str to int
        The start of the slot in which each last appeared.
    anew : str or None
        Why what was counted no longer counts since `anew_since`, the start of the first slot judged after it.
    """

    first_seen: dict[str, int] = msgspec.field(default_factory=dict)
    last_seen: dict[str, int] = msgspec.field(default_factory=dict)
    started: int | None = None
    current: str | None = None
    anew: str | None = None
    anew_since: int | None = None

    def judged_anew(self, why: str) -> None:
        """Note that all is judged anew, by another reference say, from the next slot on."""
        self.anew, self.anew_since = why, None

    def add(self, counts: dict[str, int], now: int) -> list[str]:
        """Look at one slot's records per version; return the versions that are new."""
        if self.anew is not None and self.anew_since is None:
            self.anew_since = now
        if counts:
            self.current = max(sorted(counts), key=lambda v: counts[v])
        fresh = [] if self.started is None else [v for v in sorted(counts) if v not in self.first_seen]
        if self.started is None and counts:
            self.started = now
        for version in sorted(counts):
            self.first_seen[version] = self.first_seen.pop(version, now)
            self.last_seen[version] = now
        for version in list(self.first_seen)[:-KEPT]:
            del self.first_seen[version]
            self.last_seen.pop(version, None)
        return fresh

    def before(self, onset: int, slack: int) -> list[str]:
        """Return sentences on what changed before an onset: the last version that began, and the reference.

        Versions that were there from the start did not begin. One that was gone again when it all began is named
        only where no other began, and blamed for nothing.

        Parameters
        ----------
        onset, slack : int
            Milliseconds: when it began, and by how much that may be wrong.
        """
        notes = []
        began = [(t, v) for v, t in self.first_seen.items() if t != self.started and -slack <= onset - t <= AROUND]
        there = [(t, v) for t, v in began if self.last_seen.get(v, onset) >= onset - slack]
        if began:
            at, version = max(there or began)
            notes.append(began_at(version, at) + self._remark(version, max(0, onset - at), there=bool(there)))
        if self.anew and self.anew_since is not None and -slack <= onset - self.anew_since <= AROUND:
            notes.append(f"{self.anew}: judged anew since {rfc3339(self.anew_since)}")
        return notes

    def _remark(self, version: str, earlier: int, *, there: bool) -> str:
        if not there:
            return f" and was last seen at {rfc3339(self.last_seen[version])}, before this"
        return ": look at that release first" if earlier <= SUSPECT else f", {earlier // 60_000} min before"


def began_at(version: str, at: int) -> str:
    """Return when a version began, in words."""
    return f"model version {version} began at {rfc3339(at)}"
