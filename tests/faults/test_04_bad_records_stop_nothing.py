"""4. Bad records never stop a partition: they go to the dead-letter topic. A limit stops what is wholly wrong."""

from __future__ import annotations

import json

import pytest
from kafka import KafkaConsumer, KafkaProducer
from monitor_process import told_once
from tallying import at, ended, send, steady

GOOD = json.loads(at(1, "x").value)


def with_(**changed):
    return json.dumps(GOOD | changed).encode()


BAD = {
    b"": "empty",
    b"x" * (2 << 20): "too_large",
    b'{"features": ' + b"[" * 200 + b"]" * 200 + b"}": "too_deep",
    b"[" * 100_000: "too_deep",
    b"\xff\xfe{}": "not_utf8",
    b"not a record": "not_json",
    json.dumps(GOOD).encode()[:-3]: "not_json",
    b"42": "not_a_record",
    b"null": "not_a_record",
    b"[]": "not_a_record",
    with_(features=None): "not_a_record",
    with_(time="yesterday"): "bad_time",
    with_(time=1_767_225_600_000): "bad_time",
    with_(time="2031-01-01T00:00:00Z"): "future",
}

LARGE = 1 + list(BAD).index(b"x" * (2 << 20))


def read_all(broker, name):
    """Return what a topic of one partition holds."""
    consumer = KafkaConsumer(
        name,
        bootstrap_servers=broker.bootstrap,
        auto_offset_reset="earliest",
        consumer_timeout_ms=3_000,
        enable_auto_commit=False,
    )
    found = list(consumer)
    consumer.close()
    return found


@pytest.mark.parametrize("kill", [False, True])
def test_every_bad_record_is_in_the_dead_letter_topic_with_its_place_and_reason(broker, topic, witnessed_monitor, kill):
    name = topic(1, retention_ms=-1, max_message_bytes=8 << 20)
    broker.create_topic(f"{name}.dead-letter", 1, max_message_bytes=8 << 20)
    first, *rest = steady(0, 10)
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap, max_request_size=8 << 20)
    producer.send(name, first.value, partition=0, timestamp_ms=first.stamp)
    for value in BAD:
        producer.send(name, value, partition=0, timestamp_ms=first.stamp)
    producer.send(name, None, key=b"tombstone", partition=0, timestamp_ms=first.stamp)
    producer.close()
    send(broker.bootstrap, name, rest)
    dead = len(BAD) + 1
    one = witnessed_monitor(name, dead_letters={"to": "topic"})
    one.start()
    if kill:
        one.wait_until_read(1)
        one.kill()
        one.start()
    assert ended(one) == {"records": 100, "late": 0, "dead": dead}

    letters = {int(dict(letter.headers)["offset"]): letter for letter in read_all(broker, f"{name}.dead-letter")}
    assert sorted(letters) == [offset for offset in range(1, dead + 1) if offset != LARGE]
    assert one.dead_letters({"too_large"}) == {(0, LARGE): 1}  # what the topic does not take is in the file
    for offset, (value, reason) in enumerate(BAD.items(), 1):
        if offset == LARGE:
            continue
        about = dict(letters[offset].headers)
        assert about["reason"].decode() == reason, value[:40]
        assert (about["topic"].decode(), about["partition"]) == (name, b"0")
        assert about["detail"]
        assert (letters[offset].value or b"") == value
    assert (letters[dead].value, letters[dead].key) == (None, b"tombstone")


def test_a_wholly_wrong_deployment_is_stopped_and_told_before_the_topic_is_drained(broker, topic, monitor):
    name = topic(1, retention_ms=-1)
    wrong = [sent._replace(value=b"{torn") for sent in steady(100, 1_600)]
    send(broker.bootstrap, name, [*steady(0, 100), *wrong])
    one = monitor(name)
    one.start()
    one.wait_until(lambda: blind(one) == [("opened", "critical")])
    assert "dead_letters" in one.asked("/readyz")["why"]
    assert one.asked("/healthz")["state"] == "stuck"
    assert one.terminate() == 0
    assert one.read_through() < 10_000  # of 16,000: two polls of 4,000 at most after the first records


def blind(one):
    """Return what was told of too many dead letters."""
    return [
        (event["event"], event["severity"])
        for event in told_once(one.events())
        if event["signals"][0]["signal"] == "quality.dead_letters"
    ]
