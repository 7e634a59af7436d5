"""Some of the reference's records, for detectors that compare with records and not with bins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from monitor.formats.batch import Batch
from monitor.reference.schema import Schema, text_of

MOST_ROWS = 2_000
"""Records among which closeness is measured: the time grows with the square. Up to twice as many are kept."""

Raw = NDArray[np.float64]


@dataclass(frozen=True)
class Accepted:
    """Records of the reference as rows: numbers first, then levels as whole numbers; none with a missing number."""

    numeric: tuple[str, ...]
    levels: tuple[str, ...]
    rows: tuple[tuple[float, ...], ...]


class Sample:
    """Records, evenly thinned: which ones depends on their order alone, not on blocks.

    Parameters
    ----------
    schema : Schema
    wanted : bool
        Whether anybody wants any; else nothing is kept.
    """

    def __init__(self, schema: Schema, *, wanted: bool) -> None:
        columns = {f"feature.{f.name}": f.textual for f in schema.features if f.type != "aside"}
        self.numeric = [name for name, textual in columns.items() if not textual]
        self.levels = [name for name, textual in columns.items() if textual]
        self.wanted = wanted
        self._seen, self._every = 0, 1
        self._rows: list[Raw] = []

    def add(self, batch: Batch) -> None:
        """Take every so many records of a batch."""
        if self.wanted:
            self._rows.append(raw(batch, self.numeric, self.levels)[-self._seen % self._every :: self._every])
            self._seen += len(batch)
            while sum(map(len, self._rows)) >= 2 * MOST_ROWS:
                self._rows, self._every = [np.concatenate(self._rows)[::2]], 2 * self._every

    def rows(self) -> Raw:
        """Return the records, shape (n, features): numbers first, NaN where missing."""
        return np.concatenate(self._rows)

    def accepted(self, most: int) -> Accepted:
        """Return at most so many of those records that lack no number."""
        rows = self.rows()
        rows = rows[np.isfinite(rows).all(axis=1)]
        thinned = rows[:: 1 + (len(rows) - 1) // most] if len(rows) else rows
        return Accepted(tuple(self.numeric), tuple(self.levels), tuple(map(tuple, thinned.tolist())))


def raw(batch: Batch, numeric: Sequence[str], levels: Sequence[str]) -> Raw:
    """Return the batch's features as numbers, shape (n, features), levels as whole ones."""
    columns = [batch.numbers[name] for name in numeric]
    columns += [np.array([_code(level) for level in batch.texts[name]], dtype=np.float64) for name in levels]
    return np.stack(columns, axis=1) if columns else np.zeros((len(batch), 0))


def _code(level: Any) -> float:
    """Return a whole number that hardly any other level has."""
    return -1.0 if level is None else float(crc32(text_of(level).encode(errors="replace")) & 0x7FFFFF)
