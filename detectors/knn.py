"""How far a record is from its nearest accepted ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from detectors.detector import fingerprint
from detectors.scorer import Scorer, Scores, carried_by, mean_over_last
from detectors.space import Floats, Ints, Space


@dataclass(frozen=True)
class Knn(Scorer):
    """Score: the mean distance to the k nearest accepted records (Angiulli, Pizzuti 2002), in units of a column."""

    kind: ClassVar[str] = "knn"

    @classmethod
    def fit(
        cls, space: Space, values: Floats, held_out: Floats, *, k: int, share: float, salt: str
    ) -> tuple[Self, Floats]:
        """Return the scorer of some accepted records, calibrated with others, and the scores of these.

        Parameters
        ----------
        values, held_out : float arrays (N, columns), (n, columns)
            As `Space.values` gives them.
        """
        rows = space.rows(values)
        bare = cls(space, k, share, salt, "", rows, np.empty(0))
        scores = bare.score(held_out, np.empty(0, dtype=np.int64)).scores
        calibration = np.sort(scores)
        return cls(space, k, share, salt, fingerprint(rows, calibration), rows, calibration), scores

    def score(self, values: Floats, groups: Ints) -> Scores:
        """Return how strange each record is."""
        points = self.space.encode(values)
        near = self.neighbours.nearest(points, self.k)

        def features(i: int) -> tuple[str, ...]:
            absent = self.space.absent(values[i])
            added = mean_over_last(self.neighbours.apart(points.at[i], near.rows[i]))
            return carried_by([*self.space.columns, *absent], [*added.tolist(), *absent.values()])

        return Scores(mean_over_last(near.distances), features)
