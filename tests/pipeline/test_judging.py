"""The second stage as a whole, its topics in memory: what is read, remembered and told when."""

from __future__ import annotations

import threading
import time
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
import traffic
from structlog.testing import capture_logs

from monitor.config.loading import load
from monitor.counting.handover import Counted, Handed, Marker, Spoken, encode
from monitor.counting.partitions import Timing
from monitor.counting.tally import RECORDS
from monitor.http.health import Health
from monitor.http.metrics import Metrics
from monitor.observers import MetricsObserver
from monitor.parts import Now
from monitor.replicas.counting import CountingPipeline
from monitor.replicas.judging import PAUSED, REJOINED, REMEMBER_EVERY, Judging
from monitor.replicas.memory import Memory
from monitor.replicas.opening import Opening
from monitor.state import snapshot
from monitor.types import Message, Partition

SLOT = traffic.START // 10_000


class Tallies:
    """The topic of tallies, of one process that has some partitions of it."""

    def __init__(self, partitions: int) -> None:
        self.logs: dict[Partition, list[bytes]] = {Partition("tallies", n): [] for n in range(partitions)}
        self.mine, self.at = set(self.logs), dict.fromkeys(self.logs, 0)
        self.given = Counter(self.mine)
        self.committed: dict[Partition, int] = {}
        self.went: dict[int, int] = {}

    def append(self, *messages: Handed) -> None:
        for where in self.logs:
            self.logs[where] += map(encode, messages)

    def poll(self, _seconds: float) -> Mapping[Partition, Sequence[Message]]:
        found = {p: range(self.at[p], len(self.logs[p])) for p in self.mine}
        self.at |= {p: len(self.logs[p]) for p in self.mine}
        return {p: [Message(*p, n, 0, None, self.logs[p][n]) for n in here] for p, here in found.items() if here}

    def partitions(self) -> set[Partition]:
        return self.mine

    def span(self, where: Partition) -> tuple[int, int]:
        return 0, len(self.logs[where])

    def go_to(self, where: Partition, offset: int) -> None:
        self.at[where] = self.went[where.partition] = offset

    def commit(self, offsets: Mapping[Partition, int]) -> None:
        self.committed |= offsets

    def trouble(self) -> None:
        return None


class Remembering:
    """The topic of state."""

    topic = "state"

    def __init__(self) -> None:
        self.states: dict[int, dict[str, bytes]] = {}
        self.writes, self.reads = 0, 0

    def write(self, partition: int, states: Mapping[str, Any], _seconds: float) -> None:
        self.writes += 1
        self.states.setdefault(partition, {}).update({name: snapshot.packed(each) for name, each in states.items()})

    def read(self, partition: int) -> dict[str, Any]:
        self.reads += 1
        return {name: snapshot.unpacked(each) for name, each in self.states.get(partition, {}).items()}


class Process:
    """One process, whose clock a test moves."""

    def __init__(self, configured: Any, tmp_path: Any, partitions: int = 1, **settings: Any) -> None:
        told = tmp_path / "events.jsonl"
        path = configured(sinks=[{"type": "file", "path": str(told)}], **settings)
        config = load(path, secrets=False)
        self.now = 0.0
        self.health, self.source, self.memory = Health(0.0), Tallies(partitions), Remembering()
        self.main: Any = SimpleNamespace(
            clock=lambda: Now(self.now, traffic.START + int(self.now * 1000)),
            apart=SimpleNamespace(timing=Timing(config.slot, config.allowed_lateness, config.max_ahead), elsewhere={}),
            source=SimpleNamespace(counts=lambda: {"t": 1}),
            beside=[],
            hear=lambda markers: CountingPipeline.hear(self.main, markers),
            parts=SimpleNamespace(sides=[], observers=[]),
            stopping=threading.Event(),
            health=self.health,
            metrics=Metrics("0"),
        )
        opening = Opening(config, "1", partitions, self.main.metrics)
        self.judging = Judging(self.main, self.source, self.memory, opening.open, "1")  # type: ignore[arg-type]
        (self.name,) = config.models_resolved()
        self.begin()

    def begin(self) -> None:
        for _ in self.source.mine:
            self.turn()

    def turn(self, seconds: float = 0.0) -> None:
        self.now += seconds
        self.judging.step()

    def remembered(self) -> dict[str, Any]:
        (state,) = self.memory.read(0).values()
        return state

    @property
    def open(self) -> set[str]:
        return {signal for model in self.judging.models for signal in model.conditions.open}


@pytest.fixture
def process(configured, tmp_path) -> Process:
    return Process(configured, tmp_path)


def marker(offset: int, slots: int, *, partition: int = 0, idle: bool = False) -> Marker:
    return Marker("t", partition, 1, "1", offset, SLOT + slots, idle=idle)


def tally(model: str, slots: int, cells: Sequence[tuple[int, int]] = ((RECORDS, 9),)) -> Counted:
    return Counted("t", 0, SLOT + slots, model, "1", first=slots, end=slots + 1, cells=list(cells))


def test_what_was_read_is_remembered_in_the_end_though_nothing_is_judged(configured, tmp_path):
    """Tallies expire: who goes on at an offset that is no longer there cannot go on."""
    process = Process(configured, tmp_path, freshness="7d")
    process.source.append(tally(process.name, 1), marker(2, 1))
    process.turn()
    process.turn(1.0)
    assert process.remembered()["reached"]["offset"] == 2
    process.source.append(*[marker(2, 1, idle=True)] * 50)
    process.turn(1.0)
    assert process.remembered()["reached"]["offset"] == 2
    process.turn(REMEMBER_EVERY)
    assert process.remembered()["reached"]["offset"] == 52
    writes = process.memory.writes
    process.turn(2.0)
    assert process.memory.writes == writes


def test_partitions_without_a_model_are_not_read_again_from_their_beginning(configured, tmp_path):
    process = Process(configured, tmp_path, 4)
    process.source.append(*[marker(1, 1)] * 100)
    process.source.given.update(process.source.mine)
    process.source.went.clear()
    with capture_logs() as logs:
        process.begin()
    assert [line["models"] for line in logs if line["event"] == "models taken over"] == [[process.name]]
    assert [s.value for s in shown(process, "seawall_judged_here")] == [1.0]
    (judged,) = (where.partition for where, desks in process.judging.desks.items() if desks)
    assert process.source.went == {n: 0 if n == judged else 100 for n in range(4)}


def test_one_partition_a_turn_is_taken_over_so_that_liveness_is_seen(configured, tmp_path):
    process = Process(configured, tmp_path, 4)
    process.source.given.update(process.source.mine)
    before = process.memory.reads
    process.turn()
    assert process.memory.reads == before + 1


def test_a_partition_that_cannot_be_taken_over_holds_up_no_other(configured, tmp_path):
    process = Process(configured, tmp_path, 3)
    process.source.given.update(process.source.mine)
    whole, first = process.source.span, min(process.source.mine)

    def span(where: Partition) -> tuple[int, int]:
        if where == first:
            raise OSError(None, "no leader")
        return whole(where)

    process.source.span = span
    for _ in range(4):
        process.turn(1.0)
    assert process.source.mine - {first} <= {w for w in process.source.mine if process.judging._begun(w)}


def test_a_process_without_models_hears_how_far_others_are(configured, tmp_path):
    process = Process(configured, tmp_path, 4)
    process.source.mine = {min(where for where in process.source.mine if not process.judging.desks[where])}
    process.turn(1.0)
    process.source.append(marker(1, 7))
    process.turn(1.0)
    assert set(process.main.apart.elsewhere) == {Partition("t", 0)}
    process.source.mine = set()
    process.turn(1.0)
    assert process.main.apart.elsewhere == {}


def test_a_process_that_was_paused_tells_nobody_of_silence_before_it_knows_what_it_still_has(process):
    process.source.append(tally(process.name, 1), marker(2, 1))
    process.turn(1.0)
    process.turn(3_600.0)
    assert process.open == set()
    process.turn(PAUSED / 2)
    assert process.open == {"quality.freshness"}
    assert PAUSED / 2 > REJOINED


def test_counts_of_long_slots_are_no_silence(configured, tmp_path):
    process = Process(configured, tmp_path, slot="1h", max_ahead="1h")
    process.source.append(Counted("t", 0, traffic.START // 3_600_000, process.name, "1", 0, 1, [(RECORDS, 9)]))
    process.turn(1.0)
    for _ in range(59):
        process.turn(60.0)
    assert process.open == set()


def test_what_was_told_is_not_told_again_by_whoever_takes_the_model_over(process, tmp_path):
    process.source.append(tally(process.name, 1), marker(2, 1))
    for _ in range(60):
        process.turn(20.0)
    assert process.open == {"quality.freshness"}
    for lane in process.judging.desks[Partition("tallies", 0)][process.name].dispatcher._lanes.values():
        lane.drain(time.monotonic() + 20)
    process.turn(1.0)
    process.turn(1.0)
    assert (tmp_path / "events.jsonl").read_text().count("quality.freshness")
    assert [process.remembered()[key] for key in ("unsent", "pending")] == [[], []]


@pytest.mark.parametrize("cells", [[(1 << 40, 1)], [(-1, 1)], [(RECORDS, 1 << 70)]])
def test_a_tally_that_nobody_has_counted_stops_nobody(process, cells):
    process.source.append(tally(process.name, 1, cells), tally(process.name, 2), marker(3, 2))
    process.turn(1.0)
    process.turn(1.0)
    assert process.remembered()["judged"] == SLOT + 2


@pytest.mark.parametrize("further", [{"judged": 8}, {"heard": 6}, {"joining": {"next": 4}}])
def test_of_two_records_of_a_model_that_begin_at_the_same_offset_the_one_that_did_more_counts(monkeypatch, further):
    less = {"reached": {"offset": 5}, "judged": 7, "heard": 3, "version": 1}
    states = [less, less | further, less]
    records = [(b"m", zlib.compress(snapshot.packed(state))) for state in states]
    memory = Memory({}, "state", None)  # type: ignore[arg-type]
    monkeypatch.setattr(memory, "_records", lambda _: records)
    assert memory.read(0)["m"] == states[1]


def test_a_word_is_remembered_at_once_by_its_offset(process):
    """Whoever asks what waits sees it, and nobody hears it twice."""
    process.source.append(Spoken("approve", process.name, "run_1", "ann", "2026-01-01T00:00:00Z"))
    process.turn(1.0)
    assert process.remembered()["heard"] == 1
    assert not process.health.blocked("judging")


def test_a_message_of_a_kind_that_this_build_does_not_know_stops_nobody(process):
    process.source.logs[Partition("tallies", 0)].append(b'{"kind": "prophecy", "model": "credit"}')
    process.source.append(tally(process.name, 1), marker(2, 1))
    process.turn(1.0)
    process.turn(1.0)
    assert process.remembered()["judged"] == SLOT + 1


def test_a_model_that_went_is_shown_no_longer(process, tmp_path):
    process.main.parts.observers.append(MetricsObserver(process.main.metrics, process.health, [process.name]))
    process.source.append(tally(process.name, 1), marker(2, 1))
    process.turn(1.0)
    assert shown(process, "seawall_evidence_needed_log10")
    assert [s.value for s in shown(process, "seawall_judged_here")] == [1.0]
    stuck = SimpleNamespace(dispatcher=process.judging.desks[Partition("tallies", 0)][process.name].dispatcher)
    stuck.dispatcher._lanes["file"].depth = lambda: 3
    assert [s.value for s in shown(process, "seawall_outbox_depth")] == [3.0]
    del stuck
    process.source.mine = set()
    process.turn(1.0)
    assert not shown(process, "seawall_evidence_needed_log10")
    assert not shown(process, "seawall_effect_w")
    assert [s.value for s in shown(process, "seawall_outbox_depth")] == [0.0]
    assert {s.value for s in shown(process, "seawall_incidents_open")} == {0.0}
    assert [s.value for s in shown(process, "seawall_judged_here")] == [0.0]


def shown(process: Process, name: str) -> list[Any]:
    return [
        sample for family in process.main.metrics.registry.collect() for sample in family.samples if sample.name == name
    ]
