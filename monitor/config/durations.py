"""Durations, points in time and the false-alarm budget, as a person writes them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import PlainValidator, WithJsonSchema

from monitor.config.section import EMPTY

UNITS_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
LONGEST_MS = 3650 * UNITS_MS["d"]

_QUANTITY = re.compile(r"(\d{1,15}(?:\.\d{1,9})?) ?([A-Za-z]+)", re.ASCII)
_RECORDS = re.compile(r"(\d{1,15}) ?records?", re.ASCII)
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
DURATION_PATTERN = r"^\d+(\.\d+)? ?(ms|s|m|h|d)$"


def parse_duration(text: str) -> int:
    """Return the milliseconds in `50ms`, `10s`, `5m`, `1h` or `30d`; ValueError, fit for a person, otherwise."""
    found = _QUANTITY.fullmatch(text.strip())
    if found is None or found[2] not in UNITS_MS:
        raise ValueError(f'"{text}" is not a duration. Use a number and a unit: 10s, 5m, 1h, 30d')
    whole, _, fraction = found[1].partition(".")
    milliseconds, rest = divmod(int(whole + fraction) * UNITS_MS[found[2]], int("1" + "0" * len(fraction)))
    if rest:
        raise ValueError(f'"{text}" is not a whole number of milliseconds')
    if milliseconds > LONGEST_MS:
        raise ValueError(f'"{text}" is longer than ten years')
    return milliseconds


def format_duration(milliseconds: int) -> str:
    """Return the shortest exact way to write it: 90000 is `90s`, 86400000 is `1d`, 0 is `0s`."""
    if not milliseconds:
        return "0s"
    name, unit = next((n, u) for n, u in reversed(UNITS_MS.items()) if milliseconds % u == 0)
    return f"{milliseconds // unit}{name}"


def parse_time(text: str) -> int:
    """Return milliseconds since 1970 of an RFC 3339 time (rounded down); ValueError otherwise."""
    complaint = f'"{text}" is not a time. Write it as RFC 3339 in UTC: 2026-01-31T14:05:00Z'
    if _DATE_TIME.fullmatch(text.strip()) is None:
        raise ValueError(complaint)
    try:
        moment = datetime.fromisoformat(text.strip().upper())
    except ValueError:
        raise ValueError(complaint) from None
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000 + since.microseconds // 1_000


def format_time(milliseconds: int) -> str:
    """Return RFC 3339 UTC with as many digits of the second as there are: `...:00Z`, `…:00.250Z`."""
    seconds, rest = divmod(milliseconds, 1_000)
    moment = datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{moment}.{rest:03d}Z" if rest else f"{moment}Z"


class Budget(NamedTuple):
    """At most one false alert is expected per this much time (milliseconds) or this many records."""

    amount: int
    unit: Literal["ms", "records"]

    def __str__(self) -> str:
        return f"{self.amount} records" if self.unit == "records" else format_duration(self.amount)


def parse_budget(text: str) -> Budget:
    """Return the budget in `30d` or `1000000 records`; ValueError, fit for a person, otherwise."""
    if found := _RECORDS.fullmatch(text.strip().replace("_", "").replace(",", "")):
        if int(found[1]) < 1_000:
            raise ValueError(f'"{text}" is too small a budget. At least 1000 records')
        return Budget(int(found[1]), "records")
    try:
        budget = Budget(parse_duration(text), "ms")
    except ValueError as why:
        raise ValueError(f'{why}, or a count such as "1000000 records"') from None
    if not budget.amount:
        raise ValueError("0 is not a budget: some false alarms must be allowed. Try 30d")
    return budget


def _text(value: Any, example: str) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        raise ValueError(EMPTY)
    shown = str(value).lower() if isinstance(value, bool) else value if isinstance(value, int | float) else "this"
    raise ValueError(f"{shown} has no unit. Write for example {example}")


def _duration(value: Any) -> int:
    return parse_duration(_text(value, f"{value}s, {value}m or {value}h" if type(value) is int else "10s"))


def _positive(value: Any) -> int:
    milliseconds = _duration(value)
    if not milliseconds:
        raise ValueError(f'"{value}" is no time at all. Longer than 0')
    return milliseconds


def _budget(value: Any) -> Budget:
    return value if isinstance(value, Budget) else parse_budget(_text(value, '30d or "1000000 records"'))


_DURATION_SCHEMA = WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN, "examples": ["10s", "5m", "1h"]})

Duration = Annotated[int, PlainValidator(_duration), _DURATION_SCHEMA]
"""Milliseconds, written as a number and a unit; zero is allowed."""

PositiveDuration = Annotated[int, PlainValidator(_positive), _DURATION_SCHEMA]
"""Milliseconds, written as a number and a unit; zero is refused."""

FalseAlarmBudget = Annotated[
    Budget,
    PlainValidator(_budget),
    WithJsonSchema({"type": "string", "examples": ["30d", "1000000 records"]}),
]
"""A Budget, written as a duration or as `N records`."""
