"""The flow, top to bottom: source, decode, count, judge, incidents, snapshot, outbox.

Follow a record: `step` polls it, `read` decodes and counts it, `judge` judges its slot once every partition has
closed it, `save` writes the snapshot and only then lets anybody be told.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence

import structlog

from monitor.counting.fold import NEVER, NOWHERE
from monitor.delivery.dead_letters import letters_of
from monitor.formats.batch import DEAD, IGNORED
from monitor.parts import Now, Parts
from monitor.types import Partition, RawMessage
from monitor.watched import Watched

BLOCK = 2_000
"""Records decoded at once: more fall out of the processor's cache, fewer pay numpy's calls too often."""

CLOSE_SECONDS = 5.0
"""How long the source may take to let go: a group member that leaves hands on its partitions at once."""

ASK_EVERY = 2.0
"""Seconds between questions to the broker whether quiet partitions are at their end."""

log = structlog.get_logger()


class Pipeline:
    """Runs the flow on one thread until it is stopped or the source ends."""

    def __init__(self, parts: Parts, clock: Callable[[], Now], stopping: threading.Event | None = None) -> None:
        self.parts = parts
        self.clock = clock
        self.stopping = stopping or threading.Event()
        self._next_question = 0.0
        self._unsure: dict[Partition, float] = {}
        self.remembered = dict(parts.remembered or {})
        for partition, kept in self.remembered.items():
            if kept.at.offset >= 0:
                parts.partitions.wanted[partition] = kept.at.offset

    def run(self) -> None:
        """Read, judge and tell until stopped or done."""
        try:
            self.open()
            for side in self.parts.sides:
                side.open()
            self.parts.outbox.save(self, self.clock())  # says where the dead letters end before the first is written
            while not self.stopping.is_set() and not self.over:
                self.step()
            if self.over:
                self.end()
            self.parts.outbox.close(self, self.clock())
        finally:
            self.parts.source.close(CLOSE_SECONDS)
            for side in self.parts.sides:
                side.close()

    def open(self) -> None:
        """Begin to read."""
        self.parts.source.open(self.parts.partitions.wanted)

    @property
    def finished(self) -> bool:
        """Whether the source has given all it will ever have."""
        return self.parts.source.finished

    @property
    def over(self) -> bool:
        """Whether nothing more will come, from the sides neither."""
        return self.finished and all(side.finished for side in self.parts.sides)

    def end(self) -> None:
        """Judge what is left, when nothing more will come."""
        self.parts.partitions.close_all()
        self.judge()
        for side in self.parts.sides:
            side.end()

    def step(self) -> None:
        """One turn: what has come is counted, what is closed is judged, what is due is saved and told."""
        parts = self.parts
        if parts.limit.reached or parts.full:
            arrived: Mapping[Partition, Sequence[RawMessage]] = {}
            self.stopping.wait(parts.patience)
        else:
            arrived = parts.source.poll(parts.patience)
        now = self.clock()
        for partition, messages in arrived.items():
            self.read(Partition(*partition), messages, now)
        self.follow(now)
        self.close_idle(now)
        parts.source.hold(parts.partitions.ahead())
        self.judge()
        for side in parts.sides:
            side.step()
        for observer in parts.observers:
            observer.turned(self, now)
        parts.outbox.save(self, now)

    def follow(self, now: Now) -> None:
        """Begin the partitions that were assigned, and note where: nothing may come of one before a restart."""
        partitions, source = self.parts.partitions, self.parts.source
        for partition in sorted(source.partitions() - partitions.folds.keys()):
            partitions.add(partition, now.steady, self.remembered.pop(partition, None))
        self.begin_unread()

    def begin_unread(self) -> None:
        """Note where those partitions begin of which nothing was read yet."""
        if unread := self.parts.partitions.unread:
            begun = self.parts.source.positions()
            for partition in unread:
                if partition in begun:
                    self.parts.partitions.begin(partition, begun[partition])

    def read(self, partition: Partition, messages: Sequence[RawMessage], now: Now) -> None:
        """Decode and count what came of one partition, block by block."""
        parts = self.parts
        if partition not in parts.partitions.folds:
            parts.partitions.add(partition, now.steady, self.remembered.pop(partition, None))
        for start in range(0, len(messages), BLOCK):
            block = messages[start : start + BLOCK]
            decoded = parts.decoder.decode(block)
            folded = parts.partitions.fold(partition, decoded, now.steady)
            parts.letters.write(list(letters_of(block, decoded.offsets, decoded.dead, folded.done)))
            parts.limit.add(decoded.model[decoded.model != IGNORED] == DEAD)
            for observer in parts.observers:
                observer.counted(partition, decoded, folded)

    def close_idle(self, now: Now) -> None:
        """Let partitions without news hold up nobody, once their log confirms that nothing is left in it.

        What could not be read meanwhile, or had more, has the whole time-out again: whoever wrote to it waited, too,
        and brings now what belongs into the slots that are open.
        """
        partitions, source = self.parts.partitions, self.parts.source
        since = now.steady - self.parts.idle_timeout
        quiet = {p for p in partitions.folds.keys() - partitions.idle if self._quiet_since(p) <= since}
        if quiet and source.trouble():
            self._unsure |= dict.fromkeys(quiet, now.steady)
        elif quiet and now.steady >= self._next_question:
            self._next_question = now.steady + ASK_EVERY
            for partition in sorted(quiet - partitions.ahead()):
                if not source.at_end(partition):
                    self._unsure[partition] = now.steady
                    break  # brokers that are silent take their time for each answer: the others are asked later
                partitions.close_idle(partition)
                log.info("partition idle", topic=partition.topic, partition=partition.partition)

    def _quiet_since(self, partition: Partition) -> float:
        return max(self.parts.partitions.quiet_since(partition), self._unsure.get(partition, float("-inf")))

    def judge(self) -> None:
        """Judge every slot that all partitions have closed; where no more may come, tell what waits for the next."""
        if self.parts.source.missing():
            return  # somebody else reads a part: a slot without it would be judged on half its records
        for slot, tallies in self.parts.partitions.closed():
            for decoded, folded in self.parts.partitions.pairing.joined():
                for observer in self.parts.observers:
                    observer.counted(NOWHERE, decoded, folded)
            for index, model in enumerate(self.parts.models):
                if index in tallies:
                    verdict, events = model.records.judge_slot(slot, tallies[index])
                    decided = model.retrain(self.parts.partitions.trails)
                    self.parts.outbox.put(model.name, [*events, *decided])
                    for observer in self.parts.observers:
                        observer.judged(model, verdict)
        if self.parts.partitions.silent:
            for model in self.parts.models:
                self.parts.outbox.put(model.name, model.records.flush())

    @property
    def models_here(self) -> Sequence[Watched]:
        """The models that are judged here."""
        return self.parts.models

    def watermarks(self) -> dict[Partition, float]:
        """Return the event time each partition has reached, in seconds since 1970."""
        folds = self.parts.partitions.folds
        return {p: fold.next.clock / 1000 for p, fold in folds.items() if fold.next.clock > NEVER}
