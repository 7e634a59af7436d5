"""What may differ from model to model: set at the top for all, again under `models` for one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from detectors.config import DetectorConfig, no_scorer_twice
from monitor.config.durations import Budget, FalseAlarmBudget, PositiveDuration, parse_duration
from monitor.config.features import FeatureSection
from monitor.config.paths import named
from monitor.config.reference import Reference, ReferenceSection
from monitor.config.retrain import RetrainRule
from monitor.config.section import Section
from monitor.config.shadow import ShadowSection
from monitor.config.tolerance import DEFAULT_W, Allowed, Tolerance, ToleranceSetting
from monitor.config.verdicts import VerdictsSection
from sinks import SinkConfig

_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_.-]")


def _runbook(template: str) -> str:
    if not template.startswith(("https://", "http://")):
        raise ValueError(f'"{template}" is not a URL. It starts with https://')
    rest = re.sub(r"\{(model|signal)\}", "", template)
    if "{" in rest or "}" in rest:
        raise ValueError(f'only {{model}} and {{signal}} may stand in it, and "{template}" has other braces')
    return template


class PerModel(Section):
    """What may differ from model to model."""

    reference: Reference | None = Field(
        default=None, description="What the model was accepted on: a folder of reference versions."
    )
    false_alarm_every: FalseAlarmBudget = Field(
        default=Budget(parse_duration("30d"), "ms"),
        json_schema_extra={"default": "30d"},
        description="The budget: at most one false alert is expected per this time, all signals of the model together; "
        'or per so many records: `"1000000 records"`.',
    )
    tolerance: ToleranceSetting = Field(
        default=Tolerance(),
        json_schema_extra={"default": DEFAULT_W},
        description="Shifts smaller than this are not worth a person's time: Cohen's w (0.1 small, 0.3 medium); "
        "for shares percentage points (quality 0.1, performance 1, labels 1, robustness 3). A map sets them by "
        "group or signal; `0` sets all to 0.",
    )
    features: dict[str, FeatureSection] = Field(
        default_factory=dict,
        description="What is known about single features, by name; the rest comes from the reference. "
        "A model's own entries are added to those of the top.",
    )
    detectors: Annotated[tuple[DetectorConfig, ...], AfterValidator(no_scorer_twice)] = Field(
        default=(),
        description="What is watched beyond features, outputs and quality: a list of detectors. Scorers of single "
        "records are fitted by `reference build`.",
    )
    verdicts: VerdictsSection | None = Field(
        default=None, description="Where it is written what scorers say of single records."
    )
    shadow: ShadowSection | None = Field(
        default=None,
        description="How close the model is to breaking: a share of the records is changed and asked again.",
    )
    sinks: tuple[SinkConfig, ...] = Field(
        default=({"type": "stdout"},), validate_default=True, description="Who is told: a list of destinations."
    )
    runbook: Annotated[str, AfterValidator(_runbook)] | None = Field(
        default=None, description="URL that every message carries. `{model}` and `{signal}` may stand in it."
    )
    resolve_after: PositiveDuration = Field(
        default=parse_duration("5m"), description="How long a signal must be back within tolerance to be resolved."
    )
    remind_every: PositiveDuration = Field(
        default=parse_duration("24h"), description="How often an incident that stays open is told again."
    )
    retrain: tuple[RetrainRule, ...] = Field(
        default=(), description="What starts a retraining, and when: a list of rules; docs/retraining.md tells more."
    )


@dataclass(frozen=True)
class ModelSettings:
    """Everything one model is watched by.

    Attributes
    ----------
    name : str
        As records name it.
    reference : ReferenceSection
        Its path is absolute.
    sinks : tuple of SinkConfig
        Over all models of a configuration, one name stands for one destination.
    resolve_after, remind_every : int
        Milliseconds.
    """

    name: str
    reference: ReferenceSection
    false_alarm_every: Budget
    tolerance: Tolerance
    features: Mapping[str, FeatureSection]
    detectors: tuple[DetectorConfig, ...]
    verdicts: VerdictsSection | None
    sinks: tuple[SinkConfig, ...]
    resolve_after: int
    remind_every: int
    runbook: str | None
    retrain: tuple[RetrainRule, ...]
    shadow: ShadowSection | None = None

    def tolerance_of(self, signal: str, group: str) -> Allowed:
        """Return what a signal may move: its own setting, else its feature's, else its group's, else the default."""
        allowed = self.tolerance.of(signal, group)
        own = self.features.get(signal.removeprefix("feature.")) if group == "features" else None
        if own is None or own.tolerance is None or signal in self.tolerance.by_name:
            return allowed
        return Allowed(own.tolerance, allowed.points if own.tolerance else 0.0)


def settings(name: str, layers: Sequence[PerModel]) -> ModelSettings:
    """Return what holds for the model `name`: each key from the last layer that sets it, features from all."""
    keys: dict[str, Any] = {}
    features: dict[str, FeatureSection] = {}
    for layer in layers:
        features |= layer.features
        for key in PerModel.model_fields:
            if key in layer.model_fields_set or key not in keys:
                keys[key] = getattr(layer, key)
    chosen = PerModel.model_construct(**keys)
    if chosen.reference is None:
        raise ValueError(f"no reference for the model {name}")  # loading has refused this
    return ModelSettings(
        name=name,
        reference=named(chosen.reference, name),
        false_alarm_every=chosen.false_alarm_every,
        tolerance=chosen.tolerance,
        features=features,
        detectors=chosen.detectors,
        verdicts=chosen.verdicts and named(chosen.verdicts, name),
        sinks=tuple(_own(sink, name) for sink in chosen.sinks),
        resolve_after=chosen.resolve_after,
        remind_every=chosen.remind_every,
        runbook=chosen.runbook,
        retrain=chosen.retrain,
        shadow=chosen.shadow,
    )


def _own(sink: SinkConfig, model: str) -> SinkConfig:
    """Return the sink for one model: one that writes to a path of the model's own has a name of its own too."""
    own = named(sink, model)
    return own if own is sink else own.model_copy(update={"name": f"{sink.name}-{_NOT_IN_A_NAME.sub('-', model)}"})
