"""The third reading: scorers of single records are fitted to one part of the reference and calibrated with another.

In the order of time the last part, at most half and at most 50,000 records, is held out; of what is before it, 10,000
records at most are kept, at even distances.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors import CategoryBins, Knn, Scorer, Trust
from detectors.config import ScorerConfig
from detectors.detector import Codes, fingerprint
from detectors.space import Floats, Ints, space_of, values
from monitor.counting.tally import Layout
from monitor.errors import BadReference
from monitor.formats.batch import Batch
from monitor.formats.decoder import Decoder
from monitor.reference.schema import Schema
from monitor.types import RawMessage

MOST_ROWS = 10_000
MOST_HELD_OUT = 50_000

NO_CLASS = "detectors: trust compares records with those of the predicted class, and the reference has no such thing"


@dataclass(frozen=True)
class Fitted:
    """A scorer, and the cells of the records it was calibrated with, in the order of time."""

    detector: Scorer
    cells: Codes
    choosing: None = None

    def counts(self) -> Ints:
        """Return how many of these records fell into each cell."""
        return np.bincount(self.cells, minlength=self.detector.cells)


class Columns:
    """What scorers look at: all features that are watched, and the predicted class where there is one."""

    def __init__(self, schema: Schema, layout: Layout) -> None:
        kept = [f for f in schema.features if f.type != "aside"]
        bins = {d.column: d for d in layout.detectors if isinstance(d, CategoryBins)}
        self.numbers = [f"feature.{f.name}" for f in kept if not f.textual]
        self.categories = [bins[f"feature.{f.name}"] for f in kept if f.textual]
        self.classes = bins.get("prediction") if schema.prediction == "class" else None

    def of(self, batch: Batch) -> Floats:
        """Return a row for each record; the cell of its class comes last."""
        classes = self.classes.bin(batch) if self.classes else np.zeros(len(batch))
        return np.column_stack([values(batch, self.numbers, self.categories), classes])


def fit(
    blocks: Iterable[Sequence[RawMessage]],
    decoder: Decoder,
    columns: Columns,
    order: Ints,
    wanted: Mapping[str, ScorerConfig],
) -> list[Fitted]:
    """Return the scorers that are wanted.

    Parameters
    ----------
    order : int array (n,)
        Which record comes first in time, second, ...

    Raises
    ------
    BadReference
        Where `trust` is wanted and no class is predicted.
    """
    if "trust" in wanted and columns.classes is None:
        raise BadReference(f"{NO_CLASS}. Leave it out")
    first, last = _parts(len(order))
    kept = np.zeros(len(order), dtype=bool)
    kept[order[np.concatenate([first, last])]] = True
    rows = _rows(blocks, decoder, columns, kept)
    placed = np.cumsum(kept) - 1
    given, held_out = (rows[placed[order[part]]] for part in (first, last))
    return [_fitted(wanted[kind], columns, given, held_out) for kind in sorted(wanted)]


def _parts(count: int) -> tuple[Ints, Ints]:
    """Return which records in time the scorers are fitted to, and which are held out."""
    held_out = min(count // 2, MOST_HELD_OUT)
    before = count - held_out
    rows = min(before, MOST_ROWS)
    return np.arange(rows) * before // rows, np.arange(before, count)


def _rows(
    blocks: Iterable[Sequence[RawMessage]], decoder: Decoder, columns: Columns, kept: NDArray[np.bool_]
) -> Floats:
    found, seen = [], 0
    for block in blocks:
        batch = decoder.decode(block).batches[0]
        if batch is not None:
            found.append(columns.of(batch)[kept[seen : seen + len(batch)]])
            seen += len(batch)
    return np.concatenate(found)


def _fitted(config: ScorerConfig, columns: Columns, given: Floats, held_out: Floats) -> Fitted:
    space = space_of(given[:, :-1], columns.numbers, columns.categories)
    salt = fingerprint(given)[:32]
    scorer: Scorer
    if config.type == "trust" and columns.classes is not None:
        apart = [(part[:, :-1], part[:, -1].astype(np.int64)) for part in (given, held_out)]
        scorer, scores = Trust.fit(
            space, apart[0], apart[1], classes=columns.classes, k=config.k, share=config.share, salt=salt
        )
    else:
        scorer, scores = Knn.fit(space, given[:, :-1], held_out[:, :-1], k=config.k, share=config.share, salt=salt)
    return Fitted(scorer, scorer.accepted(scores))
