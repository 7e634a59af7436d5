"""What stands between the world and the model: a camera, and the pens that people write with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SIDE = 8
BRIGHTEST = 16

Images = NDArray[np.float64]
"""Pixels from 0 (paper) to 16 (ink), shape (n, 64); NaN where the sensor gave nothing."""


@dataclass(frozen=True)
class Camera:
    """What becomes of images on their way.

    Attributes
    ----------
    ink : float
        How many times as dark the pens write.
    noise : float
        Standard deviation in grey levels. Below half a level the eye does not see it.
    dead_row : int or None
        A row of the sensor, from 1, that gives nothing.
    negative : bool
        Whether ink is taken for paper.
    """

    ink: float = 1.0
    noise: float = 0.0
    dead_row: int | None = None
    negative: bool = False

    def see(self, images: Images, rng: np.random.Generator) -> Images:
        """Return the images as they reach the model."""
        if self.ink != 1.0:
            images = np.clip(np.rint(images * self.ink), 0, BRIGHTEST)
        if self.noise:
            images = np.clip(np.rint(images + rng.normal(0.0, self.noise, images.shape)), 0, BRIGHTEST)
        if self.dead_row is not None:
            images = images.copy()
            images[:, (self.dead_row - 1) * SIDE : self.dead_row * SIDE] = np.nan
        return BRIGHTEST - images if self.negative else images


ACCEPTED = Camera()
