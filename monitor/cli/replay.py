"""`seawall replay`: the same pipeline over a file."""

from __future__ import annotations

import contextlib
import gzip
import io
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from monitor.cli.options import config_option
from monitor.types import SEVERITIES, Severity

if TYPE_CHECKING:
    from monitor.watched import Watched


def _number(_: click.Context, option: click.Parameter, given: float) -> float:
    if math.isnan(given):
        raise click.UsageError(f"{option.opts[0]} nan is not a number of records a second.")
    return given


_file = click.Path(dir_okay=False, path_type=Path)

PACKED = 6
"""How hard gzip tries: a replay's findings are 32 times smaller then, and it costs less than to judge them."""


@click.command()
@click.argument("data")
@config_option
@click.option("--events", type=_file, help="Write every event here, one JSON object a line; NAME.gz is packed.")
@click.option("--findings", type=_file, help="Write what every signal shows in every slot here; NAME.gz is packed.")
@click.option("--dead-letters", type=_file, help="Write records that cannot be used here; else they are only counted.")
@click.option(
    "--verdicts",
    type=_file,
    help="Write what scorers say of single records here, instead of where the configuration says.",
)
@click.option("--labels", type=_file, help="Labels that came later: they are joined to predictions by id.")
@click.option("--answers", type=_file, help="Answers of a shadow endpoint, as logged: nobody is asked anew.")
@click.option(
    "--rate",
    type=click.FloatRange(min=1e-6, max=1e9),
    callback=_number,
    default=100.0,
    show_default=True,
    help="Records a second, for records without a time.",
)
@click.option("--send", is_flag=True, help="Tell the configured sinks too, not only standard output.")
@click.option(
    "--fail-on",
    type=click.Choice(SEVERITIES),
    help="Exit with 3 when an incident reached this severity or a higher one, with 1 when nothing was judged.",
)
def command(
    data: str,
    config: Path,
    *,
    events: Path | None,
    findings: Path | None,
    dead_letters: Path | None,
    verdicts: Path | None,
    labels: Path | None,
    answers: Path | None,
    rate: float,
    send: bool,
    fail_on: Severity | None,
) -> None:
    """Run DATA (.jsonl or .csv, each also .gz; - is standard input) through the pipeline, from nothing.

    Neither reads nor writes the state; tells nobody but standard output unless --send.
    """
    from monitor.assembly import SNAPSHOT, watched_models
    from monitor.cli.replayed import gate, summarise
    from monitor.config.loading import load
    from monitor.config.secrets import secrets_in
    from monitor.logs import configure
    from monitor.observers import NotJudged
    from monitor.replay import replay
    from monitor.verdicts import Verdicts

    read, written = [Path(data), config, *filter(None, (labels, answers))], [events, findings, dead_letters, verdicts]
    _apart(read, *written)
    began, rest = time.monotonic(), NotJudged()
    settings = load(config, secrets=send)
    configure("warning", secrets=secrets_in(settings))  # standard output is for events
    models = watched_models(settings, str(config), late_labels=labels is not None, answers=answers is not None)
    scored = _verdicts_to(models, verdicts, settings.state_dir / SNAPSHOT)
    written += [path for path in scored if path != verdicts]
    _apart(read, *written)
    for path in filter(None, (dead_letters, *scored)):
        path.unlink(missing_ok=True)
    with contextlib.ExitStack() as open_files:
        lines, slots = _written(events, open_files), _written(findings, open_files)
        pipeline, told = replay(
            settings,
            models,
            data,
            events=lines,
            findings=slots,
            dead_letters=dead_letters,
            labels=str(labels) if labels else None,
            answers=str(answers) if answers else None,
            rate=rate,
            send=send,
            observers=[rest, *([Verdicts(models, instead=verdicts)] if scored else [])],
        )
    summarise(pipeline, told, rest, time.monotonic() - began)
    for path in filter(None, written):
        click.echo(f"wrote {path}", err=True)
    if lost := told.undelivered:
        to = ", ".join(f"{count:,} to {sink}" for sink, count in sorted(lost.items()))
        click.echo(f"not delivered: {to}", err=True)
    if fail_on:
        gate(fail_on, pipeline, told, rest)
    if lost:
        raise SystemExit(1)


def _apart(read: list[Path], *written: Path | None) -> None:
    """Raise where a file to be written is one that is read, or written twice: it would be emptied first."""
    taken = [path.resolve() for path in read]
    for path in filter(None, written):
        if path.resolve() in taken:
            raise click.UsageError(f"{path} is named twice. What is written needs a file of its own.")
        taken.append(path.resolve())


def _verdicts_to(models: Sequence[Watched], instead: Path | None, snapshot: Path) -> list[Path]:
    """Return where verdicts are written, each begun anew: not over those that `seawall run` wrote."""
    from detectors.config import scorers
    from monitor.verdicts import paths_of

    own, of_run = paths_of(models), snapshot.exists()
    if instead is None:
        if own and of_run:
            click.echo(f"no verdicts: {own[0]} is where `seawall run` writes. Name another file: --verdicts", err=True)
        return [] if of_run else own
    if not any(scorers(model.settings.detectors, classes=True) for model in models):
        raise click.UsageError("--verdicts: no detector scores records. Add one: detectors: [{type: auto}]")
    if of_run and instead.resolve() in [path.resolve() for path in own]:
        raise click.UsageError(f"--verdicts: {instead} is where `seawall run` writes. Give the replay another file.")
    return [instead]


def _written(path: Path | None, open_files: contextlib.ExitStack) -> IO[str] | None:
    """Open a file to write, packed where it is named so."""
    if path is None:
        return None
    try:
        if path.suffix != ".gz":
            return open_files.enter_context(path.open("w"))
        plain = open_files.enter_context(path.open("wb"))
        packed = gzip.GzipFile("", "wb", PACKED, plain, mtime=0)  # neither name nor time: the same bytes each time
        return open_files.enter_context(io.TextIOWrapper(packed, encoding="utf-8"))
    except OSError as error:
        raise click.UsageError(f"{path} cannot be written: {error.strerror}") from None
