"""From a configuration to one of several processes that share the work."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from monitor.assembly import (
    begin_sinks,
    clock,
    counting_deliveries,
    dispatcher_of,
    letters_to,
    parts_of,
    watched_model,
)
from monitor.config.config import Config
from monitor.counting import trail
from monitor.counting.apart import Apart
from monitor.counting.merging import Merging, Reached
from monitor.delivery.dispatcher import Dispatcher
from monitor.errors import SnapshotError
from monitor.http.health import Health
from monitor.http.metrics import Metrics
from monitor.lean import settle
from monitor.observers import MetricsObserver
from monitor.outbox import news_of
from monitor.parts import Parts
from monitor.replicas.counting import CountingPipeline
from monitor.replicas.counting_digest import counting_digest
from monitor.replicas.desk import Desk, reached_of
from monitor.replicas.handing_over import HandingOver, partition_of
from monitor.replicas.judging import Desks, Judging
from monitor.replicas.log import Log
from monitor.replicas.memory import Memory
from monitor.replicas.noticed import Noticed
from monitor.replicas.others import await_alike
from monitor.replicas.topics import names, ready
from monitor.state.snapshot import understood
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
    partitions = ready(config, source.connection(), health, stopping)
    if not partitions:
        return None
    tallies, state = names(config)
    counting = counting_digest(config, models)
    if not await_alike(source.connection(), tallies, counting, health, stopping):
        return None
    noticed = Noticed(health, config.freshness / 1000)
    parts = parts_of(config, models, source.build_shared(models[0].name))
    parts["partitions"] = Apart(
        parts["partitions"].timing, [model.layout for model in models], [model.name for model in models], counting
    )
    outbox = HandingOver(Log(source.connection()), tallies, partitions, noticed=noticed, health=health, metrics=metrics)
    main = CountingPipeline(
        Parts(
            **parts,
            letters=letters_to(config, None),
            outbox=outbox,
            observers=[
                noticed,
                MetricsObserver(metrics, health, [model.name for model in models]),
                Verdicts(models),
            ],
        ),
        clock,
        stopping,
    )
    main.health, main.metrics = health, metrics
    group = f"{source.group_id or config.group_id}.judge"
    ours = source.model_copy(update={"topics": (tallies,), "group_id": group, "start": "earliest"})
    memory = Memory(source.connection(), state, Log(source.connection()))
    opener = _Desks(config, counting, partitions, metrics)
    Judging(main, ours.build_shared(models[0].name), memory, opener.open, counting)
    settle()
    return main


class _Desks:
    """Opens the desks of a partition's models."""

    def __init__(self, config: Config, counting: str, partitions: int, metrics: Metrics) -> None:
        self.config, self.counting, self.partitions, self.metrics = config, counting, partitions, metrics
        self.dispatchers: dict[str, Dispatcher] = {}

    def open(self, partition: int, remembered: Mapping[str, dict[str, Any]]) -> Desks:
        settings = self.config.models_resolved()
        mine = [own for name, own in settings.items() if partition_of(name, self.partitions) == partition]
        begins = [state["reached"]["offset"] for name, state in remembered.items() if name in settings]
        at = Reached(min(begins, default=0))
        return {own.name: self._open(own, remembered.get(own.name), at) for own in mine}

    def _open(self, own: Any, remembered: dict[str, Any] | None, at: Reached) -> Desk:
        config = self.config
        model = watched_model(config, own)
        saved: Mapping[str, Any] = remembered or {}
        with understood_record(own.name):
            if remembered is not None and remembered["slot"] != config.slot:
                raise SnapshotError(f"{own.name} was judged in slots of another length: seawall state reset")
            told = model.restore(remembered, clock().wall) if remembered is not None else []
            reached = reached_of(saved["reached"]) if remembered is not None else at
            if saved.get("counting", self.counting) != self.counting:
                reached = replace(reached, taken={})  # of those that counted differently nothing was merged
            unsent = [event for _, event in news_of([["", each] for each in saved.get("unsent", ())])]
        topics = getattr(config.source, "topics", ())
        judged = {"judged": saved["judged"]} if remembered is not None else {}
        merging = Merging(own.name, model.layout, topics, self.counting, at=reached, **judged)
        count = counting_deliveries(self.metrics)
        dispatcher = dispatcher_of(config, model, count, saved.get("pending", ()), saved.get("threads", ()))
        self.dispatchers[own.name] = dispatcher
        begin_sinks(self.metrics, model, self.dispatchers)
        desk = Desk(model, merging, dispatcher, config.freshness / 1000, [*unsent, *told])
        if desk.trails is not None:
            desk.trails = trail.from_plain(saved.get("trails", []))
        return desk


def understood_record(model: str) -> Any:
    """Return the context in which what a record of a model holds is used: what does not fit is said in words."""
    from pathlib import Path

    return understood(Path(f"what is remembered of {model}"))
