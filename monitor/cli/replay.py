"""`seawall replay`: the same pipeline over a file."""

from __future__ import annotations

import math
import time
from pathlib import Path

import click

from monitor.cli.options import config_option
from monitor.types import SEVERITIES, Severity


def _number(_: click.Context, option: click.Parameter, given: float) -> float:
    if math.isnan(given):
        raise click.UsageError(f"{option.opts[0]} nan is not a number of records a second.")
    return given


_old = click.Path(dir_okay=False)
_new = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("data")
@config_option
@click.option("--events", type=_new, help="Write every event here, one JSON object a line; NAME.gz is packed.")
@click.option("--findings", type=_new, help="Write what every signal shows in every slot here; NAME.gz is packed.")
@click.option("--dead-letters", type=_new, help="Write records that cannot be used here; else they are only counted.")
@click.option(
    "--verdicts",
    type=_new,
    help="Write what scorers say of single records here, instead of where the configuration says.",
)
@click.option("--labels", type=_old, help="Labels that came later: they are joined to predictions by id.")
@click.option("--answers", type=_old, help="Answers of a shadow endpoint, as logged: nobody is asked anew.")
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
    labels: str | None,
    answers: str | None,
    rate: float,
    send: bool,
    fail_on: Severity | None,
    **written: Path | None,
) -> None:
    """Run DATA (.jsonl or .csv, each also .gz; - is standard input) through the pipeline, from nothing.

    Neither reads nor writes the state; tells nobody but standard output unless --send.
    """
    from monitor.assembly import watched_models
    from monitor.cli.outputs import Outputs
    from monitor.cli.replayed import end, summarise
    from monitor.config.loading import load
    from monitor.config.secrets import secrets_in
    from monitor.logs import configure
    from monitor.observers import NotJudged
    from monitor.remembered import SNAPSHOT
    from monitor.replay import replay

    outputs = Outputs([Path(name) for name in (data, config, labels, answers) if name], **written)
    began, rest = time.monotonic(), NotJudged()
    settings = load(config, secrets=send)
    configure("warning", secrets=secrets_in(settings))  # standard output is for events
    models = watched_models(settings, str(config), late_labels=labels is not None, answers=answers is not None)
    observers = [rest, *outputs.begin(models, settings.state_dir / SNAPSHOT)]
    late = {"labels": labels, "answers": answers}
    with outputs.opened() as (events, findings):
        pipeline, told = replay(
            settings,
            models,
            data,
            events=events,
            findings=findings,
            dead_letters=outputs.dead_letters,
            rate=rate,
            send=send,
            observers=observers,
            **late,
        )
    summarise(pipeline, told, rest, time.monotonic() - began)
    for path in outputs.paths:
        click.echo(f"wrote {path}", err=True)
    end(fail_on, pipeline, told, rest)
