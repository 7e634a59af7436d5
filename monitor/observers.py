"""Those who look on: metrics, and the findings file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import IO

import msgspec
import structlog

from monitor.counting.fold import Folded
from monitor.counting.pairing import Totals
from monitor.formats.batch import IGNORED, Decoded
from monitor.http.health import Health
from monitor.http.metrics import Limit, Metrics, Reading
from monitor.incidents.incident import rfc3339
from monitor.judge.judge import Verdict
from monitor.parts import Now, Observer
from monitor.pipeline import Pipeline
from monitor.sight import read_elsewhere
from monitor.types import Partition
from monitor.watched import Watched

TROUBLE_PATIENCE = 5.0
"""Seconds that connecting and joining a group may take before the log calls it trouble."""

TROUBLE_EVERY = 60.0

READING = "source cannot be read", "source is read again"
JUDGING = "judging waits", "judging goes on"
LEARNING = "nothing to learn from", "learning goes on"
"""What the log calls trouble, and its end."""

NOT_BEGUN = -1e6
"""Evidence of a signal that had no record yet lies far below this."""

log = structlog.get_logger()


class MetricsObserver(Observer):
    """Turns what happens into metrics.

    Parameters
    ----------
    models : list of str
        Names in the order of the decoder.
    """

    def __init__(self, metrics: Metrics, health: Health, models: list[str]) -> None:
        self.metrics = metrics
        self.health = health
        self.models = models
        self._rebuilds = 0
        self._limited: dict[str, Watched] = {}
        self._totals = Totals(Counter(), Counter(), Counter())
        metrics.begin(models)

    def counted(self, partition: Partition, decoded: Decoded, folded: Folded) -> None:
        """Count records by what became of them."""
        for counter, counts in (
            (self.metrics.records, folded.counted),
            (self.metrics.late, folded.late),
            (self.metrics.duplicates, folded.duplicates),
        ):
            for index, count in counts.items():
                counter.labels(self.models[index]).inc(count)
        ignored = int((decoded.model == IGNORED).sum())
        if ignored:
            self.metrics.ignored.labels("other model").inc(ignored)
        for reason, _ in decoded.dead.values():
            self.metrics.dead_letters.labels(reason).inc()

    def judged(self, model: Watched, verdict: Verdict) -> None:
        """Show the signals after a slot."""
        if model.of_records(verdict):
            self.metrics.slots_judged.labels(model.name).inc()
        if self._limited.get(model.name) is not model:  # they are the same as long as it is
            self._limited[model.name] = model
            judges = [judged.judge for judged in (model.records, *model.sides.values())]
            self.metrics.limits(model.name, _limits(model))
            in_order = [detector for judge in judges for detector in judge.in_order.detectors]
            self.metrics.begin_sequential(model.name, [detector.signal for detector in in_order])
        for finding in verdict.alarms:
            if finding.evidence is None:  # a rule of its own: no gauge shows it
                self.metrics.sequential_alarms.labels(model.name, finding.signal.name).inc()
        self.metrics.signals(
            model.name,
            (
                Reading(signal.name, evidence, effect.w, effect.psi, effect.points)
                for signal, evidence, effect in zip(verdict.signals, verdict.evidence, verdict.effects, strict=True)
            ),
        )

    def turned(self, pipeline: Pipeline, now: Now) -> None:
        """Show the state of the whole."""
        source = pipeline.parts.source
        self.metrics.heartbeat.set(now.wall / 1000)
        self.metrics.broker_up.set(source.trouble() is None)
        self.metrics.ready.set(self.health.readyz(now.steady).well)
        lag, marks = dict(source.lag()), dict(pipeline.watermarks())
        for side in pipeline.parts.sides:
            lag |= side.lag()
            marks |= side.watermarks()
        self.metrics.partitions(lag, marks)
        rebuilds = getattr(source, "rebuilds", 0)
        self.metrics.kafka_rebuilds.inc(rebuilds - self._rebuilds)
        self._rebuilds = rebuilds
        self._joined(pipeline.parts.partitions.pairing.totals)
        for model in pipeline.models_here:
            by_severity = Counter(incident.severity for incident in model.incidents)
            self.metrics.open_incidents(model.name, by_severity)

    def _joined(self, totals: Totals) -> None:
        """Count what has become of halves since the last turn."""
        new, self._totals = totals.since(self._totals), totals.copy()
        for index, count in new.duplicates.items():
            self.metrics.duplicates.labels(self.models[index]).inc(count)
        for (index, kind), count in new.unpaired.items():
            self.metrics.unpaired.labels(self.models[index], kind).inc(count)


class FindingsFile(Observer):
    """One JSON line per judged slot and signal."""

    def __init__(self, file: IO[str], slot: int) -> None:
        self.file = file
        self.slot = slot
        self._limited: dict[str, tuple[Watched, dict[str, Limit]]] = {}

    def judged(self, model: Watched, verdict: Verdict) -> None:
        """Write what every signal shows, and what it is held against."""
        if model.name not in self._limited or self._limited[model.name][0] is not model:
            self._limited[model.name] = model, {limit.signal: limit for limit in _limits(model)}
        _, limits = self._limited[model.name]
        alarmed = {finding.signal.name for finding in verdict.alarms}
        about = {
            "time": rfc3339((verdict.slot + 1) * self.slot),
            "model": model.name,
            "records": verdict.records,
            "slot_records": verdict.slot_records,
        }
        for signal, evidence, effect in zip(verdict.signals, verdict.evidence, verdict.effects, strict=True):
            limit = limits[signal.name]
            row = {
                "signal": signal.name,
                "group": signal.group,
                "evidence": round(evidence, 3) if evidence > NOT_BEGUN else None,
                "needed": _rounded(limit.needed),
                "alarm": signal.name in alarmed,
                "w": _rounded(effect.w),
                "psi": _rounded(effect.psi),
                "points": _rounded(effect.points),
                "tolerance": _rounded(limit.points if limit.w is None else limit.w),
            }
            self.file.write(msgspec.json.encode(about | row).decode() + "\n")


def _limits(model: Watched) -> list[Limit]:
    """Return what every signal of a model is held against, on whichever clock it is judged."""
    judges = [judged.judge for judged in (model.records, *model.sides.values())]
    return [Limit(*limit) for judge in judges for limit in judge.limits()]


def _rounded(size: float | None) -> float | None:
    return None if size is None else round(size, 5)


class FirstPoll(Observer):
    """Says once how long it took from the start of the process to the first poll.

    Parameters
    ----------
    age : callable
        Seconds since the process started, None where nobody knows.
    """

    def __init__(self, age: Callable[[], float | None]) -> None:
        self.age = age
        self.polled = False

    def turned(self, pipeline: Pipeline, now: Now) -> None:
        """Log the first turn."""
        if not self.polled:
            self.polled = True
            log.info("first poll", seconds_since_start=self.age())


class SourceTrouble(Observer):
    """Warns in the log of what keeps from reading or judging, once a minute while that lasts, and says when it ends."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._next = 0.0
        self._called = READING

    def turned(self, pipeline: Pipeline, now: Now) -> None:
        """Look for trouble."""
        source = pipeline.parts.source
        trouble = source.trouble()
        self.look(trouble or read_elsewhere(source), now.steady, READING if trouble else JUDGING)

    def look(self, why: str | None, now: float, called: tuple[str, str] = READING) -> None:
        """Note what is in the way at this second, and what the log calls it and its end."""
        if self._since is None:
            if why is not None:
                self._since, self._next = now, now + TROUBLE_PATIENCE
            return
        lasted = round(now - self._since)
        if why is None:
            if self._next > self._since + TROUBLE_PATIENCE:
                log.info(self._called[1], after_s=lasted)
            self._since = None
        elif now >= self._next:
            self._called = called
            log.warning(called[0], why=why, for_s=lasted)
            self._next = now + TROUBLE_EVERY


class NotJudged(Observer):
    """Counts records that are not judged, and why; and those that are judged by a time not their own.

    Attributes
    ----------
    reasons : Counter
        Those that could not be used, by reason.
    ignored : int
        Those of models that are not watched.
    another : str or None
        One of these models, where one is named.
    why : str
        What was wrong with the first that could not be used.
    timeless : int
        Records without a time of their own.
    """

    def __init__(self) -> None:
        self.reasons: Counter[str] = Counter()
        self.ignored = 0
        self.another: str | None = None
        self.why = ""
        self.timeless = 0

    def counted(self, partition: Partition, decoded: Decoded, folded: Folded) -> None:
        """Count by reason."""
        self.reasons.update(reason for reason, _ in decoded.dead.values())
        self.why = self.why or next((detail for _, detail in decoded.dead.values()), "")
        self.ignored += int((decoded.model == IGNORED).sum())
        self.another = self.another or decoded.another
        self.timeless += sum(time is None for time, ours in zip(decoded.given, decoded.model >= 0, strict=True) if ours)
