"""The second stage: tallies of the models that this process has for now, judged in the order of their log."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec
import structlog

from monitor.counting.handover import Counted, Marker, Spoken, UnlikeLayoutError, decode
from monitor.delivery.dispatcher import close_all
from monitor.replicas.desk import Desk
from monitor.replicas.log_side import LogSide
from monitor.replicas.others import SILENT_AFTER
from monitor.types import Partition, RawMessage, Trigger

if TYPE_CHECKING:
    from monitor.parts import Now
    from monitor.replicas.counting import CountingPipeline
    from monitor.replicas.memory import Memory
    from monitor.sources.kafka_shared import SharedReader
    from monitor.watched import Watched

SAVE_EVERY = 1.0
MOST_TIME = 0.02
"""Share of the time that saving may take: a large state is saved less often."""

CLOSE_SECONDS = 3.0

REMEMBER_EVERY = 600.0
"""Seconds after which is remembered how far was read, though nothing was judged: messages expire in the end."""

PAUSED = 30.0
"""Seconds: after a turn this long others may have what was ours, and tell of it; for a moment nothing is looked at."""

REJOINED = 5.0
"""Seconds within which a process that was paused learns what it still has."""

Desks = dict[str, Desk]

log = structlog.get_logger()


class Judging(LogSide):
    """A side of the pipeline that counts: it reads what all processes have counted.

    Parameters
    ----------
    source : SharedReader
        The topic of tallies.
    open_desks : callable
        Returns the desks of a partition's models, given what is remembered of each.
    counting : str
        The digest that tallies must have.
    """

    name = "judging"
    noun = "counts"

    def __init__(
        self,
        main: CountingPipeline,
        source: SharedReader,
        memory: Memory,
        open_desks: Callable[[int, Mapping[str, dict[str, Any]]], Desks],
        counting: str,
    ) -> None:
        self.main = main
        self.source = source
        self.memory = memory
        self.open_desks = open_desks
        self.counting = counting
        self.desks: dict[Partition, Desks] = {}
        self._given: dict[Partition, int] = {}
        self._live: dict[Partition, int] = {}
        self._tried: dict[Partition, float] = {}
        self._heard: dict[Partition, Marker] = {}
        self._changed: set[Partition] = set()
        self._saved: dict[Partition, float] = {}
        self._next_save = 0.0
        self._next_look = 0.0
        self._last_turn: float | None = None
        self._differs_until = 0.0
        main.parts.sides.append(self)

    @property
    def models(self) -> list[Watched]:
        """The models that are judged here for now."""
        return [desk.model for desks in self.desks.values() for desk in desks.values()]

    def open(self) -> None:
        """Begin to read."""
        self.source.open({})

    def step(self) -> None:
        """One turn; waits only for brokers."""
        if self.main.stopping.is_set():
            return  # what is left to do is done by `close`
        now = self.main.clock()
        if self._last_turn is not None and now.steady - self._last_turn > PAUSED:
            self._next_look = now.steady + REJOINED
        self._last_turn = now.steady
        arrived = self.source.poll(0.0)
        for partition, messages in arrived.items():
            where = Partition(*partition)
            for message in messages if self._begun(where) else ():
                self._take(where, message, now)
        mine = self.source.partitions()
        for where in self.desks.keys() - mine:
            self._let_go(where)
        if coming := [where for where in mine if not self._begun(where)]:
            self._begin(min(coming, key=lambda where: (self._tried.get(where, 0.0), where)), now)
        if now.steady >= self._next_look:
            self._next_look = now.steady + 1.0
            self._look(now)
        if now.steady >= self._next_save or self._waiting():
            self._save(now)

    def _take(self, where: Partition, message: RawMessage, now: Now) -> None:
        try:
            handed = decode(message.value or b"", message.timestamp)
        except msgspec.MsgspecError as why:
            log.warning("not a message of replicas", topic=where.topic, offset=message.offset, why=str(why))
            return
        if isinstance(handed, Spoken):
            self._changed.add(where)  # shown by whoever asks what waits, though it starts nothing yet
        elif handed.counting != self.counting:
            self._pass_over(where, message.offset, handed, now)
        elif isinstance(handed, Marker):
            known = self._heard.get(handed.where)
            if known is None or handed.age >= known.age:
                self._heard[handed.where] = handed
        try:
            for desk in self.desks[where].values():
                for verdict in desk.take(message.offset, handed, now):
                    self._changed.add(where)  # what is read and judges nothing is read again after a restart
                    for observer in self.main.parts.observers:
                        observer.judged(desk.model, verdict)
        except UnlikeLayoutError as why:
            log.warning("not a tally of this model", topic=where.topic, offset=message.offset, why=str(why))

    def _pass_over(self, where: Partition, offset: int, handed: Counted | Marker, now: Now) -> None:
        """Note that somebody counts differently: now, or before this process began."""
        if offset >= self._live[where]:
            self._differs_until = now.steady + SILENT_AFTER
            self.main.health.block("judging", ANOTHER.format(where.topic, handed.topic, handed.partition))
        elif not isinstance(handed, Marker):
            log.warning(
                "counted differently, not judged", partition=f"{handed.topic}/{handed.partition}", slot=handed.slot
            )

    def _begun(self, where: Partition) -> bool:
        """Return whether messages of a partition may be read: what was remembered of its models is known."""
        return self._given.get(where) == self.source.given[where]

    def _begin(self, where: Partition, now: Now) -> None:
        """Take a partition's models over; one partition a turn, as it takes seconds where much is remembered."""
        count = self.source.given[where]
        self._tried[where] = now.steady
        try:
            first, live = self.source.span(where)
            desks = self.open_desks(where.partition, self.memory.read(where.partition))
        except OSError as why:
            log.info("what was judged is not known yet", partition=where.partition, why=why.strerror)
            return
        self._let_go(where)
        self.desks[where], self._given[where], self._live[where] = desks, count, live
        self._saved[where] = now.steady
        begin = min(desk.next for desk in desks.values()) or first if desks else live
        self.source.go_to(where, begin)
        if desks:
            log.info("models taken over", partition=where.partition, models=sorted(desks), offset=begin)
        for name in desks:
            self.main.metrics.judged_here.labels(name).set(1)

    def changed(self, where: Partition) -> None:
        """Note that there is something to remember of a partition's models."""
        self._changed.add(where)

    def _let_go(self, where: Partition) -> None:
        """Leave a partition to whoever has it now: what it has not been told yet is remembered."""
        desks = self.desks.pop(where, {})
        self._given.pop(where, None)
        self._changed.discard(where)
        self._heard.clear()  # in what is left it is said again soon
        close_all([desk.dispatcher for desk in desks.values()], 0.0)
        for name in desks:
            self.main.metrics.leave(name)

    def _look(self, now: Now) -> None:
        if now.steady >= self._differs_until:
            self.main.health.clear("judging")
        uncounted = None
        for desk in (desk for desks in self.desks.values() for desk in desks.values()):
            desk.look(now)
            uncounted = desk.uncounted(now) or uncounted
        if uncounted:
            self.main.health.block("counting", uncounted)
        else:
            self.main.health.clear("counting")
        self.main.hear(self._heard)

    def _waiting(self) -> set[Partition]:
        """Return whose desks have something to tell."""
        return {where for where, desks in self.desks.items() if any(desk.unsent for desk in desks.values())}

    def _unremembered(self, now: Now) -> set[Partition]:
        """Return where what was told or read meanwhile would be told or read again after a restart."""
        return {
            where
            for where, desks in self.desks.items()
            if any(desk.told for desk in desks.values())
            or (desks and now.steady - self._saved[where] >= REMEMBER_EVERY)
        }

    def _save(self, now: Now, seconds: float = 10.0) -> None:
        """Remember, then tell, then commit."""
        began = time.monotonic()
        health = self.main.health
        self._changed |= self._waiting() | self._unremembered(now)
        try:
            for where in sorted(self._changed):
                states = {name: desk.state() for name, desk in self.desks[where].items()}
                self.memory.write(where.partition, states, seconds)
        except OSError as why:
            health.block("memory", f"what was judged cannot be saved to {self.memory.topic}: {why.strerror}")
            health.traffic("stuck")
        else:
            health.clear("memory")
            self._saved |= dict.fromkeys(self._changed, now.steady)
            self._changed.clear()
            self.source.commit({where: _resume(desks) for where, desks in self.desks.items() if desks})
        self._tell()
        self._next_save = now.steady + max(SAVE_EVERY, (time.monotonic() - began) / MOST_TIME)

    def _tell(self) -> None:
        metrics = self.main.metrics
        for name, desk in (item for desks in self.desks.values() for item in desks.items()):
            for event in desk.hand_over():
                if isinstance(event, Trigger):
                    metrics.retrain.labels(name, event.rule, event.event).inc()
                else:
                    metrics.incidents.labels(name, event.severity, event.event).inc()

    def trouble(self) -> str | None:
        """Return why nothing can be read."""
        return self.source.trouble()

    def lag(self) -> Mapping[Partition, int]:
        """Return how many messages are still to be read."""
        return self.source.lag()

    def close(self) -> None:
        """Remember, tell what can be told in a few seconds, and remember what could not."""
        now = self.main.clock()
        if self._brokers_answer():
            self._save(now, CLOSE_SECONDS)
        close_all([desk.dispatcher for desks in self.desks.values() for desk in desks.values()], CLOSE_SECONDS)
        if self._brokers_answer() and not self._changed:
            self._changed = set(self.desks)
            self._save(now, CLOSE_SECONDS)
        self.memory.close()
        self.source.close(2.0)

    def _brokers_answer(self) -> bool:
        """Return whether they did when they were last asked: at the end there is no time to find out once more."""
        hindered = self.main.health.blocked("state") or self.main.health.blocked("memory")
        return self.source.trouble() is None and not hindered


ANOTHER = (
    "another process of the group counts differently ({0}: {1}/{2}): a configuration, a reference or a build of its "
    "own. What it has is not judged. Stop all, then start all with the same"
)


def _resume(desks: Desks) -> int:
    return min(desk.resume() for desk in desks.values())
