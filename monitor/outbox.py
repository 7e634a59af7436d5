"""The order of effects: judge, remember, tell, commit. Counting is effectively once, telling at least once."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

import msgspec
import structlog

from monitor import __version__
from monitor.counting import trail
from monitor.counting.partitions import plain
from monitor.delivery.appended import End
from monitor.delivery.dispatcher import Dispatcher, close_all
from monitor.http.health import Health
from monitor.http.metrics import Metrics
from monitor.state import snapshot
from monitor.state.migration import VERSION
from monitor.types import Event, News, Trigger

if TYPE_CHECKING:
    from monitor.parts import Now
    from monitor.pipeline import Pipeline

SAVE_EVERY = 1.0
CLOSE_SECONDS = 5.0
"""How long all sinks together may take at the end: what they do not take then is told at the next start."""

MOST_TIME = 0.02
"""Share of the time that saving may take: a large state is saved less often."""

WORDS_EVERY = 60.0
"""Seconds between two words in the log about a disk that takes nothing."""

log = structlog.get_logger()


class Saved(TypedDict):
    """What a snapshot holds."""

    version: int
    build: str | None
    partitions: list[tuple[str, int, int, int, int, list[tuple[int, int]], int]]
    judged: int
    slot: int | None
    models: dict[str, SavedModel]
    unsent: list[tuple[str, dict[str, Any]]]
    pending: dict[str, list[tuple[str, dict[str, Any]]]]
    threads: dict[str, list[tuple[str, str, str | None]]]
    dead_letters: End | int | None
    sides: dict[str, dict[str, Any]]
    trails: list[tuple[str, int, int, list[tuple[int, int]]]]
    waiting: list[tuple[str, int, list[int]]]
    written: dict[str, End | int]


class SavedModel(TypedDict):
    """What a snapshot holds of one model: `Watched.restore` knows what each part is."""

    reference: str
    signals: list[str]
    judge: dict[str, Any]
    policy: dict[str, Any]
    labels: NotRequired[dict[str, Any] | None]
    shadow: NotRequired[dict[str, Any] | None]
    conditions: dict[str, Any]
    retraining: NotRequired[dict[str, Any]]
    heard: NotRequired[int]


class DurableOutbox:
    """Writes the snapshot, then lets the dispatchers tell.

    Parameters
    ----------
    path : Path
        The snapshot.
    dispatchers : dict of str to Dispatcher
        By model.
    unsent : list of (model, Event or Trigger)
        What the last snapshot says was still to be handed over.
    """

    def __init__(
        self,
        path: Path,
        dispatchers: Mapping[str, Dispatcher],
        health: Health,
        metrics: Metrics,
        unsent: Sequence[tuple[str, News]] = (),
    ) -> None:
        self.path = path
        self.dispatchers = dispatchers
        self.health = health
        self.metrics = metrics
        self.unsent = list(unsent)
        self._places: set[tuple[str, int]] = set()
        self._next_save = 0.0
        self._full = self._failing = False
        self._failures = 0
        self._next_words = 0.0

    def put(self, model: str, events: Sequence[News]) -> None:
        """Take events; they are told after the next snapshot."""
        self.unsent += [(model, event) for event in events]

    def save(self, pipeline: Pipeline, now: Now) -> None:
        """Write the snapshot if events wait, reading had to stop or it is time, then tell, then commit."""
        stopped, self._full = self._full, pipeline.parts.full
        if not self.unsent and now.steady < self._next_save and (stopped or not self._full):
            return
        self._next_save = now.steady + SAVE_EVERY
        try:
            letters = pipeline.parts.letters.flush()
            began = time.monotonic()
            written = {path: size for each in pipeline.parts.observers for path, size in each.flush().items()}
            for side in pipeline.parts.sides:
                side.flush()
            content = self._content(pipeline, letters) | {"written": written}
            places = places_of(content)
            # What is told or committed is in both snapshots before: whichever is damaged, what others know is known.
            # What was told while nothing could be saved is made good.
            told = bool(self.unsent) or self._failing
            snapshot.save(self.path, content, twice=told or not places <= self._places)
            self._places = places
            for side in pipeline.parts.sides:
                side.saved()
        except OSError as error:
            self._failing = True
            self.health.block("state", f"{self.path.parent} cannot be written: {error.strerror}")
            self._note_failure(error, now)
        else:
            self._next_save = now.steady + max(SAVE_EVERY, (time.monotonic() - began) / MOST_TIME)
            self._failing = False
            self.health.clear("state")
            self.metrics.checkpoint.set(now.wall / 1000)
            pipeline.parts.source.commit(dict(pipeline.parts.partitions.wanted))
        self._hand_over()

    def close(self, pipeline: Pipeline, now: Now) -> None:
        """Save, tell what can be told within five seconds, and save what could not."""
        self._next_save = 0.0
        self.save(pipeline, now)
        close_all(list(self.dispatchers.values()), CLOSE_SECONDS)
        for model, dispatcher in self.dispatchers.items():
            if untold := dispatcher.pending():
                sinks = sorted({sink for sink, _ in untold})
                log.warning("messages still to be told at the next start", model=model, count=len(untold), sinks=sinks)
        self._next_save = 0.0
        self.save(pipeline, now)
        pipeline.parts.letters.close()
        for observer in pipeline.parts.observers:
            observer.close()

    def _note_failure(self, error: OSError, now: Now) -> None:
        """Say the first failure, then once a minute how many there were."""
        self._failures += 1
        if now.steady >= self._next_words:
            log.warning("snapshot failed", path=str(self.path), why=error.strerror, times=self._failures)
            self._failures, self._next_words = 0, now.steady + WORDS_EVERY

    def _hand_over(self) -> None:
        unsent, self.unsent = self.unsent, []
        for model, event in unsent:
            if isinstance(event, Trigger):
                self.metrics.retrain.labels(model, event.rule, event.event).inc()
                about = {"model": model, "rule": event.rule, "run": event.run_id, "incident": event.incident}
                log.info("retraining", outcome=event.event, why=event.why, **about)
            else:
                self.metrics.incidents.labels(model, event.severity, event.event).inc()
            self.dispatchers[model].put([event])

    def _content(self, pipeline: Pipeline, letters: End) -> dict[str, Any]:
        partitions = pipeline.parts.partitions
        return {
            "version": VERSION,
            "build": __version__,
            "partitions": plain({**pipeline.remembered, **partitions.remembered()}),
            "judged": partitions.judged,
            "waiting": partitions.pairing.state(),
            "slot": partitions.timing.slot,
            "models": {model.name: model.state() for model in pipeline.parts.models},
            "unsent": [[model, msgspec.to_builtins(event)] for model, event in self.unsent],
            "pending": {m: [[s, msgspec.to_builtins(e)] for s, e in d.pending()] for m, d in self.dispatchers.items()},
            "threads": {
                m: [[*key, thread] for key, thread in d.threads().items()] for m, d in self.dispatchers.items()
            },
            "dead_letters": letters,
            "sides": {side.name: side.state() for side in pipeline.parts.sides},
            "trails": trail.plain(partitions.trails or {}),
        }


def places_of(content: Mapping[str, Any]) -> set[tuple[str, int]]:
    """Return the partitions that a snapshot knows where to read on: no other goes by what the group committed."""
    sides = [row for side in content["sides"].values() for row in side["partitions"]]
    return {(topic, number) for topic, number, offset, *_ in [*content["partitions"], *sides] if offset >= 0}


def news_of(rows: Sequence[Sequence[Any]]) -> list[tuple[str, News]]:
    """Return (name, event or trigger) pairs of a snapshot."""
    return [(n, msgspec.convert(e, Trigger) if "run_id" in e else msgspec.convert(e, Event)) for n, e in rows]
