"""7. An alert that is told again, its answer lost or the process killed, is the same incident to the receiver."""

from __future__ import annotations

import pytest
import traffic
from http_receiver import Answer, receiving
from topic_traffic import produce

LOST = Answer(0)
"""The request has come, the answer never does."""


@pytest.fixture
def server():
    with receiving() as running:
        yield running


@pytest.mark.parametrize("kill", [False, True])
def test_a_receiver_that_hears_everything_several_times_sees_one_incident(broker, topic, monitor, server, kill):
    name = topic(1, retention_ms=-1)
    server.script = [LOST] * 4
    both = [
        {"type": "webhook", "url": f"{server.url}/hook"},
        {"type": "file", "path": "events.jsonl"},
    ]
    one = monitor(name, sinks=both, idle_timeout="10s")
    changed = traffic.traffic(80, seed=8, changed=range(30, 80), change=traffic.higher_income)
    produce(broker.bootstrap, name, 1, changed)
    one.start()
    one.wait_until(lambda: len(server.requests) >= 2)
    if kill:
        one.kill()
        one.start()
    one.wait_until(lambda: one.asked("/readyz").get("state") == "idle" and not server.script)
    one.wait_until(lambda: not one.saved()["unsent"] and not one.saved()["pending"][traffic.MODEL])
    assert one.terminate() == 0

    opened = {event["incident"] for event in one.events()}
    assert len(opened) == 1
    bodies = {request.json["id"]: request.body for request in server.requests}
    assert len(server.requests) > len(bodies)
    assert all(request.body == bodies[request.json["id"]] for request in server.requests)
    assert {request.json["data"]["incident"] for request in server.requests} == opened
