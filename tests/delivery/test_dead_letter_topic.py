"""A topic that does not take dead letters holds up reading once a minute at most; the file takes them meanwhile."""

from __future__ import annotations

import json

import pytest

from monitor.delivery.dead_letters import PAUSE, DeadLetter, FileWriter, TopicWriter
from monitor.types import Message


class Refusing(TopicWriter):
    """A topic that is not there."""

    asked = 0

    def _send(self, letter):
        self.asked += 1
        raise TimeoutError("topic t.dead-letter not in metadata")


@pytest.fixture
def refusing(tmp_path):
    seconds = [0.0]
    writer = Refusing({}, FileWriter(tmp_path / "dead"), clock=lambda: seconds[0])
    yield writer, seconds
    writer.close()


def write(writer, *offsets):
    writer.write([DeadLetter(Message("t", 0, offset, 0, None, b"torn"), "not_json", "torn") for offset in offsets])


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
    kept = [json.loads(line)["offset"] for line in (tmp_path / "dead").read_text().splitlines()]
    assert kept == [*range(2 * int(PAUSE)), 1_000]
