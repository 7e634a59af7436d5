"""The topics that replicas share: made as they must be, refused where they would lose what is needed."""

from __future__ import annotations

import threading
from typing import Any
from uuid import uuid4

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from structlog.testing import capture_logs

from monitor.assembly import watched_models
from monitor.config.config import Config
from monitor.config.loading import load
from monitor.counting.handover import partition_of
from monitor.errors import SnapshotError, SourceError
from monitor.http.health import Health
from monitor.http.metrics import Metrics
from monitor.remembered import note_unread
from monitor.replicas.counting_digest import counting_digest
from monitor.replicas.forgetting import forget_topics
from monitor.replicas.opening import Opening
from monitor.replicas.topics import ready

SHARED = {"replicas": {"partitions": 3}}
LABELS = {
    "labels": {"source": {"type": "kafka", "topics": ["l"]}, "wait": "30d"},
    "privacy": {"hash_key": "0123456789abcdef"},
}


def shared(configured, bootstrap: str, group: str | None = None, **settings: Any) -> Config:
    source = {"type": "kafka", "bootstrap_servers": bootstrap, "topics": ["t"]}
    source["group_id"] = group or f"group-{uuid4().hex[:8]}"
    return load(configured(source=source, **SHARED, **settings), secrets=False)


def made(config: Config) -> int:
    return ready(config, config.source.connection(), Health(0.0), threading.Event())


def test_what_is_remembered_is_compacted_and_counts_expire(configured, broker):
    config = shared(configured, broker.bootstrap)
    assert made(config) == made(config) == 3
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    topics = [f"{config.source.group_id}.{kind}" for kind in ("state", "tallies")]
    asked = [ConfigResource(ConfigResourceType.TOPIC, topic) for topic in topics]
    told = admin.describe_configs(asked, config_filter="all")["topic"]
    admin.close()
    assert [told[topic]["cleanup.policy"]["value"] for topic in topics] == ["compact", "delete"]


def test_what_waits_for_its_label_stays_for_twice_as_long_as_it_waits(configured, broker):
    config = shared(configured, broker.bootstrap, **LABELS)
    assert made(config) == 3
    topic = f"{config.source.group_id}.halves"
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    told = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)], config_filter="all")["topic"][
        topic
    ]
    (about_topic,) = admin.describe_topics([topic])
    admin.close()
    assert told["cleanup.policy"]["value"] == "delete"
    assert int(told["retention.ms"]["value"]) == 61 * 86_400_000
    assert len(about_topic["partitions"]) == 3
    assert topic in forget_topics(config)


def test_a_topic_that_forgets_predictions_before_their_labels_come_is_refused(configured, broker):
    config = shared(configured, broker.bootstrap, **LABELS)
    topic = f"{config.source.group_id}.halves"
    broker.create_topic(topic, 3, retention_ms=7 * 86_400_000)
    words = f"topic {topic} has retention.ms=604800000, .* before labels.wait is over. Set it to 5270400000 at least"
    with pytest.raises(SourceError, match=words):
        made(config)


def test_a_topic_of_another_number_of_partitions_is_refused(configured, broker):
    config = shared(configured, broker.bootstrap, **LABELS)
    broker.create_topic(f"{config.source.group_id}.halves", 2, retention_ms=-1, message_timestamp_type="LogAppendTime")
    with pytest.raises(SourceError, match=r"tallies has 3 partitions and .*halves 2: they must have as many"):
        made(config)


@pytest.mark.parametrize(("kind", "policy"), [("state", "delete"), ("state", "compact,delete"), ("tallies", "compact")])
def test_a_topic_that_would_lose_what_is_needed_is_refused(configured, broker, kind, policy):
    config = shared(configured, broker.bootstrap)
    topic = f"{config.source.group_id}.{kind}"
    broker.create_topic(topic, 3, cleanup_policy=policy)
    with pytest.raises(SourceError, match=f"topic {topic} has cleanup.policy=.*loses what is needed. Set it to "):
        made(config)


@pytest.mark.parametrize("kind", ["tallies", "halves"])
def test_a_topic_stamped_by_many_clocks_is_refused(configured, broker, kind):
    config = shared(configured, broker.bootstrap, **LABELS)
    topic = f"{config.source.group_id}.{kind}"
    broker.create_topic(topic, 3, retention_ms=-1)
    words = f"topic {topic} has message.timestamp.type=CreateTime: .* Set it to LogAppendTime"
    with pytest.raises(SourceError, match=words):
        made(config)


def test_groups_and_numbers_of_partitions_do_not_add_up(configured):
    one, other = (shared(configured, "127.0.0.1:1", group) for group in ("one", "other"))
    models = watched_models(one, "")
    digests = [counting_digest(*about) for about in ((one, models, 3), (other, models, 3), (one, models, 4))]
    assert len(set(digests)) == 3
    assert counting_digest(one, watched_models(one, ""), 3) == digests[0]


def test_a_model_whose_partition_is_another_now_is_refused(configured):
    config = shared(configured, "127.0.0.1:1")
    (name,) = config.models_resolved()
    before = next(n for n in range(3) if n != partition_of(name, 3))
    with pytest.raises(SnapshotError, match=f"{name} was judged while .* another number of partitions than 3"):
        Opening(config, "1", 3, Metrics("0")).open(before, {name: {}})


def test_a_model_that_was_judged_in_other_slots_is_refused(configured):
    config = shared(configured, "127.0.0.1:1")
    (name,) = config.models_resolved()
    state = {"slot": 5_000, "reached": {"offset": 0}}
    words = f"{name} was judged in slots of 5s, the configuration says slot: 10s. Set it back, or forget"
    with pytest.raises(SnapshotError, match=words):
        Opening(config, "1", 3, Metrics("0")).open(partition_of(name, 3), {name: state})


def test_a_start_says_that_the_snapshot_of_one_process_is_not_read(tmp_path):
    with capture_logs() as logs:
        note_unread(tmp_path)
        (tmp_path / "snapshot").write_bytes(b"")
        note_unread(tmp_path)
    (line,) = logs
    assert (line["event"], line["log_level"]) == ("snapshot of one process is not read", "warning")
    assert line["path"] == str(tmp_path / "snapshot")
    assert "incidents that were open there are not resolved" in line["then"]
