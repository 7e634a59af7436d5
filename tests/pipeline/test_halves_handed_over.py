"""Halves of pairs on their way into their topic: in the log before what says that their slot is closed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from monitor.counting.handover import Marker, partition_of
from monitor.http.health import Health
from monitor.http.metrics import Metrics
from monitor.labels.handed import MOST_ROWS, MOST_WAITING, Queue, Waiting, decode, encode
from monitor.labels.rows import Half, LabelHalf
from monitor.parts import Now
from monitor.replicas.halves import HalvesOut
from monitor.replicas.handing_over import HandingOver
from monitor.replicas.log import LONGEST
from monitor.types import Partition

ALL = b"\xff" * 17
NOW = Now(1.0, 1_000)


class Appended:
    """A log that may refuse."""

    def __init__(self) -> None:
        self.entries: list[Any] = []
        self.refuses = False

    def append(self, entries: Any, _seconds: float) -> None:
        found = list(entries)
        if self.refuses:
            raise OSError(None, "Kafka did not take it")
        self.entries += found


@pytest.fixture
def queue() -> Queue:
    return Queue(b"", ALL, "u")


def counting(queue: Queue, *models: str) -> Any:
    """Return a pipeline that has one closed slot, of which no tally is handed over."""
    where = Partition("labels", 0)
    apart = SimpleNamespace(
        folds={where: None},
        published_through=lambda: {where: 7},
        tallies=list,
        markers=lambda *_, **__: [Marker("labels", 0, 1, "c", 5, 7)],
        handed_over=lambda _: None,
    )
    source = SimpleNamespace(counts=lambda: {"labels": 1})
    parts = SimpleNamespace(letters=SimpleNamespace(flush=lambda: None), observers=[])
    about = {"apart": apart, "source": source, "parts": parts, "beside": [], "uncommitted": set()}
    halves = HalvesOut("halves", 2, models, queue)
    return SimpleNamespace(**about, halves=halves, logs=("halves",), commit=lambda: None)


def handing_over(log: Appended) -> HandingOver:
    noticed: Any = SimpleNamespace(trouble={}, handed_over=lambda: None)
    return HandingOver(log, "tallies", 2, noticed=noticed, health=Health(0.0), metrics=Metrics("0"))  # type: ignore[arg-type]


def test_halves_are_in_the_log_before_their_slot_is_said_to_be_closed(queue):
    log = Appended()
    queue.label([LabelHalf("a", 7, "yes", "m")])
    handing_over(log).save(counting(queue, "m"), NOW)
    assert {entry.topic for entry in log.entries} == {"halves"}
    first, *markers = log.entries
    assert (first.partition, decode(first.value, 0).model) == (partition_of("m", 2), "m")
    assert [entry.partition for entry in markers] == [0, 1]
    assert all(isinstance(decode(entry.value, 0), Marker) for entry in markers)


def test_what_the_log_refuses_is_handed_over_later(queue):
    log = Appended()
    log.refuses = True
    queue.predict("m", [Half("a", 7, "yes")])
    outbox, pipeline = handing_over(log), counting(queue, "m")
    outbox.save(pipeline, NOW)
    assert log.entries == []
    log.refuses = False
    outbox.save(pipeline, Now(3.0, 3_000))
    outbox.save(pipeline, Now(5.0, 5_000))
    kinds = [type(decode(entry.value, 0)) for entry in log.entries]
    assert kinds == [Waiting, Marker, Marker]


def test_labels_that_name_no_model_go_to_all_that_may_have_predicted(queue):
    names = [f"m{n}" for n in range(8)]
    queue.label([LabelHalf("a", 7, "yes"), LabelHalf("b", 7, "yes", "unwatched")])
    entries = list(HalvesOut("halves", 4, names, queue).entries())
    assert [entry.partition for entry in entries] == sorted({partition_of(name, 4) for name in names})
    assert {decode(entry.value, 0).model for entry in entries} == {""}


def test_no_id_is_handed_over_and_messages_are_of_bounded_size(queue):
    queue.predict("m", [Half(f"customer-{n}", 7, "yes") for n in range(MOST_ROWS + 1)])
    messages = list(queue.messages())
    assert [len(message.predictions) for message in messages] == [MOST_ROWS, 1]
    assert "customer" not in repr(messages)


def test_no_more_is_read_while_too_much_waits(queue):
    queue.label(LabelHalf(n, 7, "yes") for n in range(MOST_WAITING))
    assert not queue.full
    queue.label([LabelHalf("one more", 7, "yes")])
    assert queue.full
    queue.clear()
    assert not queue.full


def test_only_the_sample_is_handed_over():
    queue = Queue(b"", (1 << 62).to_bytes(8, "big"), "u")
    queue.predict("m", [Half(n, 7, "yes") for n in range(4_000)])
    assert 800 < sum(len(message.predictions) for message in queue.messages()) < 1_200


def test_a_long_version_does_not_make_a_message_that_no_topic_takes(queue):
    versions = [f"{number:05}" * 2_000 for number in range(MOST_ROWS)]
    queue.predict("m", [Half(str(number), 5, "yes", None, version) for number, version in enumerate(versions)])
    (message,) = queue.messages()
    assert len({row[4] for row in message.predictions}) == MOST_ROWS
    assert len(encode(message)) < LONGEST // 16


ODD_HALVES = [
    b'{"kind": "halves", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    b'{"kind": "halves", "model": "m", "under": "u", "labels": [["AAAA", 9223372036854775808, "x"]]}',
    b'{"kind": "joined", "model": "m", "under": "u", "slot": 9223372036854775808, "ids": []}',
]


@pytest.mark.parametrize("value", ODD_HALVES, ids=["deep", "half of no time", "joined at no time"])
def test_what_nobody_can_keep_is_no_message(value):
    with pytest.raises(msgspec.DecodeError):
        decode(value, 0)
