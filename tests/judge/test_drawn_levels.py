"""Levels that a draw of the reference chose mislead as seldom as promised, those near the threshold above all.

The whole procedure of `reference build` at the level of counts: a third of the records chooses, the others are counted.
"""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest

from detectors import CategoryBins
from monitor.counting.tally import FLOW_CELLS, Layout
from monitor.judge.bets import SCALE, tilts
from monitor.judge.null import DELTA, SHARES, nulls
from monitor.judge.strata import strata
from monitor.reference.bins import bins_of_levels, levels_of
from monitor.reference.contexts import CYCLES, Contexts
from monitor.reference.schema import Schema
from monitor.reference.store import Reference

X = "feature.x"


def uniform(levels):
    return np.full(levels, 1 / levels)


def zipf(levels):
    p = 1 / (np.arange(levels) + 2)
    return p / p.sum()


def name(level):
    return f"level {level:05}"


class Drawn:
    """A reference of so many records in each context, drawn from a law; `law` is the mass of each cell."""

    def __init__(self, seed, records, p, contexts=1):
        draw = np.random.default_rng(seed)
        choosing, counted = (draw.multinomial(n, p, size=contexts) for n in (records // 3, records - records // 3))
        first, whole = choosing.sum(axis=0), (choosing + counted).sum(axis=0)
        came = {name(k): int(n) for k, n in enumerate(whole) if n}
        by = {name(k): int(n) for k, n in enumerate(first)}
        self.detector = bins_of_levels(X, "features", came, by)
        self.law = self._cells(p[None])[0]
        self.choosing, self.counted = self._cells(choosing), self._cells(counted)
        if contexts == 1:
            once = levels_of(came, by, (1,))
            self.counted[0, self.detector.other : self.detector.unseen + 1] += -once, once

    def _cells(self, of_levels):
        """Return what each cell holds, shape (contexts, cells), given what each level does."""
        of = {name(k): column for k, column in enumerate(of_levels.T)}
        kept = [of.pop(level) for level in self.detector.levels]
        rare = sum((of.pop(level) for level in self.detector.rare), np.zeros_like(of_levels[:, 0]))
        return np.array([*kept, rare, sum(of.values(), 0 * rare), 0 * rare, 0 * rare]).T

    def reference(self):
        cells = np.concatenate([np.zeros(FLOW_CELLS, dtype=int), self.counted.sum(axis=0)])
        return Reference("m", Schema(()), Layout([self.detector]), cells, 1, {}, None, None)

    def misleads(self, null):
        """Whether a bet wins on average under the law: a fixed one, or one that could be learned."""
        law = np.zeros(null.accepted.size)
        np.add.at(law, null.target, np.concatenate([np.zeros(FLOW_CELLS), self.law])[null.source])
        law, accepted = law / law.sum(), null.accepted[0]
        tables, exist = tilts(null)
        learned = sqrt(float(((law - accepted) ** 2 * null.inverse[0]).sum())) > float(null.adaptive[0])
        return learned or bool((np.exp(tables[0][exist[0] > 0] / SCALE) @ law > 1 + 1e-9).any())


def watched(reference, wanted):
    return [(signal, start) for signal, start in reference.signals if signal.name == wanted]


NEAR = {
    "60 levels near the threshold": (6_300, uniform(60)),
    "a few of 430 levels, all below it": (36_000, uniform(430)),
    "200 levels of which 50 are kept": (24_000, uniform(200)),
    "skewed": (10_000, zipf(300)),
}


@pytest.mark.parametrize("world", NEAR)
def test_a_level_that_is_kept_for_its_luck_makes_no_bet_win(world):
    draws, wrong = 60, 0
    for seed in range(draws):
        drawn = Drawn(seed, *NEAR[world])
        reference = drawn.reference()
        wrong += drawn.misleads(nulls(reference, watched(reference, X), lambda _: 0.0)[0])
    assert wrong <= DELTA * draws + 2 * sqrt(DELTA * draws)


@pytest.mark.parametrize(
    ("records", "levels", "least"), [(833, 16, 5), (1_400, 20, 8), (2_000, 40, 12)], ids=["rare", "near", "many"]
)
def test_levels_that_are_joined_in_a_context_make_no_bet_win_there(records, levels, least):
    """All contexts of a reference together; what is joined goes on being watched."""
    draws, wrong, bins = 12, 0, []
    for seed in range(draws):
        drawn = Drawn(seed, records, uniform(levels), contexts=24)
        counts, choosing = (np.pad(own, ((0, 0), (FLOW_CELLS, 0))) for own in (drawn.counted, drawn.choosing))
        contexts = Contexts("hour_of_day", CYCLES["hour_of_day"].names, (X,), counts, choosing)
        reference = drawn.reference()
        values, _ = strata(reference, contexts, watched(reference, X), lambda _: 0.0, [])
        wrong += any(drawn.misleads(null) for null in values.nulls)
        bins += [len(null.signals[0].bins) for null in values.nulls]
    assert wrong <= DELTA * draws + 2 * sqrt(DELTA * draws)
    assert np.mean(bins) >= least


def test_levels_are_joined_in_a_context_as_the_records_say_that_are_not_counted():
    detector = CategoryBins(X, "features", ("a", "b", "c", "d", "e"))
    choosing = np.array([[0] * 3 + [90, 40, 30, 20, 20, 0, 0, 0, 0]])
    names = set()
    for b, d in ((70, 70), (26, 99), (99, 26)):
        counts = np.array([[0] * 3 + [180, b, 60, d, 40, 0, 0, 0, 0]])
        reference = Reference("m", Schema(()), Layout([detector]), counts[0], 1, {}, None, None)
        contexts = Contexts("hour_of_day", ("00:00",), (X,), counts, choosing)
        values, _ = strata(reference, contexts, watched(reference, X), lambda _: 0.0, [])
        names.add(values.nulls[0].signals[0].bin_of)
    assert names == {(0, 1, 2, 2, 2, 2, -1, -1, -1)}


@pytest.mark.parametrize(
    ("records", "p"),
    [(10_000, uniform(2_000)), (2_000, uniform(1_000)), (3_000, uniform(300)), (2_000, zipf(3_000))],
    ids=["often", "twice", "ten times", "skewed"],
)
def test_what_never_came_is_more_than_its_bound_as_seldom_as_promised(records, p):
    """Levels that came once foretell new ones, but by more chance than that of events."""
    draws, wrong, size = 300, 0, []
    for seed in range(draws):
        drawn = Drawn(seed, records, p)
        reference = drawn.reference()
        _, shares = nulls(reference, watched(reference, "quality.unseen.x"), lambda _: 0.0)
        law = drawn.law[drawn.detector.unseen]
        wrong += law > float(shares.bounds[0, 0])
        size.append(float(shares.bounds[0, 0]) - law)
    assert wrong <= DELTA * SHARES * draws + 2 * sqrt(DELTA * SHARES * draws)
    assert np.mean(size) < 0.05
