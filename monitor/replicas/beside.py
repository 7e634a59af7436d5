"""A topic that is counted beside the records, such as answers or labels, by processes that share it, too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from monitor.counting.apart import Apart
from monitor.counting.partitions import Partitions
from monitor.observers import SourceTrouble
from monitor.parts import POLL_SECONDS, Now, Observer, Parts
from monitor.replicas.counting import CountingPipeline
from monitor.side import Nowhere
from monitor.types import Partition, RawMessage


class CountingBeside(CountingPipeline):
    """Counts a topic as a member of a group of its own. What is closed is handed over when that of the records is.

    Its tallies and markers go to the same log under this topic's name, so nobody takes them for those of the records.
    Where to read on is what this group committed.

    Parameters
    ----------
    parts : dict
        As `parts_beside` returns them; the source is a `SharedReader`.
    main : CountingPipeline
        That of the records.
    name, noun : str
        As of a `Side`.
    models : sequence of str or None
        Whose counts are made in each layout; None where nobody is handed any.
    """

    def __init__(
        self, parts: Mapping[str, Any], main: CountingPipeline, *, name: str, noun: str, models: Sequence[str | None]
    ) -> None:
        counted: Partitions = parts["partitions"]
        apart = Apart(counted.timing, counted.layouts, models, main.apart.counting)
        own = {**parts, "partitions": apart, "remembered": None}
        watching: list[Observer] = [SourceTrouble()]
        super().__init__(
            Parts(**own, models=(), outbox=Nowhere(), observers=watching, patience=0.0), main.clock, main.stopping
        )
        self.main, self.name, self.noun = main, name, noun
        self._due = 0.0
        main.parts.sides.append(self)

    def step(self) -> None:
        """One turn; four times a second where nothing comes."""
        now = self.clock().steady
        if now >= self._due:
            self._due = now + POLL_SECONDS
            super().step()

    def read(self, partition: Partition, messages: Sequence[RawMessage], now: Now) -> None:
        """Count what came, and look again at once whether there is more."""
        self._due = now.steady
        super().read(partition, messages, now)

    def trouble(self) -> str | None:
        """Return why nothing can be read or used."""
        return self.parts.limit.reached or self.source.trouble()

    def lag(self) -> Mapping[Partition, int]:
        """Return how much is still to be read."""
        return self.source.lag()

    def flush(self) -> None:
        """Do nothing: what is remembered is handed over."""

    def saved(self) -> None:
        """Do nothing: it is committed when it is handed over."""

    def state(self) -> dict[str, Any]:
        """Return nothing: it is in the commits."""
        return {}

    def close(self) -> None:
        """Let go of the source and of who looks on; what is closed was handed over with that of the records."""
        for observer in self.parts.observers:
            observer.close()
        self.source.close(1.0)
