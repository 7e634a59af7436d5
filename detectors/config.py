"""Detectors that are configured: a new one is one line of the union.

The rest (features, outputs, quality) watch whatever the reference has, and need no configuration.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from monitor.config.durations import PositiveDuration, parse_duration

SIGNAL = re.compile(r"(feature|score)\..+|prediction|confidence|latency|performance\.(absolute_)?error")


class Options(BaseModel):
    """What every detector's configuration has in common."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True)


class QueriesConfig(Options):
    """Query attacks: one caller sending many near-duplicates of one input. See docs/queries.md."""

    type: Literal["queries"] = "queries"
    window: PositiveDuration = Field(
        default=parse_duration("1h"),
        description="How long an input is remembered to compare its caller's next ones with.",
    )


class RiverConfig(Options):
    """A drift detector of river, by name, on one signal. See docs/libraries.md."""

    type: Literal["river"] = "river"
    detector: str = Field(description="Its class in `river.drift` or `river.drift.binary`: `ADWIN`, `KSWIN`, `DDM`.")
    signal: str = Field(
        description="What it watches: `feature.NAME` or another numeric signal, `confidence`, or the error of records "
        "that carry a label, `performance.error`.",
    )
    params: dict[str, bool | int | float | str | None] = Field(
        default_factory=dict, description="Its own parameters, as river documents them."
    )

    @field_validator("detector")
    @classmethod
    def _known(cls, name: str) -> str:
        from detectors.river import known

        if name not in known():
            raise _mistake(f'"{name}" is no drift detector of river. Known: {", ".join(known())}')
        return name

    @field_validator("signal")
    @classmethod
    def _numeric(cls, name: str) -> str:
        if not SIGNAL.fullmatch(name):
            raise _mistake(
                f'"{name[:60]}" is no numeric signal. Use feature.NAME, score.CLASS, prediction, confidence, latency, '
                "performance.error or performance.absolute_error"
            )
        return name

    @field_validator("params")
    @classmethod
    def _fit(cls, params: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        from detectors.river import complaint

        if "detector" in info.data and (words := complaint(info.data["detector"], params)):
            raise _mistake(words)
        return params


class AlibiConfig(Options):
    """A drift detector of alibi-detect, by name, on the feature vector. See docs/libraries.md."""

    type: Literal["alibi"] = "alibi"
    detector: str = Field(description="Its class in `alibi_detect.cd`: `KSDrift`, `CVMDrift`, `CVMDriftOnline`.")
    window: int = Field(ge=2, le=10_000, description="How many records it looks at together.")
    params: dict[str, bool | int | float | str | None] = Field(
        default_factory=dict, description="Its own parameters, as alibi-detect documents them."
    )

    @field_validator("detector")
    @classmethod
    def _known(cls, name: str) -> str:
        from detectors.alibi import missing

        if words := missing(name):
            raise _mistake(words)
        return name

    @field_validator("params")
    @classmethod
    def _fit(cls, params: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        from detectors.alibi import complaint

        if "detector" in info.data and (words := complaint(info.data["detector"], params)):
            raise _mistake(words)
        return params


DetectorConfig = Annotated[
    QueriesConfig | RiverConfig | AlibiConfig,
    Discriminator("type"),
]


def _mistake(words: str) -> PydanticCustomError:
    return PydanticCustomError("words", "{words}", {"words": words})
