from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from cycles_world import MONDAY, daily, reference_of, steady, weekend
from reference_records import built, timed

from detectors.detector import Signal
from monitor.errors import BadReference
from monitor.reference.contexts import CYCLES, DAY, HOUR
from monitor.reference.cycles import best_of, cycles_of
from monitor.reference.store import Store
from monitor.review.cautions import cautions
from monitor.review.report import built as told_of
from monitor.review.visible import visible

BINS = 16
VALUES = Signal("feature.x", "features", "values", True, tuple(map(str, range(BINS))), tuple(range(BINS)))


def _cycle(law, days=14, records=20_000, seed=1):
    draw = np.random.default_rng(seed)
    times = MONDAY + 2 * DAY + np.sort(draw.integers(0, days * DAY, records))
    ranks = np.argsort(np.argsort(law(times, draw)))
    return best_of(VALUES, cycles_of(VALUES, ranks * BINS // records, times), times, tuple(CYCLES))


def _both(times, draw):
    return daily(0.5)(times, draw) + weekend(0.5)(times, draw)


def _workdays(times, draw):
    """Every weekday another one, at its hours."""
    return 0.5 * np.sin(2 * np.pi * times / DAY * (1 + times // DAY % 7)) + draw.normal(size=len(times))


def _months(times, draw):
    return 0.5 * np.sin(2 * np.pi * times / (365 * DAY)) + draw.normal(size=len(times))


def _slow(times, draw):
    """Weather: what lasts for hours, and does not repeat."""
    steps = 0.5 * draw.normal(size=len(times))
    for i in range(1, len(times)):
        steps[i] += 0.999 * (steps[i - 1] - steps[i] / 2)
    return steps / steps.std() + draw.normal(size=len(times))


@pytest.mark.parametrize(
    ("law", "days", "cycle"),
    [
        (steady, 28, None),
        (_slow, 28, None),
        (daily(0.3), 14, "hour_of_day"),
        (daily(0.3), 3, "hour_of_day"),
        (daily(0.3), 1, None),
        (weekend(0.5), 28, "day_of_week"),
        (weekend(0.5), 9, None),
        (_both, 28, "hour_and_weekend"),
        (_workdays, 56, "hour_of_week"),
        (_months, 3 * 365, "month"),
        (_months, 365, None),
    ],
    ids=lambda v: getattr(v, "__name__", str(v)).strip("_"),
)
def test_what_repeats_is_found_from_two_whole_cycles_on(law, days, cycle):
    assert {_cycle(law, days, 60_000, seed) for seed in range(3)} == {cycle}


def test_a_signal_without_a_cycle_seldom_gets_contexts():
    assert sum(_cycle(steady, 14, 5_000, seed) is not None for seed in range(100)) <= 2


def _strongly(times, draw):
    """Nearly all of the lowest values in the same hours of the day."""
    return 2 * np.sin(2 * np.pi * (times // HOUR) / 24) + draw.normal(size=len(times))


def test_records_that_depend_on_the_hour_alone_are_compared_by_it_and_not_deflated():
    found = [reference_of(_strongly, 28, 20_000, seed) for seed in range(40)]
    assert sum(reference.design_effects != {} for reference in found) <= 2
    assert sum(reference.contexts[0].by != "hour_of_day" for reference in found) <= 2


def test_records_that_remember_the_one_before_are_deflated_within_their_hours_too():
    def remembering(times, draw):
        noise = draw.normal(size=len(times) + 1)
        return 2 * np.sin(2 * np.pi * (times // HOUR) / 24) + (noise[1:] + noise[:-1]) / 2**0.5

    found = [reference_of(remembering, 28, 20_000, seed).design_effects["feature.x"] for seed in range(5)]
    assert min(found) > 1.5  # 1.8 at a correlation of 0.5 with the one before, less what ranks lose


def test_a_cycle_that_too_few_records_show_is_not_used():
    assert _cycle(daily(1.0), 14, 2_000) is None
    assert _cycle(daily(1.0), 14, 3_000) == "hour_of_day"


def test_traffic_of_office_hours_has_the_cycle_of_its_hours():
    draw = np.random.default_rng(1)
    times = MONDAY + draw.integers(0, 14, 20_000) * DAY + draw.integers(8 * HOUR, 18 * HOUR, 20_000)
    times.sort()
    ranks = np.argsort(np.argsort(daily(1.0)(times, draw)))
    assert best_of(VALUES, cycles_of(VALUES, ranks * BINS // len(times), times), times, tuple(CYCLES)) == "hour_of_day"


@pytest.mark.parametrize("name", CYCLES)
def test_every_moment_has_one_context_of_each_cycle_for_a_whole_part_of_it(name):
    cycle = CYCLES[name]
    part = min(HOUR, cycle.part)
    moments = MONDAY + part * np.arange(366 * DAY // part)
    found = cycle.at(moments)
    assert set(found.tolist()) == set(range(len(cycle.names)))
    assert np.array_equal(cycle.at(moments + part - 1), found)
    assert cycle.at(moments - 100 * 365 * DAY).min() >= 0  # before 1970


@pytest.mark.parametrize(
    ("time", "names"),
    [
        ("2026-01-05T00:00:00Z", ("00:00", "Mon", "weekday 00:00", "Mon 00:00", "Jan", "00:00", "weekday 00:00")),
        ("2026-02-28T23:59:59.999Z", ("23:00", "Sat", "weekend 23:00", "Sat 23:00", "Feb", "23:45", "weekend 23:45")),
        ("1969-12-31T12:00:00Z", ("12:00", "Wed", "weekday 12:00", "Wed 12:00", "Dec", "12:00", "weekday 12:00")),
    ],
)
def test_contexts_are_named_for_the_calendar(time, names):
    moment = np.array([time.rstrip("Z")], dtype="datetime64[ms]").astype(np.int64)
    assert tuple(cycle.names[cycle.at(moment)[0]] for cycle in CYCLES.values()) == names


HOURLY = ("feature.x", "joint.pair.x+y")
"""The product of two numbers is far from 0 when one of them is."""


def _hourly(**given):
    """A file of 14 days whose feature x has a daily cycle and y none."""
    draw = np.random.default_rng(1)
    times = MONDAY + np.arange(5_000) * (14 * DAY // 5_000)
    x = daily(1.0)(times, draw)
    return built(
        timed(
            [{"x": float(a), "y": float(b)} for a, b in zip(x, draw.normal(size=len(x)), strict=True)],
            time=(times / 1_000).tolist(),
        ),
        **given,
    )


def test_build_finds_the_cycle_and_says_so(capsys):
    reference = _hourly()
    (contexts,) = reference.contexts
    assert (contexts.by, contexts.signals, reference.slot) == ("quarter_of_day", HOURLY, 10_000)
    told_of(reference, True, "folder")
    out = capsys.readouterr().out
    assert "  by time of day (UTC): x, joint.pair.x+y. Each is compared with its like\n" in out
    assert "it covers 13 d 23 h: of weekly" not in out


def test_contexts_hold_the_records_of_the_whole():
    reference = _hourly(contexts=("hour_of_day",))
    (contexts,) = reference.contexts
    detector = next(d for d in reference.layout.detectors if getattr(d, "column", "") == "feature.x")
    start = reference.layout.starts[reference.layout.detectors.index(detector)]
    own = contexts.counts[:, start : start + detector.cells]
    assert np.array_equal(own.sum(axis=0), reference.counts[start : start + detector.cells])
    assert np.array_equal(own.sum(axis=1), np.bincount(np.arange(5_000) * (14 * DAY // 5_000) // HOUR % 24))


def test_slots_that_do_not_divide_a_quarter_of_an_hour_are_compared_by_hours():
    assert [_hourly(slot=minutes * 60_000).contexts[0].by for minutes in (10, 15, 60)] == [
        "hour_of_day",
        "quarter_of_day",
        "hour_of_day",
    ]


def test_contexts_are_kept_with_the_reference_and_count_for_its_digest(tmp_path):
    reference, store = _hourly(), Store(tmp_path)
    store.save(reference, {})
    loaded = store.load(reference.digest)
    assert loaded.contexts[0].signals == HOURLY
    assert np.array_equal(loaded.contexts[0].counts, reference.contexts[0].counts)
    counts = reference.contexts[0].counts.copy()
    counts[0, -1] += 1
    other = dataclasses.replace(reference, contexts=(dataclasses.replace(reference.contexts[0], counts=counts),))
    assert other.digest != reference.digest


def test_contexts_can_be_switched_off_or_chosen_for_all():
    assert _hourly(contexts=()).contexts == ()
    (contexts,) = _hourly(contexts=("day_of_week",)).contexts
    assert contexts.by == "day_of_week"
    assert {"feature.x", "feature.y", "quality.missing.y"} < set(contexts.signals)


def test_records_without_times_have_no_contexts():
    records = [{"x": float(i % 7)} for i in range(1_000)]
    with pytest.raises(
        BadReference, match=r"reference.contexts is month, and not every record has a time. Leave it out"
    ):
        built([{"features": record} for record in records], contexts=("month",))


def test_a_field_can_be_the_context_with_or_without_times():
    draw = np.random.default_rng(1)
    regions = draw.choice(["north", "south"], 2_000).tolist()
    records = [{"features": {"x": float(draw.normal()), "region": r}} for r in regions]
    reference = built(records, contexts=("region",))
    (contexts,) = reference.contexts
    assert (contexts.by, {*contexts.names[:2]}, reference.slot) == ("feature.region", {"north", "south"}, 0)
    assert "feature.x" in contexts.signals
    assert "feature.region" not in contexts.signals
    assert contexts.counts.sum(axis=1).tolist()[2:] == [0] * 4


def test_a_field_that_is_none_is_refused_with_those_that_are():
    records = [{"features": {"x": i / 7, "region": "ab"[i % 2]}} for i in range(1_000)]
    words = "contexts: tenant is neither a cycle nor a feature that is compared as levels. Such features: region"
    with pytest.raises(BadReference, match=words):
        built(records, contexts=("tenant",))


def test_what_contexts_cannot_show_is_said():
    seen = visible(reference_of(daily(1.0), 14, 5_000, 1))["feature.x"]
    assert 0.1 < seen.smallest < seen.largest < 1
    assert seen.blind == ()
    sparse = reference_of(daily(1.0), 14, 5_000, 1, cycles=("hour_of_week",))
    assert len(visible(sparse)["feature.x"].blind) == 168


def test_a_cycle_with_too_few_records_for_its_contexts_is_said():
    draw = np.random.default_rng(1)
    times = MONDAY + np.sort(draw.integers(0, 14 * DAY, 2_000))
    values = daily(1.0)(times, draw).tolist()
    rows = [{"time": t / 1_000, "features": {"x": x}} for x, t in zip(values, times.tolist(), strict=True)]
    words = "too few records to compare like with like: x (hour of the day). It may be told as shifts: build from more"
    assert words in cautions(built(rows))


def test_a_cycle_that_a_field_leaves_aside_is_said():
    draw = np.random.default_rng(1)
    times = MONDAY + np.sort(draw.integers(0, 14 * DAY, 5_000))
    values, regions = daily(1.0)(times, draw).tolist(), draw.choice(["north", "south"], 5_000).tolist()
    rows = [
        {"time": t / 1_000, "features": {"x": x, "region": r}}
        for x, r, t in zip(values, regions, times.tolist(), strict=True)
    ]
    (words,) = cautions(built(rows, contexts=("region",)))
    assert words.startswith("a cycle that levels do not explain: x (hour of the day). What is smaller than that cycle")
