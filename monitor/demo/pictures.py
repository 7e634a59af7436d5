"""Digits as a terminal can show them: two pixels a character, one above the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from monitor.demo.camera import ACCEPTED, BRIGHTEST, SIDE, Camera, Images
from monitor.demo.traffic import SEED, Service

SHOWN = (3, 8, 0, 5)
"""The digits that are shown."""

_BLACK, _WHITE, _NOTHING = 232, 255, 88
"""Of the 256 colours: the first and last of the greys, and a dark red for pixels that are missing."""


class Samples:
    """One held-out image of each shown digit, and what becomes of it."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._images = np.array([service.example(digit) for digit in SHOWN])

    def read(self, camera: Camera) -> str:
        """Return which digits the model reads in the samples through a camera."""
        read, _ = self._service.predict(self._seen(camera))
        return " ".join(map(str, read.tolist()))

    def before_and_after(self, camera: Camera, *, colours: bool) -> list[str]:
        """Return the samples as accepted and through the camera, side by side, in four lines."""
        return side_by_side(self._seen(ACCEPTED), self._seen(camera), colours=colours)

    def _seen(self, camera: Camera) -> Images:
        return camera.see(self._images, np.random.default_rng(SEED))


def side_by_side(before: Images, after: Images, *, colours: bool) -> list[str]:
    """Return images (n, 64) and what became of them, in four lines."""
    pairs = zip(_rows(before, colours=colours), _rows(after, colours=colours), strict=True)
    return [f"{a}{'  →  ' if line == 1 else '     '}{b.rstrip()}" for line, (a, b) in enumerate(pairs)]


def _rows(images: Images, *, colours: bool) -> list[str]:
    """Return images (n, 64) side by side as four lines of text."""
    drawn = [_drawn(image.reshape(SIDE, SIDE).tolist(), colours=colours) for image in images]
    return [" ".join(line) for line in zip(*drawn, strict=True)]


def _drawn(image: Sequence[Sequence[float]], *, colours: bool) -> list[str]:
    pairs = [zip(image[row], image[row + 1], strict=True) for row in range(0, SIDE, 2)]
    if colours:
        lines = ["".join(f"\x1b[38;5;{_grey(top)};48;5;{_grey(low)}m▀" for top, low in pair) for pair in pairs]
        return [line + "\x1b[0m" for line in lines]
    return ["".join(" ▄▀█"[2 * (top > BRIGHTEST / 2) + (low > BRIGHTEST / 2)] for top, low in pair) for pair in pairs]


def _grey(pixel: float) -> int:
    return _NOTHING if np.isnan(pixel) else _BLACK + round(pixel / BRIGHTEST * (_WHITE - _BLACK))
