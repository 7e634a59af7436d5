"""Whether a record lies among those of the class that the model gave it (Jiang et al. 2018)."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, Self

import numpy as np

from detectors.categorical import CategoryBins
from detectors.detector import fingerprint
from detectors.neighbours import Nearest, Neighbours
from detectors.scorer import Scorer, Scores, carried_by, mean_over_last
from detectors.space import Floats, Ints, Space
from monitor.formats.batch import Batch


@dataclass(frozen=True)
class Trust(Scorer):
    """Score: d / (d + e), of the mean distances d to k records of the predicted class, e to k of the nearest other one.

    The inverse of Jiang's trust score e / d ("To Trust Or Not To Trust A Classifier", section 3), brought between 0
    (deep within its class) and 1; at 0.5 another class is as near. Columns count by how well they tell the classes
    apart. Of a class with fewer than k accepted records, or one that was never seen, nothing is said.

    Parameters
    ----------
    classes : CategoryBins
        How predictions are told apart.
    groups_of_rows : int array (N,)
        The cell of each row's prediction, increasing.
    """

    classes: CategoryBins
    groups_of_rows: Ints = field(compare=False, repr=False)
    kind: ClassVar[str] = "trust"
    arrays: ClassVar[tuple[str, ...]] = ("rows", "calibration", "groups_of_rows")

    @classmethod
    def fit(
        cls,
        space: Space,
        values: tuple[Floats, Ints],
        held_out: tuple[Floats, Ints],
        *,
        classes: CategoryBins,
        k: int,
        share: float,
        salt: str,
    ) -> tuple[Self, Floats]:
        """Return the scorer of some accepted records, calibrated with others, and the scores of these.

        Parameters
        ----------
        values, held_out : (float array (n, columns), int array (n,))
            As `Space.values` gives them, and the cell of each prediction.
        """
        known = values[1] < len(classes.levels)
        given, groups = values[0][known], values[1][known]
        order = np.argsort(groups, kind="stable")
        given, groups = given[order], groups[order]
        space = space.weighted(given, groups)
        rows = space.rows(given)
        bare = cls(space, k, share, salt, "", rows, np.empty(0), classes, groups)
        scores = bare.score(*held_out).scores
        calibration = np.sort(scores[~np.isnan(scores)])
        digest = fingerprint(rows, calibration, groups)
        return cls(space, k, share, salt, digest, rows, calibration, classes, groups), scores

    @cached_property
    def by_class(self) -> dict[int, Neighbours]:
        """The rows of each class that has enough, to be found."""
        ends = np.searchsorted(self.groups_of_rows, np.arange(len(self.classes.levels) + 1)).tolist()
        parts = {c: self.rows[start:stop] for c, (start, stop) in enumerate(itertools.pairwise(ends))}
        return {c: Neighbours(rows, self.space.levels) for c, rows in parts.items() if len(rows) >= self.k}

    def groups(self, batch: Batch) -> Ints:
        """Return the cell of each prediction."""
        return self.classes.bin(batch)

    def score(self, values: Floats, groups: Ints) -> Scores:
        """Return how strange each record is among those of its class."""
        points = self.space.encode(values)
        near = {c: rows.nearest(points, self.k) for c, rows in self.by_class.items()}
        own, other = np.full(len(groups), np.nan), np.full(len(groups), np.inf)
        nearest = np.full(len(groups), -1)
        for c, found in near.items():
            away = mean_over_last(found.distances)
            own[groups == c] = away[groups == c]
            closer = (groups != c) & (away < other)
            other[closer], nearest[closer] = away[closer], c
        own[nearest < 0] = np.nan
        both = own + other
        scores = np.divide(own, both, out=np.full(len(groups), 0.5), where=both != 0)

        def features(i: int) -> tuple[str, ...]:
            added = [self._apart(c, points.at[i], near[c], i) for c in (int(groups[i]), int(nearest[i]))]
            return carried_by(self.space.columns, (added[0] - added[1]).tolist())

        return Scores(scores, features)

    def _apart(self, group: int, at: Floats, near: Nearest, i: int) -> Floats:
        return mean_over_last(self.by_class[group].apart(at, near.rows[i]))
