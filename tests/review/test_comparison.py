from __future__ import annotations

import numpy as np
import pytest
from reference_records import applicants, built, timed

from monitor.reference.schema import schema_changes
from monitor.review.comparison import differences
from monitor.review.comparison_report import compared

ROWS = 4_000


def _numbers(mean=0.0, seed=1, rows=ROWS, **more):
    draw = np.random.default_rng(seed)
    return built(timed([{"x": float(x), **more} for x in draw.normal(mean, size=rows)]))


def _levels(shares, rows=ROWS):
    values = [level for level, share in shares.items() for _ in range(round(share * rows))]
    return built(
        [{"features": {"x": level}} for level in np.random.default_rng(1).permutation(np.array(values, object))]
    )


def _found(old, new):
    return {difference.signal: difference for difference in differences(old, new)}


def _mixed(rows, seed, shift=0.0):
    """Numbers smooth, far apart, heavy-tailed, rounded and on spikes, few and many levels, a rare flag, 1 % missing."""
    draw = np.random.default_rng(seed)
    columns = {
        "normal": draw.normal(shift, size=rows),
        "far": draw.normal(1_000 * (draw.random(rows) < 0.5)),
        "spikes": np.where(draw.random(rows) < 0.3, draw.choice([1.0, 2.0, 5.0, 10.0], rows), 12 * draw.random(rows)),
        "heavy": np.exp(2 * draw.normal(size=rows)),
        "often_zero": np.where(draw.random(rows) < 0.6, 0.0, np.exp(draw.normal(size=rows))),
        "whole": np.floor(np.exp(draw.normal(3, 1, size=rows))),
        "few": draw.poisson(5, size=rows),
        "level": draw.choice(
            [f"l{i}" for i in range(300)], rows, p=1 / np.arange(1, 301) / (1 / np.arange(1, 301)).sum()
        ),
        "flag": draw.random(rows) < 0.03,
        "gaps": np.where(draw.random(rows) < 0.01, None, draw.random(rows)),
    }
    names = list(columns)
    return built(
        timed(dict(zip(names, row, strict=True)) for row in zip(*(c.tolist() for c in columns.values()), strict=True))
    )


@pytest.fixture(scope="module")
def small():
    return _mixed(1_000, seed=1)


@pytest.fixture(scope="module")
def large():
    return _mixed(50_000, seed=2)


def _last_lines(capsys, old, new):
    compared(old, new)
    return capsys.readouterr().out.splitlines()


def test_draws_of_one_law_are_never_told_as_moved(small, large):
    draws = [small, large, *(_mixed(rows, seed) for seed, rows in enumerate((1_000, 4_000, 4_000, 10_000), 10))]
    for old in draws:
        for new in draws:
            assert [d.signal for d in differences(old, new) if d.least.beyond_chance] == []


def test_draws_of_one_smooth_law_show_nothing_however_different_their_sizes(capsys):
    for old, new in ((1_000, 20_000), (20_000, 1_000)):
        told = _last_lines(capsys, _numbers(rows=old), _numbers(rows=new, seed=2))
        assert [line for line in told[3:] if line.startswith(("signal", "feature", "quality"))] == []
        assert told[-1].startswith("nothing moved by 0.1 (w) or 1 point")


@pytest.mark.parametrize(("sizes", "shift"), [((1_000, 1_000), 0.5), ((5_000, 5_000), 0.25)])
def test_a_shift_is_told_as_far_as_the_bins_allow(capsys, sizes, shift):
    exact = (np.exp(shift**2) - 1) ** 0.5  # Cohen's w of a shifted normal, in bins without end
    for seed in range(2, 6):
        old, new = _numbers(rows=sizes[0]), _numbers(shift, seed, sizes[1])
        assert _last_lines(capsys, old, new)[-1] == "feature.x moved by 0.1 (w) or 1 point, or more"
        found = _found(old, new)["feature.x"]
        assert 0.1 < found.least.w <= found.likely.w == pytest.approx(exact, abs=0.15)


def test_half_a_deviation_is_told_however_different_the_sizes(capsys, small, large):
    for old, new in ((small, _mixed(50_000, seed=3, shift=0.5)), (large, _mixed(1_000, seed=4, shift=0.5))):
        assert any(line.startswith("feature.normal moved by 0.1") for line in _last_lines(capsys, old, new))


def test_where_the_bins_cannot_tell_that_is_said(capsys):
    """Nothing between -0.3 and 0.3 any more, in newer bins almost as wide as that."""
    x = np.random.default_rng(1).normal(size=1_000)
    hole = np.where(np.abs(x) < 0.3, np.copysign(0.3001, x), x)
    old, new = _numbers(rows=50_000, seed=2), built(timed([{"x": v} for v in hole.tolist()]))
    found = _found(old, new)["feature.x"]
    assert not found.least.beyond_chance
    assert found.likely.beyond_chance
    told = _last_lines(capsys, old, new)
    assert f"{found.least.w:.2f}–{found.likely.w:.2f}" in next(line for line in told if line.startswith("feature.x"))
    assert told[-1].startswith("whether feature.x moved by 0.1 (w) or 1 point the bins cannot tell: `seawall replay`")
    assert not any(line.startswith("nothing moved") for line in told)


@pytest.mark.parametrize("seed", range(2, 8))
def test_two_draws_of_one_law_hardly_differ(seed):
    found = differences(built(applicants(ROWS)), built(applicants(ROWS, seed=seed)))
    assert [d.signal for d in found if d.least.beyond_chance] == []


def test_what_depends_in_time_must_differ_by_more():
    draw = np.random.default_rng(1)
    one, other = (np.repeat(draw.normal(mean, size=200), 10) for mean in (0.0, 0.25))
    assert (
        _found(*(built(timed([{"x": float(x)} for x in xs])) for xs in (one, other)))["feature.x"].least.beyond_chance
        is False
    )
    one, other = (draw.permutation(xs) for xs in (one, other))
    assert (
        _found(*(built(timed([{"x": float(x)} for x in xs])) for xs in (one, other)))["feature.x"].least.beyond_chance
        is True
    )


@pytest.mark.parametrize(("share", "told"), [(0.05, False), (0.06, False), (0.10, True)])
def test_a_share_is_told_when_it_is_beyond_chance(share, told):
    def missing(rows, share):
        return built(timed([{"x": None if i * 617 % 1_000 < 1_000 * share else float(i % 97)} for i in range(rows)]))

    for sizes in ((1_000, 20_000), (20_000, 1_000)):
        found = _found(missing(sizes[0], 0.05), missing(sizes[1], share))["quality.missing.x"]
        assert found.least.points == pytest.approx(100 * (share - 0.05))
        assert found.least.beyond_chance is told


def test_what_chance_adds_to_psi_is_taken_off():
    found = [
        _found(_numbers(seed=i, rows=1_000), _numbers(seed=i + 1, rows=1_000))["feature.x"] for i in range(0, 40, 2)
    ]
    assert np.mean([d.least.psi for d in found]) < 0.01  # where 15 degrees of freedom by 2 / 1,000 would be 0.03


@pytest.mark.parametrize("mean", [0.1, 0.3, 0.6])
def test_a_shift_has_its_size_though_the_bins_differ(mean):
    shift = _found(_numbers(rows=20_000), _numbers(mean, seed=2, rows=20_000))["feature.x"]
    exact = (np.exp(mean**2) - 1) ** 0.5
    assert shift.likely.w == pytest.approx(exact, rel=0.2)
    assert shift.least.w < exact
    assert shift.least.psi < shift.likely.psi


def test_levels_are_compared_by_their_names():
    old = _levels({"a": 0.5, "b": 0.3, "c": 0.2})
    new = _levels({"b": 0.5, "a": 0.3, "c": 0.2})
    swap = _found(old, new)["feature.x"]
    assert swap.least.w == pytest.approx((0.04 / 0.5 + 0.04 / 0.3) ** 0.5, abs=0.05)  # two thirds are counted
    assert swap.likely == swap.least


def test_levels_that_the_older_never_had_are_points():
    found = _found(_levels({"a": 0.5, "b": 0.5}), _levels({"a": 0.4, "b": 0.4, "new": 0.2}))
    unseen = found["quality.unseen.x"].least
    assert (unseen.points, unseen.moved.expected) == (pytest.approx(20, abs=1), 0.0)
    assert unseen.moved.observed == pytest.approx(0.2, abs=0.01)
    assert found["feature.x"].least.w == pytest.approx(0, abs=0.03)


def test_few_values_are_compared_value_by_value():
    old, new = _levels({0: 0.5, 1: 0.5}), _levels({0: 0.25, 1: 0.25, 2: 0.5})
    found = _found(old, new)
    assert found["quality.above.x"].least.points == pytest.approx(50)
    assert _found(new, old)["feature.x"].least.w == pytest.approx(1.0, abs=0.02)


def test_missing_values_are_points():
    gone = built(timed([{"x": None if i % 10 == 0 else float(i % 97)} for i in range(ROWS)]))
    there = built(timed([{"x": float(i % 97)} for i in range(ROWS)]))
    assert _found(there, gone)["quality.missing.x"].least.points == pytest.approx(10)
    assert _found(gone, there)["quality.missing.x"].least.points == pytest.approx(-10)


def test_values_beyond_the_older_range_are_seen():
    assert _found(_numbers(), _numbers(20.0, seed=2))["quality.above.x"].least.points == pytest.approx(100)
    assert _found(_numbers(), _numbers(-20.0, seed=2))["quality.below.x"].least.points == pytest.approx(100)


def test_differences_come_largest_first():
    found = differences(built(applicants()), built(applicants(income=0.5, seed=2)))
    assert found[0].signal == "feature.income"
    assert [d.least.rank for d in found] == sorted((d.least.rank for d in found), reverse=True)


def test_what_changed_of_the_schema_is_said():
    old = built(
        timed([{"a": i % 97, "b": i % 3, "c": "x", "x": None} for i in range(600)], prediction=["p", "q"] * 300)
    )
    new = built(
        timed([{"a": i % 97, "b": i / 7, "d": i % 89, "x": None} for i in range(600)], confidence=[0.1, 0.2] * 300)
    )
    assert schema_changes(old.schema, new.schema) == [
        "d: added (numeric)",
        "c: removed (was categorical)",
        "b: was discrete, now aside",
        "prediction: was class, now absent",
        "confidence: added",
    ]
    assert schema_changes(old.schema, old.schema) == []


def test_the_last_line_says_what_moved(capsys):
    old, new = built(applicants()), built(applicants(seed=2))
    compared(old, new)
    told = capsys.readouterr().out
    assert told.endswith("\nnothing moved by 0.1 (w) or 1 point\n")
    compared(old, built([record | {"latency_ms": 5 + i % 7} for i, record in enumerate(applicants(seed=2))]))
    told = capsys.readouterr().out
    assert "  ! latency: added\n" in told
    assert told.endswith("\nnothing moved by 0.1 (w) or 1 point; 1 change of the schema\n")
