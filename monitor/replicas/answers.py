"""Shadow checks where several share the work: each asks about the records it has, and answers are a topic to count."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitor.beside import shadow_counts
from monitor.config.config import Config
from monitor.http.metrics import Metrics
from monitor.parts import Now
from monitor.replicas.beside import CountingBeside
from monitor.replicas.counting import CountingPipeline
from monitor.shadow.answers import AnswerLog, AnswerTopic
from monitor.shadow.asking import Asker
from monitor.shadow.build import asker_of, parts_of_answers
from monitor.shadow.counts import AnswerCounts


class CountingAnswers(CountingBeside):
    """Counts answers, and asks for some.

    Parameters
    ----------
    asker : Asker
        Asks about records of the partitions that this process has.
    log : AnswerLog
        The topic that is counted.
    counts : AnswerCounts
    """

    def __init__(
        self, parts: Mapping[str, Any], main: CountingPipeline, asker: Asker, log: AnswerLog, counts: AnswerCounts
    ) -> None:
        asked = [model.name if model.shadow else None for model in main.parts.models]
        super().__init__(parts, main, name="shadow", noun="shadow answers", models=asked)
        self.asker, self.log, self.counts = asker, log, counts
        self.parts.observers.append(counts)
        main.parts.observers.append(asker)

    def follow(self, now: Now) -> None:
        """Share the budget as the records are shared: by the partition."""
        every = sum(self.main.source.counts().values())
        for budget in self.asker.budgets.values():
            budget.share = len(self.main.source.partitions()) / every if every else 0.0
        super().follow(now)

    def trouble(self) -> str | None:
        """Return why nobody answers, or answers cannot be kept or read."""
        return self.log.trouble() or self.asker.trouble() or self.counts.trouble() or super().trouble()

    def close(self) -> None:
        """Let go of everything; what is not answered yet is not asked again."""
        self.asker.close()
        self.log.close()
        super().close()


def count_answers(main: CountingPipeline, config: Config, metrics: Metrics) -> None:
    """Put whoever asks, and what counts the answers, beside the records; nothing where nobody is to be asked."""
    source = config.answers_source()
    if source is None:
        return
    names = [model.name for model in main.parts.models]
    parts = parts_of_answers(main, config, source.build_shared(names[0]))
    count, late = shadow_counts(main, metrics)
    log = AnswerTopic(source.connection(), source.topics[0], shared=True)
    CountingAnswers(parts, main, asker_of(main, config, log, count=count), log, AnswerCounts(names, late))
