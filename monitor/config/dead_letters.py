"""`dead_letters`: where records go that cannot be used."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from monitor.config.section import Section


class DeadLettersSection(Section):
    """Nothing is dropped: a record that cannot be used is kept as it came, with the reason."""

    to: Literal["topic", "file"] | None = Field(
        default=None,
        description="`topic` is `<topic>.dead-letter`, `file` is `<state_dir>/dead-letters.jsonl`. "
        "By default the topic where the source is Kafka, else the file. Seawall creates no topic: a broker with "
        "`auto.create.topics.enable` makes it at the first dead letter; elsewhere make it, or the file takes them.",
    )
    max_share: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description="Above this share of the last 1,000 records the monitor opens a critical incident and stops "
        "reading rather than draining the topic.",
    )
