"""Rows of a table as Seawall envelopes, so that whoever reads records sees one format only."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence, Set
from functools import lru_cache

import msgspec

TEXTS = {"id", "model", "version", "caller"}
VALUES = {"time", "prediction", "confidence", "label", "latency_ms"}
SCORE = "score."

_JSON_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
_TRUTHS = {**dict.fromkeys(("true", "True", "TRUE"), "true"), **dict.fromkeys(("false", "False", "FALSE"), "false")}
"""As pandas and R write what JSON calls true and false."""

_SEPARATORS = {";": '";"', "\t": "tabs", "|": '"|"'}
"""Of tables that are not written with commas, and what they are called."""

_CODE = re.compile(r"[+-]?0\d+", re.ASCII)


class Table:
    """Turns the cells of a row into the JSON bytes of an envelope.

    The columns `id, time, model, version, prediction, confidence, score.<class>, label, caller, latency_ms` mean what
    the envelope means by them, every other column is a feature.

    Parameters
    ----------
    names : sequence of str
        The header.
    codes : set of str
        Features whose cells are texts as they are written, though they may look like numbers.

    Raises
    ------
    ValueError
        Where a column has no name or that of another one, or where cells are not separated by commas.
    """

    def __init__(self, names: Sequence[str], codes: Set[str] = frozenset()) -> None:
        names = [name.strip() for name in names]
        if not any(names):
            raise ValueError("the first line names no columns")
        if len(names) == 1 and (other := next(filter(names[0].__contains__, _SEPARATORS), None)):
            shown = _quoted(names[0][:40])
            raise ValueError(f"columns are separated by {_SEPARATORS[other]} ({shown}). Write the table with commas")
        if "" in names:
            raise ValueError(f"column {names.index('') + 1} has no name (pandas writes its index so: use index=False)")
        name, count = Counter(names).most_common(1)[0]
        if count > 1:
            raise ValueError(f'{count} columns are named "{name}"')
        self.names = tuple(names)
        known = TEXTS | VALUES
        self._features = _keyed([(i, name) for i, name in enumerate(names) if not _is_ours(name)])
        self._scores = _keyed([(i, name[len(SCORE) :]) for i, name in enumerate(names) if name.startswith(SCORE)])
        self._fields = _keyed([(i, name) for i, name in enumerate(names) if name in known])
        self._convert: list[Callable[[str], str]] = [
            _text if name in TEXTS else _code if name in codes and not _is_ours(name) else _value for name in names
        ]

    def envelope(self, cells: Sequence[str]) -> bytes | None:
        """Return the row as JSON, or None where it has not one cell a column or is not UTF-8."""
        if len(cells) != len(self.names):
            return None
        try:
            json = [convert(cell) for convert, cell in zip(self._convert, cells, strict=True)]
        except UnicodeEncodeError:
            return None
        parts = [f"{key}{json[i]}" for i, key in self._fields if json[i] != "null"]
        if self._scores:
            scores = ",".join([f"{key}{json[i]}" for i, key in self._scores if json[i] != "null"])
            parts.append(f'"scores":{{{scores}}}')
        features = ",".join([f"{key}{json[i]}" for i, key in self._features])
        parts.append(f'"features":{{{features}}}')
        return f"{{{','.join(parts)}}}".encode()


def _is_ours(name: str) -> bool:
    return name in TEXTS or name in VALUES or name.startswith(SCORE)


def _keyed(columns: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
    return [(i, _quoted(name) + ":") for i, name in columns]


@lru_cache(maxsize=4096)
def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode()


def _text(cell: str) -> str:
    return _quoted(cell) if cell else "null"


def _code(cell: str) -> str:
    """Return a text as it is written, a truth as one; nothing and NaN are null."""
    value = _value(cell)
    return value if value[0] in 'ntf"' else _quoted(cell)


def _value(cell: str) -> str:
    """Return a number as it stands where JSON can write it so, a truth, else a text; nothing and NaN are null."""
    if _JSON_NUMBER.fullmatch(cell):
        return cell
    if not cell:
        return "null"
    try:
        number = float(cell)
    except ValueError:
        return _TRUTHS.get(cell) or _quoted(cell)
    if _CODE.fullmatch(cell) or "_" in cell or not cell.isascii():
        return _quoted(cell)
    if math.isfinite(number):
        return repr(number)
    return "null" if math.isnan(number) else "1e999" if number > 0 else "-1e999"
