"""`seawall replay`: the same pipeline over a file."""

from __future__ import annotations

import contextlib
import math
import time
from pathlib import Path
from typing import IO

import click

from monitor.cli.options import config_option
from monitor.types import SEVERITIES, Severity

FAIL_ON = 3


@click.command()
@click.argument("data")
@config_option
@click.option(
    "--events", type=click.Path(dir_okay=False, path_type=Path), help="Write every event here, one JSON object a line."
)
@click.option(
    "--findings",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write what every signal shows in every slot here.",
)
@click.option(
    "--dead-letters",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write records that cannot be used here; else they are only counted.",
)
@click.option("--labels", type=click.Path(path_type=Path), help="Not carried out by this build.")
@click.option("--answers", type=click.Path(path_type=Path), help="Not carried out by this build.")
@click.option(
    "--rate",
    type=click.FloatRange(min=1e-6, max=1e9),
    default=100.0,
    show_default=True,
    help="Records a second, for records without a time.",
)
@click.option("--send", is_flag=True, help="Tell the configured sinks too, not only standard output.")
@click.option(
    "--fail-on", type=click.Choice(SEVERITIES), help="Exit with 3 when an incident of this severity or higher opened."
)
def command(
    data: str,
    config: Path,
    *,
    events: Path | None,
    findings: Path | None,
    dead_letters: Path | None,
    labels: Path | None,
    answers: Path | None,
    rate: float,
    send: bool,
    fail_on: Severity | None,
) -> None:
    """Run DATA (.jsonl or .csv, each also .gz; - is standard input) through the pipeline, from nothing.

    Neither reads nor writes the state; tells nobody but standard output unless --send.
    """
    from monitor.assembly import watched_models
    from monitor.config.loading import load
    from monitor.replay import replay

    for option, given in (("--labels", labels), ("--answers", answers)):
        if given:
            raise click.UsageError(f"{option} is not carried out by this build. Leave it out.")
    if math.isnan(rate):
        raise click.UsageError("--rate nan is not a number of records a second.")
    _apart([Path(data), config], events, findings, dead_letters)
    began = time.monotonic()
    settings = load(config, secrets=send)
    models = watched_models(settings, str(config))
    if dead_letters:
        dead_letters.unlink(missing_ok=True)
    with contextlib.ExitStack() as open_files:
        pipeline, told = replay(
            settings,
            models,
            data,
            events=_written(events, open_files),
            findings=_written(findings, open_files),
            dead_letters=dead_letters,
            rate=rate,
            send=send,
        )
    records = sum(model.judge.records for model in models)
    count = len(told.opened)
    words = f"{records:,} records judged, {pipeline.parts.limit.dead:,} unusable"
    words += f", {count} incident{'s' if count != 1 else ''} opened, {time.monotonic() - began:.1f} s"
    click.echo(words, err=True)
    for path in (events, findings, dead_letters):
        if path:
            click.echo(f"  {path}", err=True)
    worst = told.worst()
    if fail_on and worst and SEVERITIES.index(worst) >= SEVERITIES.index(fail_on):
        raise SystemExit(FAIL_ON)


def _apart(read: list[Path], *written: Path | None) -> None:
    """Raise where a file to be written is one that is read, or written twice: it would be emptied first."""
    taken = [path.resolve() for path in read]
    for path in filter(None, written):
        if path.resolve() in taken:
            raise click.UsageError(f"{path} is named twice. What is written needs a file of its own.")
        taken.append(path.resolve())


def _written(path: Path | None, open_files: contextlib.ExitStack) -> IO[str] | None:
    if path is None:
        return None
    try:
        return open_files.enter_context(path.open("w"))
    except OSError as error:
        raise click.UsageError(f"{path} cannot be written: {error.strerror}") from None
