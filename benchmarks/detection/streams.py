"""What is watched: 23 features of one law, and what may happen to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks.detection.columns import START, STEP, Columns, Floats, Ints

CORRELATION = 0.7
SPREAD = 20_000
"""Records over which the ramp rises."""

Draw = np.random.Generator


def _levels(count: int) -> Floats:
    """Return shares of so many levels, as of words in a text; one of them, where there are 20 or more, has 3 %."""
    shares = 1.0 / np.arange(1, count + 1)
    if count < 20:
        return np.asarray(shares / shares.sum())
    others = np.delete(shares, 10)
    return np.insert(others / others.sum() * 0.97, 10, 0.03)


SHARES = {"four": _levels(4), "twenty": _levels(20), "five_hundred": _levels(500)}
NAMES = {name: tuple(f"{name[0]}{k:03d}" for k in range(len(shares))) for name, shares in SHARES.items()}


def stationary(count: int, seed: int, *, first: int = 0) -> Columns:
    """Return records of one law: 8 normal features, 4 lognormal, 3 bimodal, 3 counts, 2 with holes; 3 of levels.

    Parameters
    ----------
    first : int
        How many records came before, which says the time of the first.
    """
    draw = np.random.default_rng(seed)
    numbers = {f"normal_{i}": draw.standard_normal(count) for i in range(8)}
    beside = np.sqrt(1 - CORRELATION**2) * numbers["normal_1"]
    numbers["normal_1"] = CORRELATION * numbers["normal_0"] + beside
    numbers |= {f"lognormal_{i}": np.exp(draw.standard_normal(count)) for i in range(4)}
    numbers |= {f"bimodal_{i}": draw.standard_normal(count) + 4.0 * (draw.random(count) < 0.3) for i in range(3)}
    numbers |= {f"count_{i}": draw.poisson(mean, count).astype(float) for i, mean in enumerate((0.5, 3, 20))}
    for i in range(2):
        values = draw.standard_normal(count)
        values[draw.random(count) < 0.05] = np.nan
        numbers[f"missing_{i}"] = values
    levels = {name: draw.choice(len(shares), count, p=shares) for name, shares in SHARES.items()}
    return Columns(numbers, levels, NAMES, START + STEP * (first + np.arange(count)))


@dataclass(frozen=True)
class Drift:
    """A change for good.

    Attributes
    ----------
    words : str
        What happens.
    apply : callable
        Changes the records from the first one on.
    features : tuple of str
        What it happens to.
    slot : int
        Records of a slot: an eighth of log(A J) / KL at most.
    horizon : int
        Records after which it counts as missed.
    """

    words: str
    apply: Callable[[Columns, Draw], None]
    features: tuple[str, ...]
    slot: int
    horizon: int


def drifted(drift: Drift, seed: int, *, first: int = 0) -> Columns:
    """Return records that have changed from the first on."""
    columns = stationary(drift.horizon, seed, first=first)
    drift.apply(columns, np.random.default_rng([seed, 1]))
    return columns


def _shifted(by: float) -> Callable[[Columns, Draw], None]:
    def apply(columns: Columns, _: Draw) -> None:
        columns.numbers["normal_2"] += by

    return apply


def _scaled(by: float) -> Callable[[Columns, Draw], None]:
    def apply(columns: Columns, _: Draw) -> None:
        columns.numbers["normal_2"] *= by

    return apply


def _tail(columns: Columns, draw: Draw) -> None:
    far = draw.random(len(columns)) < 0.02
    columns.numbers["normal_2"][far] += 4.0


def _ramp(columns: Columns, _: Draw) -> None:
    columns.numbers["normal_2"] += 0.5 * np.minimum(1.0, np.arange(len(columns)) / SPREAD)


def _flip(columns: Columns, _: Draw) -> None:
    columns.numbers["normal_1"] -= 2 * CORRELATION * columns.numbers["normal_0"]


def _more(name: str) -> Callable[[Columns, Draw], None]:
    def apply(columns: Columns, draw: Draw) -> None:
        codes: Ints = columns.levels[name]
        codes[draw.random(len(columns)) < 0.05 / 0.97] = 10

    return apply


_ONE = ("normal_2",)
DRIFTS = {
    "mean .1": Drift("a mean moves by 0.1 sd", _shifted(0.1), _ONE, 200, 40_000),
    "mean .25": Drift("a mean moves by 0.25 sd", _shifted(0.25), _ONE, 64, 20_000),
    "mean .5": Drift("a mean moves by 0.5 sd", _shifted(0.5), _ONE, 16, 8_000),
    "mean 1": Drift("a mean moves by 1 sd", _shifted(1.0), _ONE, 4, 2_000),
    "scale 1.2": Drift("a standard deviation grows by 20 %", _scaled(1.2), _ONE, 40, 20_000),
    "scale 1.5": Drift("a standard deviation grows by 50 %", _scaled(1.5), _ONE, 8, 8_000),
    "tail": Drift("2 % of a feature move up by 4 sd", _tail, _ONE, 16, 20_000),
    "of 20": Drift("one of 20 levels grows from 3 to 8 %", _more("twenty"), ("twenty",), 64, 20_000),
    "of 500": Drift("one of 500 levels grows from 3 to 8 %", _more("five_hundred"), ("five_hundred",), 64, 20_000),
    "correlation": Drift("a correlation goes from 0.7 to −0.7", _flip, ("normal_0", "normal_1"), 16, 10_000),
    "ramp": Drift("a mean rises by 0.5 sd over 20,000 records", _ramp, _ONE, 128, 40_000),
}
