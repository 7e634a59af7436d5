"""Laws of one column before and after a shift: what they draw, how they are binned, how far apart they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import atan, exp, inf, lgamma, log, pi, sqrt
from statistics import NormalDist
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from detectors import CategoryBins, NumericBins
from detectors.detector import THIN
from detectors.numeric import equal_mass_edges
from monitor.reference.bins import bins_of_levels, levels_of
from monitor.reference.split import EVERY

Floats = NDArray[np.float64]
FARTHEST, STEP = 60.0, 0.002
"""Divergences are integrated from -60 to 60 in steps of .002."""


class Law(Protocol):
    """How the values of a column are distributed."""

    def draw(self, random: np.random.Generator, records: int) -> Floats:
        """Return values, shape (records,)."""

    def log_density(self, x: Floats) -> Floats:
        """Return the logarithm of the density, or of the mass."""

    def below(self, x: float) -> float:
        """Return P(X < x)."""


@dataclass(frozen=True)
class Normals:
    """A mixture of (weight, mean, standard deviation)."""

    parts: tuple[tuple[float, float, float], ...]

    def draw(self, random: np.random.Generator, records: int) -> Floats:
        weights, means, deviations = (np.array(p) for p in zip(*self.parts, strict=True))
        which = random.choice(len(self.parts), size=records, p=weights)
        return means[which] + deviations[which] * random.standard_normal(records)

    def log_density(self, x: Floats) -> Floats:
        each = [log(w) - ((x - m) / s) ** 2 / 2 - log(s * sqrt(2 * pi)) for w, m, s in self.parts]
        return np.asarray(np.logaddexp.reduce(each))

    def below(self, x: float) -> float:
        return sum(w * NormalDist(m, s).cdf(x) for w, m, s in self.parts)


def normal(mean: float = 0.0, deviation: float = 1.0) -> Normals:
    """Return one normal law."""
    return Normals(((1.0, mean, deviation),))


class HeavyTails:
    """Student's t with three degrees of freedom, scaled to a deviation of 1."""

    def draw(self, random: np.random.Generator, records: int) -> Floats:
        return random.standard_t(3, records) / sqrt(3)

    def log_density(self, x: Floats) -> Floats:
        return np.asarray(log(2 / pi) - 2 * np.log1p(x * x))

    def below(self, x: float) -> float:
        return 0.5 + (x / (1 + x * x) + atan(x)) / pi if abs(x) < inf else float(x > 0)


@dataclass(frozen=True)
class Counts:
    """Poisson counts, up to 40."""

    mean: float

    @cached_property
    def mass(self) -> Floats:
        raw = np.array([exp(k * log(self.mean) - self.mean - lgamma(k + 1)) for k in range(41)])
        return np.asarray(raw / raw.sum())

    def draw(self, random: np.random.Generator, records: int) -> Floats:
        return random.choice(41, size=records, p=self.mass).astype(np.float64)

    def log_density(self, x: Floats) -> Floats:
        return np.asarray(np.log(self.mass[x.astype(np.int64)]))

    def below(self, x: float) -> float:
        return float(self.mass[np.arange(41) < x].sum())


@dataclass(frozen=True)
class Levels:
    """Shares of levels 0, 1, 2, ...; of missing ones -1, of ones never seen -2."""

    shares: tuple[float, ...]
    missing: float = 0.0
    unseen: float = 0.0

    def draw(self, random: np.random.Generator, records: int) -> Floats:
        rest = 1 - self.missing - self.unseen
        mass = [*(rest * s for s in self.shares), self.unseen, self.missing]
        codes = random.choice(len(mass), size=records, p=np.array(mass) / sum(mass))
        return np.where(codes < len(self.shares), codes, codes - len(mass)).astype(np.float64)

    def log_density(self, x: Floats) -> Floats:
        rest = 1 - self.missing - self.unseen
        mass = np.array([*(rest * s for s in self.shares), self.unseen, self.missing])
        return np.asarray(np.log(np.maximum(mass, 1e-300)))[x.astype(np.int64)]


@dataclass(frozen=True)
class Numbers:
    """A numeric column, its law before and, by records since it began, after."""

    before: Law
    after: Callable[[int], Law]
    discrete: bool = False

    def reference(self, random: np.random.Generator, records: int) -> tuple[NumericBins, NDArray[np.int64]]:
        """Return bins fitted to a fresh draw, and its counts."""
        values = self.before.draw(random, records)
        bins = NumericBins("feature.x", "features", equal_mass_edges(values, THIN))
        return bins, np.bincount(bins.passed.searchsorted(values, side="right"), minlength=bins.cells)

    def cells(self, bins: NumericBins, law: Law) -> Floats:
        """Return the mass of each cell."""
        below = [0.0, *(law.below(e) for e in bins.passed[:-1].tolist()), 1.0]
        return np.maximum([*np.diff(below), 0.0, 0.0], 0.0)

    def divergence(self, records: int) -> float:
        """Return KL(after || before) of values that are not binned, in nats a record."""
        x = np.arange(41.0) if self.discrete else np.arange(-FARTHEST, FARTHEST, STEP)
        q, p = self.after(records).log_density(x), self.before.log_density(x)
        return float((np.exp(q) * (q - p)).sum() * (1 if self.discrete else STEP))


@dataclass(frozen=True)
class Categories:
    """A categorical column; `floor` stands for the accepted share of what never occurs: one record in so many."""

    before: Levels
    changed: Levels
    floor: float = 1 / 50_000

    def after(self, _: int) -> Levels:
        return self.changed

    def reference(self, random: np.random.Generator, records: int) -> tuple[CategoryBins, NDArray[np.int64]]:
        """Return the levels of a fresh draw as a reference chooses them by a third, and the counts of the rest."""
        chosen = random.multinomial(records // EVERY, self.before.shares)
        counts = random.multinomial(records - records // EVERY, self.before.shares)
        choosing = {str(k): int(n) for k, n in enumerate(chosen)}
        came = {name: n + int(k) for (name, n), k in zip(choosing.items(), counts, strict=True) if n + k}
        bins = bins_of_levels("feature.x", "features", came, choosing)
        kept = [int(counts[int(level)]) for level in bins.levels]
        other = int(counts.sum()) - sum(kept)
        once = min(other, levels_of(came, choosing, (1,)))
        return bins, np.array([*kept, other - once, once, 0, 0])

    def cells(self, bins: CategoryBins, law: Levels) -> Floats:
        """Return the mass of each cell."""
        kept, rare = ([law.shares[int(level)] for level in levels] for levels in (bins.levels, bins.rare))
        known = 1 - law.missing - law.unseen
        unseen = law.unseen + max(0.0, known * (1 - sum(kept) - sum(rare)))
        return np.array([*(known * s for s in kept), known * sum(rare), unseen, law.missing, 0.0])

    def divergence(self, _: int) -> float:
        """Return KL(after || before) in nats a record."""
        values = np.arange(-2.0, len(self.before.shares))
        q, p = self.changed.log_density(values), np.maximum(self.before.log_density(values), log(self.floor))
        return float((np.exp(q) * (q - p))[q > -600].sum())


Column = Numbers | Categories


def moved(shares: Sequence[float], level: int, share: float) -> tuple[float, ...]:
    """Return shares of which one is changed and the others keep their proportions."""
    rest = (1 - share) / (1 - shares[level])
    return tuple(share if k == level else rest * s for k, s in enumerate(shares))
