"""Who keeps the halves: predictions as the records are counted, labels as they come."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from monitor.counting.fold import Folded
from monitor.formats.batch import Batch, Decoded
from monitor.labels.outcomes import Note
from monitor.labels.rows import ANY_MODEL, Half, Keeper, LabelHalf
from monitor.parts import Observer
from monitor.types import Partition
from monitor.watched import Watched


class Predictions(Observer):
    """Keeps the predictions of records that counted."""

    def __init__(self, halves: Keeper, models: Sequence[Watched], slot: int) -> None:
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

    @property
    def full(self) -> bool:
        return self.halves.full

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


class Labels(Observer):
    """Keeps the labels that counted, and counts those that did not.

    Parameters
    ----------
    models : sequence of str
        Those that are watched.
    note : callable
        As `Note`: labels that `came` in time, came `late`, or are `ignored`, being of another model.
    """

    def __init__(self, halves: Keeper, models: Sequence[str], slot: int, note: Note) -> None:
        self.halves = halves
        self.known = {ANY_MODEL, *models}
        self.slot = slot
        self.note = note
        self._whose = models[0] if len(models) == 1 else ANY_MODEL

    def counted(self, partition: Partition, decoded: Decoded, folded: Folded) -> None:
        """Keep the labels of a block."""
        batch = decoded.batches[0]
        if batch is None or 0 not in folded.fresh:
            return
        positions = np.concatenate(folded.fresh[0]).tolist()
        said, model, slots = batch.texts["label"], batch.texts["model"], (batch.times // self.slot).tolist()
        ours = [p for p in positions if model[p] in self.known]
        self.halves.label(LabelHalf(batch.ids[p], slots[p], said[p], str(model[p])) for p in ours)
        self.note(self._whose, "late", folded.late.get(0, 0))
        self.note(ANY_MODEL, "ignored", len(positions) - len(ours))
        self.note(self._whose, "came", len(ours))

    @property
    def full(self) -> bool:
        return self.halves.full


def _values(batch: Batch, column: str) -> Sequence[Any]:
    """Return a column's values, None where one is missing."""
    if column in batch.texts:
        return batch.texts[column]
    if column not in batch.numbers:
        return [None] * len(batch)
    return [None if math.isnan(value) else value for value in batch.numbers[column].tolist()]


def _text(version: str | int | None) -> str | None:
    return None if version is None else str(version)
