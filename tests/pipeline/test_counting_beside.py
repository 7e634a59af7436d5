"""A topic that is counted beside the records: handed over with them, in an order that survives a kill."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest
import traffic
from fake_source import FakeSource

from monitor.assembly import letters_to, parts_of, watched_models
from monitor.config.loading import load
from monitor.counting.apart import Apart
from monitor.counting.handover import Counted, Marker, decode
from monitor.counting.tally import Layout
from monitor.http.health import Health
from monitor.http.metrics import Metrics
from monitor.parts import POLL_SECONDS, Now, Parts
from monitor.replicas.beside import CountingBeside
from monitor.replicas.counting import CountingPipeline
from monitor.replicas.handing_over import HandingOver
from monitor.replicas.noticed import Noticed
from monitor.shadow.reading import AnswerReader
from monitor.side import parts_beside
from monitor.sources.kafka_shared import Committed
from monitor.types import Message, Partition

RECORDS, ANSWERS = Partition("records", 0), Partition("answers", 0)
SLOT = 10_000


class World:
    """What became of two topics, in order; `away` are topics of which the log takes nothing."""

    def __init__(self) -> None:
        self.done: list[tuple[str, str]] = []
        self.handed: list[Counted | Marker] = []
        self.away: set[str] = set()
        self.committed: dict[Partition, Committed] = {}
        self.now = 0.0

    def append(self, entries: Any, _seconds: float) -> None:
        for message in [decode(entry.value, 0) for entry in entries]:
            if message.topic in self.away:
                raise OSError(None, "Kafka did not take it")
            self.handed.append(message)
            self.done.append(("tally" if isinstance(message, Counted) else "marker", message.topic))

    def close(self) -> None:
        self.done.append(("log", "closed"))


class Group(FakeSource):
    """The only process of a group on a topic of one partition."""

    def __init__(self, world: World, partition: Partition) -> None:
        super().__init__(there={partition})
        self.world, self.partition, self.given = world, partition, Counter({partition: 1})
        self.committed = world.committed.get  # type: ignore[assignment] # asked otherwise of a group

    def counts(self) -> Mapping[str, int]:
        return {self.partition.topic: 1}

    def commit(self, next_offsets: Mapping[Partition, int], words: Any = MappingProxyType({})) -> None:
        self.world.committed |= {where: Committed(offset, words[where]) for where, offset in next_offsets.items()}
        self.world.done += [("commit", where.topic) for where in next_offsets]

    def close(self, seconds: float) -> None:
        self.closed = True


@pytest.fixture
def world():
    return World()


@pytest.fixture
def both(configured, world):
    """Return a function that makes a pipeline of records, and one of answers beside it that are of such models."""

    made = []

    def make(whose=traffic.MODEL):
        config = load(configured(dead_letters={"to": "file"}), secrets=False)
        models = watched_models(config, "")
        health, metrics = Health(0.0), Metrics("0")
        parts = parts_of(config, models, Group(world, RECORDS))
        parts["partitions"] = Apart(parts["partitions"].timing, [models[0].layout], [models[0].name], "1")
        noticed = Noticed(health, 600.0)
        outbox = HandingOver(world, "tallies", 1, noticed=noticed, health=health, metrics=metrics)
        main = CountingPipeline(
            Parts(
                **parts,
                letters=letters_to(config, None, threading.Event()),
                outbox=outbox,
                observers=[noticed],
                patience=0.0,
            ),
            lambda: Now(world.now, traffic.START),
            threading.Event(),
        )
        main.health = health
        decoder = AnswerReader([traffic.MODEL], stamped=True)
        parts = parts_beside(main, config, Group(world, ANSWERS), decoder, layouts=[Layout([])], saved=None)
        CountingBeside(parts, main, name="shadow", noun="answers", models=[whose])
        main.open()
        made.append(main)
        return main

    yield make
    for main in made:
        main.parts.letters.close()


def come(pipeline: Any, where: Partition, *seconds: float) -> None:
    """Let records or answers of these times come."""
    kept = {"id": "5f", "model": traffic.MODEL, "version": None, "check": "skew", "severity": 0.0}
    kept |= {"flipped": None, "skew": False, "confidence": None}
    quiet = next(traffic.traffic(1, seed=1))
    arrived = []
    for number, each in enumerate(seconds):
        stamp = traffic.START + int(1_000 * each)
        body = (kept if where == ANSWERS else quiet) | {"id": f"{number}", "time": stamp / 1_000}
        arrived.append(Message(*where, number, stamp, None, json.dumps(body).encode()))
    pipeline.source.arriving = {where: arrived}


def test_of_either_what_is_closed_is_in_the_log_before_it_is_said_and_said_before_it_is_committed(both, world):
    main = both()
    come(main, RECORDS, 1, 2, 60)
    come(main.beside[0], ANSWERS, 3, 70)
    main.step()
    order = ("commit", "tally", "marker", "commit")  # the first one, where nothing is counted yet, as ever
    assert world.done == [(what, topic) for topic in ("records", "answers") for what in order]
    assert {where: at.offset for where, at in world.committed.items()} == {RECORDS: 2, ANSWERS: 1}


@pytest.mark.parametrize("away", [RECORDS, ANSWERS])
def test_of_what_the_log_does_not_take_nothing_is_committed_until_it_does(both, world, away):
    main = both()
    come(main, RECORDS, 1, 60)
    come(main.beside[0], ANSWERS, 3, 70)
    world.away = {away.topic}
    main.step()
    assert world.committed[away].offset == 0
    assert main.health.blocked("state")
    world.away, world.now = set(), 2.0
    main.step()
    assert world.committed[away].offset == 1
    assert main.health.blocked("state") is None


def test_what_is_counted_for_nobody_is_not_handed_over_but_how_far_it_is(both, world):
    main = both(None)
    come(main.beside[0], ANSWERS, 3, 70)
    main.step()
    assert [(type(each), each.topic) for each in world.handed] == [(Marker, "answers")]
    assert main.beside[0].apart.published[ANSWERS] == world.handed[0].closed


def test_each_topic_keeps_to_the_clock_of_its_own_partitions(both):
    main = both()
    there = Marker("answers", 1, 2, "1", 9, traffic.START // SLOT)
    main.hear({there.where: there})
    assert main.apart.elsewhere == {}
    assert set(main.beside[0].apart.elsewhere) == {there.where}


def test_a_topic_of_which_nothing_comes_is_looked_at_four_times_a_second_and_one_that_is_read_always(both, world):
    main = both()
    beside = main.beside[0]
    for _ in range(10):
        main.step()
    assert beside.source.polls == 1
    world.now += POLL_SECONDS
    come(beside, ANSWERS, 3)
    for _ in range(10):
        main.step()
    assert beside.source.polls == 3


def test_at_the_end_both_are_handed_over_before_the_log_is_let_go(both, world):
    main = both()
    main.step()
    come(main.beside[0], ANSWERS, 3, 70)
    world.now += POLL_SECONDS
    main.step()
    main.parts.outbox.close(main, main.clock())
    assert world.done[-3:] == [("marker", "answers"), ("commit", "answers"), ("log", "closed")]
    assert ("tally", "answers") in world.done
