"""The stream of labels: a pipeline of its own beside that of the records, judged on the labels' clock.

Both keep their halves in `Halves`; a slot is judged here when the partitions of both have closed it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import structlog

from monitor.counting.fold import NEVER, Folded, ready
from monitor.counting.sampling import halved, share_of
from monitor.counting.tally import Tally
from monitor.formats.batch import Batch, Decoded
from monitor.labels.halves import Half, Halves, LabelHalf, Pair
from monitor.parts import Observer
from monitor.pipeline import Pipeline
from monitor.side import SideStream
from monitor.types import Partition
from monitor.watched import Watched

log = structlog.get_logger()

Count = Callable[[str, str, int], None]
"""Called as ``count(model, outcome, how_many)`` with `joined`, `conflicting` or `expired`."""


class Predictions(Observer):
    """Keeps the predictions of records that counted."""

    def __init__(self, halves: Halves, models: Sequence[Watched], slot: int) -> None:
        self.halves = halves
        self.models = models
        self.slot = slot

    def counted(self, partition: Partition, decoded: Decoded, folded: Folded) -> None:
        """Keep what a block predicted; where a record carries its label already, that too."""
        for index, parts in folded.fresh.items():
            batch, model = decoded.batches[index], self.models[index]
            if batch is not None and model.labels is not None:
                positions = np.concatenate(parts).tolist()
                self.halves.predict(model.name, self._predicted(batch, positions))
                self.halves.label(self._labelled(model.name, batch, positions))

    def _predicted(self, batch: Batch, positions: Sequence[int]) -> list[Half]:
        said, sure = _values(batch, "prediction"), batch.numbers.get("confidence")
        slots = (batch.times // self.slot).tolist()
        return [
            Half(identity, slots[p], value, None if sure is None else float(sure[p]), _text(batch.versions[p]))
            for p in positions
            if (identity := batch.ids[p]) is not None and (value := said[p]) is not None
        ]

    def _labelled(self, model: str, batch: Batch, positions: Sequence[int]) -> list[LabelHalf]:
        said, slots = _values(batch, "label"), (batch.times // self.slot).tolist()
        return [
            LabelHalf(identity, slots[p], value, model)
            for p in positions
            if (identity := batch.ids[p]) is not None and (value := said[p]) is not None
        ]


class _Labels(Observer):
    """Keeps the labels that counted."""

    def __init__(self, halves: Halves, slot: int) -> None:
        self.halves = halves
        self.slot = slot

    def counted(self, partition: Partition, decoded: Decoded, folded: Folded) -> None:
        batch = decoded.batches[0]
        if batch is None or 0 not in folded.fresh:
            return
        said, model, slots = batch.texts["label"], batch.texts["model"], (batch.times // self.slot).tolist()
        self.halves.label(
            LabelHalf(batch.ids[p], slots[p], said[p], str(model[p])) for p in np.concatenate(folded.fresh[0]).tolist()
        )


class LabelStream(SideStream):
    """Reads labels and judges what they say of predictions.

    Parameters
    ----------
    parts : dict
        Of `Parts`, what this stream has of its own: source, decoder, partitions, letters and so on.
    halves : Halves
    most : int
        Halves that may wait; with more, the share of ids is halved.
    count : callable
    """

    name = noun = "labels"

    def __init__(self, parts: dict[str, Any], halves: Halves, *, most: int, count: Count, main: Pipeline) -> None:
        super().__init__(parts, main)
        slot = self.parts.partitions.timing.slot
        self.parts.observers.append(_Labels(halves, slot))
        self.halves = halves
        self.most = most
        self.count = count
        self.judged = NEVER
        self.held = 0
        self._saved = NEVER
        main.parts.observers.append(Predictions(halves, main.parts.models, slot))

    def judge(self) -> None:
        """Judge every slot that the partitions of both streams have closed."""
        own, records = self.parts.partitions, self.main.parts.partitions
        for _ in own.closed():
            pass  # what it counted is in the halves
        if not own.folds or not records.folds or self.parts.source.missing() or self.main.parts.source.missing():
            return
        folds = {**records.folds, **own.folds}
        through = ready(folds, {*records.idle, *own.idle})  # type: ignore[arg-type]
        for slot in self.halves.slots(self.judged, through):
            for model in self.main.parts.models:
                self._judge_slot(model, slot)
            self.judged = slot
            self._bound(slot)
        self._reach(max(self.judged, through))

    def _reach(self, judged: int) -> None:
        """Note that slots up to this one are judged: what an idle partition brings later comes behind them."""
        self.judged = judged
        for partitions in (self.parts.partitions, self.main.parts.partitions):
            partitions.floor = max(partitions.floor, judged)

    def _judge_slot(self, model: Watched, slot: int) -> None:
        pairs = self.halves.pairs(model.name, slot) if model.labels else []
        known = [pair for pair in pairs if not pair.conflicting]
        self.count(model.name, "conflicting", len(pairs) - len(known))
        if known:
            self.count(model.name, "joined", len(known))
            self.judge_tally(model, slot, tally_of(model, known))

    def _bound(self, slot: int) -> None:
        """Halve the share of ids where too many wait: decided by what the slots held, so again after a restart."""
        self.held += self.halves.came(slot)
        if self.held > self.most:
            self.held = self.halves.waiting(slot)
        while self.held > self.most:
            self.halves.bound = halved(self.halves.bound)
            self.held = self.halves.waiting(slot)
            log.warning("too many labels awaited: a smaller share of ids is kept", share=share_of(self.halves.bound))

    def flush(self) -> None:
        """Put the halves on the disk, before the snapshot that counts on them. Raises OSError."""
        self.halves.commit()
        self._saved = self.judged

    def saved(self) -> None:
        """Let go of what the snapshot, now written, has left behind."""
        for model, waited in self.halves.forget(self._saved).items():
            self.count(model, "expired", waited)
        super().saved()

    def state(self) -> dict[str, Any]:
        """Return all that is remembered besides the halves."""
        return {
            **super().state(),
            "judged": self.judged,
            "bound": self.halves.bound,
            "held": self.held,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from `state`; a share configured smaller since then counts."""
        self._reach(state["judged"])
        self._saved = self.judged
        self.halves.bound = min(self.halves.bound, bytes(state["bound"]))
        self.held = state["held"]

    def close(self) -> None:
        """Let go of the source and the file."""
        super().close()
        self.halves.close()


def tally_of(model: Watched, pairs: Sequence[Pair]) -> Tally:
    """Return the tally of a slot's pairs."""
    said = {"prediction": [pair.prediction for pair in pairs], "label": [pair.label for pair in pairs]}
    sure = np.array([math.nan if pair.confidence is None else pair.confidence for pair in pairs])
    batch = Batch(
        np.arange(len(pairs)),
        {"confidence": sure},
        versions=[pair.version for pair in pairs],
        ids=[None] * len(pairs),  # what looks at them in order takes them as they are
        times=np.zeros(len(pairs), dtype=np.int64),
    )
    if model.reference.schema.prediction == "number":
        batch.numbers |= {name: np.array([_number(text) for text in texts]) for name, texts in said.items()}
    else:
        batch.texts |= said
    layout = model.layouts["labels"]
    return layout.count(batch, layout.codes(batch), batch.rows)


def _values(batch: Batch, column: str) -> Sequence[Any]:
    """Return a column's values, None where one is missing."""
    if column in batch.texts:
        return batch.texts[column]
    if column not in batch.numbers:
        return [None] * len(batch)
    return [None if math.isnan(value) else value for value in batch.numbers[column].tolist()]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _text(version: str | int | None) -> str | None:
    return None if version is None else str(version)
