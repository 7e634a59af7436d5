from __future__ import annotations

import pytest

from monitor.config.tolerance import GROUPS, Allowed, Tolerance, parse_tolerance


@pytest.mark.parametrize(
    ("signal", "group", "allowed"),
    [
        ("feature.income", "features", Allowed(0.1, 0.1)),
        ("prediction", "predictions", Allowed(0.1, 0.1)),
        ("quality.missing.income", "quality", Allowed(0.1, 0.1)),
        ("performance.error", "performance", Allowed(0.1, 1.0)),
        ("shadow.noise", "robustness", Allowed(0.1, 3.0)),
    ],
)
def test_the_defaults_are_the_documented_ones(signal, group, allowed):
    assert Tolerance().of(signal, group) == allowed


def test_a_number_is_in_w_and_leaves_shares_alone():
    assert parse_tolerance(0.3).of("feature.income", "features") == Allowed(0.3, 0.1)
    assert parse_tolerance("0.3").of("quality.late", "quality") == Allowed(0.3, 0.1)


@pytest.mark.parametrize("group", GROUPS)
def test_zero_sets_all_to_zero(group):
    assert parse_tolerance(0).of("any", group) == Allowed(0.0, 0.0)


def test_in_a_map_a_signal_wins_over_its_group_and_the_rest_keeps_the_defaults():
    tolerance = parse_tolerance({"quality": 2, "quality.missing.income": 5, "features": 0.2, "feature.a.b": 0})
    assert tolerance.of("quality.missing.income", "quality") == Allowed(0.1, 5.0)
    assert tolerance.of("quality.missing.age", "quality") == Allowed(0.1, 2.0)
    assert tolerance.of("feature.age", "features") == Allowed(0.2, 0.1)
    assert tolerance.of("feature.a.b", "features") == Allowed(0.0, 0.0)
    assert tolerance.of("prediction", "predictions") == Allowed(0.1, 0.1)


@pytest.mark.parametrize("value", [True, [], "nan", float("nan"), {"quality": True}, {"features": []}])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(ValueError, match="is not a number"):
        parse_tolerance(value)


@pytest.mark.parametrize("value", ["inf", -0.01, 1.01, {"prediction": 2}, {"shadow.noise": 51}, {"robustness": -1}])
def test_what_no_tolerance_allows_is_refused(value):
    with pytest.raises(ValueError, match="out of range"):
        parse_tolerance(value)
