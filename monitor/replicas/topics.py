"""The topics that replicas share: found, or made."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, NamedTuple

import structlog

from monitor.assembly import clock
from monitor.config.config import Config
from monitor.config.replicas import ReplicasSection
from monitor.errors import SourceError
from monitor.http.health import Health
from monitor.replicas.expired import refuse_expired
from monitor.replicas.log import LONGEST, Log
from monitor.replicas.memory import Memory
from monitor.replicas.waiting import RETRY, Waiting
from monitor.sources.kafka_connecting import SOON, administrator
from monitor.sources.quiet import quiet_kafka
from sinks.text import counted

DAY = 86_400_000
WEEK = 7 * DAY
STAMPED = "message.timestamp.type"
COMPACTED_SOON = {"segment.ms": "600000", "segment.bytes": str(2 * LONGEST), "min.cleanable.dirty.ratio": "0.2"}
"""Whoever takes a model over reads the topic's partition whole: it has to stay small."""

log = structlog.get_logger()


def beside(config: Config) -> dict[str, tuple[str, ...]]:
    """Return the topics of which tallies are handed over beside those of the records, by the stream's name."""
    answers = config.answers_source()
    return {} if answers is None else {"shadow": answers.topics}


class Topic(NamedTuple):
    """How a topic is made where it is missing."""

    partitions: int
    settings: dict[str, str]


def names(config: Config) -> tuple[str, str]:
    """Return what the topics of tallies and of state are called."""
    section = config.replicas or ReplicasSection()
    return section.tallies or f"{config.group}.tallies", section.state or f"{config.group}.state"


def halves_topic(config: Config) -> str:
    """Return what the topic of predictions and labels that wait for each other is called."""
    return f"{config.group}.halves"


def wanted(config: Config) -> dict[str, Topic]:
    """Return the topics that replicas share and make, by name."""
    section = config.replicas or ReplicasSection()
    tallies, state = names(config)
    largest = {"max.message.bytes": str(LONGEST)}
    kept = {"cleanup.policy": "delete", "retention.ms": str(WEEK), STAMPED: "LogAppendTime"}
    topics = {
        tallies: Topic(section.partitions, kept | largest),
        state: Topic(section.partitions, {"cleanup.policy": "compact", **largest, **COMPACTED_SOON}),
    }
    if config.labels is not None:
        retention = max(WEEK, 2 * config.labels.wait + DAY)
        topics[halves_topic(config)] = Topic(section.partitions, {**kept, "retention.ms": str(retention), **largest})
    if (answers := config.answers_source()) and answers.topics == (answers.group_id,):  # else it is somebody else's
        topics[answers.topics[0]] = Topic(1, kept)
    return topics


def ready(config: Config, connection: Mapping[str, Any], health: Health, stopping: threading.Event) -> int:
    """Return how many partitions the topics have, made where they were missing; 0 where asked to stop before.

    Waits for brokers as long as it takes: `/readyz` says so.

    Raises
    ------
    SourceError
        Where they cannot be made, or do not fit, or the group's commits have expired.
    """
    from kafka.errors import KafkaError

    quiet_kafka()
    waiting = Waiting(connection, health, "the topics that replicas share are not known yet")
    while not stopping.is_set():
        health.beat(clock().steady)
        try:
            count = _ready(config, connection)
        except (KafkaError, OSError) as why:
            waiting.hindered(why)
        else:
            waiting.answered()
            if count:
                health.clear("replicas")
                return count
            health.block("replicas", JUST_MADE)
        stopping.wait(RETRY)
    return 0


JUST_MADE = "the topics that replicas share were just made; their leaders are not known yet"


def _ready(config: Config, connection: Mapping[str, Any]) -> int:
    """Return how many partitions they have, 0 where that is not known yet, as they were just made."""
    tallies, state = names(config)
    topics = wanted(config)
    admin = administrator({**connection, **SOON})
    try:
        _make(admin, topics, (config.replicas or ReplicasSection()).replication or -1)
        counts = {each["name"]: len(each["partitions"]) for each in admin.describe_topics([*topics])}
        if len(counts) < len(topics) or not all(counts.values()):
            return 0
        for name, topic in topics.items():
            _refuse_cleanup(admin, name, topic.settings["cleanup.policy"])
            if name == halves_topic(config):
                _refuse_short(admin, name, topic.settings["retention.ms"])
            if topic.settings.get(STAMPED):
                _refuse_stamps(admin, name, topic.settings[STAMPED])
        refuse_expired(config, admin, Memory(connection, state, Log(connection)))
    finally:
        admin.close()
    for other in (state, halves_topic(config)):
        if counts.get(other, counts[tallies]) != counts[tallies]:
            raise SourceError(
                f"{tallies} has {counts[tallies]} partitions and {other} {counts[other]}: they must have as many"
            )
    return counts[tallies]


def _make(admin: Any, topics: Mapping[str, Topic], copies: int) -> None:
    """Make those of the topics that are missing; raise SourceError where this user may not."""
    from kafka.admin import NewTopic
    from kafka.errors import TopicAlreadyExistsError, TopicAuthorizationFailedError

    for topic in sorted(topics.keys() - set(admin.list_topics())):
        partitions, settings = topics[topic]
        try:
            admin.create_topics([NewTopic(topic, partitions, copies, topic_configs=settings)])
            log.info("topic made", topic=topic, partitions=partitions)
        except TopicAlreadyExistsError:
            pass
        except TopicAuthorizationFailedError:
            made = " ".join(f"{key}={value}" for key, value in settings.items())
            raise SourceError(
                f"topic {topic} is missing, and this user may not make it. Make it with "
                f"{counted(partitions, 'partition')} and {made}"
            ) from None


def _refuse_cleanup(admin: Any, topic: str, wanted: str) -> None:
    """Raise SourceError where a topic would forget what has to stay; a user who may not ask is believed."""
    told = _setting(admin, topic, "cleanup.policy") or wanted
    if told != wanted:
        raise SourceError(f"topic {topic} has cleanup.policy={told}, and loses what is needed. Set it to {wanted}")


def _refuse_stamps(admin: Any, topic: str, wanted: str) -> None:
    """Raise SourceError where stamps are those of many clocks: who is idle, and when it was answered, goes by them."""
    told = _setting(admin, topic, STAMPED) or wanted
    if told != wanted:
        raise SourceError(
            f"topic {topic} has {STAMPED}={told}: whether a partition is idle would go by the clock of whoever writes. "
            f"Set it to {wanted}"
        )


def _refuse_short(admin: Any, topic: str, wanted: str) -> None:
    """Raise SourceError where a topic would forget predictions before their labels come."""
    told = _setting(admin, topic, "retention.ms") or wanted
    if 0 <= int(told) < int(wanted):
        raise SourceError(
            f"topic {topic} has retention.ms={told}, and loses predictions before labels.wait is over. "
            f"Set it to {wanted} at least"
        )


def _setting(admin: Any, topic: str, key: str) -> str | None:
    from kafka.admin import ConfigResource, ConfigResourceType

    answer = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)], config_filter="all")
    found: str | None = answer.get("topic", {}).get(topic, {}).get(key, {}).get("value")
    return found
