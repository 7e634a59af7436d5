"""The queries of HopSkipJump, which needs a model's decisions alone (Chen, Jordan, Wainwright 2020, algorithm 2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Row = NDArray[np.float64]


@dataclass
class HopSkipJump:
    """One attack on one input.

    Parameters
    ----------
    fooled : callable
        Whether the model's decision for a valid input is another one than for `aim`.
    aim : float array (d,)
    low, high : float array (d,)
        What values may be.
    valid : callable
        Rounds an input to one that may be sent.
    most : int
        Queries after which it gives up.
    """

    fooled: Callable[[Row], bool]
    aim: Row
    low: Row
    high: Row
    rng: np.random.Generator
    valid: Callable[[Row], Row]
    most: int
    sent: list[Row] = field(default_factory=list)

    def run(self) -> list[Row]:
        """Return everything it asks, in order."""
        start = next((c for c in (self.rng.uniform(self.low, self.high) for _ in range(100)) if self._ask(c)), None)
        if start is None:
            return self.sent
        point = self._boundary(start)
        for step in range(1, 1_000):
            if len(self.sent) >= self.most:
                break
            point = self._boundary(self._jump(point, self._direction(point, step), step))
        return self.sent[: self.most]

    def _ask(self, point: Row) -> bool:
        self.sent.append(self.valid(np.clip(point, self.low, self.high)))
        return self.fooled(self.sent[-1])

    def _boundary(self, point: Row) -> Row:
        """Search between the aim and a point that fools the model."""
        near, far = 0.0, 1.0
        while far - near > self.aim.size**-1.5:
            middle = (near + far) / 2
            near, far = (near, middle) if self._ask((1 - middle) * self.aim + middle * point) else (middle, far)
        return np.asarray((1 - far) * self.aim + far * point)

    def _direction(self, point: Row, step: int) -> Row:
        """Estimate the gradient at the boundary from random steps around it."""
        far = float(np.linalg.norm(point - self.aim))
        width = 0.1 * float((self.high - self.low).mean()) if step == 1 else far / self.aim.size
        around = self.rng.normal(size=(int(100 * step**0.5), self.aim.size))
        around /= np.linalg.norm(around, axis=1, keepdims=True)
        said = np.array([2.0 * self._ask(point + width * each) - 1.0 for each in around])
        weights = said - said.mean() if abs(said.mean()) < 1 else said
        found = (weights[:, None] * around).mean(axis=0)
        return np.asarray(found / (np.linalg.norm(found) + 1e-12))

    def _jump(self, point: Row, direction: Row, step: int) -> Row:
        length = float(np.linalg.norm(point - self.aim)) / step**0.5
        while length > 1e-9 and not self._ask(point + length * direction):
            length /= 2
        return np.asarray(np.clip(point + length * direction, self.low, self.high))
