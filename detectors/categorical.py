"""Bins of a column compared as levels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from operator import itemgetter
from typing import ClassVar

from detectors.detector import FEWEST, Codes, Counts, Signal, share
from monitor.formats.batch import Batch
from monitor.formats.columns import integers

TRUTHS = {True: "true", False: "false"}
"""Booleans are looked up by their spelling: to Python, true equals 1 and false 0."""


@dataclass(frozen=True)
class CategoryBins:
    """Cells: one a level, other known levels, unseen ones, missing, wrong type.

    Parameters
    ----------
    column : str
        Column of the batch; also the value signal's name.
    group : str
    levels : tuple of str
        Most frequent first.
    rare : tuple of str
        Known levels too rare for a cell of their own.
    quality : tuple of str
        Which quality signals are watched: of `missing`, `type`, `unseen`. Without the last, levels never seen before
        count as other ones: there are so many that new ones are nothing new.
    few : int
        How many of the rare levels two or three records had, for as many records as are counted. See `_excess`.
    """

    column: str
    group: str
    levels: tuple[str, ...]
    rare: tuple[str, ...] = ()
    quality: tuple[str, ...] = ("missing", "type", "unseen")
    few: int = 0
    kind: ClassVar[str] = "categorical"
    later: ClassVar[tuple[str, ...]] = ("few",)

    @property
    def cells(self) -> int:
        return len(self.levels) + 4

    @property
    def other(self) -> int:
        """The cell of known levels without one of their own."""
        return len(self.levels)

    @property
    def unseen(self) -> int:
        """The cell of levels never seen before."""
        return len(self.levels) + 1

    @cached_property
    def _cell_of(self) -> _Cells:
        """Cells by value. A level that spells a number is found by that too."""
        by_text = {**dict.fromkeys(self.rare, self.other), **{level: i for i, level in enumerate(self.levels)}}
        cells = _Cells({None: self.other + 2}, unseen=self.unseen)
        for text, cell in by_text.items():
            for value in (text, _spelled(text)):
                cells.setdefault(value, cell)
        return cells

    @cached_property
    def _minds_truths(self) -> bool:
        """Whether a boolean would be found, or one of the numbers that it equals."""
        return not {*TRUTHS.values(), 1.0, 0.0}.isdisjoint(self._cell_of)

    def bin(self, batch: Batch) -> Codes:
        """Return the cell of each record."""
        column = batch.texts[self.column]
        if self._minds_truths and bool in set(map(type, column)):
            column = [TRUTHS[value] if type(value) is bool else value for value in column]
        # One call for all, half the time of one each; with fewer than two keys it would not return a tuple.
        *cells, _, _ = itemgetter(*column, None, None)(self._cell_of)
        codes = integers(cells)
        if self.column in batch.mismatched:
            codes = codes.copy()
            codes[batch.mismatched[self.column]] = self.cells - 1
        return codes

    def signals(self, counts: Counts) -> list[Signal]:
        """Return the value signal (where two levels are thick enough) and the quality signals."""
        name = self.column.removeprefix("feature.")
        other = self.other
        event = {"unseen": other + 1, "missing": other + 2, "type": other + 3}
        word = {"unseen": "never seen before", "missing": "missing", "type": "wrong type"}
        outside = {"unseen": (other + 2, other + 3), "missing": (), "type": ()}
        found = [
            share(f"quality.{what}.{name}", self.cells, event[what], outside=outside[what], bins=("others", word[what]))
            for what in self.quality
        ]
        found = [replace(s, excess=self._excess(counts)) if s.name == f"quality.unseen.{name}" else s for s in found]
        value = self._value_signal([int(c) for c in counts[: other + 2]])
        return [value, *found] if value else found

    def _value_signal(self, counts: list[int]) -> Signal | None:
        *whole, unseen = counts
        pooled = "unseen" not in self.quality
        if pooled:
            whole[self.other] += unseen
        bins = _pooled(whole)
        if max(bins) == 0:
            return None
        names = [*self.levels, "any other" if "other" in self.levels else "other"]
        labels = tuple(
            _joined([names[c] for c, b in enumerate(bins) if b == wanted and (c != self.other or whole[c])])
            for wanted in range(max(bins) + 1)
        )
        bin_of = (*bins, bins[self.other] if pooled else -1, -1, -1)
        return Signal(self.column, self.group, "values", ordered=False, bins=labels, bin_of=bin_of)

    def _excess(self, counts: Counts) -> float:
        """Return by how much the variance of the count of new levels is larger than the count, a record.

        That count is of levels which came once (Good 1953). What it is off by has the variance of as many, and of twice
        as many as came twice (Robbins 1968; Esty 1983). Those that came three times allow for its skewness: what
        never came could have come often.
        """
        return 2 * self.few / max(1, int(counts[:-2].sum()))


def _pooled(counts: Sequence[int]) -> list[int]:
    """Return the bin of each cell: what hardly came joins the last cell that did, the others or the rarest level.

    Levels were chosen by other records. So this hardly ever joins any, and never those that happened to be rare here.
    """
    thick = [cell for cell, count in enumerate(counts) if count >= FEWEST] or [0]
    return [thick.index(cell) if cell in thick else len(thick) - 1 for cell in range(len(counts))]


class _Cells(dict[str | float | bool | None, int]):
    """Cells by value; whatever is not there was never seen before."""

    def __init__(self, known: Mapping[str | float | bool | None, int], *, unseen: int) -> None:
        super().__init__(known)
        self._unseen = unseen

    def __missing__(self, value: object) -> int:
        return self._unseen


def _joined(names: list[str]) -> str:
    return " or ".join(names) if len(names) < 4 else f"{names[0]} or {len(names) - 1} rarer ones"


def _spelled(text: str) -> str | float:
    """Return the number that is spelled so, else the text."""
    try:
        number = float(text)
    except ValueError:
        return text
    return number if repr(number) == text or str(int(number) if number.is_integer() else number) == text else text
