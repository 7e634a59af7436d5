"""Whoever takes models over: their desks, as they were left by who had them before."""

from __future__ import annotations

from collections.abc import Collection, Mapping, MutableMapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from monitor.assembly import begin_sinks, clock, counting_deliveries, dispatcher_of, watched_model
from monitor.config.config import Config
from monitor.config.durations import format_duration
from monitor.counting import trail
from monitor.counting.fold import NEVER
from monitor.counting.handover import partition_of
from monitor.counting.merging import Merging, Reached
from monitor.counting.tally import Layout
from monitor.delivery.dispatcher import Dispatcher
from monitor.errors import SnapshotError
from monitor.http.metrics import Metrics
from monitor.outbox import news_of
from monitor.replicas.desk import Desk, reached_of
from monitor.replicas.topics import beside
from monitor.state.snapshot import understood
from monitor.watched import Watched

MOVED = (
    "{} was judged while the topics that replicas share had another number of partitions than {}. They cannot have "
    "fewer again. To start anew: seawall state reset"
)


class Opening:
    """Opens desks.

    Parameters
    ----------
    counting : str
        The digest that tallies must have.
    partitions : int
        How many the topic of tallies has.
    """

    def __init__(self, config: Config, counting: str, partitions: int, metrics: Metrics) -> None:
        self.config, self.counting, self.partitions, self.metrics = config, counting, partitions, metrics
        self.beside = beside(config)
        self.dispatchers: MutableMapping[str, Dispatcher] = WeakValueDictionary()  # of models that are still here

    def open(self, partition: int, remembered: Mapping[str, dict[str, Any]]) -> dict[str, Desk]:
        """Return the desks of the models of a partition of tallies, given what is remembered of each.

        Raises
        ------
        SnapshotError
            Where that cannot be used.
        """
        settings = self.config.models_resolved()
        if moved := [name for name in remembered if name in settings and self._place(name) != partition]:
            raise SnapshotError(MOVED.format(", ".join(sorted(moved)), self.partitions))
        mine = [own for name, own in settings.items() if self._place(name) == partition]
        begins = [state["reached"]["offset"] for name, state in remembered.items() if name in settings]
        at = Reached(min(begins, default=0))
        return {own.name: self._open(own, remembered.get(own.name), at) for own in mine}

    def _place(self, name: str) -> int:
        return partition_of(name, self.partitions)

    def _open(self, own: Any, remembered: dict[str, Any] | None, at: Reached) -> Desk:
        config = self.config
        model = watched_model(config, own)
        saved: Mapping[str, Any] = remembered or {}
        with understood(Path(f"what is remembered of {own.name}")):
            if remembered is not None:
                check_slot(config, own.name, remembered)
            told = model.restore(remembered, clock().wall) if remembered is not None else []
            merging = self._merging(own.name, model.layout, getattr(config.source, "topics", ()), saved, at)
            sides = self._sides(model, saved.get("beside", {}), Reached(merging.next))
            unsent = [event for _, event in news_of([["", each] for each in saved.get("unsent", ())])]
        count = counting_deliveries(self.metrics)
        dispatcher = dispatcher_of(config, model, count, saved.get("pending", ()), saved.get("threads", ()))
        self.dispatchers[own.name] = dispatcher
        begin_sinks(self.metrics, model, self.dispatchers)
        desk = Desk(model, merging, dispatcher, _patience(config), [*unsent, *told], beside=sides)
        if desk.trails is not None:
            desk.trails = trail.from_plain(saved.get("trails", []))
        if config.labels is not None:
            from monitor.replicas.labels import joining_of

            with understood(Path(f"what is remembered of {own.name}")):
                desk.joined = saved.get("joining")
                desk.joining = joining_of(config, model, self.counting, self.metrics, desk.joined)
        return desk

    def _sides(self, model: Watched, saved: Mapping[str, Any], at: Reached) -> dict[str, Merging]:
        """Return what merges the streams beside the records; of one that says nothing of the model only markers."""
        layouts = {name: model.layouts.get(name, Layout([])) for name in self.beside}
        return {
            name: self._merging(model.name, layout, self.beside[name], saved.get(name, {}), at)
            for name, layout in layouts.items()
        }

    def _merging(
        self, model: str, layout: Layout, topics: Collection[str], saved: Mapping[str, Any], at: Reached
    ) -> Merging:
        """Return what merges a stream from where it was remembered to be, or else from `at` on."""
        reached = reached_of(saved["reached"]) if "reached" in saved else at
        if saved.get("counting") != self.counting:
            reached = replace(reached, taken={})  # of those that counted differently nothing was merged
        judged = saved.get("judged", NEVER)
        return Merging(model, layout, topics, self.counting, at=reached, judged=judged)


def check_slot(config: Config, name: str, remembered: Mapping[str, Any]) -> None:
    """Raise SnapshotError where a model was judged in other slots."""
    if remembered["slot"] != config.slot:
        raise SnapshotError(
            f"{name} was judged in slots of {format_duration(remembered['slot'])}, the configuration says "
            f"slot: {format_duration(config.slot)}. Set it back, or forget what was judged: seawall state reset"
        )


def _patience(config: Config) -> float:
    """Return the seconds after which silence is news: counts come once a slot is closed, or its partition is idle."""
    usual = 2 * config.slot + config.allowed_lateness + max(config.idle_timeout, config.slot)
    return max(config.freshness, usual) / 1000
