"""The stream of answers: a pipeline of its own beside that of the records, judged on the answers' clock."""

from __future__ import annotations

from typing import Any

from monitor.parts import POLL_SECONDS
from monitor.pipeline import Pipeline
from monitor.shadow.answers import AnswerLog
from monitor.shadow.asking import Asker
from monitor.shadow.counts import AnswerCounts
from monitor.side import SideStream


class ShadowStream(SideStream):
    """Reads answers and judges what they say of the model.

    Parameters
    ----------
    parts : dict
        Of `Parts`, what this stream has of its own.
    asker : Asker or None
        Who asks the endpoint; None where answers are only read (`replay`).
    log : AnswerLog or None
        Where the asker writes.
    counts : AnswerCounts
    """

    name = "shadow"
    noun = "shadow answers"

    def __init__(
        self, parts: dict[str, Any], main: Pipeline, asker: Asker | None, log: AnswerLog | None, counts: AnswerCounts
    ) -> None:
        super().__init__(parts, main)
        self.counts = counts
        self.parts.observers.append(counts)
        self.asker = asker
        self.log = log
        self._due = 0.0
        if asker:
            main.parts.observers.append(asker)

    @property
    def finished(self) -> bool:
        """Whether no answer is awaited and all that came were read."""
        if self.asker is None:
            return super().finished
        source = self.parts.source
        return self.asker.idle and (source.stamped or all(source.at_end(p) for p in source.partitions()))

    def step(self) -> None:
        """One turn, four times a second: the records' turns follow each other much faster."""
        now = self.clock().steady
        if now >= self._due:
            self._due = now + POLL_SECONDS
            super().step()
            if self.asker:
                self.asker.stamps.follow(
                    max((fold.next.clock for fold in self.parts.partitions.folds.values()), default=0)
                )

    def trouble(self) -> str | None:
        """Return why nobody answers, or answers cannot be kept or read."""
        asking = self.asker.trouble() or self.counts.trouble() if self.asker else None
        writing = self.log.trouble() if self.log else None
        return writing or asking or super().trouble()

    def judge(self) -> None:
        """Judge every slot that all partitions of the answers have closed."""
        if self.parts.source.missing():
            return
        for slot, tallies in self.parts.partitions.closed():
            for index, model in enumerate(self.main.parts.models):
                if index in tallies:
                    self.judge_tally(model, slot, tallies[index])
        if self.parts.partitions.silent:
            self.tell_waiting()

    def flush(self) -> None:
        """Put the answers on the disk, before the snapshot that counts on them. Raises OSError."""
        if self.log:
            self.log.sync()

    def state(self) -> dict[str, Any]:
        """Return where to read on, and what was spent of the budgets."""
        return {**super().state(), "spent": self.asker.spent() if self.asker else {}}

    def close(self) -> None:
        """Let go of everything; what is not answered yet is not asked again."""
        if self.asker:
            self.asker.close()
        if self.log:
            self.log.close()
        super().close()
