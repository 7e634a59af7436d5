"""The features an endpoint is asked with: their types, and where accepted values lie."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from detectors import NumericBins, Skew
from monitor.config.shadow import V2Endpoint
from monitor.errors import BadReference
from monitor.formats.batch import Batch
from monitor.reference.schema import Feature, text_of
from monitor.reference.store import Reference

Value = float | str | bool | None
Row = tuple[Value, ...]
"""The features of one record, in the order of `Inputs.columns`; None is missing."""


@dataclass(frozen=True)
class Column:
    """One feature.

    Attributes
    ----------
    kind : {"number", "boolean", "text"}
        What is sent.
    low, high : float
        The accepted range of a number.
    whole : bool
        Whether accepted values are whole numbers.
    values : tuple of float
        Where these are few: all of them.
    scale : float
        Standard deviation among the accepted records, 0 where it has none.
    """

    name: str
    kind: str
    low: float = 0.0
    high: float = 0.0
    whole: bool = False
    values: tuple[float, ...] = ()
    scale: float = 0.0

    def project(self, value: float, was: float) -> float:
        """Return the nearest value that could have been: of the same type, no further out than what was."""
        if self.values:
            return min((*self.values, was), key=lambda known: (abs(known - value), known))
        value = min(max(value, min(self.low, was)), max(self.high, was))
        return float(round(value)) if self.whole and was == round(was) else value


@dataclass(frozen=True)
class Inputs:
    """The columns an endpoint takes.

    Attributes
    ----------
    prediction_scale : float
        Standard deviation of a numeric prediction among the accepted records.
    """

    columns: tuple[Column, ...]
    prediction_scale: float = 0.0

    def row(self, batch: Batch, position: int) -> Row:
        """Return the features of one record."""
        return tuple(_value(column, batch, position) for column in self.columns)

    def index(self, name: str) -> int:
        """Return where a feature stands. Raises ValueError where there is none of that name."""
        return [column.name for column in self.columns].index(name)


def _value(column: Column, batch: Batch, position: int) -> Value:
    name = f"feature.{column.name}"
    if name in batch.numbers:
        number = float(batch.numbers[name][position])
        return number if math.isfinite(number) else None
    value = batch.texts[name][position]
    return text_of(value) if column.kind == "text" and value is not None else value


def inputs_of(reference: Reference, endpoint: V2Endpoint) -> Inputs:
    """Return the columns that the endpoint of a model takes.

    Raises
    ------
    BadReference
        Where it is to be sent a feature that the reference does not know or does not watch.
    """
    scales = _scales(reference)
    bins = {d.column: d for d in reference.layout.detectors if isinstance(d, NumericBins)}
    known = {f.name: f for f in reference.schema.features}
    wanted = endpoint.features or [name for name, feature in known.items() if feature.type != "aside"]
    columns = []
    for name in wanted:
        if name not in known or known[name].type == "aside":
            why = "has no such feature" if name not in known else f"sets it aside ({known[name].why})"
            raise BadReference(f'shadow.endpoint.features: "{name}" cannot be sent, for the reference {why}')
        columns.append(_column(known[name], bins.get(f"feature.{name}"), scales.get(f"feature.{name}", 0.0)))
    return Inputs(tuple(columns), scales.get("prediction", 0.0))


def _scales(reference: Reference) -> dict[str, float]:
    return next((dict(d.scales) for d in reference.layout.detectors if isinstance(d, Skew)), {})


def _column(feature: Feature, bins: NumericBins | None, scale: float) -> Column:
    if bins is None:
        kind = "boolean" if feature.kinds == ("boolean",) else "number" if feature.kinds == ("number",) else "text"
        return Column(feature.name, kind)
    edges = bins.edges
    few: Sequence[float] = edges[:-1] if feature.type in ("discrete", "constant") else ()
    return Column(feature.name, "number", edges[0], edges[-1], all(e == round(e) for e in edges), tuple(few), scale)
