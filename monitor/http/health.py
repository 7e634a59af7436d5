"""Whether the process lives and whether it works: written by the pipeline, read by HTTP threads."""

from __future__ import annotations

import threading
from typing import Literal, NamedTuple

Traffic = Literal["starting", "healthy", "idle", "stuck"]

LONGEST_SILENCE = 60.0
"""Seconds without a beat after which the process is taken for dead. A poll, a judged slot, a save take far less."""


class Verdict(NamedTuple):
    """An answer to a probe: whether all is well, what the traffic is like, and what is wrong in words."""

    well: bool
    state: Traffic
    why: dict[str, str]


class Health:
    """The state that `/healthz` and `/readyz` answer from.

    A broker away, or no reference, blocks readiness and leaves liveness alone: a restart would mend neither.
    Times are seconds of one monotonic clock, passed in.

    Parameters
    ----------
    now : float
        When the process began: counts as its first beat.
    """

    def __init__(self, now: float) -> None:
        self._lock = threading.Lock()
        self._beat = now
        self._traffic: Traffic = "starting"
        self._blocks: dict[str, str] = {}

    def beat(self, now: float) -> None:
        """Note that the pipeline went round."""
        self._beat = now

    def traffic(self, state: Traffic) -> None:
        """Note what the traffic is like: `idle` is read to the end, `stuck` is kept from reading or judging."""
        self._traffic = state

    def block(self, what: str, why: str) -> None:
        """Note that `what` keeps the monitor from working, and why, in words without secrets."""
        with self._lock:
            self._blocks[what] = why

    def blocked(self, what: str) -> str | None:
        """Return why `what` keeps the monitor from working, None where it does not."""
        with self._lock:
            return self._blocks.get(what)

    @property
    def hindrance(self) -> str | None:
        """Why the monitor does not work: one of the reasons, None where there is none."""
        with self._lock:
            return next(iter(self._blocks.values()), None)

    def clear(self, what: str) -> None:
        """Note that `what` no longer keeps the monitor from working."""
        with self._lock:
            self._blocks.pop(what, None)

    def healthz(self, now: float) -> Verdict:
        """Return whether the pipeline goes round."""
        silence = now - self._beat
        if silence < LONGEST_SILENCE:
            return Verdict(well=True, state=self._traffic, why={})
        return Verdict(well=False, state=self._traffic, why={"pipeline": f"no sign of life for {silence:.0f} s"})

    def readyz(self, now: float) -> Verdict:
        """Return whether the monitor watches: alive, started, not stuck, nothing in the way."""
        alive = self.healthz(now)
        with self._lock:
            why = alive.why | self._blocks
        if alive.state == "starting" and not why:
            why["start"] = "has not begun to read"
        if alive.state == "stuck" and not why:
            why["traffic"] = "nothing is read or judged at present"
        return Verdict(well=not why, state=alive.state, why=why)
