"""What a pipeline is made of, and who looks on: the seams around the flow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from monitor.counting.fold import Folded
from monitor.counting.partitions import Partitions, Remembered
from monitor.delivery.appended import End
from monitor.delivery.dead_letters import Limit, Writer
from monitor.formats.batch import Decoded
from monitor.formats.decoder import Decoder
from monitor.judge.judge import Verdict
from monitor.types import News, Partition, Source
from monitor.watched import Watched

if TYPE_CHECKING:
    from monitor.pipeline import Pipeline

POLL_SECONDS = 0.25


class Now(NamedTuple):
    """One reading of both clocks: seconds that only go forward, milliseconds since 1970."""

    steady: float
    wall: int


class Observer:
    """Who is shown what the pipeline does: metrics, findings, the monitor's own sight. Looks at nothing by itself."""

    def counted(self, partition: Partition, decoded: Decoded, folded: Folded) -> None:
        """Look at one block that was counted; records of pairs lie in no partition, and come when their slot closes."""

    def judged(self, model: Watched, verdict: Verdict) -> None:
        """Look at one slot that was judged."""

    def turned(self, pipeline: Pipeline, now: Now) -> None:
        """Look at the whole after each turn."""

    @property
    def full(self) -> bool:
        """Whether so much waits to be written that no more should be read."""
        return False

    def flush(self) -> Mapping[str, End]:
        """Make durable what was written; return the end of each file, to which a restart cuts it. Raises OSError."""
        return {}

    def close(self) -> None:
        """Let go."""


class Outbox(Protocol):
    """Where events go: nothing is told before `release`, which follows the snapshot."""

    def put(self, model: str, events: Sequence[News]) -> None:
        """Take events that are not to be told yet."""

    def save(self, pipeline: Pipeline, now: Now) -> None:
        """Remember everything if it is time, then tell."""

    def close(self, pipeline: Pipeline, now: Now) -> None:
        """Remember everything, tell what can be told in a few seconds."""


class Side(Protocol):
    """A stream that comes later and from elsewhere, such as labels: a pipeline of its own, judged on its own clock.

    It runs on the same thread, and what it remembers is in the same snapshot. `noun` is what it brings, for a person.
    """

    name: str
    noun: str

    @property
    def finished(self) -> bool:
        """Whether nothing more needs to be waited for."""

    def open(self) -> None:
        """Begin to read."""

    def step(self) -> None:
        """One turn; never waits."""

    def trouble(self) -> str | None:
        """Return why nothing can be read or used at present; None when all is well."""

    def lag(self) -> Mapping[Partition, int]:
        """Return how many messages each partition has still to be read, where known."""

    def watermarks(self) -> Mapping[Partition, float]:
        """Return the event time each partition has reached, in seconds since 1970."""

    def end(self) -> None:
        """Judge what is left, when nothing more will come."""

    def flush(self) -> None:
        """Put on the disk what the next snapshot counts on. Raises OSError."""

    def saved(self) -> None:
        """Let go of what that snapshot, now written, has left behind."""

    def state(self) -> dict[str, Any]:
        """Return what the snapshot remembers of it."""

    def close(self) -> None:
        """Let go of everything."""


@dataclass
class Parts:
    """What a pipeline is made of.

    Attributes
    ----------
    idle_timeout : float
        Seconds.
    patience : float
        Seconds that one turn may wait for records.
    sides : list of Side
        Streams that are read and judged beside this one.
    """

    source: Source
    decoder: Decoder
    models: Sequence[Watched]
    partitions: Partitions
    letters: Writer
    limit: Limit
    outbox: Outbox
    observers: list[Observer]
    idle_timeout: float = 60.0
    patience: float = POLL_SECONDS
    sides: list[Side] = field(default_factory=list)
    remembered: Mapping[Partition, Remembered] | None = None

    @property
    def full(self) -> bool:
        """Whether so much waits to be written that no more should be read."""
        return self.letters.full or any(observer.full for observer in self.observers)
