"""How far, in which shape, where: what an alarm says beside that it is one."""

from __future__ import annotations

from math import log, sqrt

import numpy as np
import pytest
from judge_streams import Traffic, judge_of, judged, levels, mixed, normal_law, number, signal

from monitor.judge.effect import moved_bins, share_effect, share_shape, told_bins, value_effect, value_shape
from monitor.types import BinShift

EVEN = [1 / 16] * 16


def expected(law, records=10_000):
    """Counts that are as the law says."""
    return [round(records * p) for p in law]


def far(law, accepted):
    return sqrt(sum((q - p) ** 2 / p for q, p in zip(law, accepted, strict=True)))


@pytest.mark.parametrize("law", [normal_law(0.5), normal_law(1.5), normal_law(0, 1.5), [0.0] * 15 + [1.0]])
def test_w_is_cohens_with_the_noise_taken_off(law):
    counts = expected(law, 100_000)
    assert value_effect(counts, EVEN, 1.0).w == pytest.approx(far(law, EVEN), abs=2e-3)
    spread = sum(q * (1 - q) / p for q, p in zip(law, EVEN, strict=True))
    noisy = value_effect(counts, EVEN, 1_000.0).w
    assert noisy == pytest.approx(sqrt(far(law, EVEN) ** 2 - spread * 1_000 / 100_000), abs=2e-3)


def test_noise_alone_is_no_effect_on_average():
    draw = np.random.default_rng(3)
    effects = [value_effect(draw.multinomial(400, EVEN).tolist(), EVEN, 1.0) for _ in range(500)]
    assert sum(e.low > 0 for e in effects) <= 0.1 * 500
    assert np.mean([e.w**2 for e in effects]) < 0.5 * 15 / 400


def test_shares_are_told_in_points_above_the_accepted_share():
    effect = share_effect(60, 1_000, 0.01, 1.0)
    assert effect.points == 5.0
    assert effect.low < 5.0 < effect.high
    assert (effect.w, effect.psi) == (None, None)
    assert share_effect(1_000, 1_000, 0.0, 1.0).high == 100.0
    wider = share_effect(60, 1_000, 0.01, 9.0)
    assert wider.high - wider.low > 1.5 * (effect.high - effect.low)


def test_psi_is_finite_where_a_bin_is_empty():
    assert 0 < value_effect([0, 1_000], [0.5, 0.5], 1.0).psi < 10
    assert value_effect(expected(normal_law(0.3)), EVEN, 1.0).psi == pytest.approx(
        sum((q - p) * log(q / p) for q, p in zip(normal_law(0.3), EVEN, strict=True)), abs=2e-3
    )


@pytest.mark.parametrize("records", [200, 10_000])
@pytest.mark.parametrize(
    ("law", "shape"),
    [
        *((normal_law(mean), "shifted up") for mean in (0.25, 0.5, 1.0, 2.0, 4.0)),
        *((normal_law(-mean), "shifted down") for mean in (0.25, 1.0, 3.0)),
        *((normal_law(0, deviation), "spread out") for deviation in (1.3, 1.6, 10.0)),
        *((normal_law(0, deviation), "narrowed") for deviation in (0.8, 0.6)),
        ([0.05] * 15 + [0.25], "heavier upper tail"),
        ([0.25] + [0.05] * 15, "heavier lower tail"),
        ([1 / 16 + (1 / 32 if k % 2 else -1 / 32) for k in range(16)], "changed shape"),
    ],
)
def test_a_shift_is_called_by_its_name(law, shape, records):
    assert value_shape(signal(16), expected(law, records), EVEN) == shape


@pytest.mark.parametrize("records", [50, 300])
@pytest.mark.parametrize(
    ("mean", "deviation", "shape"),
    [(1.5, 1.0, "shifted up"), (-1.0, 1.0, "shifted down"), (0.0, 2.5, "spread out"), (0.0, 0.4, "narrowed")],
)
def test_few_records_tell_the_shape_as_many_do_where_most_bins_are_hardly_ever_seen(mean, deviation, shape, records):
    """At one hour of a cycle nearly all records lie in few of the bins that all hours share."""
    center, width = 0.8, 0.5
    accepted = [max(1e-7, p) for p in normal_law(center, width)]
    moved = normal_law(center + mean * width, deviation * width)
    draws = np.random.default_rng(7).multinomial(records, np.array(moved) / sum(moved), size=50).tolist()
    shapes = [value_shape(signal(16), counts, [p / sum(accepted) for p in accepted]) for counts in draws]
    assert shapes.count(shape) >= 45


@pytest.mark.parametrize(
    ("law", "shape"),
    [
        ([0.45, 0.25, 0.1, 0.2], "more of d"),
        ([0.3, 0.42, 0.18, 0.1], "less of a"),
        ([0.5, 0.2, 0.25, 0.05], "more of c"),
        ([0.4, 0.4, 0.05, 0.15], "changed mix"),
    ],
)
def test_categories_are_called_by_the_level_that_moved(law, shape):
    accepted = [0.5, 0.3, 0.12, 0.08]
    assert value_shape(signal(4, ordered=False), expected(law), accepted) == shape


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("quality.missing.income", "missing"),
        ("quality.type.income", "of the wrong type"),
        ("quality.below.income", "below the accepted range"),
        ("quality.above.income", "above the accepted range"),
        ("quality.unseen.kind", "in categories never seen before"),
        ("quality.schema", "with absent or unknown features"),
        ("quality.late", "too late to count"),
        ("quality.dead_letters", "unusable"),
        ("quality.check.parts", "failing"),
    ],
)
def test_what_a_share_is_of(name, shape):
    assert share_shape(name) == shape


def test_of_values_the_three_bins_are_told_that_say_most_those_that_grew_first():
    told = told_bins(signal(5), "changed shape", [100, 200, 300, 150, 250], [0.2] * 5)
    assert told == (BinShift("c", 0.2, 0.3), BinShift("a", 0.2, 0.1), BinShift("d", 0.2, 0.15))


@pytest.mark.parametrize(
    ("counts", "shape", "first"),
    [
        ([0, 20, 30, 50], "less of a", BinShift("a", 0.3, 0.0)),
        ([0, 20, 30, 50], "changed mix", BinShift("a", 0.3, 0.0)),
        ([36, 0, 20, 44], "more of a", BinShift("a", 0.3, 0.36)),
        ([10, 20, 28, 42], "more of d", BinShift("d", 0.4, 0.42)),
    ],
)
def test_of_levels_the_one_that_the_shape_names_is_told_first_though_it_is_gone(counts, shape, first):
    """A payment that went from 30 % to nothing is what the figures begin with, not what took its place."""
    told = told_bins(signal(4, ordered=False), shape, counts, [0.3, 0.1, 0.2, 0.4])
    assert (len(told), told[0]) == (3, first)


def test_what_moved_most_comes_first_whichever_way_it_went():
    assert moved_bins(("a", "b"), [0, 10], [0.4, 0.6]) == [BinShift("a", 0.4, 0.0), BinShift("b", 0.6, 1.0)]


def test_an_alarm_tells_all_of_it():
    traffic = mixed(seed=2)
    judge = judge_of(traffic.reference())
    judged(judge, [traffic.tally(100) for _ in range(20)])
    changes = {"n2": {"law": normal_law(1.0)}, "kind": {"missing": 0.2}}
    verdicts = judged(judge, [traffic.tally(100, **changes) for _ in range(5)])
    found = {f.signal.name: f for v in reversed(verdicts) for f in v.alarms}  # the first of each
    moved, missing = found["feature.n2"], found["quality.missing.kind"]
    assert (moved.shape, moved.onset, moved.onset_records) == ("shifted up", 20, 2_000)
    assert 0.7 < moved.effect.w < 1.5
    assert moved.bins[0].observed > 3 * moved.bins[0].expected
    assert (missing.shape, missing.onset, missing.onset_records) == ("missing", 20, 2_000)
    assert missing.bins == (BinShift("missing", 0.0, missing.bins[0].observed),)
    assert missing.effect.points == pytest.approx(100 * missing.bins[0].observed, abs=0.01)


def test_the_present_effect_is_shown_without_an_alarm_and_fades():
    traffic = Traffic({"x": number("x"), "kind": levels("kind", [0.6, 0.4])}, 5)
    judge = judge_of(traffic.reference(50_000))
    at = [s.name for s in judge.signals].index("feature.x")
    share = [s.name for s in judge.signals].index("quality.missing.kind")
    assert judged(judge, [traffic.tally(1_000) for _ in range(20)])[-1].effects[at].w < 0.05
    changes = {"x": {"law": normal_law(0.5)}, "kind": {"missing": 0.1}}
    shown = judged(judge, [traffic.tally(1_000, **changes) for _ in range(60)])[-1].effects
    assert shown[at].w == pytest.approx(far(normal_law(0.5), EVEN), rel=0.1)
    assert shown[at].psi == pytest.approx(shown[at].w ** 2)
    assert shown[share].points == pytest.approx(10, rel=0.1)
    assert judged(judge, [traffic.tally(1_000) for _ in range(60)])[-1].effects[at].w < 0.05
