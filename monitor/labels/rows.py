"""What is kept of predictions and labels while they wait for each other: no id, but its keyed hash."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import NamedTuple, Protocol

from monitor.counting.handover import Number
from monitor.counting.sampling import digest
from monitor.reference.schema import text_of

ANY_MODEL = ""

LONGEST = 320
"""Characters of what was said that are kept as they are: the digits of any number. A digest stands for longer ones."""

PredictionRow = tuple[bytes, Number, str, float | None, str | None]
"""Hash of the id, slot, what was said, how confidently, by which version."""

LabelRow = tuple[bytes, Number, str]
"""Hash of the id, slot, what was said."""


class Half(NamedTuple):
    """One prediction: what was said, how confidently, by which version."""

    id: str | float
    slot: int
    said: str | float
    confidence: float | None = None
    version: str | None = None


class LabelHalf(NamedTuple):
    """One label; a label that names no model counts for whichever predicted."""

    id: str | float
    slot: int
    said: str | float
    model: str = ANY_MODEL


class Keeper(Protocol):
    """Who keeps halves, here or elsewhere."""

    def predict(self, model: str, halves: Iterable[Half]) -> None:
        """Keep predictions."""

    def label(self, halves: Iterable[LabelHalf]) -> None:
        """Keep labels."""

    @property
    def full(self) -> bool:
        """Whether so much waits to be kept that no more should be read."""


def prediction_rows(halves: Iterable[Half], key: bytes, bound: bytes) -> Iterator[PredictionRow]:
    """Yield what is kept of predictions whose hash is below a bound."""
    for half in halves:
        if (identity := digest(half.id, key)) < bound:
            version = None if half.version is None else short(half.version)
            yield identity, half.slot, short(half.said), half.confidence, version


def label_rows(halves: Iterable[LabelHalf], key: bytes, bound: bytes) -> Iterator[tuple[str, LabelRow]]:
    """Yield what is kept of labels whose hash is below a bound, behind the model that each names."""
    for half in halves:
        if (identity := digest(half.id, key)) < bound:
            yield half.model, (identity, half.slot, short(half.said))


def short(said: str | float) -> str:
    """Return what is kept of what was said: the text, or what stands for a long one. They compare as the texts do."""
    text = text_of(said)
    return text if len(text) <= LONGEST else blake2b(text.encode(errors="surrogatepass"), digest_size=16).hexdigest()
