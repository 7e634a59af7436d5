"""Somebody who looks for a small change that fools the model, and sees nothing of it but its answers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from monitor.demo.camera import BRIGHTEST, Images

SEED = 7
HALVINGS = 5
DIRECTIONS = 12
REACH = 4.0
"""How far from the boundary it looks around, in grey levels over all pixels together."""


class Prober:
    """Walks along the model's boundary towards an image, in whole grey levels.

    It goes as HopSkipJump does (Chen, Jordan and Wainwright 2020, algorithm 2): to the boundary, around there for the
    direction in which the model errs, a step that way, and back to the boundary.

    Parameters
    ----------
    wrong : callable
        Tells whether the model misreads an image, shape (64,): all that it learns from the model.
    image, start : array
        What it wants to have misread, and an image that is; shapes (64,).
    queries : int
        How often it asks.

    Attributes
    ----------
    asked : list of array
        Every image it asked about, in order.
    best : array
        The nearest to the image that is misread.
    """

    def __init__(self, wrong: Callable[[Images], bool], image: Images, start: Images, queries: int) -> None:
        self.asked: list[Images] = []
        self.best = start
        self._wrong = wrong
        self._image = image
        self._queries = queries
        self._rng = np.random.default_rng(SEED)
        while len(self.asked) < queries:
            edge = self._to_the_boundary(self.best)
            across = self._direction(edge)
            step = float(np.linalg.norm(edge - self._image)) / 2
            while step > 1 and not self._fools(edge + step * across):
                step /= 2
            self._to_the_boundary(edge + step * across)

    def _fools(self, image: Images) -> bool:
        """Ask, and keep the nearest image that fools the model; where no query is left, nothing does."""
        if len(self.asked) == self._queries:
            return False
        asked = np.clip(np.rint(image), 0, BRIGHTEST)
        self.asked.append(asked)
        fooled = self._wrong(asked)
        if fooled and np.linalg.norm(asked - self._image) < np.linalg.norm(self.best - self._image):
            self.best = asked
        return fooled

    def _to_the_boundary(self, misread: Images) -> Images:
        """Return the point nearest to the image, on the line to it, that is still misread."""
        right, wrong = 0.0, 1.0
        for _ in range(HALVINGS):
            middle = (right + wrong) / 2
            if self._fools(self._image + middle * (misread - self._image)):
                wrong = middle
            else:
                right = middle
        edge: Images = self._image + wrong * (misread - self._image)
        return edge

    def _direction(self, edge: Images) -> Images:
        """Return the direction in which the model errs, by the answers around a point: a unit vector."""
        around = self._rng.normal(size=(DIRECTIONS, len(edge)))
        around *= REACH / np.linalg.norm(around, axis=1, keepdims=True)
        told = np.array([1.0 if self._fools(edge + one) else -1.0 for one in around])
        gradient = ((told - told.mean())[:, None] * around).sum(axis=0) if abs(told.mean()) < 1 else told @ around
        unit: Images = gradient / np.linalg.norm(gradient)
        return unit
