"""An operator's word, written where whoever judges the model reads it: among its tallies."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from msgspec.structs import asdict

from monitor.config.config import Config
from monitor.counting.handover import Spoken, encode, partition_of
from monitor.errors import SourceError
from monitor.replicas.forgetting import judging_group
from monitor.replicas.log import Entry, Log
from monitor.replicas.memory import Memory
from monitor.replicas.topics import names
from monitor.sources.kafka_connecting import SOON, administrator
from monitor.state.operator_log import short_enough
from monitor.types import Word

if TYPE_CHECKING:
    from monitor.config.source import KafkaSource


def say(config: Config, word: Word) -> str:
    """Append a word to the partition of its model, and return its name once every replica in sync has the word.

    Raises
    ------
    ValueError
        Where the word is so long that it would not be heard; nothing is written.
    SourceError
        Where the brokers do not answer, or do not take it.
    """
    value = short_enough(encode(Spoken(**asdict(word))))
    source = cast("KafkaSource", config.source)  # any other is refused where the configuration is read
    tallies, state = names(config)
    log = Log(source.connection())
    try:
        partitions = len(Memory(source.connection(), state, log).partitions())
        if not partitions:
            raise SourceError(f"there is no topic {state} any more: nothing is remembered that could be approved")
        partition = partition_of(word.model, partitions)
        log.append([Entry(tallies, partition, word.model.encode(), value)])
    except OSError as why:
        raise SourceError(
            f"Kafka at {', '.join(source.bootstrap_servers)}: {why.strerror}. Whether the word is in {tallies} is not "
            "known: say it again, it counts once"
        ) from None
    finally:
        log.close()
    return f"{tallies}/{partition}"


def nobody_hears(config: Config) -> bool:
    """Return whether no process is there to judge; False where the brokers do not say."""
    from kafka.errors import KafkaError

    source, group = cast("KafkaSource", config.source), judging_group(config)
    try:
        admin = administrator(source.connection() | SOON)
        try:
            return not admin.describe_groups([group])[group]["members"]
        finally:
            admin.close()
    except (KafkaError, OSError):
        return False
