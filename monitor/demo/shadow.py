"""The demo's shadow checks: its own model is asked again, and answers as soon as the request has come."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from monitor.config.permodel import ModelSettings
from monitor.config.shadow import ShadowSection
from monitor.counting.fold import Folded
from monitor.demo.traffic import CHUNK_MS, PIXELS, Service, Traffic
from monitor.formats.batch import Decoded
from monitor.parts import Now, Observer
from monitor.pipeline import Pipeline
from monitor.reference.store import Reference
from monitor.shadow.answers import Answer, AnswerLog
from monitor.shadow.asking import Asker
from monitor.shadow.curve import Source, measured
from monitor.shadow.endpoint import InProcess, Said
from monitor.shadow.inputs import Row
from monitor.shadow.stamping import Stamps
from monitor.types import Partition, RawMessage

FEWEST = 4_000
"""Of the accepted requests every second one is asked about; with the 5,000 that are usual all of them would be."""

A_MOMENT = 0.0005
"""Seconds."""


Note = Callable[[Answer, int], None]
"""Called from any thread as ``note(answer, time)``, in milliseconds since 1970."""


class Deployed:
    """The service behind its endpoint: the release that is deployed answers."""

    def __init__(self, service: Service, reference: Reference) -> None:
        self.release = "1"
        self._service = service
        sent = [feature.name for feature in reference.schema.features if feature.type != "aside"]
        self._order = [sent.index(pixel) for pixel in PIXELS]

    def __call__(self, rows: Sequence[Row]) -> Said:
        """Return which digit is read in each row."""
        read, _ = self._service.predict(np.array(rows, dtype=float)[:, self._order], self.release)
        return Said([str(digit) for digit in read.tolist()], version=self.release)


def with_curve(
    reference: Reference, blocks: Sequence[Sequence[RawMessage]], settings: ModelSettings, service: Service
) -> Reference:
    """Return the reference with how often the accepted release's answers flip."""
    section = settings.shadow
    if section is None:
        return reference

    def answering(_: ShadowSection, known: Reference) -> InProcess:
        return InProcess(Deployed(service, known))

    return measured(reference, Source(lambda: blocks, "auto", stamped=True), section, answering, fewest=FEWEST)


class _StoryTime(Stamps):
    """Stamps as the story has them: partitions come in any order, and `_InOrder` sorts what is written."""

    def next(self, now: Now) -> int:
        return now.wall


class _InOrder:
    """Answers on their way into a log: written in the order of their times, and of their ids.

    Parameters
    ----------
    log : AnswerLog
    note : callable
        Hears every answer at once.
    """

    def __init__(self, log: AnswerLog, note: Note) -> None:
        self._log = log
        self._note = note
        self._waiting: list[tuple[int, str, tuple[Answer, ...]]] = []
        self._lock = threading.Lock()
        self.sync, self.trouble, self.close = log.sync, log.trouble, log.close

    def append(self, answers: Sequence[Answer], clock: Callable[[], int]) -> None:
        """Keep the answers to one question until their turn has come."""
        at = clock()
        for answer in answers:
            self._note(answer, at)
        with self._lock:
            heapq.heappush(self._waiting, (at, answers[0].id, tuple(answers)))

    def write(self, through: int) -> None:
        """Write what was answered up to a time, of which no more will come."""
        with self._lock:
            while self._waiting and self._waiting[0][0] <= through:
                at, _, answers = heapq.heappop(self._waiting)
                self._log.append(answers, partial(int, at))


class PromptAnswers(Observer):
    """Stands between the pipeline and who asks, so that answers are as prompt as the story's time.

    Of each tenth of a second the release of that time is asked, and reading waits for what it says. Answers bear that
    time and are written once all partitions have reached it. So the log is the same in every run, however fast, and
    however the traffic came.

    Parameters
    ----------
    asker : Asker
    deployed : Deployed
        Who answers.
    note : callable
        Hears every answer.
    """

    def __init__(self, asker: Asker, deployed: Deployed, traffic: Traffic, note: Note) -> None:
        self._asker = asker
        self._deployed = deployed
        self._traffic = traffic
        self._moment = traffic.began
        self._answers = asker.answers = _InOrder(asker.answers, note)
        asker.clock, asker.stamps = self._clock, _StoryTime(0)
        for budget in asker.budgets.values():
            budget.take(0, self._clock())  # from now on it fills

    def _clock(self) -> Now:
        return Now(time.monotonic(), self._moment)

    def counted(self, partition: Partition, decoded: Decoded, folded: Folded) -> None:
        """Have the release of their time asked about the records."""
        for moment, part in _by_moment(decoded, folded):
            self._moment = moment + CHUNK_MS - 1
            self._deployed.release = self._traffic.phase(moment).version
            self._asker.counted(partition, decoded, part)
            while not self._asker.idle:
                time.sleep(A_MOMENT)

    def turned(self, pipeline: Pipeline, now: Now) -> None:
        """Write the answers of the time that all partitions have left behind."""
        reached = pipeline.watermarks().values()
        if len(reached) == len(pipeline.parts.partitions.folds):
            self._answers.write(round(1_000 * min(reached, default=0)))


def _by_moment(decoded: Decoded, folded: Folded) -> Iterator[tuple[int, Folded]]:
    """Yield the tenths of a second of a block (milliseconds since 1970), and what counted of each."""
    for index, parts in folded.fresh.items():
        batch, positions = decoded.batches[index], np.concatenate(parts)
        if batch is not None:
            moments = batch.times[positions] // CHUNK_MS * CHUNK_MS
            for moment in np.unique(moments).tolist():
                yield moment, replace(folded, fresh={index: [positions[moments == moment]]})


def answer_promptly(pipeline: Pipeline, deployed: Deployed, traffic: Traffic, note: Note) -> None:
    """Put `PromptAnswers` in the place of whoever asks in a pipeline."""
    observers = pipeline.parts.observers
    place, asker = next((place, each) for place, each in enumerate(observers) if isinstance(each, Asker))
    observers[place] = PromptAnswers(asker, deployed, traffic, note)
