"""What kind of column this is: a first look at plain records, before anything is binned."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from monitor.reference.schema import ANY_KIND, Feature, FeatureType, Kind, kind_of, text_of

MOST_LEVELS = 50
MOST_KNOWN = 5_000
MOST_DISCRETE = 16
CHUNK = 4_096
ODD = 0.05
"""A column is numeric if at most this share of its values is something else."""


@dataclass
class Column:
    """Values of one name over all records, numbers packed."""

    seen: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    texts: Counter[str] = field(default_factory=Counter)
    _packed: list[np.ndarray[Any, np.dtype[np.float64]]] = field(default_factory=list)
    _loose: list[float] = field(default_factory=list)

    def add(self, value: Any) -> None:
        """Look at one value."""
        self.seen += 1
        kind = kind_of(value)
        if kind is None or (isinstance(value, float) and math.isnan(value)):
            self.kinds["missing" if value is None or kind else "nested"] += 1
            return
        self.kinds[kind] += 1
        if kind != "number":
            if len(self.texts) < 4 * MOST_KNOWN or text_of(value) in self.texts:
                self.texts[text_of(value)] += 1
            return
        try:
            self._loose.append(float(value))
        except OverflowError:
            self._loose.append(math.inf if value > 0 else -math.inf)
        if len(self._loose) == CHUNK:
            self._packed.append(np.array(self._loose))
            self._loose.clear()

    @property
    def numbers(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        """All finite numbers, in order of arrival."""
        values = np.concatenate([*self._packed, np.array(self._loose, dtype=np.float64)])
        return values[np.isfinite(values)]

    @property
    def valid(self) -> int:
        """Values that are scalars and not missing."""
        return sum(self.kinds[k] for k in ANY_KIND)

    def levels(self) -> list[tuple[str, int]]:
        """Return levels and their counts, most frequent first, names breaking ties."""
        counts = Counter(self.texts)
        if self.kinds["number"]:
            distinct, n = np.unique(self.numbers, return_counts=True)
            counts.update({text_of(float(v)): int(c) for v, c in zip(distinct, n, strict=True)})
        return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def infer(name: str, column: Column, rows: int, *, forced: str | None, from_table: bool) -> Feature:
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
    kinds: tuple[Kind, ...] = ANY_KIND if from_table else tuple(k for k in ANY_KIND if column.kinds[k] > ODD * max(1, column.valid))
    required = column.seen == rows

    def feature(kind: FeatureType, why: str | None = None) -> Feature:
        return Feature(name, kind, kinds, required, why)

    if column.valid == 0:
        return feature("aside", "never has a value")
    if forced == "categorical" or (forced is None and column.kinds["number"] < (1 - ODD) * column.valid):
        return _textual(column, feature, forced)
    return _numeric(column, feature, forced)


def _textual(column: Column, feature: Any, forced: str | None) -> Feature:
    distinct = len(column.levels())
    if forced is None and distinct > 100 and (distinct > column.valid / 2 or distinct > MOST_KNOWN):
        many = f"{distinct:,}" if distinct < 4 * MOST_KNOWN else f"over {4 * MOST_KNOWN:,}"
        return feature("aside", f"{many} distinct values, like an id")  # type: ignore[no-any-return]
    return feature("categorical")  # type: ignore[no-any-return]


def _numeric(column: Column, feature: Any, forced: str | None) -> Feature:
    numbers = column.numbers
    if not len(numbers):
        return feature("aside", "has no finite number")  # type: ignore[no-any-return]
    distinct = len(np.unique(numbers))
    whole = bool(np.all(numbers == np.rint(numbers)))
    if forced is None and whole and distinct == len(numbers) > 100 and bool(np.all(np.diff(numbers) > 0)):
        return feature("aside", "counts up, like an id")  # type: ignore[no-any-return]
    if distinct == 1 and forced is None:
        return feature("constant")  # type: ignore[no-any-return]
    return feature(forced or ("discrete" if distinct <= MOST_DISCRETE else "numeric"))  # type: ignore[no-any-return]


def infer_all(
    columns: Mapping[str, Column], rows: int, *, forced: Mapping[str, str], from_table: bool
) -> tuple[Feature, ...]:
    """Return the features in the order in which they were first seen."""
    return tuple(infer(name, column, rows, forced=forced.get(name), from_table=from_table) for name, column in columns.items())
