"""Asks the endpoint on threads of its own: reading waits for nobody who answers."""

from __future__ import annotations

import queue
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import product

import numpy as np
import structlog

from monitor.counting.fold import Folded
from monitor.formats.batch import Batch, Decoded
from monitor.parts import Now, Observer
from monitor.shadow.answers import AnswerLog
from monitor.shadow.budget import QueryBudget
from monitor.shadow.endpoint import Unanswered
from monitor.shadow.probing import Prober, Question
from monitor.shadow.stamping import Stamps
from monitor.types import Partition

THREADS = 2
WAITING = 64
"""Records that wait to be asked about; what comes then is dropped, and counted."""

PATIENCE = 10.0
"""Seconds after which what was asked should be answered; an answer that can be used begins them anew."""

WORDS_EVERY = 60.0
"""Seconds between two words in the log about an endpoint that does not answer."""

OUTCOMES = (
    "answered",
    "over_budget",
    "dropped",
    "no_answer",
    "server_error",
    "refused",
    "garbage",
    "shape",
    "version",
    "unwritten",
)

Count = Callable[[str, str, str, int], None]
"""Called from any thread as ``count(model, check, outcome, how_many)``."""

log = structlog.get_logger()


class Asker(Observer):
    """Chooses among the records that counted, asks, and writes what is answered.

    Parameters
    ----------
    probers : dict of int to Prober
        By the models' places in the decoder.
    budgets : dict of int to QueryBudget
    answers : AnswerLog
    stamps : Stamps
        Of what is written.
    clock : callable
        Both clocks.
    """

    def __init__(
        self,
        probers: Mapping[int, Prober],
        budgets: Mapping[int, QueryBudget],
        answers: AnswerLog,
        stamps: Stamps,
        *,
        clock: Callable[[], Now],
        count: Count,
    ) -> None:
        self.probers = probers
        self.budgets = budgets
        self.answers = answers
        self.stamps = stamps
        self.clock = clock
        self.count = count
        self._queue: queue.SimpleQueue[tuple[Prober, Question] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._awaited = 0
        self._closed = False
        self._failing: dict[str, str] = {}
        self._unanswered: dict[str, float] = {}
        self._next_words = 0.0
        self._threads: list[threading.Thread] = []
        self._came_of: dict[str, Counter[str]] = {}
        for prober, outcome in product(probers.values(), OUTCOMES):
            self._note(prober, outcome, 0)  # what has not happened yet is shown as 0

    def counted(self, partition: Partition, decoded: Decoded, folded: Folded) -> None:
        """Ask about a share of the records that counted and were not asked about before."""
        for index, parts in folded.fresh.items():
            batch, prober = decoded.batches[index], self.probers.get(index)
            if batch is None or prober is None:
                continue
            positions = parts[0] if len(parts) == 1 else np.sort(np.concatenate(parts))
            if len(positions) and decoded.offsets[0] < folded.done:  # asked about before a restart
                positions = positions[decoded.offsets[batch.rows[positions]] >= folded.done]
            name = partial(_place, partition, decoded, batch)
            chosen = prober.chosen(batch, positions, prober.section.share, name)
            now = self.clock()
            for place, (position, identity) in enumerate(chosen):
                if hindered := self._hindrance(index, now):
                    self._note(prober, hindered, len(chosen) - place)  # and so are those behind it
                    break
                self._put(prober, prober.question(batch, position, identity))

    def _hindrance(self, index: int, now: Now) -> str | None:
        """Return why one more record cannot be asked about now; None where it can, and its place is then taken."""
        model = self.probers[index].model
        with self._lock:
            if self._awaited >= WAITING:
                self._unanswered.setdefault(model, now.steady)
                return "dropped"
        if not self.budgets[index].take(len(self.probers[index].checks), now):
            return "over_budget"
        with self._lock:
            self._awaited += 1
            self._unanswered.setdefault(model, now.steady)
        return None

    def _put(self, prober: Prober, question: Question) -> None:
        self._queue.put((prober, question))
        if len(self._threads) < THREADS:
            self._threads.append(threading.Thread(target=self._work, name="shadow", daemon=True))
            self._threads[-1].start()

    def _work(self) -> None:
        while (taken := self._queue.get()) is not None:
            prober, question = taken
            outcome, words = self._asked(prober, question)
            if not self._closed:
                self._note(prober, outcome, 1)
                self._tell(prober.model, words)
            with self._lock:
                self._awaited -= 1

    def _asked(self, prober: Prober, question: Question) -> tuple[str, str | None]:
        """Ask, write what was answered; return what came of it, and why nothing did."""
        try:
            found = prober.ask(question)
        except Unanswered as why:
            return why.outcome, str(why)
        except Exception as why:  # noqa: BLE001 - whatever an answer holds, the next question is asked
            return "garbage", f"the answer cannot be understood ({type(why).__name__})"
        try:
            self.answers.append(found, lambda: self.stamps.next(self.clock()))
        except (OSError, ValueError) as why:  # a closed file raises ValueError
            return "unwritten", str(why)
        return "answered", None

    def _note(self, prober: Prober, outcome: str, records: int) -> None:
        with self._lock:
            self._came_of.setdefault(prober.model, Counter())[outcome] += records
        for check in prober.checks:
            self.count(prober.model, check, outcome, records)

    def _tell(self, model: str, words: str | None) -> None:
        """Say once a minute in the log that the endpoint does not answer, and why."""
        with self._lock:
            if words is None:
                self._failing.pop(model, None)
                self._unanswered.pop(model, None)
                return
            self._failing[model] = words
            now = self.clock().steady
            if now < self._next_words:
                return
            self._next_words = now + WORDS_EVERY
        log.warning("shadow query failed", model=model, why=words)

    def trouble(self) -> str | None:
        """Return why the last query of a model came to nothing, or that none came to anything for long."""
        now = self.clock().steady
        with self._lock:
            silent = {
                model: f"what was asked {now - since:.0f} s ago is not answered yet"
                for model, since in self._unanswered.items()
                if now - since > PATIENCE
            }
            return next((f"{model}: {words}" for model, words in sorted({**silent, **self._failing}.items())), None)

    @property
    def idle(self) -> bool:
        """Whether no answer is awaited."""
        with self._lock:
            return not self._awaited

    def spent(self) -> dict[str, tuple[int, int]]:
        """Return the day, and the queries of that day, by model."""
        return {self.probers[i].model: (budget.day, budget.spent) for i, budget in self.budgets.items()}

    def close(self) -> None:
        """Ask nothing more. A query under way ends by itself; nobody waits for it."""
        if self._closed:
            return  # as an observer, and with its stream
        self._closed = True
        for prober, _ in self._left():
            self._note(prober, "dropped", 1)
        for model, records in self._came_of.items():
            log.info("shadow checks ended", model=model, records_chosen=records.total(), **+records)
        for _ in self._threads:
            self._queue.put(None)
        for prober in self.probers.values():
            prober.endpoint.close()

    def _left(self) -> Iterable[tuple[Prober, Question]]:
        while True:
            try:
                taken = self._queue.get_nowait()
            except queue.Empty:
                return
            if taken is not None:
                yield taken


def _place(partition: Partition, decoded: Decoded, batch: Batch, position: int) -> str:
    """Return what stands for a record without an id: where it is in its log."""
    return f"{partition.topic}/{partition.partition}/{int(decoded.offsets[batch.rows[position]])}"
