"""`retrain`: what starts a retraining, when, and what keeps it from being abused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, SecretStr, ValidationError
from pydantic_core import InitErrorDetails

from monitor.config.durations import Duration, parse_duration
from monitor.config.section import Section
from monitor.config.source import ADDRESSES_SCHEMA, addresses, topic_name
from monitor.types import action_name
from sinks.kafka import KafkaSink
from sinks.posting import poster
from sinks.sink import Sink, http_url, mistake
from sinks.webhook import SigningSecrets, WebhookSink

Group = Literal["quality", "features", "predictions", "joint", "anomalies", "robustness", "performance"]


class WebhookAction(Section):
    """As `action`: an HTTP endpoint that starts a retraining at a POST."""

    type: Literal["webhook"] = Field(description="POST to an HTTP endpoint.")
    url: Annotated[SecretStr, AfterValidator(http_url)] = Field(
        description="Where to POST. A secret, for many carry a token. Proxies are not used, redirects not followed."
    )
    secrets: SigningSecrets = ()

    def build(self, name: str, connection: Mapping[str, Any]) -> Sink:
        """Return the destination; `connection`, the brokers of the source, does not matter to it."""
        return WebhookSink(name, None, poster("the webhook", self.url), self.secrets)


class KafkaAction(Section):
    """As `action`: a topic that a retraining job reads. Its settings for security and log-in are those of `source`."""

    type: Literal["kafka"] = Field(description="Write to a Kafka topic.")
    topic: Annotated[str, AfterValidator(topic_name)] = Field(
        description="The topic to write to. Seawall creates none: a broker that makes topics by itself does."
    )
    bootstrap_servers: Annotated[tuple[str, ...], BeforeValidator(addresses), ADDRESSES_SCHEMA] | None = Field(
        default=None, description='"host:port" of one broker or more; those of `source` where it is not given.'
    )

    def build(self, name: str, connection: Mapping[str, Any]) -> Sink:
        """Return the destination; `connection` is how the source reaches its brokers, empty for a file."""
        own = {"bootstrap_servers": list(self.bootstrap_servers)} if self.bootstrap_servers else {}
        return KafkaSink(name, None, self.topic, {**connection, **own})


KNOWN = ("webhook", "kafka")
PLANNED_ACTIONS = ("airflow", "argo", "kubeflow", "github")
"""Actions of the contract that this build does not carry out: configuring one is refused, by name."""

_Actions = Annotated[WebhookAction | KafkaAction, Discriminator("type")]


def _carried_out(value: Any) -> Any:
    if isinstance(value, dict) and (found := value.get("type")) in PLANNED_ACTIONS:
        words = mistake(f'"{found}" is not carried out by this build. Known: {", ".join(KNOWN)}')
        raise ValidationError.from_exception_data("action", [InitErrorDetails(type=words, loc=("type",), input=found)])
    return value


def _never_on_labels(value: Any) -> Any:
    if isinstance(value, list | tuple):
        if not value:
            raise ValueError(f"names no group. Groups: {', '.join(get_args(Group))}")
        if "labels" in value:
            raise ValueError("labels that seem poisoned hold a retraining, they never start one. Take labels out")
    return value


class WhenSection(Section):
    """`when`: which incidents are worth a retraining, and for how long they must last."""

    groups: Annotated[
        tuple[Group, ...], BeforeValidator(_never_on_labels, json_schema_input_type=tuple[Group, ...])
    ] = Field(
        default=("features", "joint", "performance"),
        description="Groups of signals of which one must have moved: `features`, `predictions`, `joint`, "
        "`performance`, `robustness`, `anomalies`, `quality`.",
    )
    min_severity: Literal["info", "warning", "error"] = Field(
        default="error", description="How much a signal of these groups must have moved at least."
    )
    lasts: Duration = Field(
        default=parse_duration("1h"),
        alias="for",
        description="How long that must hold without a break, in the time of the records.",
    )


class RetrainRule(Section):
    """One rule: when something has moved for long enough, start a retraining, once for each incident."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,55}$",
        description="What messages, logs and metrics call it: letters, digits, `_`, `.`, `-`, at most 56. "
        "Part of the run's id, so a rule that is renamed may start a run again.",
    )
    action: Annotated[_Actions, BeforeValidator(_carried_out, json_schema_input_type=_Actions)] = Field(
        description="What starts the retraining: `webhook` or `kafka`."
    )
    when: WhenSection = Field(default=WhenSection(), description="What has to be wrong, and for how long.")
    cooldown: Duration = Field(
        default=parse_duration("24h"), description="How long after one run the rule starts no other."
    )
    per_day: int = Field(default=1, ge=1, le=1000, description="Most runs the rule starts in any 24 hours.")
    approval: bool = Field(
        default=False, description="Whether a person must agree first: `seawall retrain approve RUN --by YOU`."
    )
    dry_run: bool = Field(default=False, description="Say what would be started, and start nothing.")

    def build(self, connection: Mapping[str, Any]) -> Sink:
        """Return the destination of the rule's runs."""
        return self.action.build(action_name(self.name), connection)
