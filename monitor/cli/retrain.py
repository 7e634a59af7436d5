"""`seawall retrain`: which retrainings wait, and the word of a person about them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from monitor.cli.options import config_option

if TYPE_CHECKING:
    from monitor.config.config import Config
    from monitor.retraining.ledger import Case
    from monitor.types import Word

by_option = click.option("--by", required=True, help="Who says it.")
why_option = click.option("--why", help="Why.")


@click.group()
def command() -> None:
    """Look at what rules for retraining wait for; approve or reject a run.

    A word is written into a log beside the state, with replicas into the model's tallies, and counts when `seawall run`
    reads it.
    """


@command.command(name="list")
@config_option
def list_runs(config: Path) -> None:
    """List what every rule knows: what is open, what it waits for, when it fired."""
    from monitor.config.loading import load
    from monitor.incidents.incident import rfc3339

    settings = load(config, secrets=False)
    rules = {name: model.retrain for name, model in settings.models_resolved().items() if model.retrain}
    if not rules:
        click.echo(f"no rule for retraining in {config}")
    ledgers = _ledgers(settings)
    for model, rule in ((model, rule) for model, found in rules.items() for rule in found):
        ledger = ledgers.get(model, {}).get(rule.name)
        last = f", last run decided {rfc3339(ledger.fired[-1])}" if ledger and ledger.fired else ""
        dry = ", dry run" if rule.dry_run else ""
        click.echo(f"{model}: {rule.name} by {rule.action.type}{dry}{last}")
    for model, rule_name, run, incident, case in _cases(ledgers):
        click.echo(f"  {run} {model} {rule_name} {incident} {_said(case)}")


@command.command()
@click.argument("run")
@config_option
@by_option
@why_option
def approve(run: str, config: Path, by: str, why: str | None) -> None:
    """Agree that RUN is started; a suspicion, the cooldown and the cap of a day hold it all the same."""
    _say("approve", run, config, by, why)


@command.command()
@click.argument("run")
@config_option
@by_option
@why_option
def reject(run: str, config: Path, by: str, why: str | None) -> None:
    """Refuse RUN: the rule starts none for this incident any more."""
    _say("reject", run, config, by, why)


def _say(word: Literal["approve", "reject"], run: str, config: Path, by: str, why: str | None) -> None:
    from monitor.config.loading import load
    from monitor.incidents.incident import rfc3339
    from monitor.retraining.ledger import OVER
    from monitor.types import Word

    settings = load(config, secrets=False)
    waiting = {r: model for model, _, r, _, case in _cases(_ledgers(settings)) if case.outcome not in (None, *OVER)}
    if run not in waiting:
        raise click.UsageError(f"{run} does not wait. Waiting: {', '.join(waiting) or 'none'}")
    said = Word(word, waiting[run], run, by, rfc3339(time.time_ns() // 1_000_000), why)
    try:
        written = _written(settings, said)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    click.echo(f"{word} {run} written to {written}")
    if _nobody_hears(settings):
        click.echo("no `seawall run` uses this state now: the word counts when one does")


def _nobody_hears(settings: Config) -> bool:
    from monitor.state.lock import in_use

    if settings.replicas is not None:
        from monitor.replicas import saying

        return saying.nobody_hears(settings)
    return not in_use(settings.state_dir)


def _written(settings: Config, word: Word) -> Path | str:
    """Write a word down; return where. Raises ValueError where it is too long."""
    from monitor.errors import SnapshotError
    from monitor.state import operator_log

    if settings.replicas is not None:
        from monitor.replicas import saying

        return saying.say(settings, word)
    try:
        return operator_log.say(settings.state_dir, word)
    except OSError as error:
        raise SnapshotError(f"{settings.state_dir} cannot be written: {error.strerror}") from None


def _said(case: Case) -> str:
    """Return what is known of one open incident."""
    from monitor.incidents.incident import rfc3339
    from sinks.text import plain

    if case.since is None:
        return f"{case.outcome}: {plain(case.why, 160)}, calm now"
    return f"{case.outcome}: {plain(case.why, 160)}" if case.outcome else f"holds since {rfc3339(case.since)}"


def _ledgers(settings: Config) -> dict[str, dict[str, Any]]:
    """Return what every rule remembers, by model and rule, as the snapshot has it, or the topic that replicas share."""
    import msgspec

    from monitor.remembered import SNAPSHOT, remembered_state
    from monitor.retraining.ledger import Ledger
    from monitor.state.snapshot import understood

    if settings.replicas is not None:
        from monitor.cli.shown_shared import remembered

        path, models = Path("what replicas remember"), remembered(settings)
    else:
        path = settings.state_dir / SNAPSHOT
        models = remembered_state(path)["models"]
    with understood(path):
        return {
            name: msgspec.convert(model.get("retraining", {}).get("ledgers", {}), dict[str, Ledger])
            for name, model in models.items()
        }


def _cases(ledgers: dict[str, dict[str, Any]]) -> Iterator[tuple[str, str, str, str, Case]]:
    """Yield model, rule, run, incident and case of all that is open."""
    from monitor.retraining.rules import run_id

    for model, rules in ledgers.items():
        for rule, ledger in rules.items():
            for incident, case in ledger.cases.items():
                yield model, rule, run_id(model, rule, incident), incident, case
