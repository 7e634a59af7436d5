"""Columns of a table that look like numbers and may be codes: the version 1.10 is not 1.1, the fare 5E2 not 500."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Set
from contextlib import suppress
from itertools import islice

from monitor.reference.schema import text_of
from monitor.reference.store import Reference
from monitor.review.naming import named, short

LOOKED_AT = 10_000
"""Rows that are looked at."""

_NUMBER = re.compile(r"[+-]?\d+(\.(?P<decimals>\d*))?(?P<exponent>[eE][+-]?\d+)?", re.ASCII)


def code_caution(lines: Iterable[str], reference: Reference, told: Set[str]) -> list[str]:
    """Return a line that names the columns whose cells are written as numbers are not, none where there is none.

    Only columns of few values are meant. Numbers may be rounded to as many decimals, if all cells are.

    Parameters
    ----------
    lines : iterable of str
        Of the table.
    told : set of str
        Features whose type the configuration says.
    """
    few = {f.name for f in reference.schema.features if f.type in ("discrete", "categorical") and f.name not in told}
    found = [short(name) for name, cells in _cells(lines).items() if name in few and _like_codes(cells)]
    words = "Cells such as 1.10 were read as 1.1; where they are codes, set their type to categorical"
    return [f"numbers that are written like codes: {named(found)}. {words}"] if found else []


def _cells(lines: Iterable[str]) -> dict[str, set[str]]:
    """Return the different cells of each column; what breaks the table off is the business of who reads it all."""
    header, *rows = _rows(lines)
    columns: dict[str, set[str]] = {name.strip(): set() for name in header}
    for row in rows:
        for cells, cell in zip(columns.values(), row, strict=False):
            cells.add(cell)
    return columns


def _rows(lines: Iterable[str]) -> list[list[str]]:
    rows: list[list[str]] = []
    with suppress(csv.Error):
        rows.extend(filter(None, islice(csv.reader(lines), LOOKED_AT)))
    return rows or [[]]


def _like_codes(cells: Set[str]) -> bool:
    numbers = {cell: found for cell in cells if (found := _NUMBER.fullmatch(cell))}
    odd = [found for cell, found in numbers.items() if cell not in (repr(float(cell)), text_of(float(cell)))]
    rounded = len({len(found["decimals"] or "") for found in numbers.values()}) == 1 and numbers.keys() >= cells - {""}
    return any(found["exponent"] for found in odd) or (bool(odd) and not rounded)
