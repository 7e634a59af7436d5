"""The whole configuration, as contract.md's table has it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from monitor.config.dead_letters import DeadLettersSection
from monitor.config.durations import Duration, PositiveDuration, parse_duration
from monitor.config.format import Format, FormatSection
from monitor.config.http import Http, HttpSection
from monitor.config.labels import LabelsSection
from monitor.config.paths import fits_a_path, folders_at_place
from monitor.config.permodel import ModelSettings, PerModel, settings
from monitor.config.privacy import PrivacySection
from monitor.config.replicas import ReplicasSection
from monitor.config.sizes import Size
from monitor.config.source import CONNECTION, FileSource, KafkaSource

ALL_MODELS = "*"

PLANNED = MappingProxyType(
    {
        "checks": "declared relations between features, evaluated on every record",
    }
)
"""Sections of the contract that this build does not carry out: configuring one is refused, by name."""


def _model_name(name: str) -> str:
    if not name or len(name) > 200 or not name.isprintable():
        raise ValueError("a model's name has 1 to 200 printable characters")
    return name


def _nothing_is_no_override(value: Any) -> Any:
    return {name: {} if own is None else own for name, own in value.items()} if isinstance(value, dict) else value


SourceConfig = Annotated[KafkaSource | FileSource, Field(discriminator="type")]
ModelName = Annotated[str, AfterValidator(_model_name)]


class Config(PerModel):
    """One Seawall process. Made by `loading.load`; what it holds has been checked as a whole there."""

    model: ModelName | None = Field(
        default=None,
        description="Which model's records to watch; others on the topic are counted and ignored. "
        "A record that names no model counts for it. This or `models` is required.",
    )
    models: Annotated[
        dict[ModelName, PerModel],
        BeforeValidator(_nothing_is_no_override, json_schema_input_type=dict[str, PerModel | None]),
    ] = Field(
        default_factory=dict,
        description="Instead of `model`: a map of name to that model's own settings. `*` is every model that has a "
        "folder where `{model}` stands in the path of the reference.",
    )
    source: SourceConfig = Field(description="Where records come from: `kafka` or `file`.")
    format: Format = Field(
        default=FormatSection(), json_schema_extra={"default": "auto"}, description="Wire format; `auto` sniffs."
    )
    slot: PositiveDuration = Field(
        default=parse_duration("10s"),
        description="Event-time slot: what is judged at once, and by how much it delays an alarm. Each with records "
        "costs a millisecond or two, however few they are: where less than one comes in 10 s, take `1m` to `10m`.",
    )
    allowed_lateness: Duration = Field(
        default=parse_duration("30s"), description="How late a record may come and still count."
    )
    idle_timeout: PositiveDuration = Field(
        default=parse_duration("60s"),
        description="A partition read to its end that brings nothing for this long, and for a slot at least, no longer "
        "holds up the others.",
    )
    max_ahead: PositiveDuration = Field(
        default=parse_duration("10m"),
        description="A partition this far ahead of the slowest one is paused, so that memory is bounded; "
        "a slot is too far already where open slots hold more than 200,000 records.",
    )
    freshness: PositiveDuration = Field(
        default=parse_duration("10m"),
        description="No record of a watched model for this long, by the wall clock, is an incident.",
    )
    dead_letters: DeadLettersSection = Field(
        default=DeadLettersSection(), description="Where records go that cannot be used."
    )
    labels: LabelsSection | None = Field(
        default=None, description="Where the right answers come from, later: how often the model is wrong is judged."
    )
    replicas: ReplicasSection | None = Field(
        default=None,
        description="Several processes share the work: `{}` is enough. What must move between them lives in Kafka.",
    )
    memory_limit: Size | None = Field(
        default=None,
        json_schema_extra={"default": "the cgroup's"},
        description="Memory that the process may take, such as `512Mi`: close to it detail is no longer kept, then "
        "reading waits (docs/operations.md). Without a limit, its cgroup's included, neither happens.",
    )
    state_dir: Path = Field(
        default=Path("state"),
        json_schema_extra={"default": "./state"},
        description="Folder of checkpoint, outbox and audit log. One process at a time.",
    )
    http: Http = Field(
        default=HttpSection(),
        json_schema_extra={"default": "127.0.0.1:9464"},
        description="Where to serve `/metrics`, `/healthz`, `/readyz` and `/`, a plain list of these.",
    )
    privacy: PrivacySection = Field(default=PrivacySection(), description="What may appear in messages.")

    @model_validator(mode="before")
    @classmethod
    def _labels_from_the_same_brokers(cls, given: Any) -> Any:
        """Let the labels' topics be reached as the records' are, but for what is said of them."""
        if not isinstance(given, dict) or not isinstance(labels := given.get("labels"), dict):
            return given
        source, own = given.get("source"), labels.get("source")
        if not (
            isinstance(source, dict) and isinstance(own, dict) and source.get("type") == own.get("type") == "kafka"
        ):
            return given
        shared = {key: source[key] for key in CONNECTION if key in source}
        return {**given, "labels": {**labels, "source": {**shared, **own}}}

    @property
    def dead_letters_to(self) -> Literal["topic", "file"]:
        """Where dead letters go: as configured, else the topic for Kafka and the file for a file."""
        return self.dead_letters.to or ("topic" if self.source.type == "kafka" else "file")

    @property
    def group_id(self) -> str:
        """The consumer group that stands for this process where the source names none."""
        names = [self.model] if self.model is not None else sorted(self.models)
        joined = "-".join(["seawall", *names]) if ALL_MODELS not in names else "seawall"
        if len(joined) <= 200:
            return joined
        return f"{joined[:180]}-{hashlib.sha256(joined.encode()).hexdigest()[:12]}"

    @property
    def group(self) -> str:
        """The consumer group that reads the records: that of the source, or `group_id`."""
        return getattr(self.source, "group_id", None) or self.group_id

    def answers_source(self) -> KafkaSource | None:
        """Return the topic that answers of shadow endpoints go to; None where they go to a file, or nobody is asked.

        Several processes share one: where none is named, `<group_id>.answers`, which they make.
        """
        asked = [model.shadow for model in self.models_resolved().values() if model.shadow]
        topics = tuple({shadow.answers.topic for shadow in asked if shadow.answers})
        if not isinstance(self.source, KafkaSource):
            return None
        if self.replicas is None:
            group = f"{self.group}-answers"
        else:
            group = f"{self.group}.answers"
            topics = topics or (group,) * bool(asked)
        update = {"topics": topics, "group_id": group, "start": "earliest"}
        return self.source.model_copy(update=update) if topics else None

    def models_resolved(self) -> dict[str, ModelSettings]:
        """Return the settings of every model to watch, by name. Looks for folders where `models` has `*`."""
        if self.model is not None:
            return {self.model: settings(self.model, [self])}
        every = self.models.get(ALL_MODELS, PerModel())
        names = [name for name in self.models if name != ALL_MODELS]
        if ALL_MODELS in self.models and (reference := every.reference or self.reference):
            names += [name for name in folders_at_place(reference.path) if name not in self.models]
        return {name: settings(name, [self, every, self.models.get(name, PerModel())]) for name in names}

    def model_to_come(self, name: str) -> ModelSettings | None:
        """Return the settings of a model that `*` will watch as soon as it has a reference; None without a `*`."""
        if ALL_MODELS not in self.models or not fits_a_path(name):
            return None
        return settings(name, [self, self.models[ALL_MODELS]])
