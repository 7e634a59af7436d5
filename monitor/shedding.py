"""What is let go when memory runs short: detail first, then ids, then reading waits. No record is lost.

What the same logs say depends on the moment then, as nowhere else: so it is told, by an incident, metrics and the log.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog

from monitor import memory
from monitor.config.sizes import format_size
from monitor.counting.fold import Folded
from monitor.counting.tally import DETAIL, IDS
from monitor.formats.batch import Decoded
from monitor.http.metrics import Metrics
from monitor.parts import Now, Observer
from monitor.pipeline import Pipeline
from monitor.sight import Sight
from monitor.types import Partition

TURN = 16 << 20
"""Bytes that one turn may take on the way: what Kafka sends beforehand, and records while they are read."""

STEPS = (0.90, 0.95, 1.0)
"""Shares of the limit at which the next step is taken, by what is resident and one turn more."""

SHED = (frozenset[str](), DETAIL, DETAIL | IDS, DETAIL | IDS)

LET_GO = (
    "",
    "names, counts by level and what sequential detectors look at are not kept",
    "beside detail, ids are not kept: what comes twice counts twice",
    "detail and ids are not kept, and nothing is read until there is room",
)

ROOM, EASE_SECONDS = 0.05, 60.0
"""By how much memory must lie below a step, and for how long, before the step is taken back."""

RETURN_AT, RETURN_EVERY = 0.80, 1.0
"""Share of the limit from which on freed memory is returned to the system, and seconds between two attempts."""

log = structlog.get_logger()


class Shedding(Observer):
    """Measures memory once a turn, and lets go of what costs most and matters least.

    Parameters
    ----------
    limit : int or None
        Bytes that the process may take; None where there is no limit: then memory is only shown.
    sight : Sight
        Who tells people.
    resident, give_back : callable
        As in `memory`.

    Attributes
    ----------
    step : int
        How many of the steps are taken: 0 where all is kept, 3 where nothing is read.
    """

    def __init__(
        self,
        limit: int | None,
        metrics: Metrics,
        sight: Sight,
        *,
        resident: Callable[[], int | None] = memory.resident,
        give_back: Callable[[], None] = memory.give_back,
    ) -> None:
        self.limit = limit
        self.metrics = metrics
        self.sight = sight
        self.step = 0
        self._resident, self._give_back = resident, give_back
        self._next_return = 0.0
        self._calm_since: float | None = None
        metrics.memory_limit.set(limit or 0)
        for what in SHED[-1]:
            metrics.shed.labels(what)  # 0, what has not happened yet

    @property
    def full(self) -> bool:
        """Whether nothing should be read until there is room."""
        return self.step == len(STEPS)

    def counted(self, partition: Partition, decoded: Decoded, folded: Folded) -> None:
        """Count the records of which less is kept than usual."""
        for what in SHED[self.step]:
            self.metrics.shed.labels(what).inc(sum(folded.counted.values()))

    def turned(self, pipeline: Pipeline, now: Now) -> None:
        """Look at the memory, take or take back a step, and tell."""
        used = self._measured(now)
        if used is None or self.limit is None:
            return
        words = f"memory at {format_size(used)} of {format_size(self.limit)}"
        step = self._next_step((used + TURN) / self.limit, now.steady)
        if step != self.step:
            say = log.warning if step > self.step else log.info
            say("memory short" if step else "memory is enough again", why=f"{words}: {LET_GO[step]}" if step else words)
            self.step, self._calm_since = step, None
            for one in (pipeline, *(side for side in pipeline.parts.sides if isinstance(side, Pipeline))):
                one.parts.partitions.shed(SHED[step])
        self._tell(pipeline, now, f"{words}: {LET_GO[step]}" if step else None)

    def _measured(self, now: Now) -> int | None:
        """Return what is resident, after an attempt to make it less where it matters."""
        used = self._resident()
        short = self.limit is not None and used is not None and used + TURN >= RETURN_AT * self.limit
        if short and now.steady >= self._next_return:
            self._next_return = now.steady + RETURN_EVERY
            self._give_back()
            used = self._resident()
        self.metrics.memory.set(used or 0)
        return used

    def _next_step(self, share: float, now: float) -> int:
        """Return the step to be on: at once a higher one, a lower one when that has lasted; reading goes on at once."""
        reached = sum(share >= at for at in STEPS)
        if reached >= self.step or share >= STEPS[self.step - 1] - ROOM * (not self.full):
            self._calm_since = None
            return max(reached, self.step)
        if self._calm_since is None:
            self._calm_since = now
        return self.step - 1 if self.full or now - self._calm_since >= EASE_SECONDS else self.step

    def _tell(self, pipeline: Pipeline, now: Now, words: str | None) -> None:
        self.sight.tell(pipeline, now, "quality.memory", words, severity="error", seconds=0.0)
        if words and self.full:
            self.sight.health.block("memory", words)
        else:
            self.sight.health.clear("memory")


class Waits(Observer):
    """Has a stream beside the records wait as they do."""

    def __init__(self, shedding: Shedding) -> None:
        self.shedding = shedding

    @property
    def full(self) -> bool:
        """Whether nothing should be read until there is room."""
        return self.shedding.full


def watch_memory(pipeline: Pipeline, sight: Sight, limit: int | None, metrics: Metrics) -> None:
    """Watch the memory from now on, against this limit or else that of the cgroup."""
    shedding = Shedding(limit or memory.cgroup_limit(), metrics, sight)
    pipeline.parts.observers.append(shedding)
    for side in pipeline.parts.sides:
        if isinstance(side, Pipeline):
            side.parts.observers.append(Waits(shedding))
