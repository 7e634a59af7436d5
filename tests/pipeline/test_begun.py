"""Partitions that a process is given: it goes on where the group committed, once it knows where that is."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest
from counting_logs import SLOT, layouts

from monitor.counting.apart import Apart
from monitor.counting.partitions import Timing
from monitor.parts import Now
from monitor.replicas.counting import CountingPipeline
from monitor.sources.kafka_shared import Committed
from monitor.types import Partition

MINE = [Partition("t", number) for number in range(50)]
NOW = Now(0.0, 0)


class Group:
    """The group as its source knows it."""

    def __init__(self) -> None:
        self.given = Counter(MINE)
        self.silent = False
        self.asked = 0
        self.went: dict[Partition, int] = {}

    def partitions(self) -> set[Partition]:
        return set(MINE)

    def committed(self, _partition: Partition) -> Committed:
        self.asked += 1
        if self.silent:
            raise OSError(None, "no answer")
        return Committed(7, "")

    def go_to(self, partition: Partition, offset: int) -> None:
        self.went[partition] = offset

    def positions(self) -> dict[Partition, int]:
        return {}


@pytest.fixture
def pipeline() -> Any:
    made = CountingPipeline.__new__(CountingPipeline)
    made.parts = SimpleNamespace(source=Group(), partitions=Apart(Timing(SLOT, 0, 60), layouts(1), ["a"], "1"))
    made._given, made.uncommitted = {}, set()
    return made


def test_brokers_that_are_silent_are_asked_once_a_turn(pipeline):
    """Each question waits for seconds, and liveness is not seen meanwhile."""
    pipeline.source.silent = True
    pipeline.follow(NOW)
    assert pipeline.source.asked == 1
    pipeline.source.silent = False
    pipeline.follow(NOW)
    assert pipeline.source.went == dict.fromkeys(MINE, 7)
    assert set(pipeline.apart.folds) == set(MINE)


def test_a_partition_that_went_and_came_back_is_begun_again_once_brokers_answer(pipeline):
    pipeline.follow(NOW)
    pipeline.source.given[MINE[0]] += 1
    pipeline.source.silent = True
    pipeline.source.went.clear()
    pipeline.follow(NOW)
    assert pipeline.source.went == {}
    pipeline.source.silent = False
    pipeline.follow(NOW)
    assert pipeline.source.went == {MINE[0]: 7}
