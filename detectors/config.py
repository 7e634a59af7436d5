"""Detectors that are configured: a new one is one line of the union.

The rest (features, outputs, quality) watch whatever the reference has, and need no configuration.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

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


_Detectors = Annotated[
    KnnConfig | TrustConfig | AutoConfig,
    Discriminator("type"),
]

ScorerConfig = KnnConfig | TrustConfig
KNOWN: tuple[str, ...] = tuple(config.model_fields["type"].default for config in get_args(get_args(_Detectors)[0]))
PLANNED = ("mahalanobis", "pca", "iforest", "queries", "river", "alibi")
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
