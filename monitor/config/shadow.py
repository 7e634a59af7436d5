"""`shadow`: queries of an endpoint of the model that probe how close it is to breaking."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, WithJsonSchema, model_validator

from monitor.config.durations import PositiveDuration, parse_duration
from monitor.config.section import Section, mistakes
from monitor.config.source import topic_name

NOT_YET = ("v1", "http", "in-process")
"""Endpoints of the contract that this build does not carry out: configuring one is refused, by name."""


def _carried_out(value: Any) -> Any:
    if isinstance(value, dict) and (found := value.get("type")) in NOT_YET:
        raise mistakes("endpoint", {"type": (f'"{found}" is not carried out by this build. Known: v2', found)})
    return value


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("this is not a URL. It starts with http:// or https:// and names a host")
    if parts.username or parts.query or parts.fragment:
        raise ValueError("only scheme, host, port and a path may stand in it. What the endpoint asks for goes in token")
    return text.rstrip("/")


def _list(value: Any) -> Any:
    return (value,) if isinstance(value, int | float) and not isinstance(value, bool) else value


_Severities = WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "array", "items": {"type": "number"}}]})


class V2Endpoint(Section):
    """An endpoint of the Open Inference Protocol V2 (KServe, MLServer, Triton) over HTTP."""

    type: Literal["v2"] = Field(description="Ask over HTTP by the Open Inference Protocol V2.")
    url: Annotated[str, AfterValidator(_url)] = Field(
        description="Where the server listens; its host is the only one that is asked. Proxies are not used, redirects "
        "not followed, link-local and metadata addresses refused."
    )
    model: str = Field(min_length=1, description="The model's name at the endpoint.")
    version: str | None = Field(
        default=None, min_length=1, description="Its version there; answers of another one are not used."
    )
    token: SecretStr | None = Field(default=None, description="Sent as `Authorization: Bearer`.")
    inputs: Literal["auto", "tensor", "columns"] = Field(
        default="auto",
        description="How features are sent: all as one `tensor` [n, d], or each as a column of its own (as MLServer's "
        "`pd` codec reads them). `auto`: a tensor where all are numbers.",
    )
    input: str = Field(default="input", min_length=1, description="The tensor's name.")
    features: tuple[str, ...] | None = Field(
        default=None, min_length=1, description="What the model takes, in its order. By default as in the reference."
    )
    prediction: str | None = Field(
        default=None, min_length=1, description="The output that is the prediction. By default the first one."
    )
    scores: str | None = Field(
        default=None,
        min_length=1,
        description="The output that holds a score a class, in the order of the reference's scores.",
    )
    classes: tuple[str, ...] | None = Field(
        default=None,
        min_length=2,
        description="What a predicted whole number stands for in the records: `[no, yes]` for 0 and 1.",
    )
    timeout: PositiveDuration = Field(default=parse_duration("5s"), description="How long an answer may take.")


class ShadowBudget(Section):
    """How much the endpoint is asked; a record asked with three changes is four queries."""

    per_second: float = Field(default=5.0, gt=0, le=100_000, description="Queries a second, on average.")
    per_day: int = Field(
        default=100_000,
        ge=1,
        description="Queries a day (UTC), restarts included; with `replicas` spread evenly over the day.",
    )


class NoiseCheck(Section):
    """Gaussian noise on every numeric feature."""

    type: Literal["noise"] = Field(description="Add noise to every numeric feature.")
    severity: Annotated[
        tuple[Annotated[float, Field(gt=0, le=10)], ...], BeforeValidator(_list), _Severities, Field(min_length=1)
    ] = Field(default=(0.05, 0.1, 0.2), description="In standard deviations of the reference, one or several.")


class MissingCheck(Section):
    """Features that are missing."""

    type: Literal["missing"] = Field(description="Take features away. For models that take missing values.")
    severity: Annotated[
        tuple[Annotated[float, Field(gt=0, le=1)], ...], BeforeValidator(_list), _Severities, Field(min_length=1)
    ] = Field(default=(0.1,), description="Share of the features that are made missing, one or several.")


class MonotoneCheck(Section):
    """One feature that should move one output one way."""

    type: Literal["monotone"] = Field(description="Move one feature, and see which way an output moves.")
    feature: str = Field(min_length=1, description="A numeric feature.")
    direction: Literal["up", "down"] = Field(
        description="Which way the output should move, if at all, when the feature rises."
    )
    output: str = Field(
        default="prediction",
        pattern=r"^(prediction|score\..+)$",
        description="`prediction` where that is a number, or `score.CLASS`.",
    )
    step: float = Field(
        default=1.0, gt=0, le=10, description="How far the feature is moved, in standard deviations of the reference."
    )


def _asked_anyway(value: Any) -> Any:
    if isinstance(value, dict) and value.get("type") == "skew":
        raise mistakes(
            "check", {"type": ("skew is always on: every record is asked about as it came. Leave it out", value)}
        )
    return value


_Checks = Annotated[NoiseCheck | MissingCheck | MonotoneCheck, Field(discriminator="type")]
ShadowCheck = Annotated[_Checks, BeforeValidator(_asked_anyway, json_schema_input_type=_Checks)]


class AnswersSection(Section):
    """Where answers are written before they are counted, and read back from."""

    topic: Annotated[str, AfterValidator(topic_name)] = Field(
        description="A topic at the brokers of `source`. Seawall never creates it."
    )


class ShadowSection(Section):
    """A small share of the records is changed a little and asked again."""

    endpoint: Annotated[V2Endpoint, BeforeValidator(_carried_out)] = Field(
        description="Who answers: the model as it is deployed. This build carries out `type: v2`."
    )
    share: float = Field(default=0.01, gt=0, le=1, description="Share of the records that is asked, by hash of the id.")
    budget: ShadowBudget = Field(default=ShadowBudget(), description="How much is asked at most.")
    checks: tuple[ShadowCheck, ...] = Field(
        default=(NoiseCheck(type="noise"),), description="What is done to a record: a list of checks."
    )
    answers: AnswersSection | None = Field(
        default=None,
        description="The topic answers are written to. By default the file `answers.jsonl` in `state_dir`; with "
        "`replicas` the topic `<group_id>.answers`, made at the start where it is missing.",
    )

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        names = [question for check in self.checks for question in questions_of(check)]
        if len(set(names)) < len(names):
            raise ValueError("a check of one severity, or of one feature, is named twice in checks")
        return self

    @property
    def questions(self) -> frozenset[tuple[str, float]]:
        """What is asked of a record: check and severity."""
        return frozenset(question for check in self.checks for question in questions_of(check))


def questions_of(check: NoiseCheck | MissingCheck | MonotoneCheck) -> Iterator[tuple[str, float]]:
    """Yield the (check, severity) of each change that a check makes."""
    if isinstance(check, MonotoneCheck):
        yield f"monotone.{check.feature}", check.step
    else:
        yield from ((check.type, severity) for severity in check.severity)
