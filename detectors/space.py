"""Where a record lies among the reference's records: numbers, categories and gaps in one space.

Squared distances add up column by column. A number counts its difference in units of its column, so that a usual
difference is about 1 and none is more than 16. A category counts 1 where it differs. Missing counts 1 beside anything
that is there, and the number itself is then taken to be the median.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.categorical import CategoryBins
from detectors.spread import moments
from monitor.formats.batch import Batch

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FARTHEST = 8.0
"""Units from the median that a number is taken to be at most: infinity is that far away, and so is a slip of a unit."""

TAIL = 0.01
"""The share at each end whose values are drawn in before the unit is measured: outliers do not widen it."""

UNKNOWN = -1.0
"""Stands in the reference's rows for a level that was not known one by one: nothing equals it."""


@dataclass(frozen=True)
class Axis:
    """A numeric column.

    Attributes
    ----------
    centre, unit : float
        Median; standard deviation once the outermost 1 % at each end is drawn in to the rest, of all values where
        that is 0. A constant has no unit (0): any other value is one unit away.
    weight : float
        What a difference is multiplied by.
    gaps : bool
        Whether the reference's rows have missing values here.
    """

    column: str
    centre: float
    unit: float
    weight: float = 1.0
    gaps: bool = False


class Points(NamedTuple):
    """Records in the space.

    Attributes
    ----------
    at : float array (n, axes)
        Numbers; then 1 where one is missing, for columns with gaps; then the cells of categories.
    beyond : float array (n,)
        What is added to each squared distance: missing where no row of the reference is.
    """

    at: Floats
    beyond: Floats


@dataclass(frozen=True)
class Space:
    """The columns that count, and how.

    Attributes
    ----------
    weights : tuple of float
        By category: what a differing level is multiplied by.
    """

    numbers: tuple[Axis, ...]
    categories: tuple[CategoryBins, ...]
    weights: tuple[float, ...]

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The column of each axis, in the order of `Points.at`."""
        gaps = (axis.column for axis in self.numbers if axis.gaps)
        return (*(axis.column for axis in self.numbers), *gaps, *(c.column for c in self.categories))

    @cached_property
    def levels(self) -> tuple[tuple[int, float], ...]:
        """For each category: how many cells it has, and what a differing one adds to the squared distance."""
        return tuple((c.cells, w * w) for c, w in zip(self.categories, self.weights, strict=True))

    def values(self, batch: Batch) -> Floats:
        """Return numbers as they came and cells of categories, shape (n, columns)."""
        return values(batch, [axis.column for axis in self.numbers], self.categories)

    def encode(self, values: Floats) -> Points:
        """Return where records with these values lie, each by itself."""
        count = len(self.numbers)
        missing = np.isnan(values[:, :count])
        at = np.empty((len(values), len(self.columns)))
        with np.errstate(over="ignore"):
            for i, axis in enumerate(self.numbers):
                away = values[:, i] - axis.centre
                scaled = away / axis.unit if axis.unit else (away != 0).astype(np.float64)
                at[:, i] = np.where(missing[:, i], 0.0, np.clip(scaled, -FARTHEST, FARTHEST) * axis.weight)
        beyond, column = np.zeros(len(values)), count
        for i, axis in enumerate(self.numbers):
            if axis.gaps:
                at[:, column] = missing[:, i] * axis.weight
                column += 1
            else:
                beyond += missing[:, i] * axis.weight**2
        at[:, column:] = values[:, count:]
        return Points(at, beyond)

    def absent(self, values: Floats) -> dict[str, float]:
        """Return what one record's missing numbers add beyond its axes, by column."""
        given = zip(self.numbers, values.tolist(), strict=False)
        return {axis.column: axis.weight**2 for axis, value in given if not axis.gaps and value != value}  # noqa: PLR0124 - NaN

    def rows(self, values: Floats) -> Floats:
        """Return the reference's rows: as `encode`, with levels that are not known one by one equal to nothing."""
        at = self.encode(values).at
        for axis, category in enumerate(self.categories, len(self.columns) - len(self.categories)):
            at[at[:, axis] == category.unseen, axis] = UNKNOWN
        return at

    def weighted(self, values: Floats, groups: Ints) -> Space:
        """Return the space in which each column counts by how well it tells the groups apart.

        The weight is the correlation ratio: the share of a column's variance that lies between the groups; of a
        category, that of the variance of its levels together (Goodman and Kruskal's tau).
        """
        at = self.encode(values).at
        numbers = tuple(replace(axis, weight=_between(at[:, [i]], groups)) for i, axis in enumerate(self.numbers))
        cells = [values[:, len(self.numbers) + i] for i in range(len(self.categories))]
        levels = [(cell[:, None] == np.unique(cell)).astype(np.float64) for cell in cells]
        return replace(self, numbers=numbers, weights=tuple(_between(each, groups) for each in levels))


def values(batch: Batch, numbers: Sequence[str], categories: Sequence[CategoryBins]) -> Floats:
    """Return numbers (NaN is missing) and cells of categories, shape (n, columns); a wrong type counts as missing."""
    found = np.empty((len(batch), len(numbers) + len(categories)))
    for i, column in enumerate(numbers):
        found[:, i] = batch.numbers[column]
        found[batch.mismatched.get(column, []), i] = np.nan
    for i, category in enumerate(categories, len(numbers)):
        found[:, i] = np.minimum(category.bin(batch), category.cells - 2)
    return found


def space_of(values: Floats, numbers: Sequence[str], categories: Sequence[CategoryBins]) -> Space:
    """Return the space in which the reference's rows with these values are spread alike in every column."""
    axes = tuple(_axis(column, values[:, i]) for i, column in enumerate(numbers))
    return Space(axes, tuple(categories), (1.0,) * len(categories))


def _axis(column: str, given: Floats) -> Axis:
    there = np.sort(given[np.isfinite(given)])
    gaps = bool(np.isnan(given).any())
    if not len(there):
        return Axis(column, 0.0, 0.0, gaps=gaps)
    drawn_in = int(len(there) * TAIL)
    low, high = there[drawn_in], there[-1 - drawn_in]
    _, unit = moments(np.clip(there, low, high))
    return Axis(column, float(there[len(there) // 2]), unit or moments(there)[1], gaps=gaps)


def _between(at: Floats, groups: Ints) -> float:
    """Return the share of the variance that lies between the groups, 0 where there is none."""
    middle = at.mean(axis=0)
    whole = float(((at - middle) ** 2).sum())
    parts = [at[groups == group] for group in np.unique(groups)]
    between = sum(len(part) * float(((part.mean(axis=0) - middle) ** 2).sum()) for part in parts)
    return round(between / whole, 6) if whole else 0.0
