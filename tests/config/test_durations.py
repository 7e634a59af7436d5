from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.config.durations import (
    LONGEST_MS,
    Budget,
    format_duration,
    format_time,
    parse_budget,
    parse_duration,
    parse_time,
)


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("50ms", 50),
        ("10s", 10_000),
        ("5m", 300_000),
        ("1h", 3_600_000),
        ("30d", 2_592_000_000),
        ("0s", 0),
        ("1.5h", 5_400_000),
        ("0.001s", 1),
        (" 10 s ", 10_000),
    ],
)
def test_a_duration_is_a_number_and_a_unit(text, milliseconds):
    assert parse_duration(text) == milliseconds


@pytest.mark.parametrize("text", ["", "10", "s", "-1s", "1 0s", "10S", "1e3s", "٣s", "1h30m", "inf s", "10 seconds"])
def test_anything_else_is_no_duration(text):
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(text)


@given(st.integers(0, LONGEST_MS))
def test_a_duration_survives_being_written(milliseconds):
    assert parse_duration(format_duration(milliseconds)) == milliseconds


@given(st.datetimes(datetime(1900, 1, 1), datetime(9999, 12, 31)).map(lambda t: t.replace(tzinfo=UTC)))  # noqa: DTZ001 - hypothesis takes naive bounds
def test_a_time_survives_being_written(moment):
    milliseconds = parse_time(moment.isoformat())
    assert milliseconds == (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert parse_time(format_time(milliseconds)) == milliseconds


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01t00:00:00.0015z", 1),
        ("1969-12-31T23:59:59.9999Z", -1),
        ("1970-01-01T02:00:00+02:00", 0),
        ("1970-01-01 00:00:01Z", 1_000),
    ],
)
def test_a_time_is_rfc_3339_rounded_down_to_milliseconds(text, milliseconds):
    assert parse_time(text) == milliseconds


@pytest.mark.parametrize(
    "text",
    ["2026-01-31", "2026-01-31T14:05:00", "2026-02-30T00:00:00Z", "20260131T140500Z", "now", "2026-01-31T25:00:00Z"],
)
def test_anything_else_is_no_time(text):
    with pytest.raises(ValueError, match="is not a time"):
        parse_time(text)


@pytest.mark.parametrize(
    ("text", "budget"),
    [
        ("30d", Budget(2_592_000_000, "ms")),
        ("1000000 records", Budget(1_000_000, "records")),
        ("1,000,000 records", Budget(1_000_000, "records")),
        ("1_000_000records", Budget(1_000_000, "records")),
    ],
)
def test_a_budget_is_a_duration_or_a_count_of_records(text, budget):
    assert parse_budget(text) == budget
    assert parse_budget(str(budget)) == budget
