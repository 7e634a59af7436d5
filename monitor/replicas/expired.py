"""Commits that Kafka has forgotten: where to go on is known nowhere else, so nothing is guessed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from monitor.config.config import Config
from monitor.counting.handover import Marker
from monitor.errors import SourceError
from monitor.replicas.desk import reached_of
from monitor.replicas.memory import Memory
from monitor.state.snapshot import understood
from monitor.types import Partition, a_few

if TYPE_CHECKING:
    from monitor.config.source import KafkaSource


def refuse_expired(config: Config, admin: Any, memory: Memory) -> None:
    """Look whether the group's commits are still there, where partitions were counted.

    A partition is said to be counted only after the group has committed for it (`HandingOver`). So one that is said to
    be, and has no commit, had one.

    Raises
    ------
    SourceError
        Where they are not.
    OSError
        Where the brokers do not say; `admin` raises what kafka-python raises.
    """
    source = cast("KafkaSource", config.source)  # any other is refused where the configuration is read
    if not _without_commit(admin, config.group, source.topics):
        return
    markers = _markers(memory)
    gone = (
        _without_commit(admin, config.group, source.topics) & markers.keys()
    )  # asked again: others may have begun meanwhile
    if gone:
        named = [f"{topic}/{number} to offset {markers[topic, number].offset:,}" for topic, number in sorted(gone)]
        raise SourceError(EXPIRED.format(group=config.group, counted=a_few(named)))


EXPIRED = (
    "the group {group} has counted {counted} at least, and has no commit for it any more: Kafka forgets commits "
    "offsets.retention.minutes after the last process of a group has stopped. Where to go on is not known: from where "
    "`start` says, records would be passed over, or counted twice. To forget what was judged and begin there: "
    "seawall state reset"
)


def _without_commit(admin: Any, group: str, topics: tuple[str, ...]) -> set[Partition]:
    there = {
        Partition(topic["name"], partition["partition_index"])
        for topic in admin.describe_topics(list(topics))
        for partition in topic["partitions"]
    }
    said = admin.list_group_offsets(group)[group].items()
    return there - {Partition(*at) for at, committed in said if committed.offset >= 0}


def _markers(memory: Memory) -> dict[tuple[str, int], Marker]:
    """Return the newest marker of each partition that whoever judged a model has remembered."""
    found: dict[tuple[str, int], Marker] = {}
    with understood(Path(memory.topic)):
        for state in memory.read_all().values():
            for marker in reached_of(state["reached"]).markers.values():
                if marker.where not in found or marker.age > found[marker.where].age:
                    found[marker.where] = marker
    return found
