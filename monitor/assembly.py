"""From a configuration to a pipeline."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from monitor.beside import add_sides, check_sides
from monitor.config.config import Config
from monitor.config.permodel import ModelSettings
from monitor.counting import trail
from monitor.counting.fold import NEVER
from monitor.counting.pairing import PairCounter, Pairing
from monitor.counting.partitions import Partitions, Timing, from_plain
from monitor.delivery.appended import End
from monitor.delivery.dead_letters import FileWriter, Limit, TopicWriter, Writer
from monitor.delivery.dispatcher import Dispatcher
from monitor.delivery.lane import Count
from monitor.errors import ConfigError, Problem
from monitor.formats.decoder import Decoder
from monitor.http.health import Health
from monitor.http.metrics import Metrics
from monitor.incidents.incident import rfc3339
from monitor.lean import settle
from monitor.observers import MetricsObserver
from monitor.operators import Operators
from monitor.outbox import DurableOutbox, news_of
from monitor.parts import Now, Parts
from monitor.pipeline import Pipeline
from monitor.reference.store import Store
from monitor.remembered import SNAPSHOT, resumed
from monitor.shedding import watch_memory
from monitor.sight import Sight
from monitor.state import snapshot
from monitor.types import Event, Source, action_name
from monitor.verdicts import Verdicts
from monitor.watched import Watched, codes_of
from sinks.sink import Sink

if TYPE_CHECKING:
    from monitor.shadow.endpoint import Endpoint

DEAD_LETTERS = "dead-letters.jsonl"

log = structlog.get_logger()


def clock() -> Now:
    """Read both clocks. The only place where a running monitor does."""
    return Now(time.monotonic(), time.time_ns() // 1_000_000)


def watched_models(
    config: Config, file: str, *, late_labels: bool | None = None, answers: bool | None = None
) -> list[Watched]:
    """Return every model of the configuration with its accepted reference.

    Parameters
    ----------
    late_labels : bool or None
        Whether labels come from elsewhere; None as configured.
    answers : bool or None
        Whether answers of shadow endpoints are judged; None as configured.

    Raises
    ------
    BadReference, ConfigError
    """
    settings = config.models_resolved()
    if not settings:
        raise ConfigError(
            file, [Problem("models", "no model to watch: no folder where {model} stands in the reference's path")]
        )
    return [watched_model(config, own, late_labels=late_labels, answers=answers) for own in settings.values()]


def watched_model(
    config: Config, own: ModelSettings, *, late_labels: bool | None = None, answers: bool | None = None
) -> Watched:
    """Return one model, as `watched_models` does."""
    store = Store(own.reference.path)
    accepted = store.accepted()
    return Watched(
        own,
        accepted,
        config.slot,
        config.privacy.show,
        partial(config.privacy.key, own.reference.path),
        late_labels=config.labels is not None if late_labels is None else late_labels,
        answers=answers,
        unaccepted=store.unaccepted(accepted),
    )


def parts_of(
    config: Config, models: list[Watched], source: Source, *, judged: int = NEVER, waiting: Sequence[Any] = ()
) -> dict[str, Any]:
    """Return what every pipeline of this configuration has in common."""
    schemas = {model.name: model.schema for model in models}
    timing = Timing(config.slot, config.allowed_lateness, config.max_ahead)
    layouts = [model.layout for model in models]
    callers = {model.name for model in models if model.callers}
    decoder = Decoder(schemas, format=config.format.type, stamped=source.stamped, callers=callers)
    pairing = Pairing(config.slot, config.format.wait, PairCounter(decoder, layouts), waiting)
    patience = [config.idle_timeout, config.slot]  # no slot is closed while it still runs
    if config.format.type == "kserve":
        patience.append(config.format.wait)  # nor while a half may still find its other
    return {
        "source": source,
        "decoder": decoder,
        "models": models,
        "partitions": Partitions(timing, layouts, judged, pairing),
        "limit": Limit(config.dead_letters.max_share),
        "idle_timeout": max(patience) / 1000,
    }


def running(
    config: Config,
    models: list[Watched],
    health: Health,
    metrics: Metrics,
    *,
    stopping: threading.Event,
    source: Source | None = None,
    endpoints: Mapping[str, Endpoint] | None = None,
    label_source: Source | None = None,
) -> Pipeline:
    """Return the pipeline of `seawall run`, going on where the snapshot ends.

    Parameters
    ----------
    source : Source or None
        What to read instead of the configured source.
    endpoints : mapping or None
        By model: who answers shadow queries instead of the configured endpoint.
    label_source : Source or None
        The same for labels.

    Raises
    ------
    SnapshotError
        Where nothing can be gone on from (`resumed`), or a file that the snapshot counts on is not there, or not what
        it was.
    """
    path, saved = resumed(config)
    if config.labels:
        check_sides(config.state_dir, saved["sides"])
    restored = _restore(path, models, saved)
    outbox = _outbox(config, models, saved, health, metrics)
    for name, events in restored.items():
        outbox.put(name, events)
    source = source or _source(config, models)
    sight = Sight(health, config.freshness / 1000)
    parts = Parts(
        **parts_of(config, models, source, judged=saved["judged"], waiting=saved["waiting"]),
        letters=letters_to(config, saved["dead_letters"], stopping),
        outbox=outbox,
        observers=[
            sight,
            MetricsObserver(metrics, health, [model.name for model in models]),
            Verdicts(models, saved["written"]),
        ],
        remembered=from_plain(saved["partitions"]),
    )
    pipeline = Pipeline(parts, clock, stopping)
    if any(model.settings.retrain for model in models):
        parts.partitions.trails = trail.from_plain(saved["trails"])
        parts.observers.append(Operators(config.state_dir))
    add_sides(pipeline, config, metrics, saved["sides"], endpoints, label_source=label_source)
    watch_memory(pipeline, sight, config.memory_limit, metrics)
    settle()
    return pipeline


def _source(config: Config, models: list[Watched]) -> Source:
    name = models[0].name
    return (
        config.source.build(name, codes=codes_of(models)) if config.source.type == "file" else config.source.build(name)
    )


def _restore(path: Path, models: list[Watched], saved: dict[str, Any]) -> dict[str, list[Event]]:
    """Let the models go on where the snapshot ends; return what is to be told of each."""
    if not saved["models"]:
        return {}
    wall = clock().wall
    with snapshot.understood(path):
        known = [model for model in models if model.name in saved["models"]]
        restored = {model.name: model.restore(saved["models"][model.name], wall) for model in known}
        end = "nothing yet" if saved["judged"] == NEVER else rfc3339((saved["judged"] + 1) * saved["slot"])
    log.info("snapshot read", path=str(path), partitions=len(saved["partitions"]), judged_through=end)
    return restored


def _outbox(
    config: Config, models: list[Watched], saved: dict[str, Any], health: Health, metrics: Metrics
) -> DurableOutbox:
    count = counting_deliveries(metrics)
    dispatchers: dict[str, Dispatcher] = {}
    for model in models:
        pending, threads = saved["pending"].get(model.name, []), saved["threads"].get(model.name, [])
        dispatchers[model.name] = dispatcher_of(config, model, count, pending, threads)
        begin_sinks(metrics, model, dispatchers)
        metrics.judged_here.labels(model.name).set(1)
    unsent = news_of(saved["unsent"])
    return DurableOutbox(config.state_dir / SNAPSHOT, dispatchers, health, metrics, unsent)


def counting_deliveries(metrics: Metrics) -> Count:
    """Return what counts how messages fared."""

    def count(sink: str, outcome: str) -> None:
        metrics.deliveries.labels(sink, outcome).inc()

    return count


def dispatcher_of(
    config: Config, model: Watched, count: Count, pending: Sequence[Any] = (), threads: Sequence[Any] = ()
) -> Dispatcher:
    """Return who hands a model's messages to its sinks, given what was remembered of that."""
    sinks: list[Sink] = [sink.build() for sink in model.settings.sinks]
    sinks += [rule.build(config.source.connection()) for rule in model.settings.retrain]
    known = {(sink, incident): thread for sink, incident, thread in threads}
    return Dispatcher(sinks, count, pending=news_of(pending), threads=known)


def begin_sinks(metrics: Metrics, model: Watched, dispatchers: Mapping[str, Dispatcher]) -> None:
    """Let the metrics show how much waits for each sink."""
    for sink in [*(sink.name for sink in model.settings.sinks), *(action_name(r.name) for r in model.settings.retrain)]:
        metrics.begin_sink(sink, partial(_depth, dispatchers, sink))
    metrics.begin_rules(model.name, [rule.name for rule in model.settings.retrain])


def _depth(dispatchers: Mapping[str, Dispatcher], sink: str) -> int:
    """Return how many messages of all models a sink has not taken yet."""
    return sum(dispatcher.depth(sink) for dispatcher in dispatchers.values())


def letters_to(config: Config, end: End | int | None, stopping: threading.Event) -> Writer:
    """Return who keeps dead letters, given where the file ended."""
    file = FileWriter(config.state_dir / DEAD_LETTERS, end)
    if config.dead_letters_to == "file" or config.source.type == "file":
        return file
    return TopicWriter(config.source.connection(), file, stopping)
