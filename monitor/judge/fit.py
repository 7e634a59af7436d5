"""How well each direction explains what records have."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log, sqrt

import numpy as np

from monitor.judge.logs import logarithms
from monitor.judge.null import Floats, ordered_sum

STEPS = 20
FURTHEST = 4.0
"""Strength beyond which a tilt of a score of variance 1 leaves one bin alone."""

FLAT = 0.02
LONGEST = 0.5
"""The least variance, and the longest step: far out the likelihood is too flat for a whole one."""


def fits(counts: Sequence[float], accepted: Sequence[float], scores: Sequence[Sequence[float]]) -> list[float]:
    """Return for each score how much of the shift the best exponential tilt along it explains, as a correlation is.

    What is explained are log likelihoods (Cameron and Windmeijer, Journal of Econometrics 77, 1997: deviance R^2), and
    chance is taken off what there is to explain. An empty bin where hardly a record is expected says nothing, as it
    should: few records have many such. Of a normal variable a shift is exactly a tilt however large, and so is a
    change of scale.

    Parameters
    ----------
    counts, accepted : sequences of float (K,)
        Accepted shares are above 0.
    scores : sequence of D sequences of float (K,)
        With mean 0 and variance 1 where accepted.
    """
    records = sum(counts)
    if not scores or records <= 0:
        return [0.0] * len(scores)
    q, p, g = np.array(counts) / records, np.array(accepted), np.array(scores)
    explained = [max(0.0, records * gained) for gained in _gained(q, p / ordered_sum(p), g).tolist()]
    pairs = [(c / records, a) for c, a in zip(counts, accepted, strict=True) if c > 0]
    whole = records * sum(share * log(share / a) for share, a in pairs) - (len(pairs) - 1) / 2
    most = max(whole, *explained)
    return [sqrt(part / most) if most > 0 else 0.0 for part in explained]


def _gained(q: Floats, p: Floats, g: Floats) -> Floats:
    """Return the log likelihood (D,) a record that the best tilt along each score (D, K) gains, by Newton's method."""
    seen = ordered_sum(g * q)
    strength = np.zeros(len(g))
    for _ in range(STEPS):
        tilted, _ = _tilted(p, strength, g)
        mean = ordered_sum(tilted * g)
        variance = ordered_sum(tilted * (g - mean[:, None]) ** 2)
        step = np.clip((seen - mean) / np.maximum(variance, FLAT), -LONGEST, LONGEST)
        strength = np.clip(strength + step, 0.0, FURTHEST)
    found: Floats = strength * seen - _tilted(p, strength, g)[1]
    return found


def _tilted(p: Floats, strength: Floats, g: Floats) -> tuple[Floats, Floats]:
    """Return the tilted frequencies (D, K), and the logarithm (D,) of what they are divided by."""
    exponent = strength[:, None] * g
    largest = exponent.max(axis=1)  # a rare bin's score is large: its exponential would overflow
    found = p * np.array([[exp(v) for v in row] for row in (exponent - largest[:, None]).tolist()])
    whole = ordered_sum(found)
    return found / whole[:, None], logarithms(whole) + largest
