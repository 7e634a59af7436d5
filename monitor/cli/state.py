"""`seawall state`: what is remembered, and how to forget it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from monitor.cli.options import config_option
from monitor.errors import SourceError

if TYPE_CHECKING:
    from monitor.config.config import Config
    from monitor.config.source import KafkaSource

LONGEST = 100
"""Characters of an incident's summary."""

LONGEST_UNSAVED = 60.0
"""Seconds; a process that runs saves about once a second."""


@click.group()
def command() -> None:
    """Look at what is remembered over a restart, or forget it."""


@command.command()
@config_option
def show(config: Path) -> None:
    """Say where reading goes on, how far was judged, what is open and what is still to be told."""
    from monitor.assembly import SNAPSHOT, remembered_state
    from monitor.config.loading import load
    from monitor.state.snapshot import in_use, understood

    settings = load(config, secrets=False)
    path = settings.state_dir / SNAPSHOT
    content = remembered_state(path)
    if not path.exists():
        click.echo(f"nothing is remembered in {settings.state_dir}")
        return
    age = time.time() - path.stat().st_mtime
    click.echo(f"{path}, saved {age:,.0f} s ago")
    if age > LONGEST_UNSAVED and in_use(settings.state_dir):
        click.echo(f"! not saved for {age:,.0f} s: the running process may know more, see /readyz")
    sides = [row for side in content.get("sides", {}).values() for row in side["partitions"]]
    for topic, number, offset, *_ in [*content["partitions"], *sides]:
        click.echo(f"  {topic}/{number} goes on at {max(0, offset):,}")
    for name, model in content["models"].items():
        with understood(path):
            _show_model(name, model, len(content["pending"].get(name, [])))


def _show_model(name: str, model: dict[str, Any], pending: int) -> None:
    import msgspec

    from monitor.incidents.incident import Incident, rfc3339
    from monitor.incidents.summary import ranked, summarise
    from sinks.text import counted, plain

    sides = {what: side for name, what in (("labels", "label"), ("shadow", "answer")) if (side := model.get(name))}
    incidents = [
        *model["policy"]["incidents"],
        *(incident for side in sides.values() for incident in side["policy"]["incidents"]),
        *model["conditions"].values(),
    ]
    records = model["judge"]["records"]
    late = "".join(f" and {counted(side['judge']['records'], what)}" for what, side in sides.items())
    click.echo(f"  {name}: {counted(records, 'record')}{late} judged against {model['reference'][:19]}")
    click.echo(f"  {name}: {counted(len(incidents), 'incident')} open, {counted(pending, 'message')} still to be told")
    for incident in msgspec.convert(incidents, list[Incident]):
        summary = plain(summarise(ranked(list(incident.signals.values()))), LONGEST)
        click.echo(f"    {incident.severity} since {rfc3339(incident.since)}: {summary} ({incident.key})")


@command.command()
@config_option
def verify(config: Path) -> None:
    """Say whether what is remembered is whole; exits 1 where it is not."""
    from monitor.assembly import SNAPSHOT, remembered_state
    from monitor.beside import check_sides
    from monitor.config.loading import load

    path = load(config, secrets=False).state_dir / SNAPSHOT
    check_sides(path.parent, remembered_state(path).get("sides", {}), thoroughly=True)
    click.echo(f"{path} is whole" if path.exists() else f"there is no snapshot at {path}")


@command.command()
@config_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--labels", is_flag=True, help="Forget only what waits to be joined: predictions and labels.")
def reset(config: Path, *, yes: bool, labels: bool) -> None:
    """Forget everything: the next run begins where `source.start` says, and judges anew.

    The old snapshot is kept beside the new one. Stop `seawall run` first.
    """
    if labels:
        _reset_labels(config, yes=yes)
        return
    from monitor.assembly import SNAPSHOT
    from monitor.beside import LABELS
    from monitor.config.loading import load
    from monitor.shadow.answers import ANSWERS
    from monitor.state.snapshot import lock

    settings = load(config, secrets=False)
    with lock(settings.state_dir):
        if not yes:
            click.confirm(f"Forget what is remembered in {settings.state_dir}, open incidents included?", abort=True)
        for source in (settings.source, settings.labels and settings.labels.source, settings.answers_source()):
            if source and source.type == "kafka":
                _forget_group(source)
        if settings.replicas is not None:
            _forget_shared(settings)
        for path in settings.state_dir.glob(f"{LABELS}*"):
            path.unlink()
        _put_aside(settings.state_dir / ANSWERS)
        if kept := _put_aside(settings.state_dir / SNAPSHOT):
            click.echo(f"forgotten; the old snapshot is {kept}")
        else:
            click.echo("there was no snapshot")


def _reset_labels(config: Path, *, yes: bool) -> None:
    """Put the file of labels aside; the snapshot counts on it no more."""
    from monitor.assembly import SNAPSHOT, remembered_state
    from monitor.beside import LABELS
    from monitor.config.loading import load
    from monitor.state.snapshot import lock, save

    settings = load(config, secrets=False)
    with lock(settings.state_dir):
        content = remembered_state(settings.state_dir / SNAPSHOT)
        side = content.get("sides", {}).get("labels")
        if not side:
            click.echo("no labels are remembered")
            return
        if not yes:
            click.confirm("Forget the predictions and labels that wait for each other?", abort=True)
        side["file"] = None
        save(settings.state_dir / SNAPSHOT, content)
        kept = _put_aside(settings.state_dir / LABELS)
        for left in settings.state_dir.glob(f"{LABELS}-*"):
            left.unlink()
        click.echo(f"forgotten{(kept and f'; the old file is {kept}') or ''}. What comes from now on is joined")


def _put_aside(path: Path) -> Path | None:
    """Rename a file so that the next run does not find it; return its new name, None where there is none."""
    if not path.exists():
        return None
    return path.rename(path.with_name(f"{path.name}.{int(time.time())}"))


def _forget_shared(settings: Config) -> None:
    """Forget what the processes of a group share."""
    from monitor.replicas.forgetting import forget_topics, judging_group

    source = cast("KafkaSource", settings.source)
    _forget_group(source.model_copy(update={"group_id": judging_group(settings)}))
    for topic in forget_topics(settings):
        click.echo(f"the topic {topic} is deleted; the next start makes it anew, unless you do")


def _forget_group(source: KafkaSource) -> None:
    """Delete what the consumer group committed, or reading would go on there."""
    from kafka import KafkaAdminClient
    from kafka.errors import KafkaError

    group = source.group_id
    try:
        admin = KafkaAdminClient(**source.connection(), bootstrap_timeout_ms=10_000)
        outcome = admin.delete_groups([group])[group]
        admin.close()
    except (KafkaError, OSError) as why:
        outcome = str(why) or type(why).__name__
    if outcome not in {"OK", "GroupIdNotFoundError"}:
        reader = " (is `seawall run` still reading?)" if outcome == "NonEmptyGroupError" else ""
        address = ", ".join(source.bootstrap_servers)
        raise SourceError(f"Kafka at {address} did not forget the group {group}: {outcome}{reader}")
    click.echo(f"the group {group} is forgotten by Kafka")
