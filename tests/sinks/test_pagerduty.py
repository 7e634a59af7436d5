from __future__ import annotations

import gzip
import json

import pytest
from dripping import DRIPS, dripping
from http_receiver import Answer
from sample_events import HUGE, RESOLVED, SHIFT, UPDATED
from sink_cases import CASES, SECRET

from monitor.errors import DeliveryError
from sinks.pagerduty import PagerDutyConfig


@pytest.fixture
def sink(receiver, tmp_path):
    return CASES["pagerduty"].build(receiver.url, tmp_path)


def test_an_incident_is_triggered_and_resolved_under_one_key(sink, receiver):
    for event in (SHIFT, UPDATED, RESOLVED):
        sink.send(event, None)
    assert {request.path for request in receiver.requests} == {"/v2/enqueue"}
    sent = [request.json for request in receiver.requests]
    assert [s["event_action"] for s in sent] == ["trigger", "trigger", "resolve"]
    assert {(s["routing_key"], s["dedup_key"]) for s in sent} == {(SECRET, "inc_4k2f")}


def test_a_trigger_says_what_a_person_needs(sink, receiver):
    sink.send(SHIFT, None)
    sent = receiver.requests[0].json
    assert sent["links"] == [{"href": SHIFT.runbook, "text": "Runbook"}]
    assert sent["payload"] == {
        "summary": "credit-risk v7 · income shifted up",
        "source": "credit-risk",
        "severity": "error",
        "timestamp": "2026-01-01T15:00:00Z",
        "class": "features",
        "custom_details": {
            "What": "Since 2026-01-01 14:05 UTC (55 min, 1,238 requests) income shifted up: 21 % of values in 5.1–6.0"
            ", accepted 5 %; 11 % of values ≥ 6.0, accepted 5 %.",
            "Size": "0.31 (0.3 is medium), 95 % interval 0.14–0.52",
            "How sure": "evidence 1 : 16,000,000, within the false-alarm budget",
            "Also": "prediction follows (w 0.14; approve 71 %, accepted 64 %)",
            "Look first": "at the source of income (unit, default, join), then whether the users changed",
            "Incident": "inc_4k2f · compared with reference 3f9c1a2b77aa",
        },
    }


def test_a_huge_event_keeps_pagerdutys_limits(sink, receiver):
    sink.send(HUGE, None)
    request = receiver.requests[0]
    assert len(request.body) <= 512 * 1024
    assert len(request.json["payload"]["summary"]) <= 1_024
    assert len(json.dumps(request.json["payload"]["custom_details"])) < 10_000


def test_a_refusal_says_why_without_the_key(sink, receiver):
    body = {"status": "invalid event", "message": "Event object is invalid", "errors": [f"bad key {SECRET}"]}
    receiver.script = [Answer(400, json.dumps(body).encode())]
    with pytest.raises(DeliveryError, match=r"PagerDuty answered 400 .*Event object is invalid.*bad key …") as refused:
        sink.send(SHIFT, None)
    assert not refused.value.retryable


def test_the_region_chooses_the_address():
    assert PagerDutyConfig(routing_key=SECRET, region="eu").build().client.url == "https://events.eu.pagerduty.com"
    assert PagerDutyConfig(routing_key=SECRET).build().client.url == "https://events.pagerduty.com"


@pytest.mark.parametrize("drip", DRIPS)
def test_whoever_answers_a_byte_at_a_time_holds_up_nobody(drip, monkeypatch, tmp_path):
    monkeypatch.setattr("sinks.pagerduty.TIMEOUT", 0.2)
    with dripping(drip) as url, pytest.raises(DeliveryError, match=r"gave no answer|packed") as raised:
        CASES["pagerduty"].build(url, tmp_path).send(SHIFT, None)
    assert raised.value.retryable


def test_an_answer_that_is_packed_was_not_asked_for_and_is_not_unpacked(sink, receiver, monkeypatch):
    receiver.script = [Answer(202, gzip.compress(gzip.compress(b"{}")), {"content-encoding": "gzip, gzip"})]
    monkeypatch.setattr("zlib.decompressobj", lambda *_: pytest.fail("unpacked"))
    with pytest.raises(DeliveryError, match="packed"):
        sink.send(SHIFT, None)
    assert receiver.requests[0].headers["accept-encoding"] == "identity"
