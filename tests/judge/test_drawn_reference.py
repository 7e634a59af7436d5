"""A reference that was drawn misleads as seldom as promised: its own law hardly ever lies beyond what bets allow."""

from __future__ import annotations

from math import exp, lgamma, log, sqrt

import numpy as np
import pytest
from judge_streams import null_of, share_signal, signal

from detectors.detector import FEWEST, THIN
from monitor.judge.bets import SCALE, tilts
from monitor.judge.null import DELTA

SIZES = (1_000, 10_000, 50_000)
DRAWS = 150


def thin(m):
    """A share of which about 65 of m records are: hardly enough for a bin of its own."""
    return 65 / m


LAWS = {
    "sixteen equal": (True, lambda _: [1 / 16] * 16),
    "skewed": (True, lambda m: [0.73 - 2 * thin(m), 0.2, 0.07, thin(m), thin(m)]),
    "thin tails": (True, lambda m: [thin(m), thin(m), *[(1 - 4 * thin(m)) / 6] * 6, thin(m), thin(m)]),
    "a flag": (False, lambda m: [1 - thin(m), thin(m)]),
    "many thin levels": (False, lambda m: [1 - 12 * thin(m), *[thin(m)] * 12]),
}
CASES = [
    pytest.param(m, law, id=f"{law} of {m}") for m in SIZES for law in LAWS if (m, law) != (1_000, "sixteen equal")
]


def drawn(m, law):
    """Return (ordered, the law, counts of references that have no thin bin). Levels: see test_drawn_levels."""
    ordered, shares = LAWS[law]
    p = np.array(shares(m))
    counts = np.random.default_rng(7).multinomial(m, p, size=20_000)
    return ordered, p, counts[(counts >= (THIN if ordered else FEWEST)).all(axis=1)]


@pytest.mark.parametrize(("m", "law"), CASES)
def test_no_bet_wins_under_the_law_that_the_reference_was_drawn_from_but_for_the_chance_that_is_stated(m, law):
    """All bets of a signal at once, fixed ones and all that could be learned. DELTA is for one signal alone here."""
    ordered, p, counts = drawn(m, law)
    wrong = 0
    for row in counts[:DRAWS].tolist():
        null = null_of(signal(len(p), ordered=ordered), row)
        tables, exist = tilts(null)
        accepted = null.accepted[0, : len(p)]
        learned = sqrt(float(((p - accepted) ** 2 / accepted).sum())) > float(null.adaptive[0])
        wrong += learned or bool((np.exp(tables[0][exist[0] > 0][:, : len(p)] / SCALE) @ p > 1 + 1e-9).any())
    assert wrong <= DELTA * DRAWS + 2 * sqrt(DELTA * DRAWS)


@pytest.mark.parametrize("m", SIZES)
def test_bins_that_are_cut_by_the_same_records_mislead_no_more(m):
    """Edges at the reference's own quantiles: what is accepted is even, and the law's masses are spacings."""
    bins = min(20, m // 50)
    counts, wrong = [m // bins] * bins, 0
    null = null_of(signal(bins), counts)
    tables, exist = tilts(null)
    for p in np.random.default_rng(3).dirichlet(counts, size=2_000):
        accepted = null.accepted[0]
        learned = sqrt(float(((p - accepted) ** 2 / accepted).sum())) > float(null.adaptive[0])
        wrong += learned or bool((np.exp(tables[0][exist[0] > 0][:, :bins] / SCALE) @ p > 1 + 1e-9).any())
    assert wrong <= DELTA * 2_000


@pytest.mark.parametrize(("m", "law"), CASES)
@pytest.mark.parametrize("alike", [1, 30])
def test_the_ball_that_what_is_learned_keeps_to_holds_the_law(m, law, alike):
    """Its tail is heavier than chi-square's where bins are thin, for it is in units of what was drawn."""
    ordered, p, counts = drawn(m, law)
    radius = float(null_of(signal(len(p), ordered=ordered), counts[0].tolist(), alike=alike).adaptive[0])
    accepted = counts / m
    outside = (((p - accepted) ** 2 / accepted).sum(axis=1) > radius**2).mean()
    assert outside <= DELTA / alike


@pytest.mark.parametrize(
    ("m", "share"), [(m, share) for m in SIZES for share in (0.0, 1e-5, 0.001, 0.01)] + [(1_000, 0.2)]
)
@pytest.mark.parametrize("alike", [1, 8])
def test_a_share_is_above_its_bound_as_seldom_as_promised(m, share, alike):
    """Exactly: the chance of so few events that the bound falls below the share."""
    low, high = -1, int(share * m) + 1
    while high - low > 1:
        events = (low + high) // 2
        bound = float(null_of(share_signal(), [m - events, events], alike=alike).bounds[0, 0])
        low, high = (events, high) if bound < share else (low, events)
    assert low < 0 or binomial_tail(low, m, share) <= DELTA / alike


def binomial_tail(events, trials, share):
    """P(Binomial <= events)."""
    whole = lgamma(trials + 1)
    logs = [
        whole - lgamma(k + 1) - lgamma(trials - k + 1) + k * log(share) + (trials - k) * log(1 - share)
        for k in range(events + 1)
    ]
    return sum(exp(v) for v in logs)
