"""Detectors that are configured: a new one is one line of the union.

The rest (features, outputs, quality) watch whatever the reference has, and need no configuration.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from monitor.config.durations import PositiveDuration, parse_duration

SIGNAL = re.compile(r"(feature|score)\..+|prediction|confidence|latency|performance\.(absolute_)?error")
Share = Annotated[
    float,
    Field(
        gt=0,
        le=1,
        description="Share of the records that is scored, chosen by a hash of their ids; where it is below 1, records "
        "without an id are not scored.",
    ),
]
Near = Annotated[int, Field(ge=1, le=100, description="How many nearest records of the reference count.")]


class Options(BaseModel):
    """What every detector's configuration has in common."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, hide_input_in_errors=True)


class KnnConfig(Options):
    """Single records far from all that was accepted (`anomaly.knn`)."""

    type: Literal["knn"] = "knn"
    k: Near = 5
    share: Share = 1.0


class TrustConfig(Options):
    """Single records that lie nearer to another class than to the predicted one (`anomaly.trust`)."""

    type: Literal["trust"] = "trust"
    k: Near = 10
    share: Share = 1.0


class AutoConfig(Options):
    """`knn`, and `trust` where the reference has a predicted class."""

    type: Literal["auto"] = "auto"
    share: Share = 1.0


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


_Detectors = Annotated[
    KnnConfig | TrustConfig | AutoConfig | QueriesConfig | RiverConfig | AlibiConfig,
    Discriminator("type"),
]

ScorerConfig = KnnConfig | TrustConfig
KNOWN: tuple[str, ...] = tuple(config.model_fields["type"].default for config in get_args(get_args(_Detectors)[0]))
PLANNED = ("mahalanobis", "pca", "iforest")
"""Detectors of the contract that this build does not carry out: configuring one is refused, by name."""


def _carried_out(value: Any) -> Any:
    if isinstance(value, dict) and (found := value.get("type")) in PLANNED:
        words = f'"{found}" is not carried out by this build. Known: {", ".join(KNOWN)}'
        details = InitErrorDetails(type=_mistake(words), loc=("type",), input=found)
        raise ValidationError.from_exception_data("detector", [details])
    return value


def _mistake(words: str) -> PydanticCustomError:
    return PydanticCustomError("words", "{words}", {"words": words})


DetectorConfig = Annotated[_Detectors, BeforeValidator(_carried_out, json_schema_input_type=_Detectors)]


def no_scorer_twice(configs: tuple[Any, ...]) -> tuple[Any, ...]:
    """Check a list of detectors: `auto` stands for scorers too. Raises PydanticCustomError."""
    types = [config.type for config in configs]
    twice = next((kind for kind in ("auto", "knn", "trust") if types.count(kind) > 1), None)
    if twice:
        raise _mistake(f"{twice} stands here twice. Keep one of them")
    if "auto" in types and (other := next((kind for kind in ("knn", "trust") if kind in types), None)):
        raise _mistake(f"auto is {other} already. Keep one of them")
    return configs


def scorers(configs: Iterable[Any], *, classes: bool) -> dict[str, ScorerConfig]:
    """Return the scorers of single records that are meant, by kind.

    Parameters
    ----------
    classes : bool
        Whether the records have a predicted class.
    """
    found: dict[str, ScorerConfig] = {}
    for config in configs:
        if isinstance(config, ScorerConfig):
            found[config.type] = config
        elif isinstance(config, AutoConfig):
            found["knn"] = KnnConfig(share=config.share)
            if classes:
                found["trust"] = TrustConfig(share=config.share)
    return found
