"""`seawall state reset` where several share the work: their topics go, and the next start makes them anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from monitor.config.config import Config
from monitor.errors import SourceError
from monitor.replicas.topics import wanted

if TYPE_CHECKING:
    from monitor.config.source import KafkaSource


def judging_group(config: Config) -> str:
    """Return the group that shares the models."""
    return f"{config.group}.judge"


def forget_topics(config: Config) -> list[str]:
    """Delete what was counted and what is remembered of each model; return the topics that are gone.

    All go: counts of other offsets would be taken for newer than those of a topic made anew.

    Raises
    ------
    SourceError
        Where Kafka does not delete them.
    """
    from kafka import KafkaAdminClient
    from kafka.errors import KafkaError

    source = cast("KafkaSource", config.source)  # any other is refused where the configuration is read
    try:
        admin = KafkaAdminClient(**source.connection(), bootstrap_timeout_ms=10_000)
        try:
            gone = sorted(wanted(config).keys() & set(admin.list_topics()))
            if gone:
                admin.delete_topics(gone)
        finally:
            admin.close()
    except (KafkaError, OSError) as why:
        address, topics = ", ".join(source.bootstrap_servers), " and ".join(wanted(config))
        raise SourceError(
            f"Kafka at {address} did not delete {topics}: {str(why) or type(why).__name__}. What is remembered is in "
            "them: let somebody who may delete them, and make them anew"
        ) from None
    return gone
