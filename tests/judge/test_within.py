"""Sizes within contexts: their intervals hold the truth at every moment, and they agree where all moved alike."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.judge.interval import MISS
from monitor.judge.within import few_moved, moved, part_of, within, within_effect
from monitor.types import Effect

KNOWN = 1e12
"""Reference records of which chance says nothing."""


def away(p, w, draw):
    """Return a law so far away, in a direction drawn at random; less far where it ends."""
    g = draw.normal(size=len(p))
    g = (g - g @ p) / sqrt(p @ (g - g @ p) ** 2)
    return p * (1 + min(w, -0.999 / g.min()) * g)


def laws(contexts, bins, w, every):
    """Return what is accepted in each context, and the law, which moved in some."""
    draw = np.random.default_rng(contexts + bins)
    accepted = draw.dirichlet(np.full(bins, 8.0), size=contexts) + 0.004
    accepted /= accepted.sum(axis=1, keepdims=True)
    return accepted, [away(p, w, draw) if c % every == 0 else p for c, p in enumerate(accepted)]


def far(law, p):
    return float(((law - p) ** 2 / p).sum())


def parts(counts, accepted, design=1.0, size=KNOWN):
    return [
        part_of(c, own.tolist(), p.tolist(), design, size)
        for c, (own, p) in enumerate(zip(counts, accepted, strict=True))
        if own.any()
    ]


def by_context(parts):
    return {part.context: moved(part, 1.0) for part in parts}


@pytest.mark.parametrize(
    ("contexts", "bins", "records"), [(3, 16, 4), (24, 2, 30), (24, 16, 4), (24, 16, 60), (96, 8, 6)]
)
@pytest.mark.parametrize(("w", "every"), [(0.0, 1), (0.2, 1), (0.8, 8)])
def test_w_within_contexts_is_never_outside_at_any_number_of_records(contexts, bins, records, w, every):
    accepted, law = laws(contexts, bins, w, every)
    left, runs = 0, 20
    for seed in range(runs):
        draw, counts, outside = np.random.default_rng(seed), np.zeros((contexts, bins), dtype=int), False
        first = int(draw.integers(contexts))
        for step in range(contexts):
            at = (first + step) % contexts
            counts[at] += draw.multinomial(records, law[at])
            if step < 4 or step % (contexts // 3) == 0:
                truth = np.average([far(q, p) for q, p in zip(law, accepted, strict=True)], weights=counts.sum(axis=1))
                found = within(parts(counts, accepted), 1.0)
                outside |= not found.low - 1e-9 <= sqrt(truth) <= found.high + 1e-9
        left += outside
    assert left <= MISS * runs


@pytest.mark.parametrize("design", [1, 4])
def test_what_chance_adds_is_taken_off_live_and_in_the_reference(design):
    """Else 24 hours of 15 degrees of freedom each would read as 0.3 and more where nothing moved."""
    p, size, found = np.full(16, 1 / 16), 500, []
    for seed in range(20):
        draw = np.random.default_rng(seed)
        accepted = design * draw.multinomial(size, p, size=24) / (design * size)
        counts = design * draw.multinomial(100, p, size=24)
        found.append(within(parts(counts, accepted, float(design), float(size)), float(design)).square)
    assert abs(np.mean(found)) < 0.01


def test_contexts_that_moved_alike_are_told_as_all_of_them_together():
    draw, p = np.random.default_rng(1), np.full(8, 1 / 8)
    law = away(p, 0.3, draw)
    counts = draw.multinomial(500, law, size=24)
    found = within(parts(counts, [p] * 24), 1.0)
    whole = Effect(w=0.3, low=0.25, high=0.35, psi=0.09)
    told = within_effect(whole, found)
    assert (told.w, told.psi) == (0.3, 0.09)
    assert 0.25 <= told.low < 0.3 < told.high
    assert not few_moved(by_context(parts(counts, [p] * 24)), [7, 8], 1.0, found.square)


def test_contexts_that_moved_in_opposite_ways_are_told_by_how_far_each_did():
    draw, p = np.random.default_rng(1), np.full(8, 1 / 8)
    law = away(p, 0.3, draw)
    counts = np.array([draw.multinomial(500, law if c % 2 else 2 * p - law) for c in range(24)])
    told = within_effect(Effect(w=0.01, low=0.0, high=0.05, psi=0.0), within(parts(counts, [p] * 24), 1.0))
    assert told.w == pytest.approx(0.3, rel=0.1)
    assert told.psi == pytest.approx(0.09, rel=0.25)
    assert 0.15 < told.low < 0.3 < told.high < 0.45


def test_few_contexts_that_moved_are_known_for_it():
    draw, p = np.random.default_rng(1), np.full(8, 1 / 8)
    law = away(p, 0.8, draw)
    counts = np.array([draw.multinomial(100, law if c in (7, 8) else p) for c in range(24)])
    found = parts(counts, [p] * 24)
    each, square = by_context(found), within(found, 1.0).square
    assert few_moved(each, [7, 8], 1.0, square)
    assert not few_moved(each, range(13), 1.0, square)
    assert all(each[c].by > 3 * each[c].deviation for c in (7, 8))


@given(st.lists(st.lists(st.integers(0, 1_000), min_size=5, max_size=5).filter(any), min_size=2, max_size=12))
def test_what_is_told_lies_in_its_interval(counts):
    found = within(parts(np.array(counts), np.full((len(counts), 5), 0.2), 2.0, 100.0), 2.0)
    told = within_effect(Effect(w=0.1, low=0.05, high=0.2, psi=0.01), found)
    assert 0 <= told.low <= told.w <= told.high
    assert told.psi >= 0
