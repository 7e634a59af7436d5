"""Who joins labels beside who judges, their topics in memory: what is read, written and remembered when."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest
from labels_world import MODEL, START

from monitor.assembly import watched_models
from monitor.config.loading import load
from monitor.counting.handover import Marker
from monitor.errors import SnapshotError
from monitor.http.health import Health
from monitor.http.metrics import Metrics
from monitor.labels.handed import Queue, Waiting, encode
from monitor.labels.rows import Half, LabelHalf
from monitor.parts import Now
from monitor.replicas.counting_digest import counting_digest
from monitor.replicas.halves import hash_key, under
from monitor.replicas.joining import LabelsJoined
from monitor.replicas.log_reader import Read
from monitor.replicas.opening import Opening
from monitor.types import Partition

HERE = Partition("tallies", 0)
SLOT = START // 10_000


class Halves:
    """The topic of halves: one partition, in memory."""

    topic = "halves"

    def __init__(self) -> None:
        self.log: list[bytes] = []
        self.at: dict[int, int] = {}
        self.trouble: str | None = None
        self.refuses, self.silent, self.most = False, False, 10
        self.refused = 0

    def span(self, _: int) -> tuple[int, int]:
        if self.silent:
            raise OSError(None, "no answer")
        return 0, len(self.log)

    def begin(self, number: int, offset: int) -> None:
        self.at[number] = offset

    def leave(self, number: int) -> None:
        self.at.pop(number, None)

    def poll(self) -> dict[int, list[Read]]:
        log = [Read(offset, offset, value) for offset, value in enumerate(self.log)]
        found = {n: log[at : at + self.most] for n, at in self.at.items() if at < len(log)}
        self.at |= {number: some[-1].offset + 1 for number, some in found.items()}
        return found

    def append(self, entries: Any) -> None:
        found = [entry.value for entry in entries]
        if self.refuses:
            self.refused += 1
            raise OSError(None, "Kafka did not take it")
        self.log += found

    def close(self) -> None: ...


class Process:
    """One process, whose clock a test moves."""

    def __init__(self, config: Any, topic: Halves, remembered: dict[str, Any] | None = None) -> None:
        self.config, self.topic, self.now = config, topic, 0.0
        self.main: Any = SimpleNamespace(
            clock=lambda: Now(self.now, START + int(self.now * 1000)),
            parts=SimpleNamespace(sides=[], observers=[]),
            stopping=threading.Event(),
            health=Health(0.0),
            metrics=Metrics("0"),
        )
        self.counting = counting_digest(config, watched_models(config, ""), 1)
        desks = Opening(config, self.counting, 1, self.main.metrics).open(0, remembered or {})
        self.judging: Any = SimpleNamespace(desks={HERE: desks}, changed=lambda _: None)
        self.side = LabelsJoined(self.main, self.judging, topic, topic)  # type: ignore[arg-type]
        self.desk = desks[MODEL]

    def turn(self, seconds: float = 1.0) -> None:
        self.now += seconds
        self.side.step()

    @property
    def records(self) -> int:
        return self.desk.model.labels.judge.records  # type: ignore[union-attr]


@pytest.fixture
def config(configured, tmp_path):
    return load(
        configured(
            source={"type": "kafka", "bootstrap_servers": "127.0.0.1:1", "topics": ["requests"], "group_id": "g"},
            labels={"source": {"type": "kafka", "topics": ["labels"]}, "wait": "10m"},
            privacy={"hash_key": "0123456789abcdef"},
            replicas={"partitions": 1},
            sinks=[{"type": "file", "path": str(tmp_path / "events.jsonl")}],
            freshness="30s",
        ),
        secrets=False,
    )


@pytest.fixture
def topic(config) -> Halves:
    return Halves()


@pytest.fixture
def process(config, topic) -> Process:
    config.state_dir.mkdir(exist_ok=True)
    return Process(config, topic)


def paired(process: Process, slot: int, count: int = 30) -> None:
    """Write so many pairs of a slot, and that it is closed."""
    queue = Queue(hash_key(process.config), b"\xff" * 17, under(process.config))
    names = [f"{slot}-{n}" for n in range(count)]
    queue.predict(MODEL, [Half(name, SLOT + slot, "spam", 0.9) for name in names])
    queue.label([LabelHalf(name, SLOT + slot, "spam") for name in names])
    process.topic.log += map(encode, queue.messages())
    for of in ("requests", "labels"):
        process.topic.log.append(encode(Marker(of, 0, 1, process.counting, slot + 1, SLOT + slot)))


def test_a_slot_is_judged_once_the_log_has_whose_pairs_they_are(process, topic):
    paired(process, 0)
    topic.refuses = True
    process.turn()
    process.turn()
    assert process.records == 0
    assert process.desk.joined is None or process.desk.joined["next"] == 0
    assert process.main.health.blocked("labels")
    refused, _ = topic.refused, process.turn()
    assert topic.refused == refused + 1  # each may take ten seconds
    topic.refuses = False
    process.turn()
    assert process.records == 30
    assert process.desk.joined["judged"] == SLOT
    assert not process.main.health.blocked("labels")


def joined_and_gone(process: Process) -> dict[str, Any]:
    """Let a process join some pairs and end; return what is remembered."""
    paired(process, 0)
    process.turn()
    process.turn()
    saved: dict[str, Any] = process.desk.state()
    process.side.close()
    return saved


def test_whoever_takes_a_model_over_finds_what_waits_and_what_was_judged(config, process, topic):
    saved = joined_and_gone(process)
    paired(process, 1)
    queue = Queue(hash_key(config), b"\xff" * 17, under(config))
    queue.label([LabelHalf("0-3", SLOT + 2, "mail")])  # of one that was judged
    topic.log += map(encode, queue.messages())
    topic.log += [encode(Marker(of, 0, 1, process.counting, 9, SLOT + 2)) for of in ("requests", "labels")]
    other = Process(config, topic, {MODEL: saved})
    for _ in range(5):
        other.turn()
    assert other.records == 60
    assert other.desk.joining.outcomes.became["contradicted"] == 1
    assert other.main.metrics.labels.labels(MODEL, "joined")._value.get() == 30


def test_what_is_read_again_is_read_a_portion_a_turn(config, process, topic, monkeypatch):
    monkeypatch.setattr("monitor.replicas.joining.PORTION", 0.0)
    for slot in range(20):
        paired(process, slot, 1)
    for _ in range(60):
        process.turn()
    saved = process.desk.state()
    process.side.close()
    other = Process(config, topic, {MODEL: saved})
    other.turn()
    assert 0 < topic.at[0] <= topic.most
    paired(process, 20, 1)
    for _ in range(60):
        other.turn()
    assert other.records == 21


def test_brokers_that_do_not_say_are_asked_again(process, topic):
    paired(process, 0)
    topic.silent = True
    process.turn()
    assert topic.at == {}
    topic.silent = False
    process.turn()
    process.turn()
    assert process.records == 30


def test_a_log_that_ends_before_what_was_joined_is_refused(config, process, topic):
    saved = joined_and_gone(process)
    topic.log.clear()
    with pytest.raises(SnapshotError, match=r"halves ends at 0, and spam was joined to \d+: .*seawall state reset"):
        Process(config, topic, {MODEL: saved}).turn()


def test_another_key_is_refused(configured, config, process, topic):
    saved = joined_and_gone(process)
    other = config.model_copy(update={"privacy": type(config.privacy)(hash_key="fedcba9876543210")})
    with pytest.raises(SnapshotError, match=r"of spam .*hashed under another key .*privacy.hash_key.*state reset"):
        Process(other, topic, {MODEL: saved})
    assert counting_digest(other, watched_models(config, ""), 1) != process.counting


def test_halves_of_a_model_that_went_are_let_go_of(process, topic):
    process.turn()
    assert topic.at == {0: 0}
    process.judging.desks.clear()
    process.turn()
    assert topic.at == {}


def test_nothing_is_left_of_what_waits_but_the_log(config, process, topic):
    paired(process, 0)
    process.turn()
    assert [path.name for path in config.state_dir.iterdir()] == []


def test_that_nothing_can_be_read_is_told_of_each_model(process, topic):
    process.turn()
    topic.trouble = "no broker"
    for _ in range(200):
        process.turn(1.0)
        process.desk.look(Now(process.now, START))
    events = [event for event in process.desk.hand_over() if event.signals[0].signal == "quality.labels"]
    assert [event.severity for event in events] == ["error"]
    assert "no broker" in events[0].summary


def test_what_is_no_message_of_replicas_is_passed_over(process, topic):
    topic.log += [b"{torn", encode(Waiting("other", under(process.config))), b'{"kind": "tally"}']
    paired(process, 0)
    process.turn()
    process.turn()
    assert process.records == 30
