"""`reference: {path, learn: N}`: without a reference the first records become a provisional one."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from monitor.assembly import clock
from monitor.config.config import Config
from monitor.config.permodel import ModelSettings
from monitor.counting.fold import Position
from monitor.counting.joiner import Joiner
from monitor.counting.partitions import Remembered
from monitor.errors import BadReference
from monitor.http.health import Health
from monitor.http.metrics import WHILE_LEARNING, Metrics
from monitor.incidents.incident import rfc3339
from monitor.observers import LEARNING, READING, SourceTrouble
from monitor.parts import Now
from monitor.reference.build import build
from monitor.reference.from_file import options_of
from monitor.reference.look import Look
from monitor.reference.store import ITSELF, Reference, Store
from monitor.remembered import SNAPSHOT, save_positions
from monitor.sight import LONGEST_NAME
from monitor.state import snapshot
from monitor.types import Partition, RawMessage, Source
from sinks.text import counted, plain

EVER = 1 << 60
"""Partitions are read at speeds of their own: who counts as they come must not give up halves by the clock."""

log = structlog.get_logger()


def learn_missing(config: Config, health: Health, metrics: Metrics, stopping: threading.Event) -> None:
    """Learn the references that are missing and may be learned. Returns early when asked to stop.

    Raises
    ------
    BadReference
        For standard input, which cannot be read on where learning ended.
    """
    for settings in config.models_resolved().values():
        store = Store(settings.reference.path)
        wanted = settings.reference.learn
        if wanted is None or store.digests():
            continue
        if config.source.type == "file" and config.source.path == "-":
            raise BadReference(
                "`learn` cannot read standard input twice. Build a reference from a file: seawall reference build DATA"
            )
        taken = _Taken(Joiner(settings.name, config.format.type, config.slot, EVER, held=0), wanted)
        _learn(config, settings, taken, _Shown(taken, health, metrics), stopping)


@dataclass
class _Taken:
    """The records that are learned from.

    Attributes
    ----------
    joiner : Joiner
        Joins halves as they come: it only has to know how many there are.
    wanted : int
        Records of the model that there should be.
    begins, ends : dict
        By partition: the first offset that was read, and the next one.
    """

    joiner: Joiner
    wanted: int
    look: Look = field(default_factory=Look)
    blocks: list[Sequence[RawMessage]] = field(default_factory=list)
    begins: dict[Partition, int] = field(default_factory=dict)
    ends: dict[Partition, int] = field(default_factory=dict)

    def add(self, partition: Partition, messages: Sequence[RawMessage]) -> None:
        """Take from messages of a partition as many as are still wanted."""
        self.begins.setdefault(partition, messages[0].offset)
        self.ends[partition] = messages[-1].offset + 1
        while messages and self.usable < self.wanted:
            missing = self.wanted - self.usable
            block, messages = messages[:missing], messages[missing:]
            others = self.others
            self.look.read(self.joiner(block), self.joiner.model)
            if self.others - others < len(block):  # else nothing in it is ours: they may be all that ever comes
                self.blocks.append(block)

    @property
    def usable(self) -> int:
        """How many records there are."""
        return self.look.rows

    @property
    def others(self) -> int:
        """How many named another model."""
        return self.look.other_models + self.joiner.others

    def unnamed(self) -> str | None:
        """Return that records came and none is of the model: it is called otherwise, perhaps."""
        unusable = self.look.unusable + self.joiner.dead.total()
        read = self.others + unusable
        if self.usable or not read:
            return None
        words = f"{counted(read, 'record')} read, none of model {plain(self.joiner.model, LONGEST_NAME)}"
        if self.others:
            who = f"{self.others:,} name" if unusable else "it names" if read == 1 else "they name"
            words += f"; {who} {plain(self.look.another or self.joiner.another or '', LONGEST_NAME)}"
        return words + (f"; {unusable:,} cannot be used ({self.look.why or self.joiner.why})" if unusable else "")


class _Shown:
    """What people and Kubernetes see meanwhile: no pipeline is there yet."""

    def __init__(self, taken: _Taken, health: Health, metrics: Metrics) -> None:
        self.taken, self.health, self.metrics = taken, health, metrics
        self._told = SourceTrouble()
        self._ignored = 0
        metrics.ignored.labels(WHILE_LEARNING)

    def turned(self, source: Source, now: Now) -> None:
        """Show how far it is, and what is in the way."""
        taken, trouble = self.taken, source.trouble()
        unnamed = taken.unnamed()
        self._told.look(trouble or unnamed, now.steady, READING if trouble else LEARNING)
        self.metrics.heartbeat.set(now.wall / 1000)
        self.metrics.broker_up.set(trouble is None)
        self.metrics.ignored.labels(WHILE_LEARNING).inc(taken.others - self._ignored)
        self._ignored = taken.others
        self.health.beat(now.steady)
        self.health.traffic("stuck" if trouble or unnamed else "starting")
        why = "".join(f"; {words}" for words in (trouble, unnamed) if words)
        self.health.block("reference", f"learning from live records: {taken.usable:,} of {taken.wanted:,}{why}")


def _learn(config: Config, settings: ModelSettings, taken: _Taken, shown: _Shown, stopping: threading.Event) -> None:
    source = config.source.build(settings.name)
    _read(source, taken, shown, stopping)
    if stopping.is_set():
        return
    reference = build(
        lambda: taken.blocks,
        model=settings.name,
        options=options_of(settings),
        from_table=False,
        stamped=source.stamped,
        format=config.format.type,
        wait=config.format.wait,
        slot=config.slot,
        provisional=True,
        detectors=settings.detectors,
        contexts=settings.reference.allowed,
    )
    _promote(reference, Store(settings.reference.path))
    path = config.state_dir / SNAPSHOT
    if snapshot.find(path) is None:  # else it knows where to go on, and holds the other models' incidents
        save_positions(path, {partition: Remembered(Position(offset)) for partition, offset in taken.begins.items()})
    shown.health.clear("reference")
    log.warning(
        "reference learned", model=settings.name, rows=reference.rows, reference=reference.digest, accepted=False
    )


def _read(source: Source, taken: _Taken, shown: _Shown, stopping: threading.Event) -> None:
    """Read until there are as many records as wanted, or no more, or somebody asks to stop."""
    source.open(taken.ends)
    while taken.usable < taken.wanted and not source.finished and not stopping.is_set():
        for partition, messages in source.poll(0.25).items():
            taken.add(Partition(*partition), messages)
        for partition, offset in source.positions().items():
            taken.begins.setdefault(partition, offset)  # of one without records, too, a start at `latest` is remembered
        shown.turned(source, clock())
    source.close(2.0 if stopping.is_set() else 5.0)


def _promote(reference: Reference, store: Store) -> None:
    """Save a provisional reference and make it the one that counts, though nobody accepted it."""
    now = rfc3339(clock().wall)
    store.save(reference, {"source": "live records", "rows": reference.rows, "built": now})
    why = f"learned from the first {reference.rows:,} live records; nobody accepted it"
    store.promote(reference.digest, by=ITSELF, why=why, at=now)
