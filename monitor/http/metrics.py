"""Every metric, in one place. The names are a contract with dashboards and alerting rules."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping
from itertools import product
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Info, ProcessCollector, disable_created_metrics

from monitor.errors import REASONS
from monitor.formats.half import HALVES
from monitor.types import EVENTS, OUTCOMES, SEVERITIES, Partition, Severity

MOST_SIGNALS = 500
OTHER = "other"
WHILE_LEARNING = "while learning"
JOINED = ("joined", "conflicting", "contradicted", "expired", "late")
DELIVERIES = ("delivered", "retried", "failed", "dropped")

_Choice = Callable[..., float | None]


class Reading(NamedTuple):
    """What one signal shows after a slot: `evidence` is log10, `points` are percentage points; None is no value."""

    signal: str
    evidence: float | None = None
    w: float | None = None
    psi: float | None = None
    points: float | None = None


class Limit(NamedTuple):
    """What one signal is judged against: log10 of the evidence that alarms, and what is not worth telling."""

    signal: str
    needed: float | None = None
    w: float | None = None
    points: float | None = None


class Metrics:
    """The metrics of one process, in a registry of their own.

    Counters and gauges are prometheus_client's own objects, written from any thread. Label values are bounded:
    models, sinks and reasons by the configuration and the code, signals by `MOST_SIGNALS` a model.
    """

    def __init__(self, version: str) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call] # the library left it without annotations
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        Info("seawall_build", "Version of Seawall.", registry=self.registry).info({"version": version})
        self._for_records()
        self._for_judging()
        self._for_telling()
        self._for_reading()
        self._for_the_monitor()
        self._signals: dict[str, set[str]] = {}
        self._lagging: set[Partition] = set()
        self._marked: set[Partition] = set()

    def _for_records(self) -> None:
        self.records = self._counter("records", "Records decoded and counted into a slot, before it closes.", "model")
        self.ignored = self._counter("ignored", "Records that are no model's that is watched.", "reason")
        self.dead_letters = self._counter(
            "dead_letters", "Records that could not be used, kept as they came.", "reason"
        )
        self.late = self._counter("late", "Records that came after their slot had closed.", "model")
        self.duplicates = self._counter("duplicates", "Records whose id had been counted in their slot.", "model")
        self.unpaired = self._counter("unpaired", "Halves of a pair whose other half never came.", "model", "half")

        self.labels = self._counter(
            "labels",
            "Predictions joined, conflicting, expired; labels contradicted, late, ignored.",
            "model",
            "outcome",
        )

        self.shadow = self._counter("shadow", "Shadow queries by what came of them.", "model", "check", "outcome")
        self.shadow_late = self._counter(
            "shadow_late", "Answers to shadow queries that came after their slot had closed: not judged.", "model"
        )

    def _for_judging(self) -> None:
        self.judged_here = self._gauge("judged_here", "Whether this process judges the model now: 1 or 0.", "model")
        self.slots_judged = self._counter("slots_judged", "Slots that every partition had closed, judged.", "model")
        self.sequential_alarms = self._counter(
            "sequential_alarms",
            "Slots in which a detector that looks at records in order raised an alarm.",
            "model",
            "signal",
        )
        self.effect_w = self._gauge(
            "effect_w", "Shift of a signal from what was accepted, Cohen's w.", "model", "signal"
        )
        self.effect_psi = self._gauge(
            "effect_psi", "The same shift as a population stability index.", "model", "signal"
        )
        self.effect_points = self._gauge(
            "effect_points", "Shift of a share from what was accepted, in percentage points.", "model", "signal"
        )
        self.evidence = self._gauge(
            "evidence_log10", "Evidence that a signal has shifted, log10 of the e-value.", "model", "signal"
        )
        self.evidence_needed = self._gauge(
            "evidence_needed_log10", "Evidence at which the signal alarms by itself, log10.", "model", "signal"
        )
        self.tolerance_w = self._gauge(
            "tolerance_w", "Shift of a signal that is not worth telling, Cohen's w.", "model", "signal"
        )
        self.tolerance_points = self._gauge(
            "tolerance_points", "Shift of a share that is not worth telling, in percentage points.", "model", "signal"
        )
        self.incidents_open = self._gauge("incidents_open", "Incidents that are open.", "model", "severity")
        self.incidents = self._counter("incidents", "Changes of incidents.", "model", "severity", "event")

    def _for_telling(self) -> None:
        self.deliveries = self._counter(
            "deliveries", "Attempts to tell a sink, by what came of them.", "sink", "outcome"
        )
        self.outbox_depth = self._gauge("outbox_depth", "Messages that a sink has not taken yet.", "sink")
        self.retrain = self._counter("retrain", "What rules for retraining decided.", "model", "rule", "outcome")

    def _for_reading(self) -> None:
        self.kafka_lag = self._gauge(
            "kafka_lag_records", "Log end minus the next offset to read.", "topic", "partition"
        )
        self.watermark = self._gauge(
            "watermark_timestamp_seconds", "Event time that a partition has reached.", "topic", "partition"
        )
        self.kafka_rebuilds = self._counter("kafka_rebuilds", "Consumers thrown away because a partition stood still.")
        self.broker_up = self._gauge("broker_up", "Whether the source can be read: 1 or 0.")

    def _for_the_monitor(self) -> None:
        self.checkpoint = self._gauge("checkpoint_timestamp_seconds", "When the state was last saved.")
        self.heartbeat = self._gauge("heartbeat_timestamp_seconds", "When the pipeline last went round.")
        self.memory = self._gauge("memory_bytes", "Memory of this process that is resident.")
        self.memory_limit = self._gauge("memory_limit_bytes", "Memory that it may take; 0 where there is no limit.")
        self.shed = self._counter("shed", "Records of which less was kept, memory being short.", "what")
        self.ready = self._gauge("ready", "Whether /readyz would answer 200: 1 or 0.")

    def _counter(self, name: str, words: str, *labels: str) -> Counter:
        return Counter(f"seawall_{name}", words, labels, registry=self.registry)

    def _gauge(self, name: str, words: str, *labels: str) -> Gauge:
        return Gauge(f"seawall_{name}", words, labels, registry=self.registry)

    def begin(self, models: Iterable[str]) -> None:
        """Show 0 for what has not happened yet: Prometheus sees no increase where a counter begins at 1."""
        self.ignored.labels("other model")
        for reason in REASONS:
            self.dead_letters.labels(reason)
        for model in models:
            for counter in (self.records, self.late, self.duplicates, self.slots_judged):
                counter.labels(model)
            for half in HALVES:
                self.unpaired.labels(model, half)
            for severity, event in product(SEVERITIES, EVENTS):
                self.incidents.labels(model, severity, event)
            self.judged_here.labels(model)
            self.open_incidents(model, {})

    def begin_sink(self, sink: str, depth: Callable[[], float]) -> None:
        """Show 0 for what was not delivered yet, and from now on how many messages wait."""
        for outcome in DELIVERIES:
            self.deliveries.labels(sink, outcome)
        self.outbox_depth.labels(sink).set_function(depth)

    def begin_rules(self, model: str, rules: Iterable[str]) -> None:
        """Show 0 for what a model's rules for retraining have not decided yet."""
        for rule, outcome in product(rules, OUTCOMES):
            self.retrain.labels(model, rule, outcome)

    def begin_labels(self, models: Iterable[str]) -> None:
        """Show 0 for labels that have not come yet."""
        for model, outcome in product(models, JOINED):
            self.labels.labels(model, outcome)

    def begin_shadow(self, models: Iterable[str]) -> None:
        """Show 0 for answers that did not come late yet."""
        for model in models:
            self.shadow_late.labels(model)

    def begin_sequential(self, model: str, signals: Iterable[str]) -> None:
        """Show 0 for detectors that have raised no alarm yet."""
        for signal in signals:
            self.sequential_alarms.labels(model, signal)

    def signals(self, model: str, readings: Iterable[Reading]) -> None:
        """Show what a model's signals show after a slot.

        The first `MOST_SIGNALS` names of a model stay; of all others together `other` shows the largest values.
        """
        self._show(model, readings, (self.evidence, self.effect_w, self.effect_psi, self.effect_points), max)

    def limits(self, model: str, limits: Iterable[Limit]) -> None:
        """Show what a model's signals are judged against; `other` is held to the smallest of its limits."""
        self._show(model, limits, (self.evidence_needed, self.tolerance_w, self.tolerance_points), min)

    def _show(self, model: str, rows: Iterable[Reading | Limit], gauges: tuple[Gauge, ...], of_rest: _Choice) -> None:
        known = self._signals.setdefault(model, set())
        rest: list[float | None] = [None] * len(gauges)
        for name, *values in rows:
            if name in known or len(known) < MOST_SIGNALS:
                known.add(name)
                _set(gauges, model, name, values)
            else:
                rest = [
                    of_rest((v for v in pair if v is not None), default=None) for pair in zip(rest, values, strict=True)
                ]
        _set(gauges, model, OTHER, rest)

    def leave(self, model: str) -> None:
        """Show nothing of a model any more that another process judges now."""
        self.judged_here.labels(model).set(0)
        self.open_incidents(model, {})
        effects = (self.evidence, self.effect_w, self.effect_psi, self.effect_points)
        for name in (*self._signals.pop(model, ()), OTHER):
            for gauge in (*effects, self.evidence_needed, self.tolerance_w, self.tolerance_points):
                with contextlib.suppress(KeyError):  # not every signal has all of them
                    gauge.remove(model, name)

    def open_incidents(self, model: str, by_severity: Mapping[Severity, int]) -> None:
        """Show how many incidents of a model are open; what is not named has none."""
        for severity in SEVERITIES:
            self.incidents_open.labels(model, severity).set(by_severity.get(severity, 0))

    def partitions(self, lag: Mapping[Partition, int], watermarks: Mapping[Partition, float]) -> None:
        """Show lag in records and watermarks in seconds since 1970; partitions not named are no longer ours."""
        for gauge, shown, values in (
            (self.kafka_lag, self._lagging, lag),
            (self.watermark, self._marked, watermarks),
        ):
            for partition in shown - values.keys():
                gauge.remove(*partition)
            for partition, value in values.items():
                gauge.labels(*partition).set(value)
            shown.clear()
            shown.update(values)


def _set(gauges: tuple[Gauge, ...], model: str, signal: str, values: Iterable[float | None]) -> None:
    for gauge, value in zip(gauges, values, strict=True):
        if value is not None:
            gauge.labels(model, signal).set(value)
