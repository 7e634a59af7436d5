"""Labels joined to predictions for the models that this process has for now, in the order of the log of halves.

Which ids a slot has judged is in the log before the state that says so is remembered: whoever takes the model over
finds both, or neither.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
import structlog

from monitor.errors import SnapshotError
from monitor.labels.handed import Handed, decode, encode
from monitor.labels.joining import JoinedSlot, Joining
from monitor.replicas.desk import Desk
from monitor.replicas.log import Entry, Log
from monitor.replicas.log_side import LogSide

if TYPE_CHECKING:
    from monitor.parts import Now
    from monitor.replicas.counting import CountingPipeline
    from monitor.replicas.judging import Desks, Judging
    from monitor.replicas.log_reader import LogReader, Read
    from monitor.types import Partition

PORTION = 0.1
"""Seconds of one turn: records and tallies come first."""

FORGET_EVERY = 1.0

SHORTENED = (
    "{} ends at {:,}, and {} was joined to {:,}: it was made anew, or lost what was in it. To begin anew: "
    "seawall state reset"
)

log = structlog.get_logger()


@dataclass
class _Place:
    """A partition of halves whose models are here.

    Attributes
    ----------
    until : int or None
        Up to where it is read to fill what waits; None where it is read on.
    owed : list of (Desk, JoinedSlot)
        What is to be judged once the log has which ids were.
    further : bool
        Whether more was read than is noted to be remembered.
    """

    all_desks: Desks
    desks: list[tuple[Desk, Joining]]
    until: int | None = None
    begun: bool = False
    tried: float = float("-inf")
    owed: list[tuple[Desk, JoinedSlot]] = field(default_factory=list)
    further: bool = False


class LabelsJoined(LogSide):
    """A side of the pipeline that counts: it reads the halves that all processes have handed over.

    Parameters
    ----------
    judging : Judging
        Knows which models are here, and remembers them.
    """

    name, noun = "joining", "halves"

    def __init__(self, main: CountingPipeline, judging: Judging, reader: LogReader, writer: Log) -> None:
        self.main = main
        self.judging = judging
        self.reader = reader
        self.log = writer
        self._places: dict[Partition, _Place] = {}
        self._next_forget = 0.0
        main.parts.sides.append(self)

    def open(self) -> None:
        """Do nothing: it is read once models are here."""

    def step(self) -> None:
        """One turn of bounded length; waits only for brokers."""
        if self.main.stopping.is_set():
            return
        now = self.main.clock()
        self._follow(now)
        until = time.monotonic() + PORTION
        while (settled := self._settled()) and (found := self.reader.poll()):
            by_number = {where.partition: place for where, place in self._places.items() if place.begun}
            for number, messages in found.items():
                if number in by_number:
                    self._read(number, by_number[number], messages)
            if time.monotonic() >= until:
                break
        if settled:  # else brokers that hang would be waited for twice in one turn
            self._settled()
        if now.steady >= self._next_forget:
            self._next_forget = now.steady + FORGET_EVERY
            self._forget()

    def _follow(self, now: Now) -> None:
        """Let go of models that went, begin those that came."""
        for where, place in list(self._places.items()):
            if self.judging.desks.get(where) is not place.all_desks:
                self._leave(where)
        for where, desks in self.judging.desks.items():
            if where not in self._places:
                with_labels = [(desk, desk.joining) for desk in desks.values() if desk.joining is not None]
                self._places[where] = _Place(desks, with_labels, begun=not with_labels)
        coming = [(place.tried, where) for where, place in self._places.items() if not place.begun]
        if coming:
            tried, where = min(coming)
            if now.steady - tried >= 1.0:
                self._places[where].tried = now.steady
                self._begin(where, self._places[where])

    def _begin(self, where: Partition, place: _Place) -> None:
        """Read again what the models' halves need, if anything; raise SnapshotError where the log is another one."""
        try:
            begins, ends = self.reader.span(where.partition)
        except OSError as why:
            log.info("halves not known yet", partition=where.partition, why=why.strerror)
            return
        for desk, joining in place.desks:
            if joining.next > ends:
                raise SnapshotError(SHORTENED.format(self.reader.topic, ends, desk.model.name, joining.next))
            if joining.next and joining.first < begins:
                log.warning("halves have expired before their time", model=desk.model.name, from_offset=begins)
        first = max(begins, min(joining.first for _, joining in place.desks))
        place.until, place.begun = ends, True
        self.reader.begin(where.partition, first)
        log.info("labels taken over", partition=where.partition, read_again=ends - first)
        self._filled(where.partition, place)

    def _filled(self, number: int, place: _Place) -> None:
        """Once all was read again, read on where it was left."""
        if place.until is not None and self.reader.at[number] >= place.until:
            place.until = None
            self.reader.begin(number, min(joining.next for _, joining in place.desks))

    def _read(self, number: int, place: _Place, messages: list[Read]) -> None:
        place.further = place.until is None
        for offset, stamp, value in messages:
            if (message := self._decoded(offset, stamp, value)) is None:
                continue
            for desk, joining in place.desks:
                if place.until is None:
                    place.owed += [(desk, one) for one in joining.take(offset, message)]
                elif offset < place.until:
                    joining.fill(offset, message)
        self._filled(number, place)

    def _decoded(self, offset: int, stamp: int, value: bytes) -> Handed | None:
        try:
            return decode(value, stamp)
        except msgspec.MsgspecError as why:
            log.warning("not a message of replicas", topic=self.reader.topic, offset=offset, why=str(why))
            return None

    def _settled(self) -> bool:
        """Judge what is owed once the log has which ids were judged; return whether nothing is owed."""
        owing = {where: place for where, place in self._places.items() if place.owed}
        try:
            if owing:
                self.log.append(self._entries(owing))
        except OSError as why:
            self.main.health.block(
                "labels", f"what was joined cannot be written to {self.reader.topic}: {why.strerror}"
            )
            return False
        self.main.health.clear("labels")
        for where, place in owing.items():
            for desk, one in place.owed:
                verdict = desk.judge_pairs(one.slot, one.tally)
                for observer in self.main.parts.observers:
                    observer.judged(desk.model, verdict)
            place.owed.clear()
            self.judging.changed(where)
        for place in self._places.values():
            for desk, joining in place.desks if place.further else ():
                desk.joined = joining.state()
            place.further = False
        return True

    def _entries(self, owing: Mapping[Partition, _Place]) -> Iterator[Entry]:
        for where, place in owing.items():
            for desk, one in place.owed:
                key = desk.model.name.encode()
                yield from (Entry(self.reader.topic, where.partition, key, encode(each)) for each in one.messages)

    def _forget(self) -> None:
        for place in self._places.values():
            for _, joining in place.desks:
                joining.hindered = self.reader.trouble
                if place.begun and place.until is None:
                    joining.forget()

    def _leave(self, where: Partition) -> None:
        self.reader.leave(where.partition)
        for _, joining in self._places.pop(where).desks:
            joining.close()

    def trouble(self) -> str | None:
        """Return nothing: each model tells it under its labels."""
        return None

    def lag(self) -> Mapping[Partition, int]:
        """Return nothing: what is still to be read is that of others."""
        return {}

    def close(self) -> None:
        """Let go of everything; what waits here is in the log."""
        for where in list(self._places):
            self._leave(where)
        self.reader.close()
        self.log.close()
