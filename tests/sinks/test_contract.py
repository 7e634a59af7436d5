"""Every sink of the union keeps these promises."""

from __future__ import annotations

import json

import msgspec
import pytest
from pydantic import TypeAdapter, ValidationError
from sample_events import HOSTILE, HUGE, RESOLVED, SHIFT, UPDATED
from sink_cases import CASES, SECRET, sent, sent_bytes, texts

from monitor.types import Event, event_json
from sinks import KNOWN, SinkConfig

every_sink = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())


def test_every_sink_is_held_to_these_promises(tmp_path):
    assert {case.config("http://127.0.0.1:1", tmp_path).type for case in CASES.values()} == set(KNOWN)


@every_sink
def test_an_opened_incident_and_its_end_arrive_as_one_incident(case, receiver, tmp_path):
    sink = case.build(receiver.url, tmp_path)
    thread = None
    for event in (SHIFT, UPDATED, RESOLVED):
        thread = sink.send(event, thread)
    sink.close()
    assert {case.identity(message) for message in sent(sink, receiver)} == {SHIFT.incident}


@every_sink
def test_the_same_event_twice_is_one_incident(case, receiver, tmp_path):
    sink = case.build(receiver.url, tmp_path)
    sink.send(SHIFT, None)
    sink.send(SHIFT, None)
    first, again = sent(sink, receiver)
    assert first == again
    assert case.identity(first) == SHIFT.incident


@every_sink
def test_control_characters_do_not_get_through(case, receiver, tmp_path):
    sink = case.build(receiver.url, tmp_path)
    sink.send(HOSTILE, None)
    (body,) = sent_bytes(sink, receiver)
    assert all(c.isprintable() for c in body.decode())
    message = json.loads(body)
    contract = message.get("data", message)
    if "signals" in contract:  # a machine's message: escaped by JSON, so that the names arrive as they are
        assert msgspec.convert(contract, Event) == HOSTILE
    else:
        said = "".join(texts(message)).replace("\n", "")
        assert said.isprintable()
        assert r"\x1b[31m\r\n\x00" in said


@every_sink
def test_a_huge_event_is_sent_and_valid(case, receiver, tmp_path):
    sink = case.build(receiver.url, tmp_path)
    sink.send(HUGE, None)
    (message,) = sent(sink, receiver)
    assert case.identity(message) == HUGE.incident


@every_sink
def test_unknown_keys_are_refused(case, tmp_path):
    settings = {**case.settings("http://127.0.0.1:1", tmp_path), "chanel": 1}
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(SinkConfig).validate_python(settings)
    (error,) = refused.value.errors()
    assert (error["type"], error["loc"][-1]) == ("extra_forbidden", "chanel")


@every_sink
def test_a_sink_is_named_after_its_type_and_hears_warnings(case, tmp_path):
    config = case.config("http://127.0.0.1:1", tmp_path)
    assert config.name == config.type
    assert config.min_severity == ("info" if config.type in {"stdout", "file"} else "warning")


@every_sink
def test_no_secret_stands_in_a_repr(case, receiver, tmp_path):
    config = case.config(receiver.url, tmp_path)
    sink = case.build(receiver.url, tmp_path)
    assert SECRET not in repr(config) + str(config) + repr(sink) + str(sink) + str(vars(sink))


@pytest.mark.parametrize("name", ["stdout", "file", "webhook"])
def test_machines_get_exactly_the_contracts_event(name, receiver, tmp_path):
    sink = CASES[name].build(receiver.url, tmp_path)
    sink.send(SHIFT, None)
    (message,) = sent(sink, receiver)
    assert message.get("data", message) == json.loads(json.dumps(event_json(SHIFT)))
