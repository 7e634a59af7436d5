"""What kind of column this is: a first look at plain records, before anything is binned."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.reference.aside import dates, grows, never_repeats, numbers_as_text
from monitor.reference.schema import ANY_KIND, Feature, FeatureType, Kind, kind_of, text_of

MOST_LEVELS = 50
MOST_KNOWN = 5_000
MOST_TEXTS = 4 * MOST_KNOWN
MOST_DISCRETE = 16
FEW_LEVELS = 100
CHUNK = 4_096
ODD = 0.05
"""A column is numeric if at most this share of its values is something else."""


@dataclass
class Column:
    """Values of one name over all records, numbers packed; of each number, whether its record chooses."""

    seen: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    texts: Counter[str] = field(default_factory=Counter)
    _choosing: Counter[str] = field(default_factory=Counter)
    _marks: bytearray = field(default_factory=bytearray)
    _packed: list[NDArray[np.float64]] = field(default_factory=list)
    _loose: list[float] = field(default_factory=list)

    def add(self, value: Any, choosing: bool = False) -> None:  # noqa: FBT001, FBT002 - for each value of all records
        """Look at one value, of a record that may be one of those that choose."""
        self.seen += 1
        kind = kind_of(value)
        if kind is None or (isinstance(value, float) and math.isnan(value)):
            self.kinds["missing" if value is None or kind else "nested"] += 1
            return
        self.kinds[kind] += 1
        if kind != "number":
            if len(self.texts) < MOST_TEXTS or text_of(value) in self.texts:
                self.texts[text_of(value)] += 1
                self._choosing[text_of(value)] += choosing
            return
        self._marks.append(choosing)
        try:
            self._loose.append(float(value))
        except OverflowError:
            self._loose.append(math.inf if value > 0 else -math.inf)
        if len(self._loose) == CHUNK:
            self._packed.append(np.array(self._loose))
            self._loose.clear()

    @property
    def numbers(self) -> NDArray[np.float64]:
        """All finite numbers, in order of arrival."""
        values = self._values
        return values[np.isfinite(values)]

    @property
    def _values(self) -> NDArray[np.float64]:
        values: NDArray[np.float64] = np.concatenate([*self._packed, np.array(self._loose, dtype=np.float64)])
        return values

    @property
    def valid(self) -> int:
        """Values that are scalars and not missing."""
        return sum(self.kinds[k] for k in ANY_KIND)

    def levels(self) -> list[tuple[str, int]]:
        """Return levels and their counts, most frequent first, names breaking ties."""
        counts = Counter(self.texts)
        counts.update(_counted(self.numbers))
        return sorted(counts.items(), key=lambda item: (-item[1], item[0]))

    @property
    def choosing(self) -> Counter[str]:
        """How often each level came in the records that choose."""
        values, marks = self._values, np.array(self._marks, dtype=bool)
        return self._choosing + Counter(_counted(values[marks & np.isfinite(values)]))


def _counted(numbers: NDArray[np.float64]) -> dict[str, int]:
    """Return how often each number came, by its spelling."""
    distinct, n = np.unique(numbers, return_counts=True)
    return {text_of(float(v)): int(c) for v, c in zip(distinct, n, strict=True)}


def infer(name: str, column: Column, rows: int, *, forced: FeatureType | None, from_table: bool) -> Feature:
    """Return what the column is.

    Parameters
    ----------
    rows : int
        Records of the reference.
    forced : {"numeric", "discrete", "categorical"} or None
        What the configuration says.
    from_table : bool
        Whether the values came from a table, which knows no JSON kinds and carries every column in every row.
    """
    kinds: tuple[Kind, ...] = (
        ANY_KIND if from_table else tuple(k for k in ANY_KIND if column.kinds[k] > ODD * max(1, column.valid))
    )
    why = None
    textual = forced == "categorical" or (forced is None and column.kinds["number"] < (1 - ODD) * column.valid)
    if column.valid == 0:
        why = "never has a value"
    elif not textual and not len(column.numbers):
        why = "has no finite number"
    elif forced is None:
        why = _textual(column) if textual else _numeric(column.numbers)
    found = "categorical" if textual else forced or _numeric_type(column.numbers)
    return Feature(name, "aside" if why else found, kinds, column.seen == rows, why)


def _textual(column: Column) -> str | None:
    """Return why a column of texts is set aside, or None."""
    mostly_text = column.kinds["string"] >= (1 - ODD) * column.valid
    if mostly_text and dates(column.texts):
        return "dates: later ones would all be new"
    distinct = len(column.levels())
    if distinct <= FEW_LEVELS or (distinct <= column.valid / 2 and distinct <= MOST_KNOWN):
        return None
    many = f"{distinct:,} distinct values"
    if distinct >= MOST_TEXTS:
        many = f"{MOST_TEXTS:,} or more distinct values"
    if column.kinds["number"] > ODD * column.valid:
        return f"{many}, {column.kinds['number'] / column.valid:.0%} of them numbers: set its type to watch it"
    return f"{many}, like an id" + (", all numbers written as text" if numbers_as_text(column.texts) else "")


def _numeric(numbers: NDArray[np.float64]) -> str | None:
    """Return why a column of numbers is set aside, or None."""
    if grows(numbers):
        return "grows from record to record, like a counter or a clock"
    return "never repeats, like an id" if never_repeats(numbers) else None


def _numeric_type(numbers: NDArray[np.float64]) -> FeatureType:
    distinct = len(np.unique(numbers))
    return "constant" if distinct == 1 else "discrete" if distinct <= MOST_DISCRETE else "numeric"


def infer_all(
    columns: Mapping[str, Column], rows: int, *, forced: Mapping[str, FeatureType], from_table: bool
) -> tuple[Feature, ...]:
    """Return the features in the order in which they were first seen."""
    return tuple(
        infer(name, column, rows, forced=forced.get(name), from_table=from_table) for name, column in columns.items()
    )
