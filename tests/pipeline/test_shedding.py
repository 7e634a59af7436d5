"""What is let go when memory runs short, in which order, and that it is told. No record is."""

from __future__ import annotations

import json

import pytest
from watching import RECORD, A, timed

from monitor.http.metrics import Metrics
from monitor.shedding import EASE_SECONDS, TURN, Shedding, Waits

LIMIT = 1_000 << 20


class Memory:
    """What a process takes and may take in a turn, as the test says; `garbage` of it can be given back."""

    def __init__(self):
        self.share = 0.5
        self.garbage = 0.0
        self.given_back = 0

    def resident(self):
        return int(self.share * LIMIT) - TURN

    def give_back(self):
        self.given_back += 1
        self.share, self.garbage = self.share - self.garbage, 0.0


@pytest.fixture
def memory():
    return Memory()


@pytest.fixture
def metrics():
    return Metrics("test")


@pytest.fixture
def short(watch, memory, metrics):
    """A monitor that looks at this memory."""
    one = watch(features={"region": {"show_values": True}})
    looks = {"resident": memory.resident, "give_back": memory.give_back}
    one.shedding = Shedding(LIMIT, metrics, one.sight, **looks)
    one.pipeline.parts.observers.append(one.shedding)
    return one


def records(one):
    """Return how many records the open slots hold."""
    folds = one.pipeline.parts.partitions.folds
    return sum(int(t.cells[0]) for slot in folds[A].slots.values() for t in slot.tallies.values())


def names(one):
    folds = one.pipeline.parts.partitions.folds
    return [name for slot in folds[A].slots.values() for t in slot.tallies.values() for name in t.names]


def new_region(number):
    record = json.loads(timed(number))
    return json.dumps(record | {"features": record["features"] | {"region": "west"}}).encode()


def test_with_room_everything_is_kept(short, metrics):
    short.at(0, a=[new_region(0), new_region(0)])
    assert (records(short), names(short)) == (1, [("quality.unseen.region", "west")])
    assert short.events() == []
    assert metrics.registry.get_sample_value("seawall_memory_bytes") == 0.5 * LIMIT - TURN
    assert metrics.registry.get_sample_value("seawall_memory_limit_bytes") == LIMIT
    assert metrics.registry.get_sample_value("seawall_shed_total", {"what": "detail"}) == 0


def test_detail_goes_first_and_is_told(short, memory, metrics):
    short.at(0, a=[new_region(0)])
    memory.share = 0.91
    short.at(1)
    assert names(short) == []
    assert short.events() == [("opened", "quality.memory", "error")]
    short.at(2, a=[new_region(2), new_region(2)])
    assert (records(short), names(short)) == (2, [])
    assert metrics.registry.get_sample_value("seawall_shed_total", {"what": "detail"}) == 1
    assert metrics.registry.get_sample_value("seawall_shed_total", {"what": "ids"}) == 0
    assert short.ready().well


def test_then_ids_and_no_record(short, memory, metrics):
    short.at(0, a=[timed(0)])
    memory.share = 0.96
    short.at(1)
    short.at(2, a=[timed(0), timed(0)])
    assert records(short) == 3
    assert metrics.registry.get_sample_value("seawall_shed_total", {"what": "ids"}) == 2


def test_then_reading_waits_until_there_is_room_and_goes_on(short, memory):
    short.at(0)
    memory.share = 1.01
    short.at(1)
    assert not short.ready().well
    assert "nothing is read until there is room" in short.ready().why["memory"]
    polls = short.source.polls
    short.arrive(A, [timed(2)])
    for second in range(2, 5):
        short.at(second)
    assert short.source.polls == polls
    memory.share = 0.99
    short.at(5)
    short.at(6)
    assert records(short) == 1
    assert short.ready().well


def test_what_is_given_back_to_the_system_is_not_shed_for(short, memory):
    memory.share, memory.garbage = 1.05, 0.4
    short.at(0, a=[new_region(0)])
    assert memory.given_back == 1
    assert short.events() == []
    assert names(short)


def test_everything_is_kept_again_once_there_has_been_room_for_a_while_step_by_step(short, memory):
    short.at(0)
    memory.share = 0.97
    short.at(1)
    memory.share = 0.5
    steps = []
    for second in (2, 2 + EASE_SECONDS - 1, 2 + EASE_SECONDS, 3 + EASE_SECONDS, 3 + 2 * EASE_SECONDS):
        short.at(second)
        steps.append(short.shedding.step)
    assert steps == [2, 2, 1, 1, 0]
    assert short.events() == [("opened", "quality.memory", "error"), ("resolved", "quality.memory", "error")]
    short.at(300, a=[timed(300), timed(300), new_region(301)])
    assert (records(short), len(names(short))) == (2, 1)


def test_memory_about_a_step_does_not_go_to_and_fro(short, memory):
    short.at(0)
    for second in range(1, 500):
        memory.share = 0.91 if second % 30 == 0 else 0.84
        short.at(second)
    assert short.events() == [("opened", "quality.memory", "error")]


def test_without_a_limit_nothing_is_shed(watch, memory, metrics):
    one = watch()
    memory.share = 50.0
    looks = {"resident": memory.resident, "give_back": memory.give_back}
    one.pipeline.parts.observers.append(Shedding(None, metrics, one.sight, **looks))
    one.at(0, a=[RECORD])
    assert one.events() == []
    assert memory.given_back == 0
    assert metrics.registry.get_sample_value("seawall_memory_limit_bytes") == 0


def test_where_the_system_does_not_say_nothing_is_shed(watch, metrics):
    one = watch()
    one.pipeline.parts.observers.append(Shedding(LIMIT, metrics, one.sight, resident=lambda: None))
    one.at(0, a=[RECORD])
    assert one.events() == []


def test_a_stream_beside_the_records_waits_as_they_do(short, memory):
    beside = Waits(short.shedding)
    short.at(0)
    assert not beside.full
    memory.share = 1.02
    short.at(1)
    assert beside.full
