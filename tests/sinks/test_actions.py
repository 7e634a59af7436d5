"""What starts a retraining: one CloudEvent, the same at every attempt, by HTTP or in a topic."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from pathlib import Path

import pytest
from http_receiver import Answer
from kafka import KafkaConsumer, TopicPartition
from pydantic import TypeAdapter
from sample_events import TRIGGER

from monitor.config.retrain import RetrainRule
from monitor.errors import DeliveryError
from monitor.types import Offsets, Trigger, event_json

SECRET = "hunter2hunter2hunter2"
PAGE = (Path(__file__).parents[2] / "docs/retraining.md").read_text()


def action(connection=None, **written):
    return (
        TypeAdapter(RetrainRule).validate_python({"name": "weekly-trainer", "action": written}).build(connection or {})
    )


def test_the_webhook_gets_a_signed_cloudevent(receiver):
    action(type="webhook", url=f"{receiver.url}/train", secrets=[SECRET]).send(TRIGGER, None)
    (request,) = receiver.requests
    assert request.headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    assert {key: value for key, value in request.json.items() if key != "data"} == {
        "specversion": "1.0",
        "id": "run_5f683610391c",
        "source": "/seawall/credit-risk",
        "type": "seawall.retrain.fired",
        "subject": "inc_4k2f",
        "time": "2026-01-01T15:05:00Z",
        "datacontenttype": "application/json",
    }
    assert request.json["data"] == json.loads(json.dumps(event_json(TRIGGER)))
    signed = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + request.body
    expected = base64.b64encode(hmac.new(SECRET.encode(), signed, hashlib.sha256).digest()).decode()
    assert request.headers["webhook-signature"] == f"v1,{expected}"


def test_the_run_has_one_id_at_every_attempt(receiver):
    receiver.script = [Answer(503)]
    sink = action(type="webhook", url=receiver.url)
    with pytest.raises(DeliveryError) as refused:
        sink.send(TRIGGER, None)
    sink.send(TRIGGER, None)
    assert refused.value.retryable
    assert [r.headers["webhook-id"] for r in receiver.requests] == [TRIGGER.run_id] * 2


def test_the_topic_gets_a_cloudevent_in_binary_mode(broker, topic):
    name = topic()
    sink = action({"bootstrap_servers": broker.bootstrap.split(",")}, type="kafka", topic=name)
    sink.send(TRIGGER, None)
    sink.close()
    (message,) = read(broker, name)
    assert dict(message.headers) == {
        "ce_specversion": b"1.0",
        "ce_id": b"run_5f683610391c",
        "ce_source": b"/seawall/credit-risk",
        "ce_type": b"seawall.retrain.fired",
        "ce_subject": b"inc_4k2f",
        "ce_time": b"2026-01-01T15:05:00Z",
        "content-type": b"application/json",
    }
    assert message.key == b"credit-risk"
    assert json.loads(message.value) == json.loads(json.dumps(event_json(TRIGGER)))


def test_brokers_of_its_own_are_used_instead_of_the_sources(broker, topic):
    name = topic()
    servers = broker.bootstrap.split(",")
    sink = action({"bootstrap_servers": ["127.0.0.1:1"]}, type="kafka", topic=name, bootstrap_servers=servers)
    sink.send(TRIGGER, None)
    sink.close()
    assert len(read(broker, name)) == 1


def test_a_broker_that_is_away_is_tried_again_and_said_without_a_secret():
    sink = action({"bootstrap_servers": ["127.0.0.1:1"], "sasl_plain_password": SECRET}, type="kafka", topic="t")
    with pytest.raises(DeliveryError, match=r"the topic t did not take it: \w+") as refused:
        sink.send(TRIGGER, None)
    assert refused.value.retryable
    assert SECRET not in str(refused.value) + repr(sink)


def test_what_is_too_large_for_the_topic_is_not_tried_again(broker, topic):
    name = topic(max_message_bytes=200)
    sink = action({"bootstrap_servers": broker.bootstrap.split(",")}, type="kafka", topic=name)
    with pytest.raises(DeliveryError, match="MessageSizeTooLargeError") as refused:
        sink.send(TRIGGER, None)
    sink.close()
    assert not refused.value.retryable


def test_the_example_on_the_page_is_what_the_code_gives():
    (example,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert json.loads(example) == json.loads(json.dumps(event_json(TRIGGER)))


@pytest.mark.parametrize("key", [*Trigger.__struct_fields__, *(f"offsets[].{k}" for k in Offsets.__struct_fields__)])
def test_every_key_is_explained_on_the_page(key):
    assert re.search(rf"^\|.*`{re.escape(key)}`.*\|", PAGE, re.MULTILINE)


@pytest.mark.parametrize("rule", re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
def test_every_configuration_on_the_page_is_valid(rule, tmp_path):
    from monitor.config.loading import read as read_config

    smallest = 'model: m\nsource: {type: kafka, bootstrap_servers: "localhost:9092", topics: [t]}\nreference: r\n'
    (tmp_path / "seawall.yaml").write_text(smallest + rule)
    config = read_config(tmp_path / "seawall.yaml", secrets=False).config
    assert config.retrain


def read(broker, name):
    consumer = KafkaConsumer(bootstrap_servers=broker.bootstrap.split(","), consumer_timeout_ms=5_000)
    consumer.assign([TopicPartition(name, 0)])
    consumer.seek_to_beginning()
    end = consumer.end_offsets([TopicPartition(name, 0)])[TopicPartition(name, 0)]
    found = [next(consumer) for _ in range(end)]
    consumer.close()
    return found
