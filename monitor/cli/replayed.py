"""What `seawall replay` says at its end: how much was judged, what came of it, and whether that fails a gate."""

from __future__ import annotations

from collections import Counter

import click

from monitor.errors import SeawallError
from monitor.formats.half import HALVES
from monitor.labels.stream import LabelStream
from monitor.observers import NotJudged
from monitor.pipeline import Pipeline
from monitor.replay import Told
from monitor.shadow.stream import ShadowStream
from monitor.types import SEVERITIES, Severity
from sinks.text import counted, plain

FAIL_ON = 3


def summarise(pipeline: Pipeline, told: Told, rest: NotJudged, seconds: float) -> None:
    """Print how much was judged, and what came of it."""
    timeless = f" ({rest.timeless:,} without a time of their own)" if rest.timeless else ""
    words = f"{counted(_judged(pipeline), 'record')} judged{timeless}, {_not_judged(pipeline, rest)}"
    if alone := pipeline.parts.partitions.pairing.totals.unpaired:
        by_kind = (f"{sum(n for (_, k), n in alone.items() if k == kind):,} {kind}s" for kind in HALVES)
        words += f", {' and '.join(by_kind)} unpaired"
        there = {kind for (_, kind), count in alone.items() if count}
        if not _judged(pipeline) and len(there) == 1:
            lacking = next(kind for kind in HALVES if kind not in there)
            words += f" (no {lacking} is in the data: a record is both)"
    click.echo(f"{words}, {counted(len(told.opened), 'incident')} opened, {seconds:.1f} s", err=True)
    for side in pipeline.parts.sides:
        if isinstance(side, ShadowStream):
            click.echo(f"{side.noun}: {side.counts}", err=True)
    if (became := _labels(pipeline)) is not None:
        click.echo(_of_labels(became), err=True)


def end(fail_on: Severity | None, pipeline: Pipeline, told: Told, rest: NotJudged) -> None:
    """Fail by the gate, if there is one, and where sinks did not take everything, which is said first."""
    lost = told.undelivered
    if lost:
        to = ", ".join(f"{count:,} to {sink}" for sink, count in sorted(lost.items()))
        click.echo(f"not delivered: {to}", err=True)
    if fail_on:
        _gate(fail_on, pipeline, told, rest)
    if lost:
        raise SystemExit(1)


def _gate(fail_on: Severity, pipeline: Pipeline, told: Told, rest: NotJudged) -> None:
    """Fail where an incident is as severe, and where nothing was judged: a gate that sees nothing is no gate."""
    if not _judged(pipeline):
        raise SeawallError(
            f"nothing was judged, so nothing is said by --fail-on: {_not_judged(pipeline, rest)}. "
            f"Is this the right file, and the right model?{rest.why and f' The first unusable one: {rest.why}'}"
        )
    if (became := _labels(pipeline)) is not None and not became["joined"] + became["conflicting"]:
        raise SeawallError(
            f"no label was joined to a prediction, so nothing is said of them by --fail-on: {_of_labels(became)}. "
            "Are their ids those of the predictions, and does labels.wait last as long as labels take?"
        )
    worst = told.worst()
    if worst and SEVERITIES.index(worst) >= SEVERITIES.index(fail_on):
        raise SystemExit(FAIL_ON)


def _labels(pipeline: Pipeline) -> Counter[str] | None:
    """Return what became of the labels, where any were read."""
    return next((side.became for side in pipeline.parts.sides if isinstance(side, LabelStream)), None)


def _of_labels(became: Counter[str]) -> str:
    """Return what became of the labels, in words; what did not happen is left out, but for how many were joined."""
    words = (
        ("alone", "without a prediction within labels.wait"),
        ("conflicting", "ids with labels that differ (not used)"),
        ("contradicted", "that differ from the one used"),
        ("ignored", "of another model"),
        ("late", "too late"),
    )
    told = [f"{became[outcome]:,} {what}" for outcome, what in words if became[outcome]]
    return ", ".join([f"{counted(became['joined'], 'prediction')} with a label judged", *told])


def _judged(pipeline: Pipeline) -> int:
    return sum(model.judge.records for model in pipeline.parts.models)


def _not_judged(pipeline: Pipeline, rest: NotJudged) -> str:
    """Return how many records were unusable, by reason, and how many are of models that are not watched."""
    why = ", ".join(f"{count:,} {reason}" for reason, count in rest.reasons.most_common())
    words = f"{rest.reasons.total():,} unusable{why and f' ({why})'}"
    if not rest.ignored:
        return words
    watched = ", ".join(model.name for model in pipeline.parts.models[:5])
    theirs = f"of another model, {plain(rest.another, 40)}" if rest.another else "without a model"
    return f"{words}, {rest.ignored:,} ignored ({theirs}; watched: {watched})"
