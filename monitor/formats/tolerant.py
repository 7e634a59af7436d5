"""The slow path: a plain JSON object into a typed record, sparing whatever can be spared.

One wrong feature spoils that feature, not the record. What spoils the record is said in `BadRecord`.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from monitor.errors import BadRecord
from monitor.formats.typed import AwareTime, TypedRecord
from monitor.reference.schema import Feature, kind_of, text_of

MAX_UNKNOWN_NAMES = 16
MAX_TEXT = 256


class Repaired(NamedTuple):
    """A typed record, and what did not fit."""

    record: Any
    mismatched: tuple[str, ...]
    deviations: tuple[str, ...]


def repair(plain: dict[str, Any], typed: TypedRecord) -> Repaired:
    """Return the record with what fits its schema.

    Raises
    ------
    BadRecord
        `not_a_record` without features, `bad_time` for a time that is none.
    """
    values, mismatched, deviations = _features(plain, typed)
    fields: dict[str, Any] = {
        "features": typed.Features(**values),
        "id": _identity(plain.get("id")),
        "time": time_of(plain.get("time")),
        "version": version_of(plain.get("version")),
    }
    for output in typed.outputs:
        read = _checked if output.number else _level
        fields[output.field] = read(output.column, plain.get(output.field), mismatched)
    if typed.callers:
        fields["caller"] = _identity(plain.get("caller"))
    if typed.Scores is not None:
        fields["scores"] = _scores(plain.get("scores"), typed, mismatched, deviations)
    return Repaired(typed.Record(**fields), tuple(mismatched), tuple(deviations))


def _features(plain: dict[str, Any], typed: TypedRecord) -> tuple[dict[str, Any], list[str], list[str]]:
    given = plain.get("features")
    if isinstance(given, list):
        names = [f.name for f in typed.schema.features]
        given = dict(zip([*names, *(f"features[{i}]" for i in range(len(names), len(given)))], given, strict=False))
    if not isinstance(given, dict):
        raise BadRecord("not_a_record", 'no "features" object or array in it')
    mismatched: list[str] = []
    deviations: list[str] = []
    values: dict[str, Any] = {}
    for feature in typed.schema.features:
        if feature.name not in given and feature.required:
            deviations.append(f"absent: {feature.name}")
        values[typed.fields[feature.name]] = _feature(feature, given.get(feature.name), mismatched)
    unknown = sorted(name for name in given if name not in typed.fields)
    deviations += [f"unknown: {name[:MAX_TEXT]}" for name in unknown[:MAX_UNKNOWN_NAMES]]
    return values, mismatched, deviations


def _feature(feature: Feature, value: Any, mismatched: list[str]) -> Any:
    column = f"feature.{feature.name}"
    if feature.type == "aside" or value is None:
        return None
    if not feature.textual:
        return _checked(column, value, mismatched)
    if _is_nan(value):
        return None
    if kind_of(value) not in feature.kinds:
        mismatched.append(column)
        return None
    return _text(value)


def _checked(column: str, value: Any, mismatched: list[str]) -> float:
    """Return a float, NaN where missing or of the wrong type; numbers beyond float's range are infinite."""
    if value is None:
        return math.nan
    if kind_of(value) != "number":
        mismatched.append(column)
        return math.nan
    return as_float(value)


def as_float(value: float) -> float:
    """Return a number as the fast path reads it."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _text(value: Any) -> str:
    """Return a level's spelling; a number's is that of the float the fast path would read."""
    return text_of(as_float(value) if kind_of(value) == "number" else value)


def _level(column: str, value: Any, mismatched: list[str]) -> str | None:
    if value is None or _is_nan(value):
        return None
    if kind_of(value) is None:
        mismatched.append(column)
        return None
    return _text(value)


def _scores(given: Any, typed: TypedRecord, mismatched: list[str], deviations: list[str]) -> Any:
    names = typed.schema.scores
    if given is None:
        return None
    if isinstance(given, list) and len(given) == len(names):
        given = dict(zip(names, given, strict=True))
    if not isinstance(given, dict):
        mismatched.extend(f"score.{name}" for name in names)
        return None
    deviations += [f"unknown: scores.{name[:MAX_TEXT]}" for name in sorted(set(given) - set(names))[:MAX_UNKNOWN_NAMES]]
    values = {f"s{i}": _checked(f"score.{name}", given.get(name), mismatched) for i, name in enumerate(names)}
    return typed.Scores(**values)  # type: ignore[misc] # asked for only where there are scores


def _identity(value: Any) -> str | int | None:
    if isinstance(value, bool | float):
        return None if _is_nan(value) else text_of(value)
    return value if isinstance(value, str | int) else None


def version_of(value: Any) -> str | None:
    """Return a model version as text."""
    return None if kind_of(value) is None else text_of(value)


def time_of(value: Any) -> datetime | float | None:
    """Return a time that was given: epoch seconds, or RFC 3339; without an offset it is UTC.

    Raises
    ------
    BadRecord
        `bad_time` for anything else.
    """
    if value is None or _is_nan(value):
        return None
    try:
        if isinstance(value, str):
            return _moment(value)
        if kind_of(value) == "number" and math.isfinite(value):
            return float(value)
    except (ValueError, OverflowError):
        pass
    raise BadRecord("bad_time", "time is neither RFC 3339 nor seconds since 1970")


def _moment(text: str) -> datetime:
    """Return the moment as the fast path reads it, or what only Python reads: its own spellings, no offset."""
    try:
        return msgspec.convert(text, AwareTime)
    except msgspec.ValidationError:
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)
