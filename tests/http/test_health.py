"""What kubelet sees: idle, stuck and healthy told apart."""

from __future__ import annotations

import json

import pytest

from monitor.http.health import LONGEST_SILENCE


def probe(served, target):
    answer = served.request(target)
    assert answer.getheader("Content-Type") == "application/json"
    return answer.status, json.loads(answer.text)


def test_a_process_that_has_begun_lives_and_is_not_ready(served):
    assert probe(served, "/healthz") == (200, {"state": "starting"})
    assert probe(served, "/readyz") == (503, {"state": "starting", "why": {"start": "has not begun to read"}})


@pytest.mark.parametrize("state", ["healthy", "idle"])
def test_with_traffic_or_without_it_is_ready(served, state):
    served.health.traffic(state)
    assert probe(served, "/readyz") == (200, {"state": state})


def test_stuck_is_alive_and_not_ready(served):
    served.health.traffic("stuck")
    assert probe(served, "/healthz") == (200, {"state": "stuck"})
    status, told = probe(served, "/readyz")
    assert (status, told["state"]) == (503, "stuck")
    assert told["why"] == {"traffic": "nothing is read or judged at present"}
    served.health.block("source", 'topic "t" does not exist')
    assert probe(served, "/readyz")[1]["why"] == {"source": 'topic "t" does not exist'}


def test_what_blocks_is_told_until_it_is_cleared_and_never_kills(served):
    served.health.traffic("healthy")
    served.health.block("broker", "localhost:9092 does not answer, next try in 5 s")
    served.health.block("reference", "none is promoted")
    assert probe(served, "/healthz")[0] == 200
    status, told = probe(served, "/readyz")
    assert status == 503
    assert told["why"] == {"broker": "localhost:9092 does not answer, next try in 5 s", "reference": "none is promoted"}
    served.health.clear("broker")
    assert list(probe(served, "/readyz")[1]["why"]) == ["reference"]
    served.health.clear("reference")
    served.health.clear("never blocked")
    assert probe(served, "/readyz")[0] == 200


def test_a_pipeline_that_goes_round_no_more_is_dead(served):
    served.health.traffic("healthy")
    served.clock.now += LONGEST_SILENCE - 0.1
    assert probe(served, "/healthz")[0] == 200
    served.clock.now += 0.1
    assert probe(served, "/healthz") == (503, {"state": "healthy", "why": {"pipeline": "no sign of life for 60 s"}})
    assert probe(served, "/readyz")[0] == 503
    served.health.beat(served.clock.now)
    assert probe(served, "/healthz")[0] == 200
    assert probe(served, "/readyz")[0] == 200


def test_the_metric_says_what_readyz_says(served):
    assert "seawall_ready 0.0" in served.request("/metrics").text
    served.health.traffic("idle")
    assert "seawall_ready 1.0" in served.request("/metrics").text
