"""`replicas`: several processes that share the work on one source."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from monitor.config.section import Section
from monitor.config.source import topic_name

Topic = Annotated[str, BeforeValidator(topic_name)]


class ReplicasSection(Section):
    """What must move between processes lives in Kafka: closed counts in one topic, what was judged in another.

    Every process runs the same configuration; Kafka's groups give out the work.
    """

    tallies: Topic | None = Field(
        default=None,
        description="Topic of closed counts. `<group_id>.tallies` where it is not given. Made at the start where it is "
        "missing.",
    )
    state: Topic | None = Field(
        default=None,
        description="Compacted topic of what is remembered of each model. `<group_id>.state` where it is not given. "
        "Made at the start where it is missing.",
    )
    partitions: int = Field(
        default=8,
        ge=1,
        le=1_000,
        description="Partitions of both topics, where they are made: a model is judged by who has its partition. "
        "At least as many as processes, so that each hears how far the others are.",
    )
    replication: int | None = Field(
        default=None, ge=1, description="Copies of the topics that are made here. The brokers' default if not given."
    )
