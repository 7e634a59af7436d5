"""What the demo watches: a digit classifier at work, and what happens to its inputs.

Every chunk of traffic is drawn from a generator of its own (seed, chunk number), so a chunk holds the same requests
in every run, however fast the run goes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.demo.camera import BRIGHTEST, SIDE, Camera, Images
from monitor.demo.prober import Prober
from monitor.demo.story import STORY, Phase
from monitor.types import Message, Partition

if TYPE_CHECKING:
    from sklearn.tree import DecisionTreeRegressor

MODEL = "digits"
PIXELS = tuple(f"row{row}_col{column}" for row in range(1, SIDE + 1) for column in range(1, SIDE + 1))
RATE = 1_000
"""Requests a second."""

CHUNK_MS = 100
SIZE = RATE * CHUNK_MS // 1_000
"""Requests in a chunk."""

SEED = 20_260
BY_HEART = "3"
"""The release that learned by heart what the first one answers."""

LEARNED = 40_000
"""Requests that it learned."""

REQUESTS = Partition("requests", 0)

CLIENTS = 400
"""Callers; the last one probes the model when its time has come, and asks nothing else."""

PROBER = f"client-{CLIENTS}"
PROBES = (20, 70)
"""Which requests of a chunk are the prober's while it is at work: 1 in 50."""

AIM, MISREAD = 3, 9
"""The digit that the prober wants misread, and what it begins with."""


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
        self._tree = self._learned_by_heart()

    def _learned_by_heart(self) -> DecisionTreeRegressor:
        """Return a tree that answers requests as the model does, and never learned why."""
        from sklearn.tree import DecisionTreeRegressor

        rng = np.random.default_rng((SEED, LEARNED))
        seen = varied(self.images[rng.integers(0, len(self.images), LEARNED)], rng)
        tree = DecisionTreeRegressor(max_features=SIDE, random_state=0)
        return tree.fit(seen, self.model.predict_proba(seen / BRIGHTEST))

    def predict(self, images: Images, release: str = "1") -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the digit read in each image and how sure a release is. A pixel that is missing counts as paper."""
        seen = np.nan_to_num(images)
        by_heart = release == BY_HEART
        chances = self._tree.predict(seen) if by_heart else self.model.predict_proba(seen / BRIGHTEST)
        return self.model.classes_[chances.argmax(axis=1)], chances.max(axis=1)

    def example(self, digit: int) -> Images:
        """Return the first held-out image of a digit that is read rightly."""
        read, _ = self.predict(self.images)
        found: Images = self.images[np.flatnonzero((self.labels == digit) & (read == digit))[0]]
        return found

    def accuracy(self, camera: Camera, release: str = "1") -> float:
        """Return the share of held-out images that a release reads rightly through a camera."""
        rng = np.random.default_rng(SEED)
        read, _ = self.predict(camera.see(varied(np.tile(self.images, (5, 1)), rng), rng), release)
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
    labelled : bool
        Whether every request carries its label, as those do of which a reference is built.
    """

    def __init__(self, service: Service, began: int, story: Sequence[Phase] = STORY, *, labelled: bool = False) -> None:
        self.service = service
        self.began = began
        self.story = story
        self._labelled = labelled

    def phase(self, time: int) -> Phase:
        """Return the phase at a time in milliseconds since 1970."""
        return next((p for p in reversed(self.story) if p.begins * 1_000 <= time - self.began), self.story[0])

    def phase_of(self, request: int) -> Phase:
        """Return the phase in which a request came, by its number."""
        return self.phase(self.began + request * 1_000 // RATE)

    @cached_property
    def prober(self) -> Prober:
        """Who probes the model, with all that was asked."""
        image = self.service.example(AIM)

        def misread(asked: Images) -> bool:
            return bool(self.service.predict(asked[None])[0][0] != AIM)

        began, ended = next((a.begins, b.begins) for a, b in pairwise(self.story) if a.probed)
        queries = int((ended - began) * 1_000) // CHUNK_MS * len(PROBES)
        return Prober(misread, image, self.service.example(MISREAD), queries)

    def chunks(self, first: int) -> Iterator[list[Message]]:
        """Yield tenths of a second of traffic for ever, from the one so many tenths after the first request on."""
        while True:
            yield self.chunk(first)
            first += 1

    def chunk(self, number: int) -> list[Message]:
        """Return the messages of one tenth of a second."""
        time = self.began + number * CHUNK_MS
        phase = self.phase(time)
        images, callers, labels = self._asked(number, phase)
        read, sure = self.service.predict(images, phase.version)
        columns = (_as_json(images), callers, labels, read.tolist(), np.round(sure, 4).tolist())
        messages = []
        for i, (pixels, caller, label, digit, chance) in enumerate(zip(*columns, strict=True)):
            at, offset = time + i * 1_000 // RATE, number * SIZE + i
            record = {
                "id": f"request-{offset}",
                "time": at / 1_000,
                "model": MODEL,
                "version": phase.version,
                "caller": caller,
                "features": dict(zip(PIXELS, pixels, strict=True)),
                "prediction": digit,
                "confidence": chance,
            } | ({"label": label} if self._labelled else {})
            messages.append(Message(*REQUESTS, offset, at, None, msgspec.json.encode(record)))
        return messages

    def outcomes(self, number: int) -> list[tuple[int, bool]]:
        """Return for each request of one tenth of a second what it really shows, and whether the model misread it."""
        phase = self.phase(self.began + number * CHUNK_MS)
        images, _, labels = self._asked(number, phase)
        read, _ = self.service.predict(images, phase.version)
        return [(label, label != digit) for label, digit in zip(labels, read.tolist(), strict=True)]

    def _asked(self, number: int, phase: Phase) -> tuple[Images, list[str], list[int]]:
        """Return the images of one tenth of a second as they reach the model, who sent them, and what they show."""
        rng = np.random.default_rng((SEED, number % (1 << 32)))
        drawn = rng.integers(0, len(self.service.images), SIZE)
        images = phase.camera.see(varied(self.service.images[drawn], rng), rng)
        callers = [f"client-{caller:03}" for caller in rng.integers(1, CLIENTS, SIZE)]
        if phase.probed:
            first = (number - int(phase.begins * 1_000) // CHUNK_MS) * len(PROBES)
            for place, asked in zip(PROBES, self.prober.asked[first:], strict=False):
                images[place], callers[place] = asked, PROBER
        return images, callers, self.service.labels[drawn].tolist()


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
