"""`format`: how records are written."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from monitor.config.durations import PositiveDuration, format_duration, parse_duration
from monitor.config.section import Section

LONGEST_WAIT = parse_duration("1h")


def _bounded(wait: int) -> int:
    if wait > LONGEST_WAIT:
        raise ValueError(f"{format_duration(wait)} is too long: halves wait in memory. At most 1h")
    return wait


class FormatSection(Section):
    """The wire format; a plain word is its type."""

    type: Literal["auto", "seawall", "kserve"] = Field(
        default="auto",
        description="`seawall` is the envelope of one JSON object a record, `kserve` the events of KServe's payload "
        "logger; `auto` tells each message by its headers and its beginning.",
    )
    wait: Annotated[PositiveDuration, AfterValidator(_bounded)] = Field(
        default=parse_duration("60s"),
        description="How far apart in event time a request and its response may be where they are two messages. "
        "At most `1h`.",
    )


def _type_alone(value: Any) -> Any:
    return {"type": value} if isinstance(value, str) else value


Format = Annotated[FormatSection, BeforeValidator(_type_alone, json_schema_input_type=str | FormatSection)]
