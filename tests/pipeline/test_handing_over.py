"""The first stage says nothing of a partition before the group has committed for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
import traffic
from fake_source import FakeSource
from kafka.errors import KafkaTimeoutError, NotLeaderForPartitionError
from structlog.testing import capture_logs

from monitor.assembly import parts_of, watched_models
from monitor.config.loading import load
from monitor.counting.apart import Apart
from monitor.counting.handover import Marker, decode
from monitor.http.health import Health
from monitor.http.metrics import Metrics
from monitor.parts import Now, Parts
from monitor.replay import CountedOnly
from monitor.replicas.counting import CountingPipeline
from monitor.replicas.handing_over import HandingOver
from monitor.replicas.log import Entry, Log
from monitor.replicas.noticed import Noticed
from monitor.sources.kafka_shared import Committed
from monitor.types import Message, Partition

PARTITION = Partition("t", 0)


@dataclass
class Member(FakeSource):
    """One process of a group that has one partition; the group takes no commit as long as it moves."""

    given: Counter[Partition] = field(default_factory=lambda: Counter([PARTITION]))
    said: dict[Partition, Committed] = field(default_factory=dict)
    moves: bool = False
    silent: bool = False
    order: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        del self.committed  # what was committed last: here one asks for it

    def counts(self) -> Mapping[str, int]:
        return {"t": 1}

    def committed(self, partition: Partition) -> Committed | None:
        if self.silent:
            raise OSError(None, "no coordinator")
        return self.said.get(partition)

    def commit(self, next_offsets: Mapping[Partition, int], words: Mapping[Partition, str]) -> None:  # type: ignore[override]
        if not self.moves:
            self.order += ["commit"] * bool(next_offsets)
            self.said |= {each: Committed(offset, words[each]) for each, offset in next_offsets.items()}

    def go_to(self, partition: Partition, offset: int) -> None:
        """Nothing is behind this source."""


@dataclass
class Appended:
    """The log of tallies."""

    order: list[str]
    messages: list[Any] = field(default_factory=list)
    hangs: bool = False

    def append(self, entries: Iterable[Entry], _seconds: float) -> None:
        if self.hangs:
            raise OSError(None, "Kafka did not answer within 8 s")
        new = [decode(entry.value, 0) for entry in entries]
        self.order += [type(message).__name__ for message in new]
        self.messages += new


class Counting:
    """A process that counts."""

    def __init__(self, path: Any) -> None:
        config = load(path, secrets=False)
        models = watched_models(config, "")
        self.now, self.source = 0.0, Member(there={PARTITION})
        self.log, health, metrics = Appended(self.source.order), Health(0.0), Metrics("0")
        parts = parts_of(config, models, self.source)
        names = [model.name for model in models]
        parts["partitions"] = Apart(parts["partitions"].timing, [model.layout for model in models], names, "1")
        noticed = Noticed(health, 600.0)
        outbox = HandingOver(self.log, "tallies", 1, noticed=noticed, health=health, metrics=metrics)  # type: ignore[arg-type]
        self.pipeline = CountingPipeline(
            Parts(**parts, letters=CountedOnly(), outbox=outbox, observers=[noticed]), lambda: Now(self.now, 0)
        )
        self.pipeline.health, self.pipeline.metrics = health, metrics
        self.health = health

    def turn(self, slots: range) -> None:
        """Read so many slots, and hand over what is closed."""
        self.now += 1.0
        records = [r for n in slots for r in RECORDS[n * 100 : n * 100 + 100]]
        stamps = [traffic.START + slot * 10_000 for slot in slots for _ in range(100)]
        if records:
            self.source.arriving[PARTITION] = [
                Message(*PARTITION, slots.start * 100 + n, stamps[n], None, traffic.lines([record]).strip())
                for n, record in enumerate(records)
            ]
        self.pipeline.step()

    @property
    def markers(self) -> list[Marker]:
        return [message for message in self.log.messages if isinstance(message, Marker)]


RECORDS = list(traffic.traffic(20, seed=1))


@pytest.fixture
def counting(configured) -> Counting:
    return Counting(configured())


def test_the_group_has_a_commit_before_a_first_marker_says_that_a_partition_was_counted(counting):
    counting.turn(range(4))
    assert counting.source.order[0] == "commit"
    assert "Marker" in counting.source.order


@pytest.mark.parametrize("hindrance", ["moves", "silent"])
def test_a_partition_that_nobody_could_commit_for_yet_is_said_to_be_counted_once_somebody_has(counting, hindrance):
    counting.turn(range(0))
    setattr(counting.source, hindrance, True)
    counting.turn(range(4))
    assert counting.markers == []
    setattr(counting.source, hindrance, False)
    counting.turn(range(4, 6))
    assert [marker.offset for marker in counting.markers] == [600]
    assert PARTITION in counting.source.said


def test_a_commit_that_is_not_known_is_said_in_words(counting):
    counting.source.silent = True
    with capture_logs() as said:
        counting.turn(range(1))
    assert {(each["event"], each["why"]) for each in said if "why" in each} == {
        ("commit not known yet", "no coordinator")
    }


def test_a_partition_with_a_commit_is_gone_on_with_though_the_group_moves(counting):
    counting.turn(range(4))
    counting.source.moves = True
    before = len(counting.markers)
    counting.turn(range(4, 8))
    assert len(counting.markers) == before + 1


def test_a_process_whose_counts_nobody_takes_is_not_healthy(counting):
    counting.turn(range(4))
    assert counting.health.readyz(0.0).state == "healthy"
    counting.log.hangs = True
    words = {"state": "counts cannot be handed over to tallies: Kafka did not answer within 8 s"}
    for n in (4, 6):
        counting.turn(range(n, n + 2))
        assert counting.health.readyz(0.0) == (False, "stuck", words)
        counting.pipeline.parts.observers[0].turned(counting.pipeline, Now(counting.now, 0))
        assert counting.health.readyz(0.0).state == "stuck"
    counting.log.hangs = False
    counting.turn(range(8, 9))
    counting.turn(range(9, 10))
    assert counting.health.readyz(0.0) == (True, "healthy", {})


@pytest.mark.parametrize(
    ("why", "words"),
    [
        (KafkaTimeoutError("Expiring 2 record(s) for TopicPartition(...)"), r"Kafka did not answer within \d+ s"),
        (NotLeaderForPartitionError(), r"Kafka did not take it \(.*NotLeaderForPartitionError.*\)"),
    ],
)
def test_what_the_log_does_not_take_is_said_in_our_words(monkeypatch, why, words):
    def refuse(_: Log) -> None:
        raise why

    monkeypatch.setattr(Log, "_connected", refuse)
    with pytest.raises(OSError, match=words) as refused:
        Log({}).append([Entry("t", 0, b"", b"")])
    assert "Expiring" not in str(refused.value)
