"""`seawall reference`: what the model was accepted on."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.cli.options import config_option

if TYPE_CHECKING:
    from monitor.config.config import Config
    from monitor.config.permodel import ModelSettings
    from monitor.reference.store import Store

model_option = click.option("--model", help="Which model, where the configuration watches several.")
by_option = click.option("--by", help="Who accepts it.")
why_option = click.option("--why", help="Why it is acceptable.")


@click.group()
def command() -> None:
    """Build, look at and promote what the model was accepted on.

    A reference says what the model's traffic looked like when somebody accepted it. It never changes and never
    slides: a new version is built, looked at beside the old one, and promoted with who and why.
    """


@command.command()
@click.argument("data")
@config_option
@model_option
@click.option("--promote", is_flag=True, help="Accept it at once; needs --by and --why.")
@by_option
@why_option
def build(data: str, config: Path, model: str | None, *, promote: bool, by: str | None, why: str | None) -> None:
    """Build a reference from accepted records in DATA (.jsonl or .csv, each also .gz)."""
    from monitor.reference.from_file import build_from_file, cautions_of_file
    from monitor.review.report import built

    accepted = _accepted(by, why) if promote else None
    settings, store, loaded = _chosen(config, model)
    format = loaded.format
    reference, provenance = build_from_file(data, settings, format.type, format.wait, slot=loaded.slot)
    new = store.save(reference, provenance | {"built": _now()})
    built(reference, new, store.folder, cautions_of_file(data, reference, settings))
    if accepted:
        _promote(store, reference.digest, *accepted)
    elif store.promoted() != reference.digest:
        short = reference.digest[7:19]
        click.echo(f"not promoted. Look: seawall reference show {short}")
        click.echo(f'accept: seawall reference promote {short} --by YOU --why "…"')


@command.command()
@click.argument("name", required=False)
@config_option
@model_option
def show(name: str | None, config: Path, model: str | None) -> None:
    """Show a version by the beginning of its digest; the promoted one unless named."""
    from monitor.review.report import shown

    _, store, _ = _chosen(config, model)
    reference = store.load(name) if name else store.accepted()
    shown(
        reference,
        store.provenance(reference.digest),
        [p for p in store.promotions() if p["reference"] == reference.digest],
    )


@command.command(name="list")
@config_option
@model_option
def list_versions(config: Path, model: str | None) -> None:
    """List all versions, oldest first; an arrow marks the promoted one."""
    from monitor.review.report import listed

    _, store, _ = _chosen(config, model)
    listed(store)


@command.command()
@click.argument("old")
@click.argument("new", required=False)
@config_option
@model_option
def diff(old: str, new: str | None, config: Path, model: str | None) -> None:
    """Compare OLD with NEW (the promoted one unless named), signal by signal."""
    from monitor.review.comparison_report import compared

    _, store, _ = _chosen(config, model)
    compared(store.load(old), store.load(new) if new else store.accepted())


@command.command()
@click.argument("name")
@config_option
@model_option
@by_option
@why_option
def promote(name: str, config: Path, model: str | None, by: str | None, why: str | None) -> None:
    """Make a version the accepted one. Counts from the next start of `seawall run`."""
    accepted = _accepted(by, why)
    _, store, _ = _chosen(config, model)
    _promote(store, store.load(name).digest, *accepted)


def _accepted(by: str | None, why: str | None) -> tuple[str, str]:
    if not (by and why):
        raise click.UsageError('say who accepts it and why: --by ann --why "first release"')
    return by, why


def _promote(store: Store, digest: str, by: str, why: str) -> None:
    changed = store.promote(digest, by=by, why=why, at=_now())
    click.echo(f"{'promoted' if changed else 'promoted already:'} {digest[:19]} in {store.folder}")


def _chosen(config: Path, model: str | None) -> tuple[ModelSettings, Store, Config]:
    """Return the settings of the model that is meant, its store, and the whole configuration."""
    from monitor.config.loading import load
    from monitor.reference.store import Store

    loaded = load(config, secrets=False)
    models = loaded.models_resolved()
    if model is None and len(models) == 1:
        (model,) = models
    settings = models.get(model) if model else None
    if settings is None and model:
        settings = loaded.model_to_come(model)
    if settings is None:
        raise click.UsageError(f"which model? --model {' | '.join(models) or 'NAME'}")
    return settings, Store(settings.reference.path), loaded


def _now() -> str:
    from monitor.incidents.incident import rfc3339

    return rfc3339(time.time_ns() // 1_000_000)
