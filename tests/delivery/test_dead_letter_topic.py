"""A topic that does not take dead letters holds up reading once a minute at most; the file takes them meanwhile."""

from __future__ import annotations

import json
from threading import Event

import pytest
from kafka.errors import KafkaTimeoutError, MessageSizeTooLargeError

from monitor.delivery.dead_letters import HURRY, LOOK_UP, PATIENCE, PAUSE, DeadLetter, FileWriter, TopicWriter
from monitor.types import Message


class Refusing(TopicWriter):
    """The topic `t.dead-letter` is not there; the others take what is not too large."""

    asked = 0
    is_done = True

    def _send(self, letter):
        self.asked += 1
        if letter.message.topic == "t":
            raise TimeoutError("topic t.dead-letter not in metadata")
        if len(letter.message.value) > 9:
            raise MessageSizeTooLargeError("too large")
        return self

    def failed(self):
        """Say as a future would that the topic has it."""
        return False


class Silent(TopicWriter):
    """Takes everything, and never says what became of it; time passes while somebody waits."""

    is_done = False

    def __init__(self, folder):
        self.seconds, self.stopping = 0.0, Event()
        super().__init__({}, FileWriter(folder / "dead"), self.stopping, clock=lambda: self.seconds)

    def _send(self, letter):
        return self

    def get(self, timeout):
        self.seconds += timeout
        raise KafkaTimeoutError("Timeout after waiting")


@pytest.fixture
def refusing(tmp_path):
    seconds = [0.0]
    writer = Refusing({}, FileWriter(tmp_path / "dead"), Event(), clock=lambda: seconds[0])
    yield writer, seconds
    writer.close()


def write(writer, *offsets, topic="t", value=b"torn"):
    writer.write([DeadLetter(Message(topic, 0, offset, 0, None, value), "not_json", "torn") for offset in offsets])


def kept(tmp_path):
    return [json.loads(line)["offset"] for line in (tmp_path / "dead").read_text().splitlines()]


def test_what_the_topic_refuses_is_in_the_file_and_it_is_asked_once_a_minute(refusing, tmp_path):
    writer, seconds = refusing
    for second in range(int(PAUSE)):
        seconds[0] = float(second)
        write(writer, 2 * second, 2 * second + 1)
    assert writer.asked == 1
    seconds[0] = PAUSE
    write(writer, 1_000)
    assert writer.asked == 2
    writer.flush()
    assert kept(tmp_path) == [*range(2 * int(PAUSE)), 1_000]


def test_neither_a_topic_that_refuses_nor_a_letter_that_is_too_large_keeps_others_out(refusing, tmp_path):
    writer, _ = refusing
    write(writer, 1)
    write(writer, 2, topic="u", value=b"far too large")
    write(writer, 3, 4, topic="u")
    assert writer.asked == 4
    writer.flush()
    assert kept(tmp_path) == [1, 2]


def test_brokers_that_hang_do_not_keep_it_from_letting_go(refusing, tmp_path):
    class Hanging:
        def close(self, timeout):
            raise KafkaTimeoutError("Timeout waiting for future")

    writer, _ = refusing
    write(writer, 1)
    writer.flush()
    writer._producer = Hanging()
    writer.close()
    assert kept(tmp_path) == [1]


def test_reading_stops_while_too_many_wait_for_the_brokers_word_and_none_is_lost(refusing, tmp_path, monkeypatch):
    monkeypatch.setattr("monitor.delivery.dead_letters.MOST_UNDER_WAY", 3_000)
    writer, _ = refusing
    write(writer, 1, 2, topic="u")
    assert not writer.full
    write(writer, 3, topic="u")
    assert writer.full
    writer.flush()
    assert not writer.full
    assert kept(tmp_path) == []


@pytest.mark.parametrize(("stopping", "patience"), [(False, PATIENCE), (True, HURRY)])
def test_a_topic_that_says_nothing_is_waited_for_less_once_the_process_is_to_end(tmp_path, stopping, patience):
    writer = Silent(tmp_path)
    if stopping:
        writer.stopping.set()
    write(writer, *range(100))
    writer.flush()
    assert patience <= writer.seconds <= patience + LOOK_UP
    assert kept(tmp_path) == list(range(100))
    writer.close()
