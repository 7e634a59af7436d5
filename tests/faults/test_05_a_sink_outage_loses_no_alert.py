"""5. An hour of sink outage loses no alert and stops no reading, kills in between included."""

from __future__ import annotations

import json
import time

import pytest
import traffic
from http_receiver import Answer, receiving
from monitor_process import told_once
from msgspec.structs import replace
from sample_events import SHIFT
from topic_traffic import produce

from monitor.delivery import lane
from monitor.delivery.dispatcher import Dispatcher
from sinks.webhook import WebhookConfig

PARTITIONS = 2
HOUR = 3_600.0


class Outage(list):
    """Answers of a server that is out of order as long as `over` says no."""

    def __init__(self, over):
        self.over = over

    def __bool__(self):
        return not self.over()

    def pop(self, _=0):
        return Answer(503)


@pytest.fixture
def server():
    with receiving() as running:
        running.open = False
        running.script = Outage(lambda: running.open)
        yield running


def ids(server, begin=0):
    """Return the ids of what was sent, in order, each once."""
    return list(dict.fromkeys(request.json["id"] for request in server.requests[begin:]))


def test_while_a_sink_is_out_reading_goes_on_and_all_is_told_afterwards(broker, topic, monitor, server):
    name = topic(PARTITIONS, retention_ms=-1)
    sinks = [{"type": "file", "path": "events.jsonl"}, {"type": "webhook", "url": server.url}]
    one = monitor(name, sinks=sinks, idle_timeout="10s")
    for turn in range(3):
        shifted = range(20 + 60 * turn, 50 + 60 * turn)
        records = list(traffic.traffic(60 * (turn + 1), seed=8, changed=shifted, change=traffic.higher_income))
        produce(broker.bootstrap, name, PARTITIONS, records[6_000 * turn :])
        one.start()
        one.wait_until_read(6_000 * (turn + 1))
        one.wait_until(lambda: one.asked("/readyz").get("state") == "idle")
        one.kill()
    assert server.requests
    refused = len(server.requests)
    server.open = True
    one.start()
    told = told_once(one.events())
    assert len(told) >= 3
    one.wait_until(lambda: len(ids(server, refused)) >= len(told))
    assert one.terminate() == 0
    assert ids(server, refused) == [event["id"] for event in told]


def test_an_hour_of_refusals_by_an_injected_clock_loses_no_event_and_keeps_their_order(server, monkeypatch):
    passed = [0.0]

    def sleep(seconds):
        passed[0] += seconds
        server.open = passed[0] >= HOUR

    monkeypatch.setattr(lane, "sleep_using_event", lambda _: sleep)
    sink = WebhookConfig(url=server.url).build()
    told = [
        replace(SHIFT, id=f"evt_{number}-{event}", incident=f"inc_{number}", event=event)
        for number in range(300)
        for event in ("opened", "updated", "resolved")
    ]
    dispatcher = Dispatcher([sink], lambda *_: None)
    for event in told:
        dispatcher.put([event])
    dispatcher.drain(time.monotonic() + 120)
    dispatcher.close(5)
    assert dispatcher.pending() == []
    refused = next(i for i in range(len(server.requests)) if server.requests[i].json["id"] != told[0].id) - 1
    assert 60 < refused < 80  # once a minute, in the end
    assert [json.loads(request.body)["id"] for request in server.requests[refused:]] == [event.id for event in told]
