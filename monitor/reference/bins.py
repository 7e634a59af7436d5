"""From columns to a schema, and to the detectors that bin them."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from detectors import AbsoluteError, Calibration, CategoryBins, ErrorRate, NumericBins, SchemaConformity
from detectors.detector import THIN, Detector
from detectors.numeric import equal_mass_edges
from detectors.performance import confidence_edges
from monitor.errors import BadReference
from monitor.reference.infer import MOST_KNOWN, MOST_LEVELS, Column, infer, infer_all
from monitor.reference.look import Look
from monitor.reference.schema import Feature, FeatureType, Schema
from monitor.reference.split import FREQUENT

TOLD_NAMES = 20


@dataclass(frozen=True)
class FeatureOptions:
    """What the configuration says about one feature's reference."""

    type: FeatureType | None = None
    min: float | None = None
    max: float | None = None
    ignore: bool = False

    @property
    def forced(self) -> FeatureType | None:
        """The type that is meant: what has limits is a number."""
        limited = self.min is not None or self.max is not None
        return self.type or ("numeric" if limited else None)


NOTHING = FeatureOptions()


def schema_of(look: Look, options: Mapping[str, FeatureOptions], *, from_table: bool) -> Schema:
    """Return which features and outputs the records have.

    Raises
    ------
    BadReference
        Where the options name a feature that no record has.
    """
    for name in options:
        if name not in look.features:
            known = ", ".join(list(look.features)[:TOLD_NAMES]) or "none"
            raise BadReference(f"features.{name}: none of these records has such a feature. They have: {known}")
    forced = {name: own.forced for name, own in options.items() if own.forced}
    found = infer_all(look.features, look.rows, forced=forced, from_table=from_table)
    prediction = _output_kind("prediction", look)
    schema = Schema(
        features=found,
        prediction=prediction,
        scores=tuple(name for name, column in look.scores.items() if len(column.numbers)),
        confidence=len(look.outputs["confidence"].numbers) > 0,
        latency=len(look.outputs["latency_ms"].numbers) > 0,
        label=prediction if look.outputs["label"].valid else None,  # they are compared: one kind for both
    )
    return replace(schema, features=tuple(_set_aside(f, options.get(f.name, NOTHING), schema) for f in found))


def _set_aside(feature: Feature, own: FeatureOptions, schema: Schema) -> Feature:
    """Return the feature, set aside where it must be: two columns of one name would give two signals of one name."""
    outputs = {
        "prediction": schema.prediction is not None,
        "confidence": schema.confidence or bool(schema.scores),
        "scores": bool(schema.scores),
    }
    if outputs.get(feature.name):
        return replace(feature, type="aside", why=f"{feature.name} is an output too: rename the feature to watch it")
    return replace(feature, type="aside", why="ignored by the configuration") if own.ignore else feature


def _output_kind(name: str, look: Look) -> Literal["class", "number"] | None:
    """Classes are text, booleans, or a few whole numbers; everything else is a number."""
    column = look.outputs[name]
    kind = infer(name, column, look.rows, forced=None, from_table=False).type
    if kind == "categorical" or (column.valid and column.kinds["number"] <= column.valid / 2):
        return "class"
    numbers = column.numbers
    if not len(numbers):
        return None
    few = kind in ("discrete", "constant")
    return "class" if few and np.all(numbers == np.rint(numbers)) else "number"


def detectors_of(look: Look, schema: Schema, options: Mapping[str, FeatureOptions]) -> Iterator[Detector]:
    """Yield what bins the schema's columns."""
    yield SchemaConformity()
    for feature in schema.features:
        column, name = look.features[feature.name], f"feature.{feature.name}"
        if feature.textual:
            yield _levels(name, "features", column)
        elif feature.type != "aside":
            yield _bins(name, "features", column, options.get(feature.name, NOTHING))
    if schema.prediction == "class":
        yield _levels("prediction", "predictions", look.outputs["prediction"])
    elif schema.prediction == "number":
        yield _bins("prediction", "predictions", look.outputs["prediction"])
    if schema.latency:
        yield _bins("latency", "predictions", look.outputs["latency_ms"], quality=())
    for name in schema.scores:
        yield _bins(f"score.{name}", "predictions", look.scores[name], quality=())
    if schema.confidence or schema.scores:
        column = look.outputs["confidence"] if schema.confidence else look.highest
        yield _bins("confidence", "predictions", column, quality=("missing" if schema.confidence else "scores",))
    yield from _performance(look, schema)


def _performance(look: Look, schema: Schema) -> Iterator[Detector]:
    """Yield what labels are compared by, where the records carry some."""
    if schema.label == "class":
        yield ErrorRate()
        if schema.confidence or schema.scores:
            column = look.outputs["confidence"] if schema.confidence else look.highest
            yield Calibration(confidence_edges(column.numbers))
    elif schema.label == "number" and len(look.errors.numbers):
        yield AbsoluteError(equal_mass_edges(look.errors.numbers, THIN))


def column_of(look: Look, name: str) -> Column:
    """Return the column that a detector's `column` names, for those that are compared as levels."""
    return look.outputs["prediction"] if name == "prediction" else look.features[name.removeprefix("feature.")]


def _levels(name: str, group: str, column: Column) -> CategoryBins:
    return bins_of_levels(name, group, dict(column.levels()), column.choosing)


def bins_of_levels(name: str, group: str, came: Mapping[str, int], choosing: Mapping[str, int]) -> CategoryBins:
    """Return bins of the levels that are frequent among the records that choose; of all others only the names.

    Parameters
    ----------
    came, choosing : mapping of str to int
        By level: how many records had it, and how many of those that choose.
    """
    ranked = sorted(came, key=lambda text: (-choosing.get(text, 0), text))
    kept = [text for text in ranked[:MOST_LEVELS] if choosing.get(text, 0) >= FREQUENT] or ranked[:1]
    if len(came) > MOST_KNOWN:
        return CategoryBins(name, group, tuple(kept), (), ("missing", "type"))
    rare = sorted(set(came) - set(kept))
    return CategoryBins(name, group, tuple(kept), tuple(rare), few=levels_of(came, choosing, (2, 3)))


def levels_of(came: Mapping[str, int], choosing: Mapping[str, int], records: Container[int]) -> int:
    """Return how many levels so many records had, for as many records as are counted."""
    whole, few = max(1, sum(came.values())), sum(count in records for count in came.values())
    return -(few * (sum(choosing.values()) - whole) // whole)  # rounded up


def _bins(
    name: str,
    group: str,
    column: Column,
    own: FeatureOptions = NOTHING,
    *,
    quality: tuple[str, ...] = ("missing", "type", "below", "above"),
) -> NumericBins:
    return NumericBins(name, group, edges_within(name, column.numbers, own), quality)


def edges_within(name: str, values: NDArray[np.float64], own: FeatureOptions) -> tuple[float, ...]:
    """Return equal-mass edges, the outermost replaced by the limits that the configuration gives.

    Raises
    ------
    BadReference
        Where no value lies within them.
    """
    low = -np.inf if own.min is None else own.min
    high = np.inf if own.max is None else own.max
    inside = values[(values >= low) & (values <= high)]
    if not len(inside):
        where = " and ".join(
            [f"above min {low:g}"] * (own.min is not None) + [f"below max {high:g}"] * (own.max is not None)
        )
        raise BadReference(f"{name.replace('feature', 'features', 1)}: no value of these records lies {where}")
    edges = list(equal_mass_edges(inside, THIN))
    if own.min is not None:
        edges[0] = own.min
    if own.max is not None:
        edges[-1] = own.max
    return tuple(edges)
