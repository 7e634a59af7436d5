"""What streams beside the records have in common: labels, answers of a shadow endpoint.

Each is a pipeline of its own on the same thread, with its own partitions, judge, incidents and clock. What it tells
goes through the outbox of the records' pipeline, which saves for both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from monitor.config.config import Config
from monitor.counting.partitions import Partitions, Timing, from_plain, plain
from monitor.counting.tally import Layout, Tally
from monitor.delivery.dead_letters import Limit
from monitor.judged import Judged
from monitor.parts import Now, Parts
from monitor.pipeline import Pipeline
from monitor.types import News, Partition, Source
from monitor.watched import Watched


class Nowhere:
    """The outbox of a side stream: nothing is put here."""

    def put(self, model: str, events: Sequence[News]) -> None: ...

    def save(self, pipeline: Pipeline, now: Now) -> None: ...

    def close(self, pipeline: Pipeline, now: Now) -> None: ...


def parts_beside(
    main: Pipeline,
    config: Config,
    source: Source,
    decoder: Any,
    *,
    layouts: Sequence[Layout],
    saved: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Return of `Parts` what a stream beside the records has of its own.

    Parameters
    ----------
    decoder : object
        Has `decode`, as `Decoder`.
    saved : mapping or None
        What the snapshot remembers of the stream.
    """
    timing = Timing(config.slot, config.allowed_lateness, config.max_ahead)
    return {
        "source": source,
        "decoder": decoder,
        "partitions": Partitions(timing, layouts),
        "letters": main.parts.letters,
        "limit": Limit(config.dead_letters.max_share),
        "idle_timeout": main.parts.idle_timeout,
        "remembered": from_plain(saved["partitions"]) if saved else None,
    }


class SideStream(Pipeline):
    """A stream that is read and judged beside the records.

    Parameters
    ----------
    parts : dict
        Of `Parts`, what this stream has of its own: source, decoder, partitions, letters and so on.
    main : Pipeline
        That of the records.
    """

    name: str
    noun: str

    def __init__(self, parts: dict[str, Any], main: Pipeline) -> None:
        own = Parts(**parts, models=(), outbox=Nowhere(), observers=[], patience=0.0)
        super().__init__(own, main.clock, main.stopping)
        self.main = main
        main.parts.sides.append(self)

    @property
    def finished(self) -> bool:
        """Whether everything was read that will be; a topic has no end, and nobody waits for it."""
        return self.parts.source.finished or self.parts.source.stamped or self.parts.limit.reached is not None

    def trouble(self) -> str | None:
        """Return why nothing can be read or used."""
        return self.parts.limit.reached or self.parts.source.trouble()

    def lag(self) -> Mapping[Partition, int]:
        """Return how much is still to be read."""
        return self.parts.source.lag()

    def judged_of(self, model: Watched) -> Judged | None:
        """Return what this stream says of a model, if it says anything."""
        return model.sides.get(self.name)

    def judge_tally(self, model: Watched, slot: int, tally: Tally) -> None:
        """Judge one slot of a model; let it be told and shown."""
        judged = self.judged_of(model)
        if judged is None:
            return
        verdict, events = judged.judge_slot(slot, tally)
        self.main.parts.outbox.put(model.name, events)
        for observer in self.main.parts.observers:
            observer.judged(model, verdict)

    def end(self) -> None:
        """Judge what is left: nothing more will come."""
        self.parts.partitions.close_all()
        self.judge()
        self.tell_waiting()

    def tell_waiting(self) -> None:
        """Tell what waits for a slot that may not come for a while, or ever."""
        for model in self.main.parts.models:
            if judged := self.judged_of(model):
                self.main.parts.outbox.put(model.name, judged.flush())

    def flush(self) -> None:
        """Put on the disk what the next snapshot counts on. Raises OSError."""

    def saved(self) -> None:
        """Tell the broker how far this was read, now that a snapshot remembers it."""
        self.parts.source.commit(dict(self.parts.partitions.wanted))

    def state(self) -> dict[str, Any]:
        """Return where to read on."""
        return {"partitions": plain({**self.remembered, **self.parts.partitions.remembered()})}

    def close(self) -> None:
        """Let go of the source."""
        self.parts.source.close(1.0)
