"""What no single key can tell: whether the parts of a configuration fit together."""

from __future__ import annotations

from collections.abc import Iterator, Set
from pathlib import Path
from typing import Any

from detectors.config import scorers
from monitor.config.config import ALL_MODELS, PLANNED, Config
from monitor.config.durations import format_duration
from monitor.config.one_process import of_model, one_process
from monitor.config.paths import PLACEHOLDER, fits_a_path, has_place, paths_in
from monitor.config.permodel import ModelSettings, PerModel
from monitor.config.source import FileSource
from monitor.config.substitution import Location
from monitor.types import action_name

_REFERENCE = "The folder of what the model was accepted on: reference: ./reference"

Mistake = tuple[Location, str]


def structure(document: dict[str, Any]) -> Iterator[Mistake]:
    """Yield what is wrong with the file's outline, whatever its values are."""
    overrides = document.get("models")
    own = (
        {name: keys for name, keys in overrides.items() if isinstance(keys, dict)}
        if isinstance(overrides, dict)
        else {}
    )
    for where, keys in [((), document), *((("models", name), keys) for name, keys in own.items())]:
        for key in PLANNED:
            if keys.get(key):
                yield (*where, key), "not carried out by this build; remove the section. Planned."
    if "model" in document and "models" in document:
        yield ("models",), "stands beside model; keep one of them"
    elif "model" not in document and not overrides:
        yield ("model",), "missing. Whose records to watch: model: NAME, or a map of several under models"
    if "reference" not in document:
        yield from ((where, "missing. " + _REFERENCE) for where in _without_reference(overrides))


def _without_reference(overrides: Any) -> list[Location]:
    """Return where a reference is missing, given that the top has none."""
    if not isinstance(overrides, dict) or not overrides:
        return [("reference",)]
    own = {name for name, keys in overrides.items() if isinstance(keys, dict) and "reference" in keys}
    if ALL_MODELS in own:
        return []
    return [("models", name, "reference") for name in overrides if name not in own] if own else [("reference",)]


def without_planned(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document without the sections that this build does not carry out, set or empty."""
    kept = {key: value for key, value in document.items() if key not in PLANNED}
    if isinstance(models := kept.get("models"), dict):
        kept["models"] = {
            name: {k: v for k, v in keys.items() if k not in PLANNED} if isinstance(keys, dict) else keys
            for name, keys in models.items()
        }
    return kept


def placeholders(config: Config) -> Iterator[Mistake]:
    """Yield where `{model}` stands in vain or cannot be filled. Before names are put in."""
    shared = [key for key in Config.model_fields if key not in {*PerModel.model_fields, "models"}]
    named = [("model",)] if config.model is not None else [("models", name) for name in config.models]
    if config.model is None:
        for key in shared:
            if any(map(has_place, _paths(getattr(config, key)))):
                yield (key,), f"{PLACEHOLDER} cannot stand here: all models share it"
    for where in named:
        name = config.model if config.model is not None else where[-1]
        if name == ALL_MODELS:
            yield from _every_model(config)
        elif not fits_a_path(name) and any(map(has_place, [*paths_in(config), *_paths(config.source)])):
            yield where, f'"{name}" cannot stand for {PLACEHOLDER} in a path'


def _paths(section: Any) -> list[Path]:
    return [Path(section.path)] if isinstance(section, FileSource) else paths_in(section)


def _every_model(config: Config) -> Iterator[Mistake]:
    reference = config.models[ALL_MODELS].reference or config.reference
    if reference is not None and PLACEHOLDER not in reference.path.parts:
        words = f"needs {PLACEHOLDER} as a folder in the reference's path: ./references/{PLACEHOLDER}"
        yield ("models", ALL_MODELS), words


def together(config: Config) -> Iterator[Mistake]:
    """Yield what does not fit together in a configuration that is complete."""
    if config.dead_letters.to == "topic" and config.source.type != "kafka":
        yield ("dead_letters", "to"), "a file has no dead-letter topic. Use file"
    if config.labels and config.labels.source.type == "file" and config.labels.source.path == "-":
        yield ("labels", "source", "path"), "standard input cannot be read on after a restart. Name a file"
    if config.max_ahead < config.slot:
        ahead, slot = format_duration(config.max_ahead), format_duration(config.slot)
        yield ("max_ahead",), f"{ahead} is shorter than a slot ({slot}). Set max_ahead: {slot}, or more"
    yield from one_process(config)
    yield from _shadow(config)
    references: dict[Any, str] = {}
    sinks: dict[str, Any] = {}
    for name, model in config.models_resolved().items():
        where: Location = ("models", name) if config.models else ()
        yield from ((((*where, key)), words) for key, words in _of_model(config, model))
        other = references.setdefault(model.reference.path, name)
        if other != name:
            yield (
                ("models", name),
                f"has the same reference as {other}. Put {PLACEHOLDER} into its path, or name another",
            )
        yield from ((_set_by(config, name, key), words) for key, words in of_model(config, model))
        seen: set[str] = set()
        for sink in model.sinks:
            if sink.name in seen or sinks.setdefault(sink.name, sink) != sink:
                yield (
                    _set_by(config, name, "sinks"),
                    f'"{sink.name}" names two sinks. Give each a name of its own: name: NAME',
                )
            seen.add(sink.name)
        for index, words in _rules(config, model, seen):
            yield (*_set_by(config, name, "retrain"), index), words


def _shadow(config: Config) -> Iterator[Mistake]:
    """Yield what does not fit about shadow checks."""
    models = {name: model for name, model in config.models_resolved().items() if model.shadow}
    topics = {name: own.answers.topic for name, model in models.items() if (own := model.shadow) and own.answers}
    for name, model in models.items():
        where = _set_by(config, name, "shadow")
        if model.reference.learn is not None:
            yield where, "needs a reference for which the endpoint was asked. Remove reference.learn, and build one"
        if name in topics and config.source.type != "kafka":
            yield (*where, "answers"), "a file has no brokers. Remove the key: answers are then written to a file too"
        elif topics and topics.get(name) != (one := min(topics.values())):
            yield where, f"answers of all models go to one topic. Name {one} here too, under answers.topic"


def _of_model(config: Config, model: ModelSettings) -> Iterator[tuple[str, str]]:
    """Yield which keys of one model do not fit to others."""
    every = model.false_alarm_every
    if every.unit == "ms" and every.amount <= config.slot:
        yield "false_alarm_every", f"not longer than a slot ({format_duration(config.slot)})"
    if model.verdicts is not None and not scorers(model.detectors, classes=True):
        yield "verdicts", "no detector scores records. Add one: detectors: [{type: auto}]"


def _rules(config: Config, model: ModelSettings, sinks: Set[str]) -> Iterator[tuple[int, str]]:
    """Yield what is wrong with rules of `retrain`, given what the model's sinks are called."""
    names = [rule.name for rule in model.retrain]
    for index, rule in enumerate(model.retrain):
        if rule.name in names[:index]:
            yield index, f'"{rule.name}" names two rules. Give each a name of its own'
        if action_name(rule.name) in sinks:
            yield index, f"a sink is called {action_name(rule.name)} too. Give one of them another name"
        action = rule.action
        if action.type == "kafka" and action.bootstrap_servers is None and config.source.type != "kafka":
            yield index, "action.bootstrap_servers is missing: the source is no Kafka whose brokers could serve"


def _set_by(config: Config, model: str, key: str) -> Location:
    """Return where the file sets the key for the model: its own, every model's, or at the top."""
    for name in (model, ALL_MODELS):
        if name in config.models and key in config.models[name].model_fields_set:
            return ("models", name, key)
    return (key,)
