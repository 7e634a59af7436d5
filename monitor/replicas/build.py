"""From a configuration to one of several processes that share the work."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, cast

from monitor.assembly import clock, letters_to, parts_of
from monitor.config.config import Config
from monitor.counting.apart import Apart
from monitor.http.health import Health
from monitor.http.metrics import Metrics
from monitor.lean import settle
from monitor.observers import MetricsObserver
from monitor.parts import Parts
from monitor.remembered import note_unread
from monitor.replicas.answers import count_answers
from monitor.replicas.counting import CountingPipeline
from monitor.replicas.counting_digest import counting_digest
from monitor.replicas.forgetting import judging_group
from monitor.replicas.handing_over import HandingOver
from monitor.replicas.judging import Judging
from monitor.replicas.log import Log
from monitor.replicas.memory import Memory
from monitor.replicas.noticed import Noticed
from monitor.replicas.opening import Opening
from monitor.replicas.others import await_alike
from monitor.replicas.topics import halves_topic, names, ready
from monitor.shedding import watch_memory
from monitor.verdicts import Verdicts
from monitor.watched import Watched

if TYPE_CHECKING:
    from monitor.config.source import KafkaSource


def sharing(
    config: Config, models: list[Watched], health: Health, metrics: Metrics, *, stopping: threading.Event
) -> CountingPipeline | None:
    """Return the pipeline of one process; None where it was asked to stop before the brokers answered.

    Raises
    ------
    SourceError
        Where the topics that replicas share cannot be made, or do not fit.
    """
    source = cast("KafkaSource", config.source)  # any other is refused where the configuration is read
    note_unread(config.state_dir)
    partitions = ready(config, source.connection(), health, stopping)
    if not partitions:
        return None
    tallies, state = names(config)
    counting = counting_digest(config, models, partitions)
    if not await_alike(source.connection(), tallies, counting, health, stopping):
        return None
    noticed = Noticed(health, config.freshness / 1000)
    told = Log(source.connection(), stopping)
    outbox = HandingOver(told, tallies, partitions, noticed=noticed, health=health, metrics=metrics)
    main = _counting(config, models, counting, outbox, stopping)
    count_answers(main, config, metrics)
    update = {"topics": (tallies,), "group_id": judging_group(config), "start": "earliest"}
    ours = source.model_copy(update=update)
    memory = Memory(source.connection(), state, Log(source.connection(), stopping))
    opening = Opening(config, counting, partitions, metrics)
    judging = Judging(main, ours.build_shared(models[0].name), memory, opening.open, counting)
    if config.labels is not None:
        join_labels(main, judging, config, partitions, stopping)
    watch_memory(main, noticed, config.memory_limit, metrics)
    settle()
    return main


def _counting(
    config: Config, models: list[Watched], counting: str, outbox: HandingOver, stopping: threading.Event
) -> CountingPipeline:
    """Return the pipeline of the records, which judges nothing."""
    names_of = [model.name for model in models]
    parts = parts_of(config, models, cast("KafkaSource", config.source).build_shared(names_of[0]))
    parts["partitions"] = Apart(parts["partitions"].timing, [model.layout for model in models], names_of, counting)
    observers = [outbox.noticed, MetricsObserver(outbox.metrics, outbox.health, names_of), Verdicts(models)]
    letters = letters_to(config, None, stopping)
    main = CountingPipeline(Parts(**parts, letters=letters, outbox=outbox, observers=observers), clock, stopping)
    main.health, main.metrics = outbox.health, outbox.metrics
    return main


def join_labels(
    main: CountingPipeline, judging: Judging, config: Config, partitions: int, stopping: threading.Event
) -> None:
    """Put whoever reads labels, and whoever joins them, beside the records."""
    from monitor.replicas.joining import LabelsJoined
    from monitor.replicas.labels import count_labels
    from monitor.replicas.log_reader import LogReader

    count_labels(main, config, partitions, main.metrics)
    connection = cast("KafkaSource", config.source).connection()
    LabelsJoined(main, judging, LogReader(connection, halves_topic(config)), Log(connection, stopping))
