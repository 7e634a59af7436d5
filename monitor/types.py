"""The nouns that travel through the pipeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any, Literal, NamedTuple, Protocol, get_args

import msgspec

Severity = Literal["info", "warning", "error", "critical"]
SEVERITIES: tuple[Severity, ...] = ("info", "warning", "error", "critical")

Change = Literal["opened", "updated", "resolved"]
EVENTS: tuple[Change, ...] = get_args(Change)


class Partition(NamedTuple):
    """One ordered log: a partition of a topic, or a file (partition 0 of its path)."""

    topic: str
    partition: int


MOST_NAMED = 5


def partition_names(partitions: Sequence[Partition]) -> str:
    """Return a few by name, and how many more there are.

    >>> partition_names([Partition("a", number) for number in range(6)])
    'a/0, a/1, a/2, a/3, a/4 and 1 more'
    """
    return a_few([f"{topic}/{number}" for topic, number in partitions])


def a_few(names: Sequence[str]) -> str:
    """Return the first of the names, and how many more there are."""
    named = ", ".join(names[:MOST_NAMED])
    return named + (f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else "")


class RawMessage(Protocol):
    """A message as it came. kafka-python's ConsumerRecord is one as it is: nothing is copied on the hot path."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int:
        """Where it stands in its log: the Kafka offset, or the byte offset of a file's line."""

    @property
    def timestamp(self) -> int:
        """Milliseconds since 1970: the log's stamp, or for a file the time to use where a record has none."""

    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...


class Message(NamedTuple):
    """A RawMessage of our own making (files, tests)."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


class Source(Protocol):
    """Where messages come from. One thread uses it; `poll` is the only call that waits.

    Attributes
    ----------
    stamped : bool
        Whether a log stamped every message, so that its timestamp bounds the event time. False for files.
    finished : bool
        Whether everything there will ever be has been returned by `poll`. Always False for Kafka.
    """

    stamped: bool
    finished: bool

    def open(self, remembered: Mapping[Partition, int]) -> None:
        """Start reading at `remembered`; partitions not named there start where the configuration says.

        A partition may leave and come back, so keep `remembered` up to date with the next offset you want of each:
        it is looked up whenever a partition is assigned. Raises SourceError where a remembered offset is no longer
        there (`poll` does, where only the broker knows). An unreachable broker is not an error: `poll` keeps trying,
        and says so in `trouble`.
        """

    def poll(self, seconds: float) -> Mapping[Partition, Sequence[RawMessage]]:
        """Return what has come, in offset order per partition, waiting at most about `seconds` for the first."""

    def partitions(self) -> Set[Partition]:
        """Return the partitions read by this process now."""

    def positions(self) -> Mapping[Partition, int]:
        """Return the offset at which each partition is read on, behind what `poll` has returned, where known."""

    def missing(self) -> Set[Partition]:
        """Return the partitions there are that this process does not read, as far as known. Asks nobody."""

    def at_end(self, partition: Partition) -> bool:
        """Return whether the log itself confirms, now, that nothing is left to read. May ask the broker."""

    def hold(self, partitions: Set[Partition]) -> None:
        """Pause exactly these partitions and let all others flow."""

    def lag(self) -> Mapping[Partition, int]:
        """Return log end minus next offset to read, where known."""

    def trouble(self) -> str | None:
        """Return why nothing can be read at present, in a sentence that names the address; None when all is well."""

    def commit(self, next_offsets: Mapping[Partition, int]) -> None:
        """Tell the broker how far we are, for lag tools. Never raises for a lost generation or a broker away."""

    def close(self, seconds: float) -> None:
        """Let go within about `seconds`, broker there or not."""


class Effect(msgspec.Struct, frozen=True):
    """How far a signal is from what was accepted. `w`, `psi` for values; `points` (percentage points) for shares."""

    w: float | None = None
    low: float | None = None
    high: float | None = None
    psi: float | None = None
    points: float | None = None


class BinShift(msgspec.Struct, frozen=True):
    """One bin that moved: its name, its accepted and its observed share."""

    bin: str
    expected: float
    observed: float


class SignalChange(msgspec.Struct, frozen=True):
    """What an incident says about one signal. `evidence` is log10; None where no statistic is behind it.

    `given` is what it is compared within, such as the hour of the day; None where all records are compared alike.
    `level` is the one level of that field whose own records moved; None where it is all records together.
    `since` and `since_records` are the onset that `effect` and `bins` rest on, as an event's; `records` so many of the
    signal's own are what `bins` are shares of. None where no statistic is behind it.
    """

    signal: str
    group: str
    evidence: float | None
    effect: Effect
    shape: str
    bins: tuple[BinShift, ...] = ()
    given: str | None = None
    level: str | None = None
    since: str | None = None
    since_records: int | None = None
    records: int | None = None


class Event(msgspec.Struct, frozen=True):
    """One change of one incident: what every sink gets. The keys are a contract with users.

    `id` is the same whenever the same change is told again; `incident` the same over an incident's life.
    Times are RFC 3339 UTC. `notes` are sentences for a person: a new model version, a provisional reference.
    """

    id: str
    event: Change
    incident: str
    model: str
    version: str | None
    severity: Severity
    time: str
    records: int | None
    since: str | None
    since_records: int | None
    summary: str
    reference: str | None
    runbook: str | None
    signals: tuple[SignalChange, ...]
    notes: tuple[str, ...] = ()


Outcome = Literal["fired", "dry_run", "held", "cooldown", "capped", "waiting", "rejected"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)


class Offsets(msgspec.Struct, frozen=True):
    """Part of a log: what lies from offset `first` on, before `end`."""

    topic: str
    partition: int
    first: int
    end: int


class Suspect(msgspec.Struct, frozen=True):
    """When an attack or poisoning was open, within the data of a trigger. Times are RFC 3339 UTC."""

    incident: str
    signal: str
    since: str
    until: str


class Word(msgspec.Struct, frozen=True):
    """What somebody said about a run that waits. `time` is RFC 3339 UTC, for whoever audits it; nothing goes by it."""

    word: Literal["approve", "reject"]
    model: str
    run_id: str
    by: str
    time: str
    why: str | None = None


class Trigger(msgspec.Struct, frozen=True):
    """What became of a rule for retraining and one incident; `fired` starts a run. The keys are a contract with users.

    `run_id` is the same over retries, restarts and replicas. `since` is the onset as estimated, `until` the end of what
    was judged; `offsets` hold the records in between, `suspect` which of them came during an attack. `flagged` is the
    file that lists single flagged records, None where none does. Times are RFC 3339 UTC.
    """

    run_id: str
    event: Outcome
    rule: str
    why: str
    model: str
    version: str | None
    reference: str
    incident: str
    severity: Severity
    summary: str
    since: str
    until: str
    records: int
    since_records: int | None
    offsets: tuple[Offsets, ...]
    signals: tuple[SignalChange, ...]
    approved_by: str | None = None
    flagged: str | None = None
    suspect: tuple[Suspect, ...] = ()

    @property
    def id(self) -> str:
        """What a receiver knows it by."""
        return self.run_id

    @property
    def time(self) -> str:
        """When it was decided, in the time of the records."""
        return self.until


News = Event | Trigger
"""What is told: to people and programs the events, to actions the triggers."""


def action_name(rule: str) -> str:
    """Return what a rule's destination is called among the sinks: `retrain-weekly`."""
    return f"retrain-{rule}"


def event_json(event: Event | Trigger) -> dict[str, Any]:
    """Return the event as plain values, as sinks and `--events` write it."""
    plain: dict[str, Any] = msgspec.to_builtins(event)
    return plain
