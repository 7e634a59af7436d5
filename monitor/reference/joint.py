"""How columns go together: detectors of that are fitted to one part of the reference and counted on another.

The records that choose levels (`split.py`) are what pairs, cells and components are chosen and fitted by; how often
each of their bins comes is counted on the rest. On the same records they would look as if they fitted better than they
do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors import CategoryBins, Combinations, Distance, Joint, NumericBins, Pair
from detectors.detector import Codes, Signal
from detectors.joint import Seen
from monitor.counting.tally import Layout
from monitor.formats.batch import Batch
from monitor.reference.dependent import Dependent, dependent

Ints = NDArray[np.int64]

MOST_ROWS = 10_000
MOST_VALUES = 5_000_000
"""Records, and values of all columns, that are looked at to fit; more say no more."""

MOST_PAIRS = 10
"""Of features."""

MOST_OF_OUTPUT = 2
"""Pairs of a feature and the prediction."""

MOST_OF_ONE = 3
"""Pairs that one column may stand in: else one that depends on all would be in every pair."""

MOST_COLUMNS = 32
"""Columns of the detectors of many: what they cost grows with the square."""

WHOLE = 0.5
"""Share of the records that should lack none of these columns."""

BLOCK = 50_000


@dataclass(frozen=True)
class Apart:
    """A detector, the cells of all records in the order of time, and which of them it was fitted to."""

    detector: Joint
    cells: Codes
    choosing: NDArray[np.bool_]

    def counts(self) -> Ints:
        """Return how many of the other records fell into each cell."""
        return np.bincount(self.cells[~self.choosing], minlength=self.detector.cells)


def joint(
    layout: Layout,
    counts: Ints,
    blocks: Sequence[NDArray[np.signedinteger]],
    order: Ints,
    choosing: NDArray[np.bool_],
) -> list[Apart]:
    """Return the detectors of how columns go together, none where no column depends on another.

    Parameters
    ----------
    counts : int array (layout.total,)
        Reference records per cell of the layout.
    blocks : sequence of int array (detectors, n)
        Cell of each record for each detector of the layout.
    order : int array (n,)
        Which record comes first in time, second, ...
    choosing : bool array (n,)
        Which records they are fitted to.
    """
    source = _Source(layout, blocks)
    signals = source.signals(counts)
    first = np.flatnonzero(choosing)
    if not len(first):
        return []
    most = max(1, min(MOST_ROWS, MOST_VALUES // max(1, len(signals)), len(first)))
    rows = first[np.arange(most) * len(first) // most]
    seen = [Seen(signal, np.array(signal.bin_of)[source.cells(signal.name)[rows]]) for signal in signals]
    counted = len(order) - len(first)
    found = [Apart(each, _cells(each, source, order), choosing[order]) for each in fitted(seen, counted)]
    return [each for each in found if each.detector.signals(each.counts())]


def fitted(seen: Sequence[Seen], counted: int) -> Iterator[Joint]:
    """Yield the detectors of some columns, of which so many records will be counted."""
    pairs = dependent(seen)
    names: set[str] = set()
    for pair in _chosen(pairs):
        detector = Pair.fit(seen[pair.first], seen[pair.second], counted)
        if detector.name not in names:  # "a" and "b+c" read like "a+b" and "c"
            names.add(detector.name)
            yield detector
    clear = [pair for pair in pairs if pair.clear and not pair.of_output]
    strongest = list(dict.fromkeys(at for pair in clear for at in (pair.first, pair.second)))
    if tree := Combinations.fit([seen[at] for at in strongest[:MOST_COLUMNS]], counted) if strongest else None:
        yield tree
    numbers = list(dict.fromkeys(at for pair in clear if pair.of_numbers for at in (pair.first, pair.second)))
    if far := Distance.fit(_whole([seen[at] for at in numbers]), counted):
        yield far


def _chosen(pairs: Sequence[Dependent]) -> list[Dependent]:
    """Return the strongest pairs; of so few features that all their pairs can be watched, all."""
    of_features = [pair for pair in pairs if not pair.of_output]
    if len(of_features) > MOST_PAIRS:
        often = Counter[int]()
        kept = []
        for pair in of_features:
            if pair.clear and max(often[pair.first], often[pair.second]) < MOST_OF_ONE:
                often.update((pair.first, pair.second))
                kept.append(pair)
        of_features = kept
    of_output = [pair for pair in pairs if pair.of_output and pair.clear]
    return [*of_features[:MOST_PAIRS], *of_output[:MOST_OF_OUTPUT]]


def _whole(seen: Sequence[Seen]) -> list[Seen]:
    """Return of these columns as many as leave enough records that lack none, the first ones at most."""
    kept: list[Seen] = []
    for one in seen:
        lacking = np.any([other.bins < 0 for other in (*kept, one)], axis=0)
        kept += [one] if lacking.mean() <= 1 - WHOLE else []
        if len(kept) == MOST_COLUMNS:
            break
    return kept


class _Source:
    """The cells that every record of the reference fell into."""

    def __init__(self, layout: Layout, blocks: Sequence[NDArray[np.signedinteger]]) -> None:
        self._layout = layout
        self._blocks = blocks
        self._at = {
            d.column: row for row, d in enumerate(layout.detectors) if isinstance(d, NumericBins | CategoryBins)
        }

    def signals(self, counts: Ints) -> list[Signal]:
        """Return the value signals of all features and of the prediction, in the order of the layout."""
        named = [c for c in self._at if c.startswith("feature.") or c == "prediction"]
        found = []
        for row in (self._at[column] for column in named):
            detector, start = self._layout.detectors[row], self._layout.starts[row]
            found += [s for s in detector.signals(counts[start : start + detector.cells]) if s.kind == "values"]
        return found

    def cells(self, column: str) -> Codes:
        """Return the cell of every record in a column, as they came."""
        row = self._at[column]
        return np.concatenate([block[row] for block in self._blocks]).astype(np.int64) - self._layout.starts[row]


def _cells(detector: Joint, source: _Source, rows: Ints) -> Codes:
    """Return the detector's cells of these records."""
    columns = {column: source.cells(column)[rows] for column in detector.columns}
    found = []
    for at in range(0, len(rows), BLOCK):
        part = slice(at, at + BLOCK)
        found.append(detector.bin(Batch(rows[part], cells={column: cells[part] for column, cells in columns.items()})))
    return np.concatenate(found).astype(np.int64)
