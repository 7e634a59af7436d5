"""Promise 12: a burst of ten times the records takes hardly more memory, loses none, and is read to its end."""

from __future__ import annotations

import pytest
from burst_traffic import Burst, Watched

PARTITIONS = 4
QUIET, PEAK = 2_000, 20_000
"""Records a second of event time: four seconds of them are open at once, and their ids remembered."""


@pytest.fixture
def burst(broker, topic):
    name = topic(PARTITIONS, retention_ms=-1)
    writer = Burst(broker.bootstrap, name, PARTITIONS)
    yield writer, name
    writer.close()


def test_a_burst_of_ten_times_the_records_takes_a_tenth_more_memory_at_most_and_drains(tmp_path, broker, burst):
    writer, name = burst
    monitor = Watched.of(tmp_path, broker.bootstrap, name, allowed_lateness="4s")
    try:
        writer.send(10 * QUIET, per_second=QUIET)
        monitor.start()
        monitor.wait_until_read(writer.sent)
        before = monitor.most()
        writer.send(8 * PEAK, per_second=PEAK)
        monitor.wait_until_judged(writer.sent)
        assert monitor.most() < 1.1 * before
        assert monitor.terminate() == 0
    finally:
        monitor.kill()
