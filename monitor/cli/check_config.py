"""`seawall check-config`: every mistake, or what would be watched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from monitor.config.config import Config
    from monitor.config.loading import Reading
    from monitor.config.permodel import ModelSettings
    from monitor.errors import BadReference, Problem
    from monitor.reference.store import Reference


@click.command()
@click.argument("file", type=click.Path(path_type=Path), default=Path("seawall.yaml"))
def command(file: Path) -> None:
    """Check a configuration and say what it would watch.

    FILE is ./seawall.yaml unless given. A missing reference or secret is a warning: it may come later.
    What does not fit to the promoted reference is a mistake: `seawall run` would refuse it.
    """
    from monitor.config.loading import read
    from monitor.errors import ConfigError

    reading = read(file, secrets=False)
    models = reading.config.models_resolved()
    accepted = _accepted(models)
    wrong = list(_refused(reading.config, models, accepted))
    warnings = list(_about_references(reading.config, models, accepted))
    if not wrong:
        _show(file, reading, models, accepted)
    for problem in reading.unset:
        click.echo(f"warning: {problem.path}: {problem.message}. `seawall run` needs it", err=True)
    for warning in warnings:
        click.echo(f"warning: {warning}", err=True)
    if wrong:
        raise ConfigError(str(file), wrong)


def _show(
    file: Path, reading: Reading, models: dict[str, ModelSettings], accepted: dict[str, Reference | BadReference]
) -> None:
    click.echo(f"{file}: valid")
    for what, words in _summary(reading, models, accepted):
        click.echo(f"  {what:<9} {words}")


def _summary(
    reading: Reading, models: dict[str, ModelSettings], accepted: dict[str, Reference | BadReference]
) -> Iterator[tuple[str, str]]:
    from monitor.config.durations import format_duration

    config = reading.config
    nobody = "sinks whose secrets are not set here" if reading.unset else "nobody"
    for name, model in models.items():
        yield from _of_model(name, model, accepted[name], nobody)
    if not models:
        yield "watches", "nothing yet: no folder stands where {model} is in the reference's path"
    source = config.source
    if source.type == "kafka":
        where = f"{', '.join(source.topics)} at {', '.join(source.bootstrap_servers)} as {source.group_id}"
        yield "reads", f"Kafka {where}"
    else:
        yield "reads", f"file {source.path}"
    if config.labels:
        late = config.labels.source
        told = f"Kafka {', '.join(late.topics)}" if late.type == "kafka" else f"file {late.path}"
        yield "labels", f"{told}, each waited for at most {format_duration(config.labels.wait)}"
    for name, model in models.items():
        if asked := model.shadow:
            much = f"{100 * asked.share:g} % of records, {asked.budget.per_second:g} queries a second at most"
            yield "asks", f"{asked.endpoint.url} about {name}: {much}"
            yield "", "; ".join(["skew", *(f"{check} {severity:g}" for check, severity in sorted(asked.questions))])
    lateness = format_duration(config.allowed_lateness)
    yield "counts", f"slots of {format_duration(config.slot)}, records up to {lateness} late"
    yield "serves", f"http://{config.http.listen}/metrics"
    yield from _of_state(config)


def _of_state(config: Config) -> Iterator[tuple[str, str]]:
    """Yield where what must survive a restart is."""
    if config.replicas is None:
        yield "keeps", f"its state in {config.state_dir}"
        return
    from monitor.replicas.topics import names, wanted

    *others, last = wanted(config)
    state = names(config)[1]
    yield "shares", f"partitions and models with the group {config.group}, by {', '.join(others)} and {last}"
    beside = " and dead letters" if config.dead_letters_to == "file" else ""
    yield "keeps", f"what is remembered in {state}; in {config.state_dir} a lock{beside}, nothing that must survive"


def _of_model(
    name: str, model: ModelSettings, reference: Reference | BadReference, nobody: str
) -> Iterator[tuple[str, str]]:
    from monitor.config.durations import format_duration

    yield "watches", f"{name}, {_compared_with(model)}"
    if within := _within(reference):
        yield "", f"each compared with its like by {within}"
    sinks = ", ".join(f"{sink.name} from {sink.min_severity}" for sink in model.sinks)
    yield "", f"at most 1 false alert per {model.false_alarm_every}; tells {sinks or nobody}"
    if model.detectors:
        yield "detects", "; ".join(map(_detector, model.detectors))
    if model.verdicts:
        yield "verdicts", f"{model.verdicts.only} to {model.verdicts.path}"
    for rule in model.retrain:
        what = f"{', '.join(rule.when.groups)} at {rule.when.min_severity} for {format_duration(rule.when.lasts)}"
        yield "retrains", f"{rule.name} by {rule.action.type}: {what}{', dry run' if rule.dry_run else ''}"


def _detector(section: Any) -> str:
    """Return a detector as a person names it: `ADWIN (river) on feature.income`."""
    named = getattr(section, "detector", None)
    words = f"{named} ({section.type})" if named else str(section.type)
    return f"{words} on {section.signal}" if hasattr(section, "signal") else words


def _compared_with(model: ModelSettings) -> str:
    if _learns(model):
        return f"compared with its first {model.reference.learn:,} records"
    return f"accepted on {model.reference.path}"


def _within(reference: Reference | BadReference) -> str:
    """Return what a reference compares within: `hour of the day (UTC)`."""
    contexts = getattr(reference, "contexts", ())
    return " and ".join(c.called + (" (UTC)" if c.cycle else "") for c in contexts)


def _learns(model: ModelSettings) -> bool:
    from monitor.reference.store import Store

    return model.reference.learn is not None and not Store(model.reference.path).digests()


def _accepted(models: dict[str, ModelSettings]) -> dict[str, Reference | BadReference]:
    """Return each model's promoted reference, or why there is none to use."""
    from monitor.errors import BadReference
    from monitor.reference.store import Store

    found: dict[str, Reference | BadReference] = {}
    for name, model in models.items():
        try:
            found[name] = Store(model.reference.path).accepted()
        except BadReference as why:
            found[name] = why
    return found


def _about_references(
    config: Config, models: dict[str, ModelSettings], accepted: dict[str, Reference | BadReference]
) -> Iterator[str]:
    from monitor.errors import BadReference
    from monitor.misfits import not_to_be_shown, without_effect
    from monitor.reference.store import Store

    usable: dict[str, Reference] = {}
    for name, model in models.items():
        if _learns(model):
            yield (
                f"{name}: no reference in {model.reference.path} yet, so the first {model.reference.learn:,} records "
                "stand in for one, and every alert says that nobody accepted it. Or accept one first: "
                'seawall reference build DATA --promote --by YOU --why "…"'
            )
            continue
        reference = accepted[name]
        if isinstance(reference, BadReference):
            if Store(model.reference.path).promoted() is None:
                yield f"{name}: {reference}"
            continue
        usable[name] = reference
        yield from (f"{name}: {line}" for line in without_effect(model, reference))
    if len(usable) == len(models):
        yield from not_to_be_shown(config.privacy.show, usable)


def _refused(
    config: Config, models: dict[str, ModelSettings], accepted: dict[str, Reference | BadReference]
) -> Iterator[Problem]:
    """Yield what `seawall run` would refuse, where a promoted reference is there to tell."""
    from monitor.errors import BadReference, Problem
    from monitor.reference.store import Store
    from monitor.state.lock import file_instead

    if file := file_instead(config.state_dir):
        yield Problem("state_dir", f"{file} is a file. Name a folder")
    for name, model in models.items():
        reference = accepted[name]
        if not isinstance(reference, BadReference):
            yield from (Problem(name, line) for line in _misfits(config, model, reference))
        elif Store(model.reference.path).promoted() is not None:
            yield Problem(f"models.{name}.reference" if len(models) > 1 else "reference", str(reference))


def _misfits(config: Config, model: ModelSettings, reference: Reference) -> Iterator[str]:
    from monitor.errors import BadReference
    from monitor.shadow.probing import inputs_for
    from monitor.watched import Watched

    try:
        Watched(model, reference, config.slot, late_labels=config.labels is not None)
    except BadReference as why:
        yield from str(why).splitlines()
    try:
        if model.shadow:
            inputs_for(model.shadow, reference)
    except BadReference as why:
        yield from str(why).splitlines()
