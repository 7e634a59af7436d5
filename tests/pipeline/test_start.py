"""Where reading begins is remembered from the beginning, not from the first record on."""

from __future__ import annotations

import json
import threading

import pytest
import traffic
from fake_source import FakeSource
from traffic import START

from monitor.assembly import running, watched_models
from monitor.config.loading import load
from monitor.counting.partitions import from_plain
from monitor.http.health import Health
from monitor.http.metrics import Metrics
from monitor.parts import Now
from monitor.remembered import SNAPSHOT, remembered_state
from monitor.types import Message, Partition

A, B = Partition("t", 0), Partition("t", 1)


@pytest.fixture
def life(tmp_path, configured):
    """Return a function that runs some turns of a monitor over a source, ends it, and returns what it then wants."""
    (tmp_path / "state").mkdir()

    def live(source, turns=1):
        path = configured()
        config = load(path, secrets=False)
        models = watched_models(config, str(path))
        one = running(config, models, Health(0.0), Metrics("0"), stopping=threading.Event(), source=source)
        one.clock = lambda: Now(0.0, START)
        source.open(one.parts.partitions.wanted)
        wanted = dict(one.parts.partitions.wanted)
        for _ in range(turns):
            one.step()
        one.parts.outbox.close(one, one.clock())
        return wanted

    return live


def records(partition, begin, count):
    values = [json.dumps(record).encode() for record in traffic.traffic(1, seed=1)][:count]
    return [Message(*partition, begin + i, START, None, value) for i, value in enumerate(values)]


def test_a_partition_that_had_no_records_goes_on_where_it_began(tmp_path, life):
    source = FakeSource(there={A, B}, at={A: 3_000, B: 150}, arriving={A: records(A, 2_990, 10)})
    assert life(source) == {}
    assert source.committed == {A: 3_000, B: 150}
    saved = from_plain(remembered_state(tmp_path / "state" / SNAPSHOT)["partitions"])
    assert {partition: kept.done for partition, kept in saved.items()} == {A: 3_000, B: 150}
    assert life(FakeSource(there={A, B})) == {A: 2_990, B: 150}


def test_where_a_partition_begins_is_noted_once_it_is_known(life):
    unknown = FakeSource(there={A})
    life(unknown)
    assert unknown.committed == {}
    life(FakeSource(there={A}, at={A: 7}))
    assert life(FakeSource(there={A}, at={A: 9})) == {A: 7}
