"""Bodies of inference servers as tensors: the Open Inference Protocol (V2) as JSON, and the older V1.

Source: Open Inference Protocol, "Inference Request JSON Object" and "Inference Response JSON Object"; V1 is
TensorFlow Serving's row format.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from monitor.errors import BadRecord
from monitor.formats.half import HalfKind

MAX_ROWS = 10_000
MAX_COLUMNS = 5_000
MAX_DIMENSIONS = 16
MAX_CELLS = 1 << 20
MAX_NAMES = 1 << 19
"""Bytes of the columns' names together: they are written out once a row."""

_KEYS: dict[HalfKind, tuple[str, str]] = {"request": ("inputs", "instances"), "response": ("outputs", "predictions")}
_SCALARS = {int, float, str, bool, type(None)}


class Tensor(NamedTuple):
    """Some columns: `values` has `rows` times `width` of them, row by row. `floats`: numbers with a fraction."""

    name: str
    rows: int
    width: int
    values: list[Any]
    floats: bool


def tensors_of(body: Any, kind: HalfKind) -> list[Tensor]:
    """Return the tensors of a parsed body, at least one, all of as many rows.

    Raises
    ------
    BadRecord
        `not_a_record` for another shape of JSON, `bad_shape` where it does not hold what it claims, `too_large` for
        more than 10,000 rows or 5,000 columns.
    """
    v2, v1 = _KEYS[kind]
    if isinstance(body, dict) and isinstance(body.get(v2), list):
        tensors = [_tensor(found) for found in body[v2]]
    elif isinstance(body, dict) and isinstance(body.get(v1), list):
        tensors = _rows(v1, body[v1])
    else:
        raise BadRecord("not_a_record", f'neither "{v2}" (V2) nor "{v1}" (V1) in the {kind}')
    if not tensors:
        raise BadRecord("not_a_record", f"no tensor in the {kind}")
    if len({tensor.rows for tensor in tensors}) > 1:
        raise BadRecord("bad_shape", f"the {kind}'s tensors differ in their number of rows")
    _check_size(tensors)
    return tensors


def _check_size(tensors: Sequence[Tensor]) -> None:
    if tensors[0].rows > MAX_ROWS:
        raise BadRecord("too_large", f"{tensors[0].rows:,} rows in one body, at most {MAX_ROWS:,} are read")
    columns = sum(tensor.width for tensor in tensors)
    names = sum(tensor.width * (len(tensor.name.encode()) + 6) for tensor in tensors)
    if columns > MAX_COLUMNS or names > MAX_NAMES:
        raise BadRecord(
            "too_large", f"{columns:,} columns in one body, at most {MAX_COLUMNS:,} (of short names) are read"
        )


def _tensor(found: Any) -> Tensor:
    """Return a tensor of V2; its data may be flat or nested."""
    if not isinstance(found, dict) or not isinstance(name := found.get("name"), str):
        raise BadRecord("not_a_record", "a tensor without a name")
    shape, data = _shape(found.get("shape")), found.get("data")
    if not isinstance(data, list):
        raise BadRecord("not_a_record", "a tensor without data as a JSON array (binary data is not read)")
    rows, width = shape[0], math.prod(shape[1:])
    values = data
    if list in set(map(type, data)):
        parts = [_flat(value) for value in data]
        if any(len(part) != width for part in parts):
            raise BadRecord("bad_shape", f"a tensor's rows do not hold {_count(width)} values each, as its shape says")
        values = [value for part in parts for value in part]
    if len(values) != rows * width:
        raise BadRecord("bad_shape", f"a tensor holds {len(values):,} values, its shape says {_count(rows * width)}")
    return Tensor(name, rows, width, _scalars(values), str(found.get("datatype")).startswith(("FP", "BF")))


def _shape(given: Any) -> list[int]:
    if not isinstance(given, list) or not 1 <= len(given) <= MAX_DIMENSIONS or set(map(type, given)) != {int}:
        raise BadRecord("bad_shape", "a tensor's shape is not a list of sizes")
    if min(given) < 0 or max(given) >= 1 << 32:
        raise BadRecord("bad_shape", "a tensor's shape has sizes that cannot be")
    return given


def _count(number: int) -> str:
    return f"{number:,}" if number < 1 << 32 else "more"


def _flat(value: Any) -> list[Any]:
    """Return nested lists as one; how deep they nest was checked before they were parsed."""
    return [inner for part in value for inner in _flat(part)] if type(value) is list else [value]


def _scalars(values: list[Any]) -> list[Any]:
    if not set(map(type, values)) <= _SCALARS:
        raise BadRecord("not_a_record", "a tensor's data holds objects where values were expected")
    return values


def _rows(name: str, given: list[Any]) -> list[Tensor]:
    """Return the tensors of V1: rows are values, lists of them, or objects of named ones."""
    if len(given) > MAX_ROWS:
        raise BadRecord("too_large", f"{len(given):,} rows in one body, at most {MAX_ROWS:,} are read")
    if not any(type(row) is dict for row in given):
        return [_column(name, given)]
    if not all(type(row) is dict for row in given):
        raise BadRecord("bad_shape", f'"{name}" mixes objects with other rows')
    names = dict.fromkeys(key for row in given for key in row)
    _check_cells(len(given) * len(names))
    return [_column(key, [row.get(key) for row in given]) for key in names]


def _check_cells(cells: int) -> None:
    """Refuse rows so ragged that filling them up would make far more of them than was sent."""
    if cells > MAX_CELLS:
        raise BadRecord("too_large", f"rows and columns make {cells:,} values, at most {MAX_CELLS:,} are read")


def _column(name: str, given: list[Any]) -> Tensor:
    parts = [_flat(row) for row in given]
    width = max(map(len, parts), default=1)
    _check_cells(len(parts) * width)
    parts = [part * width if part == [None] else part for part in parts]  # a row that leaves the column out
    if any(len(part) != width for part in parts):
        raise BadRecord("bad_shape", "the rows of a column differ in length")
    values = _scalars([value for part in parts for value in part])
    return Tensor(name, len(given), width, values, floats={int, float} >= set(map(type, values)))
