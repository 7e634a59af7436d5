"""Changes of a record, the same ones whoever makes them: seeded by the record's id and the check."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from monitor.config.shadow import MissingCheck, MonotoneCheck, NoiseCheck, ShadowCheck, questions_of
from monitor.counting.sampling import digest
from monitor.shadow.inputs import Inputs, Row


class Changed(NamedTuple):
    """One changed copy of a record.

    Attributes
    ----------
    output : str or None
        For `monotone`: the output that is watched; else None.
    direction : int
        For `monotone`: 1 where the output should not fall, -1 where it should not rise.
    """

    check: str
    severity: float
    row: Row
    output: str | None = None
    direction: int = 0


def changed(identity: str, row: Row, inputs: Inputs, checks: tuple[ShadowCheck, ...]) -> Iterator[Changed]:
    """Yield a copy of the record for every check and severity; none where a check does not apply."""
    for check in checks:
        for name, severity in questions_of(check):
            rng = Random(digest(f"{identity} {name} {severity}"))  # noqa: S311 - it is to be repeated, not secret
            if isinstance(check, NoiseCheck):
                yield Changed(name, severity, _noisy(row, inputs, severity, rng))
            elif isinstance(check, MissingCheck):
                yield Changed(name, severity, tuple(None if rng.random() < severity else value for value in row))
            elif moved := _moved(row, inputs, check):
                yield Changed(name, severity, moved[0], check.output, moved[1])


def _noisy(row: Row, inputs: Inputs, severity: float, rng: Random) -> Row:
    """Return the record with noise on its numbers. A missing value stays missing, but takes its draw."""
    noisy = []
    for column, value in zip(inputs.columns, row, strict=True):
        draw = rng.gauss(0.0, 1.0)
        number = isinstance(value, float) and column.scale > 0
        noisy.append(column.project(value + severity * column.scale * draw, value) if number else value)  # type: ignore[operator, arg-type] # it is a float
    return tuple(noisy)


def _moved(row: Row, inputs: Inputs, check: MonotoneCheck) -> tuple[Row, int] | None:
    """Return the record with one feature raised, or lowered where it is at its end, and which way the output may go."""
    at = inputs.index(check.feature)
    column, value = inputs.columns[at], row[at]
    if not isinstance(value, float):
        return None
    for sign in (1, -1):
        moved = column.project(value + sign * check.step * column.scale, value)
        if moved != value:
            way = sign if check.direction == "up" else -sign
            return (*row[:at], moved, *row[at + 1 :]), way
    return None
