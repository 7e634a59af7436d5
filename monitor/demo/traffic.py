"""What the demo watches: a digit classifier at work, and what happens to its camera.

Every chunk of traffic is drawn from a generator of its own (seed, chunk number), so a chunk holds the same requests
in every run, however fast the run goes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.types import Message, Partition

MODEL = "digits"
SIDE = 8
BRIGHTEST = 16
PIXELS = tuple(f"row{row}_col{column}" for row in range(1, SIDE + 1) for column in range(1, SIDE + 1))
RATE = 1_000
"""Requests a second."""

CHUNK_MS = 100
SEED = 20_260
REQUESTS = Partition("requests", 0)

Images = NDArray[np.float64]
"""Pixels from 0 (paper) to 16 (ink), shape (n, 64); NaN where the sensor gave nothing."""


@dataclass(frozen=True)
class Camera:
    """What stands between the world and the model.

    Attributes
    ----------
    noise : float
        Standard deviation in grey levels. Below half a level the eye does not see it.
    dead_row : int or None
        A row of the sensor, from 1, that gives nothing.
    scale : float
        What every pixel is multiplied by.
    """

    noise: float = 0.0
    dead_row: int | None = None
    scale: float = 1.0

    def see(self, images: Images, rng: np.random.Generator) -> Images:
        """Return the images as they reach the model."""
        if self.noise:
            images = np.clip(np.rint(images + rng.normal(0.0, self.noise, images.shape)), 0, BRIGHTEST)
        if self.dead_row is not None:
            images = images.copy()
            images[:, (self.dead_row - 1) * SIDE : self.dead_row * SIDE] = np.nan
        return images * self.scale


ACCEPTED = Camera()


@dataclass(frozen=True)
class Phase:
    """What the traffic is like from some moment on.

    Attributes
    ----------
    begins : float
        Seconds after the first request.
    words : str
        What happens, for a person.
    short : str
        The same in three words.
    harm : bool
        Whether somebody should be told.
    """

    begins: float
    words: str
    short: str
    harm: bool
    camera: Camera = ACCEPTED
    version: str = "1"


STORY = (
    Phase(0, "clean traffic", "clean traffic", harm=False),
    Phase(12, "the camera gets slightly noisy", "noisy camera", harm=True, camera=Camera(noise=0.4)),
    Phase(24, "row 5 of its sensor dies", "dead row", harm=True, camera=Camera(noise=0.4, dead_row=5)),
    Phase(33, "the camera is replaced", "new camera", harm=False),
    Phase(
        43,
        "release 2 sends pixels as 0–1 instead of 0–16",
        "release 2",
        harm=True,
        camera=Camera(scale=1 / BRIGHTEST),
        version="2",
    ),
    Phase(50, "release 2 is rolled back", "rollback", harm=False),
)
STORY_SECONDS = 60


class Service:
    """A scikit-learn classifier, trained on half of scikit-learn's digits, that serves the other half."""

    def __init__(self) -> None:
        from sklearn.datasets import load_digits
        from sklearn.linear_model import LogisticRegression
        from sklearn.model_selection import train_test_split

        images, labels = load_digits(return_X_y=True)
        halves = train_test_split(images, labels, test_size=0.5, random_state=0, stratify=labels)
        self.known, self.images, answers, self.labels = halves
        self.model = LogisticRegression(C=2.5).fit(self.known / BRIGHTEST, answers)

    def predict(self, images: Images) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the digit read in each image and how sure the model is. A pixel that is missing counts as paper."""
        chances = self.model.predict_proba(np.nan_to_num(images) / BRIGHTEST)
        return self.model.classes_[chances.argmax(axis=1)], chances.max(axis=1)

    def accuracy(self, camera: Camera) -> float:
        """Return the share of held-out images that is read rightly through a camera."""
        rng = np.random.default_rng(SEED)
        read, _ = self.predict(camera.see(varied(np.tile(self.images, (5, 1)), rng), rng))
        return float((read == np.tile(self.labels, 5)).mean())


def varied(images: Images, rng: np.random.Generator) -> Images:
    """Return images with natural variation: every sixth pixel or so a grey level or two lighter or darker."""
    levels = rng.choice((-2, -1, 0, 1, 2), images.shape, p=(0.01, 0.07, 0.84, 0.07, 0.01))
    seen: Images = np.clip(images + levels, 0, BRIGHTEST)
    return seen


class Traffic:
    """Requests and answers as the service logs them: held-out images drawn at random, each varied a little.

    Parameters
    ----------
    began : int
        Milliseconds since 1970 of the first request.
    story : sequence of Phase
    """

    def __init__(self, service: Service, began: int, story: Sequence[Phase] = STORY) -> None:
        self.service = service
        self.began = began
        self.story = story

    def phase(self, time: int) -> Phase:
        """Return the phase at a time in milliseconds since 1970."""
        return next((p for p in reversed(self.story) if p.begins * 1_000 <= time - self.began), self.story[0])

    def chunks(self, first: int) -> Iterator[list[Message]]:
        """Yield tenths of a second of traffic for ever, from the one so many tenths after the first request on."""
        while True:
            yield self.chunk(first)
            first += 1

    def chunk(self, number: int) -> list[Message]:
        """Return the messages of one tenth of a second."""
        size = RATE * CHUNK_MS // 1_000
        time = self.began + number * CHUNK_MS
        phase = self.phase(time)
        rng = np.random.default_rng((SEED, number % (1 << 32)))
        drawn = rng.integers(0, len(self.service.images), size)
        images = phase.camera.see(varied(self.service.images[drawn], rng), rng)
        read, sure = self.service.predict(images)
        rows = zip(_as_json(images), read.tolist(), np.round(sure, 4).tolist(), strict=True)
        stamps = range(time, time + CHUNK_MS, 1_000 // RATE)
        return [_message(number * size + i, stamps[i], phase.version, row) for i, row in enumerate(rows)]


def _message(number: int, time: int, version: str, row: tuple[list[Any], int, float]) -> Message:
    pixels, read, sure = row
    record = {
        "id": f"request-{number}",
        "time": time / 1_000,
        "model": MODEL,
        "version": version,
        "features": dict(zip(PIXELS, pixels, strict=True)),
        "prediction": read,
        "confidence": sure,
    }
    return Message(*REQUESTS, number, time, None, msgspec.json.encode(record))


def _as_json(images: Images) -> list[list[Any]]:
    """Return pixels as a service would log them: whole numbers where all are, null where there is none."""
    missing = np.isnan(images)
    plain: NDArray[Any] = images.round(4)
    if missing.any():
        plain = plain.astype(object)
        plain[missing] = None
    elif (images == np.rint(images)).all():
        plain = images.astype(np.int64)
    rows: list[list[Any]] = plain.tolist()
    return rows
