"""Columns that tell what they should not: the same as another column, what the model answers, or the label."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from detectors import CategoryBins, Detector, NumericBins
from detectors.detector import THIN
from monitor.counting.tally import Layout
from monitor.formats.batch import Batch
from monitor.reference.notes import Note
from monitor.reference.schema import text_of

MOST_CLASSES = 64
"""Labels of more classes are not compared with features."""

UNTOLD = 0.01
"""Share of the errors of always answering the most frequent class that remain where a feature tells the class."""

BETWEEN = 0.125
"""Share of the records that may lie in bins of a number with a threshold between two classes inside."""

Ints = NDArray[np.int64]
Cells = NDArray[np.signedinteger]


@dataclass
class Labels:
    """The label of every record, as a number; 0 where there is none.

    Attributes
    ----------
    equal : set of str or None
        Numeric features that equal a numeric label in every record, None before the first.
    """

    of: list[NDArray[np.int8]] = field(default_factory=list)
    known: dict[str, int] = field(default_factory=dict)
    equal: set[str] | None = None

    def add(self, batch: Batch) -> None:
        """Read the labels of a batch."""
        if "label" in batch.numbers:
            labels = batch.numbers["label"]
            there = ~np.isnan(labels)
            names = self.equal if self.equal is not None else {n for n in batch.numbers if n.startswith("feature.")}
            if there.any():
                self.equal = {n for n in names if np.array_equal(batch.numbers[n][there], labels[there])}
        texts = batch.texts.get("label", [None] * len(batch))
        self.of.append(np.array([self._number(text) for text in texts], dtype=np.int8))

    def _number(self, text: str | float | bool | None) -> int:  # noqa: FBT001 - a label may be one
        if text is None:
            return 0
        known = self.known.get(text_of(text))
        if known is None and len(self.known) < MOST_CLASSES:
            known = self.known[text_of(text)] = len(self.known) + 1
        return known or MOST_CLASSES


def telling(layout: Layout, counts: Ints, blocks: Sequence[Cells], labels: Labels) -> Iterator[Note]:
    """Yield the columns that say the same as an earlier one, and features that tell the answer or the label.

    Parameters
    ----------
    counts : int array
        Records per cell.
    blocks : sequence of int arrays (detectors, n)
        Cell of each record for each detector.
    """
    told = set()
    for first, second in _same(layout, counts, blocks):
        told.add(second)
        yield Note("twice", _column(layout.detectors[second]), _column(layout.detectors[first]))
    features = [row for row, d in enumerate(layout.detectors) if row not in told and _is_feature(d)]
    for row, detector in enumerate(layout.detectors):
        if isinstance(detector, CategoryBins) and detector.column == "prediction":
            answers = [block[row] - layout.starts[row] for block in blocks]
            yield from _leaks("prediction", layout, features, _by_class(layout.total, features, blocks, answers))
    if len(labels.known) < MOST_CLASSES:
        yield from _leaks("label", layout, features, _by_class(layout.total, features, blocks, labels.of)[:, 1:])
    for name in sorted(labels.equal or ()):
        yield Note("leak", name, "label")


def _column(detector: Detector) -> str:
    return getattr(detector, "column", "") if isinstance(detector, NumericBins | CategoryBins) else ""


def _is_feature(detector: Detector) -> bool:
    return _column(detector).startswith("feature.")


def _same(layout: Layout, counts: Ints, blocks: Sequence[Cells]) -> Iterator[tuple[int, int]]:
    """Yield pairs of columns of which each cell of one is a cell of the other, in every record."""
    alike = defaultdict(list)
    for row, (detector, start) in enumerate(zip(layout.detectors, layout.starts, strict=True)):
        own = counts[start : start + detector.cells]
        values = own[:-2]
        if _column(detector) and np.count_nonzero(values) > 1 and own.sum() - own.max() >= THIN:
            alike[tuple(np.sort(own[own > 0]).tolist())].append(row)
    for cells, rows in alike.items():
        firsts: list[int] = []
        for row in rows:
            same = next((first for first in firsts if _one_to_one(layout, first, row, blocks, len(cells))), None)
            if same is None:
                firsts.append(row)
            elif _is_feature(layout.detectors[row]):
                yield same, row
            elif _is_feature(layout.detectors[same]):
                yield row, same


def _one_to_one(layout: Layout, first: int, second: int, blocks: Sequence[Cells], cells: int) -> bool:
    """Return whether the records of two columns that fill so many cells have no more pairs of them."""
    width = layout.detectors[second].cells
    table = np.zeros(layout.detectors[first].cells * width, dtype=np.int64)
    for block in blocks:
        own, other = (block[row].astype(np.int64) - layout.starts[row] for row in (first, second))
        table += np.bincount(own * width + other, minlength=len(table))
        if np.count_nonzero(table) > cells:
            return False
    return True


def _by_class(total: int, features: Sequence[int], blocks: Sequence[Cells], classes: Sequence[Cells]) -> Ints:
    """Return the records per cell and class, shape (total, classes)."""
    width = 1 + max(int(own.max(initial=0)) for own in classes)
    table = np.zeros(total * width, dtype=np.int64)
    for block, own in zip(blocks, classes, strict=True):
        table += np.bincount((block[features].astype(np.int64) * width + own).ravel(), minlength=len(table))
    return table.reshape(total, width)


def _leaks(what: str, layout: Layout, features: Sequence[int], counts: Ints) -> Iterator[Note]:
    """Yield the features each of whose cells has one class, but for few records."""
    for row in features:
        own = counts[layout.starts[row] : layout.starts[row] + layout.detectors[row].cells]
        blind, most = own.sum() - own.sum(axis=0).max(initial=0), own.max(axis=1, initial=0)
        wrong = own.sum(axis=1) - most
        clear = np.ones(len(own), dtype=np.bool_)
        if isinstance(layout.detectors[row], NumericBins):  # thresholds lie within bins
            clear[np.argsort(-wrong, kind="stable")[: np.count_nonzero(own.sum(axis=0)) - 1]] = False
        clear |= own[~clear].sum() > BETWEEN * own.sum()
        left = own[clear].sum() - own[clear].sum(axis=0).max(initial=0)
        if blind >= THIN and left >= blind / 2 and wrong[clear].sum() <= UNTOLD * blind:
            yield Note("leak", _column(layout.detectors[row]), what)
