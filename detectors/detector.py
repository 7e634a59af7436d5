"""What a detector promises.

A detector sorts each record of a batch into one of its *cells* and names *signals*: views that gather cells into
bins. Counting cells is all the pipeline does on the hot path; the engine judges every signal alike.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from monitor.formats.batch import Batch

Codes = NDArray[np.int64]
Counts = NDArray[np.int64]

THIN = 50
"""A bin with fewer reference records than this is too thin to be bet on as a value."""

FEWEST = THIN // 2
"""So many do for a level that other records chose: it is not there because these happened to have many of it."""


@dataclass(frozen=True)
class Signal:
    """One stream of bins to be judged.

    Attributes
    ----------
    kind : {"values", "share"}
        `values`: some bins, each with at least `THIN` reference records, or `FEWEST` where other records chose it.
        `share`: bin 1 is the event whose share is watched, bin 0 everything else; with several contexts two such bins
        for each, and the share is watched given the context.
    ordered : bool
        Whether neighbouring bins are neighbouring values, so that "up" and "spread" mean something.
    bins : tuple of str
        What a person reads.
    bin_of : tuple of int
        For each cell of the detector its bin, -1 where the signal does not apply.
    unusual : bool
        Whether the first bins hold what is unusual, and only more of that matters.
    sides : tuple of float
        Of two numbers' products: the mean sign in each bin. They give a correlation, and that is what is told.
    columns : tuple of str
        Of how columns go together: which.
    excess : float
        Of a share: by how much the variance of its accepted count is larger than the count, a record.
    """

    name: str
    group: str
    kind: Literal["values", "share"]
    ordered: bool
    bins: tuple[str, ...]
    bin_of: tuple[int, ...]
    unusual: bool = False
    sides: tuple[float, ...] = ()
    columns: tuple[str, ...] = ()
    excess: float = 0.0

    @property
    def contexts(self) -> int:
        """In how many contexts a share is watched; values have one."""
        return len(self.bins) // 2 if self.kind == "share" else 1

    @property
    def event(self) -> str:
        """What the event of a share is called, whatever its context."""
        return self.bins[1] if self.contexts == 1 else self.bins[1].partition(" at ")[0]


class Detector(Protocol):
    """One way to bin a record. A frozen dataclass; its fields are what the reference stores, as JSON.

    Fields that hold arrays are named in a class variable `arrays`; they are stored beside it, and are known by a field
    `fingerprint`, their digest.
    """

    kind: ClassVar[str]

    @property
    def cells(self) -> int:
        """Number of cells, two at least."""

    def bin(self, batch: Batch) -> Codes:
        """Return the cell of each record, shape (n,): the same record gives the same cell in every batch."""

    def signals(self, counts: Counts) -> list[Signal]:
        """Return the signals, given the reference's count per cell, shape (cells,)."""


def merged(counts: Sequence[int], *, ordered: bool, least: int = THIN) -> list[int]:
    """Return the bin of each cell so that every bin holds at least `least` reference records.

    Ordered cells join their neighbours, from the left; others join the smallest bin that is thick enough.

    >>> merged([100, 3, 60, 10], ordered=True)
    [0, 1, 1, 1]
    >>> merged([100, 3, 60, 10], ordered=False)
    [0, 1, 1, 1]
    """
    if ordered:
        bins: list[int] = []
        current, held = 0, 0
        for count in counts:
            bins.append(current)
            held += count
            if held >= least:
                current, held = current + 1, 0
        return [min(b, max(current - 1, 0)) for b in bins]
    thick = [i for i, count in enumerate(counts) if count >= least]
    if not thick:
        return [0] * len(counts)
    refuge = min(thick, key=lambda i: (counts[i], i))
    return [thick.index(i if i in thick else refuge) for i in range(len(counts))]


def share(
    name: str, cells: int, event: int, *, outside: Sequence[int] = (), bins: tuple[str, str] = ("others", "event")
) -> Signal:
    """Return a quality signal: the share of one cell among all that are not `outside`."""
    bin_of = [1 if cell == event else -1 if cell in outside else 0 for cell in range(cells)]
    return Signal(name, "quality", "share", ordered=False, bins=bins, bin_of=tuple(bin_of))


def constructor_fields(detector: Any) -> dict[str, Any]:
    """Return what the reference stores of a detector as JSON."""
    names = [field.name for field in fields(detector) if field.name not in array_fields(type(detector))]
    later = getattr(type(detector), "later", ())  # fields that earlier releases did not store
    own = {name: getattr(detector, name) for name in names}
    return {"kind": detector.kind, **{name: value for name, value in own.items() if value or name not in later}}


def array_fields(kind: type[Any]) -> tuple[str, ...]:
    """Return which fields of a detector hold arrays."""
    return getattr(kind, "arrays", ())


def fingerprint(*arrays: NDArray[Any]) -> str:
    """Return the digest of arrays: of their shapes, types and content, whatever packs them."""
    digest = hashlib.sha256()
    for array in arrays:
        little = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"))
        digest.update(f"{little.dtype.str}{little.shape}".encode() + little.tobytes())
    return digest.hexdigest()
