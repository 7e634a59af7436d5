"""What those who count hand to those who join: halves of pairs, and what was joined of them. JSON; no id is in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

import msgspec

from monitor.counting.handover import Marker, Number, decoded
from monitor.labels.rows import Half, LabelHalf, LabelRow, PredictionRow, label_rows, prediction_rows

MOST_ROWS = 2_000
"""Rows of one message, at most: some 200 KB."""

MOST_WAITING = 100_000
"""Rows that wait to be handed over: with more, no more should be read."""


class Waiting(msgspec.Struct, tag="halves", tag_field="kind", frozen=True):
    """Halves of a model, from partitions of records or of labels. Told again they change nothing.

    Attributes
    ----------
    model : str
        Empty where labels name none.
    under : str
        What two processes must share whose halves go together: the key that ids are hashed under, and the slot.
    """

    model: str
    under: str
    predictions: Sequence[PredictionRow] = ()
    labels: Sequence[LabelRow] = ()


class Joined(msgspec.Struct, tag="joined", tag_field="kind", frozen=True):
    """Ids that were judged in a slot, each with the label that it is judged by; None where its labels differ."""

    model: str
    under: str
    slot: Number
    ids: Sequence[tuple[bytes, str | None]]


_T = TypeVar("_T")
Handed = Waiting | Joined | Marker
_decoder = msgspec.json.Decoder(Handed)
encode = msgspec.json.Encoder().encode


def decode(value: bytes, stamp: int) -> Handed:
    """Return a message that came then. Raises msgspec.DecodeError, ValidationError among them, where it is none."""
    message: Handed = decoded(_decoder, value, stamp)
    return message


def joined(model: str, under: str, slot: int, ids: Sequence[tuple[bytes, str | None]]) -> Iterator[Joined]:
    """Yield the messages that say which ids were judged in a slot."""
    for some in _portions(ids):
        yield Joined(model, under, slot, some)


def _portions(rows: Sequence[_T]) -> Iterator[Sequence[_T]]:
    for start in range(0, len(rows), MOST_ROWS):
        yield rows[start : start + MOST_ROWS]


class Queue:
    """Keeps halves until they are handed over.

    Parameters
    ----------
    key, bound
        As of `Halves`.
    under : str
        As of `Waiting`.
    """

    def __init__(self, key: bytes, bound: bytes, under: str) -> None:
        self.under = under
        self._key = key
        self._bound = bound
        self._predictions: dict[str, list[PredictionRow]] = {}
        self._labels: dict[str, list[LabelRow]] = {}
        self._rows = 0

    @property
    def full(self) -> bool:
        """Whether so much waits that no more should be read."""
        return self._rows > MOST_WAITING

    def predict(self, model: str, halves: Iterable[Half]) -> None:
        """Keep predictions."""
        rows = list(prediction_rows(halves, self._key, self._bound))
        self._predictions.setdefault(model, []).extend(rows)
        self._rows += len(rows)

    def label(self, halves: Iterable[LabelHalf]) -> None:
        """Keep labels."""
        for model, row in label_rows(halves, self._key, self._bound):
            self._labels.setdefault(model, []).append(row)
            self._rows += 1

    def messages(self) -> Iterator[Waiting]:
        """Yield all that waits; it waits until it is let go of."""
        kinds: tuple[tuple[str, dict[str, list[Any]]], ...] = (
            ("predictions", self._predictions),
            ("labels", self._labels),
        )
        for kind, by_model in kinds:
            for model, rows in sorted(by_model.items()):
                for some in _portions(rows):
                    yield Waiting(model, self.under, **{kind: some})

    def clear(self) -> None:
        """Let go of all: it was handed over."""
        self._predictions, self._labels, self._rows = {}, {}, 0
