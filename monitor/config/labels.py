"""`labels`: what the right answers were, once they are known."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from monitor.config.durations import PositiveDuration, parse_duration
from monitor.config.section import Section
from monitor.config.source import FileSource, KafkaSource


class LabelsSection(Section):
    """Labels that come later and from elsewhere, joined to predictions by id."""

    source: Annotated[KafkaSource | FileSource, Field(discriminator="type")] = Field(
        description='Where labels come from: records `{"id", "label", "time"}`. For Kafka, what reaches the brokers '
        "is as in `source` unless given here."
    )
    wait: PositiveDuration = Field(
        default=parse_duration("30d"),
        description="How long a prediction waits for its label, and a label for its prediction, by their own times.",
    )
    share: float = Field(
        default=1.0,
        gt=0,
        le=1,
        description="Share of the ids that wait, chosen by hash. With many requests and long waits a small share tells "
        "as much and costs less.",
    )
    max_pending: int = Field(
        default=5_000_000,
        ge=1_000,
        description="Most rows on the disk, about 100 bytes each: predictions and labels that wait, ids judged within "
        "`wait`. With more, the share is halved, and the log says so. With `replicas` of each model.",
    )
