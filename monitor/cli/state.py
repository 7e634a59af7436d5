"""`seawall state`: what is remembered, whether it is whole, and how to forget it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.cli.options import config_option
from monitor.errors import SeawallError, SnapshotError, SourceError

if TYPE_CHECKING:
    from monitor.config.config import Config
    from monitor.config.source import KafkaSource

RUNNING = "Stop `seawall run` first"


@click.group()
def command() -> None:
    """Look at what is remembered over a restart, or forget it."""


@command.command()
@config_option
def show(config: Path) -> None:
    """Say where reading goes on, how far was judged, what is open and what is still to be told."""
    from monitor.cli.shown import shown
    from monitor.config.loading import load

    settings = load(config, secrets=False)
    if settings.replicas is not None:
        from monitor.cli.shown_shared import shown_shared

        lines = shown_shared(settings)
    else:
        lines = shown(settings, time.time())
    for line in lines:
        click.echo(line)


@command.command()
@config_option
def verify(config: Path) -> None:
    """Say whether both snapshots are whole, and all that they count on; exits 1 where not."""
    from monitor.cli.verified import verified
    from monitor.config.loading import load

    settings = load(config, secrets=False)
    if settings.replicas is not None:
        from monitor.cli.shown_shared import verified_shared

        found = {str(one): one for one in verified_shared(settings)}
    else:
        found = {str(one): one for one in verified(settings)}
    wrong = {words: one for words, one in found.items() if isinstance(one, SeawallError)}
    for words in (words for words in found if words not in wrong):
        click.echo(words)
    if len(wrong) == 1:
        raise next(iter(wrong.values()))
    if wrong:
        raise SnapshotError("\n".join(wrong))


@command.command()
@config_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--labels", is_flag=True, help="Forget only what waits to be joined: predictions and labels.")
def reset(config: Path, *, yes: bool, labels: bool) -> None:
    """Forget everything: the next run begins where `source.start` says, and judges anew.

    The old snapshots are kept under other names. Stop `seawall run` first.
    """
    if labels:
        _reset_labels(config, yes=yes)
        return
    from monitor.beside import LABELS
    from monitor.cli.forgotten import groups, question
    from monitor.config.loading import load
    from monitor.remembered import SNAPSHOT
    from monitor.shadow.answers import ANSWERS
    from monitor.state.lock import lock
    from monitor.state.snapshot import previous, torn

    settings = load(config, secrets=False)
    path = settings.state_dir / SNAPSHOT
    with lock(settings.state_dir, RUNNING):
        if not yes:
            _ask(question(settings))
        for source in groups(settings):
            _forget_group(source)
        if settings.replicas is not None:
            _forget_topics(settings)
        for left in settings.state_dir.glob(f"{LABELS}*"):
            left.unlink()
        torn(path).unlink(missing_ok=True)
        _put_aside(settings.state_dir / ANSWERS)
        # The newest last: should this end in between, no run goes on from the one before it.
        kept = [str(name) for each in (previous(path), path) if (name := _put_aside(each))]
        if kept or settings.replicas is None:
            click.echo(f"forgotten; what was remembered is {' and '.join(kept)}" if kept else "there was no snapshot")


def _reset_labels(config: Path, *, yes: bool) -> None:
    """Put the file of labels aside; neither snapshot counts on it any more."""
    from monitor.beside import LABELS
    from monitor.config.loading import load
    from monitor.remembered import SNAPSHOT, known
    from monitor.state.lock import lock
    from monitor.state.snapshot import recover, save

    settings = load(config, secrets=False)
    if settings.replicas is not None:
        raise click.ClickException("with replicas what waits lies in a topic beside the rest. Forget all of it: reset")
    with lock(settings.state_dir, RUNNING):
        found = recover(settings.state_dir / SNAPSHOT)
        content = known(found) if found else {"sides": {}}
        side = content["sides"].get("labels")
        if not side:
            click.echo("no labels are remembered")
            return
        if not yes:
            _ask("Forget the predictions and labels that wait for each other?")
        side["file"] = None
        save(settings.state_dir / SNAPSHOT, content, twice=True)
        kept = _put_aside(settings.state_dir / LABELS)
        for left in settings.state_dir.glob(f"{LABELS}-*"):
            left.unlink()
        click.echo(f"forgotten{(kept and f'; the old file is {kept}') or ''}. What comes from now on is joined")


def _put_aside(path: Path) -> Path | None:
    """Rename a file so that the next run does not find it; return its new name, None where there is none."""
    if not path.exists():
        return None
    return path.rename(path.with_name(f"{path.name}.{int(time.time())}"))


def _ask(question: str) -> None:
    """Ask, and end with 1 where the answer is no."""
    if not click.confirm(question):
        click.echo("nothing was changed", err=True)
        click.get_current_context().exit(1)


def _forget_topics(settings: Config) -> None:
    """Delete the topics that the processes of a group share."""
    from monitor.replicas.forgetting import forget_topics

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
