"""The same pipeline over a file, from nothing: no snapshot, no outside sink unless asked for."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from monitor.assembly import clock, parts_of
from monitor.config.config import Config
from monitor.config.labels import LabelsSection
from monitor.config.source import FileSource
from monitor.counting.fold import Folded
from monitor.delivery.appended import End
from monitor.delivery.dead_letters import DeadLetter, FileWriter
from monitor.delivery.dispatcher import Dispatcher, close_all
from monitor.delivery.lane import Outcome
from monitor.errors import SeawallError
from monitor.formats.batch import Decoded
from monitor.labels.build import label_stream
from monitor.labels.in_order import InOrder
from monitor.observers import FindingsFile
from monitor.parts import Now, Observer, Parts
from monitor.pipeline import Pipeline
from monitor.shadow.build import read_answers
from monitor.sources.file import FileReader
from monitor.types import SEVERITIES, Event, News, Partition, Severity
from monitor.watched import Watched, codes_of
from sinks.sink import event_line

DRAIN_SECONDS = 30.0
"""How long sinks may take, and be tried again, when everything was read."""

CLOSE_SECONDS = 1.0


class CountedOnly:
    """Dead letters that nobody keeps: they are counted."""

    full = False

    def __init__(self) -> None:
        self.count = 0

    def write(self, letters: Sequence[DeadLetter]) -> None:
        """Count the letters."""
        self.count += len(letters)

    def flush(self) -> End:
        """Nothing to flush."""
        return 0, 0

    def close(self) -> None:
        """Nothing to close."""


class Told:
    """What a replay tells: events to a file and to those sinks that were asked for; nothing is remembered."""

    def __init__(self, events: IO[str] | None, dispatchers: dict[str, Dispatcher]) -> None:
        self.events = events
        self.dispatchers = dispatchers
        self.opened: list[Event] = []
        self.severities: set[Severity] = set()
        self._lost: list[str] = []

    def put(self, model: str, news: Sequence[News]) -> None:
        """Tell at once. No retraining is started by what is long over."""
        events = [event for event in news if isinstance(event, Event)]
        self.opened += [e for e in events if e.event == "opened"]
        self.severities |= {e.severity for e in events}
        for event in events:
            if self.events:
                self.events.write(event_line(event) + "\n")
        if model in self.dispatchers:
            self.dispatchers[model].put(events)

    def save(self, pipeline: Pipeline, now: Now) -> None:
        """Nothing is remembered; a disk that takes no more letters ends it."""
        if pipeline.parts.full:
            self._flush(pipeline)

    def _flush(self, pipeline: Pipeline) -> None:
        pipeline.parts.letters.flush()
        for observer in pipeline.parts.observers:
            observer.flush()

    def close(self, pipeline: Pipeline, now: Now) -> None:
        """Let the sinks finish: nobody comes back to tell what they have not taken by then."""
        deadline = time.monotonic() + DRAIN_SECONDS
        for dispatcher in self.dispatchers.values():
            dispatcher.drain(deadline)
        close_all(list(self.dispatchers.values()), CLOSE_SECONDS)
        self._flush(pipeline)
        pipeline.parts.letters.close()
        for observer in pipeline.parts.observers:
            observer.close()

    def note(self, sink: str, outcome: Outcome) -> None:
        """Note what became of a message."""
        if outcome in ("failed", "dropped"):
            self._lost.append(sink)

    @property
    def undelivered(self) -> Counter[str]:
        """How many messages were not delivered, by sink."""
        waiting = [sink for dispatcher in self.dispatchers.values() for sink, _ in dispatcher.pending()]
        return Counter(self._lost + waiting)

    def worst(self) -> Severity | None:
        """Return the highest severity that an incident reached."""
        return max(self.severities, key=SEVERITIES.index, default=None)


def replay(
    config: Config,
    models: list[Watched],
    data: str,
    *,
    events: IO[str] | None = None,
    findings: IO[str] | None = None,
    dead_letters: Path | None = None,
    labels: str | None = None,
    answers: str | None = None,
    rate: float = 100.0,
    send: bool = False,
    observers: Sequence[Observer] = (),
) -> tuple[Pipeline, Told]:
    """Run the file through the pipeline; return both for a summary.

    Raises
    ------
    SeawallError
        Where too many records are unusable, or the file cannot be read.
    """
    source = FileReader(data, rate=rate, codes=codes_of(models))
    letters = FileWriter(dead_letters) if dead_letters else CountedOnly()
    chosen = {m.name: [s for s in m.settings.sinks if send or s.type == "stdout"] for m in models}
    told = Told(events, {})
    for name, sinks in chosen.items():
        told.dispatchers[name] = Dispatcher([s.build() for s in sinks], told.note, bound=1_000_000)
    watching = [*observers, *([FindingsFile(findings, config.slot)] if findings else [])]
    at_limit = StopAtLimit()
    pipeline = Pipeline(
        Parts(**parts_of(config, models, source), letters=letters, outbox=told, observers=[*watching, at_limit]),
        clock,
    )
    if labels:
        section = config.labels or LabelsSection(source=FileSource(type="file", path=labels))
        label_stream(pipeline, config, section, source=InOrder(labels, rate=rate), path=None, count=_uncounted)
    if answers:
        read_answers(pipeline, config, FileReader(answers, rate=rate))
    pipeline.run()
    _refuse(config, pipeline, at_limit.why, {"labels": labels, "shadow": answers})
    return pipeline, told


def _refuse(config: Config, pipeline: Pipeline, first: str, files: Mapping[str, str | None]) -> None:
    """Raise where what was read is mostly something else; `files` are those of the streams beside the records."""
    if words := pipeline.parts.limit.reached:
        fixed = config.format.type
        hint = "" if fixed == "auto" else f" The configuration says format: {fixed}; format: auto finds out by itself."
        raise SeawallError(f"{words} (first: {first}). Is this the right format, and the right file?{hint}")
    for side in pipeline.parts.sides:
        if words := side.trouble():
            raise SeawallError(f"{side.noun}: {words}. Is {files[side.name]} the right file?")


def _uncounted(_model: str, _outcome: str, _pairs: int) -> None:
    """Nobody looks at a replay's metrics."""


class StopAtLimit(Observer):
    """Ends a replay that reads the wrong thing.

    Attributes
    ----------
    why : str
        What was wrong with the first record that could not be used.
    """

    def __init__(self) -> None:
        self.why = ""

    def counted(self, partition: Partition, decoded: Decoded, folded: Folded) -> None:
        """Remember the first reason."""
        self.why = self.why or next((f"{reason}: {detail}" for reason, detail in decoded.dead.values()), "")

    def turned(self, pipeline: Pipeline, now: Now) -> None:
        """Stop where too many records are unusable."""
        if pipeline.parts.limit.reached:
            pipeline.stopping.set()
