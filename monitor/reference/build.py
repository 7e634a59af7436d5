"""From accepted records to a reference, in two readings.

The first reading looks at plain values and decides what each column is and where its bins lie; the second counts
through the very decoder and detectors that will judge live traffic, so both see a record alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors import CategoryBins, Detector, NumericBins, SchemaConformity
from detectors.detector import THIN
from detectors.numeric import equal_mass_edges
from monitor.counting.tally import DEAD, RECORDS, Layout
from monitor.errors import BadRecord, BadReference
from monitor.formats.decoder import Decoder
from monitor.formats.envelope import format_named
from monitor.formats.tolerant import version_of
from monitor.reference.dependence import design_effect
from monitor.reference.infer import MOST_KNOWN, MOST_LEVELS, Column, infer, infer_all
from monitor.reference.schema import Feature, Schema, kind_of
from monitor.reference.store import Reference
from monitor.types import RawMessage

FEWEST = 500
"""Fewer records say too little: every radius would be wider than what people want to see."""

Blocks = Callable[[], Iterable[Sequence[RawMessage]]]


@dataclass(frozen=True)
class FeatureOptions:
    """What the configuration says about one feature's reference."""

    type: str | None = None
    min: float | None = None
    max: float | None = None
    ignore: bool = False


@dataclass
class Look:
    """The first reading: every column as it came."""

    rows: int = 0
    other_models: int = 0
    unusable: int = 0
    timed: int = 0
    features: dict[str, Column] = field(default_factory=dict)
    scores: dict[str, Column] = field(default_factory=dict)
    outputs: dict[str, Column] = field(default_factory=lambda: {k: Column() for k in ("prediction", "confidence", "latency_ms")})
    highest: Column = field(default_factory=Column)
    why: str = ""

    def add(self, plain: dict[str, Any]) -> None:
        """Look at one record."""
        given = plain.get("features")
        if isinstance(given, list):
            given = {str(i): v for i, v in enumerate(given)}
        if not isinstance(given, dict):
            raise BadRecord("not_a_record", 'no "features" object or array in it')
        self.rows += 1
        self.timed += plain.get("time") is not None
        for name, value in given.items():
            self._column(self.features, name).add(value)
        scores = plain.get("scores")
        if isinstance(scores, list):
            scores = {str(i): v for i, v in enumerate(scores)}
        if isinstance(scores, dict):
            for name, value in scores.items():
                self._column(self.scores, name).add(value)
            self.highest.add(max((v for v in scores.values() if kind_of(v) == "number" and v == v), default=None))
        for name, column in self.outputs.items():
            column.add(plain.get(name))

    @staticmethod
    def _column(columns: dict[str, Column], name: str) -> Column:
        if name not in columns:
            columns[name] = Column()
        return columns[name]


def build(
    blocks: Blocks, *, model: str, options: Mapping[str, FeatureOptions], from_table: bool, stamped: bool = False, format: str = "auto", provisional: bool = False
) -> Reference:
    """Return the reference of the records of one model.

    Parameters
    ----------
    blocks : callable
        Gives an iterator over blocks of messages, from the beginning, each time it is called.
    model : str
        Records that name another model are left out.
    from_table : bool
        Whether the messages were rows of a table: its cells have no JSON kinds.

    Raises
    ------
    BadReference
        For fewer than 500 usable records.
    """
    look = first_look(blocks(), model, format)
    if look.rows < FEWEST:
        raise BadReference(_too_few(look, model))
    schema = _schema(look, options, from_table)
    layout = Layout(list(_detectors(look, schema, options)))
    counted = _count(blocks(), Decoder({model: schema}, format=format, stamped=stamped), layout)
    counts = counted.counts(layout)
    first, last = (int(counted.times[0]), int(counted.times[-1])) if look.timed or stamped else (None, None)
    return Reference(model, schema, layout, counts, len(counted.times), counted.design_effects(layout, counts), first, last, provisional)


def first_look(blocks: Iterable[Sequence[RawMessage]], model: str, format: str) -> Look:
    """Read every record once, as plain values."""
    look = Look()
    for block in blocks:
        for message in block:
            try:
                for plain in format_named(format, message).read(message):
                    if plain.get("model") is not None and version_of(plain["model"]) != model:
                        look.other_models += 1
                    else:
                        look.add(plain)
            except BadRecord as error:
                look.unusable += 1
                look.why = look.why or str(error)
    return look


def _too_few(look: Look, model: str) -> str:
    words = f"{look.rows:,} usable records of model {model}, a reference wants {FEWEST} at least (10,000 see shifts of 0.1)"
    if look.other_models:
        words += f"; {look.other_models:,} name another model (is `model` right?)"
    if look.unusable:
        words += f"; {look.unusable:,} could not be read (first: {look.why})"
    return words


def _schema(look: Look, options: Mapping[str, FeatureOptions], from_table: bool) -> Schema:
    forced = {name: o.type for name, o in options.items() if o.type}
    found = infer_all(look.features, look.rows, forced=forced, from_table=from_table)
    features = tuple(_ignored(f) if options.get(f.name, FeatureOptions()).ignore else f for f in found)
    return Schema(
        features=features,
        prediction=_prediction_kind(look.outputs["prediction"], look.rows),
        scores=tuple(name for name, column in look.scores.items() if column.kinds["number"]),
        confidence=look.outputs["confidence"].valid > 0,
        latency=look.outputs["latency_ms"].kinds["number"] > 0,
    )


def _ignored(feature: Feature) -> Feature:
    return Feature(feature.name, "aside", feature.kinds, feature.required, "ignored by the configuration")


def _prediction_kind(column: Column, rows: int) -> Any:
    """Classes are text, booleans, or a few whole numbers; everything else is a number."""
    if column.valid == 0:
        return None
    kind = infer("prediction", column, rows, forced=None, from_table=False)
    if kind.type in ("numeric", "aside") and column.kinds["number"] > column.valid / 2:
        return "number"
    whole = bool(np.all(column.numbers == np.rint(column.numbers)))
    return "class" if kind.type == "categorical" or whole else "number"


def _detectors(look: Look, schema: Schema, options: Mapping[str, FeatureOptions]) -> Iterable[Detector]:
    yield SchemaConformity()
    for feature in schema.features:
        if feature.type == "aside":
            continue
        column, name = look.features[feature.name], f"feature.{feature.name}"
        if feature.textual:
            yield _levels(name, "features", column)
        else:
            yield _bins(name, "features", column, options.get(feature.name, FeatureOptions()))
    if schema.prediction == "class":
        yield _levels("prediction", "predictions", look.outputs["prediction"])
    elif schema.prediction == "number":
        yield _bins("prediction", "predictions", look.outputs["prediction"])
    if schema.latency:
        yield _bins("latency", "predictions", look.outputs["latency_ms"], quality=())
    for name in schema.scores:
        yield _bins(f"score.{name}", "predictions", look.scores[name], quality=())
    if schema.confidence or schema.scores:
        yield _bins("confidence", "predictions", look.outputs["confidence"] if schema.confidence else look.highest, quality=("missing",))


def _levels(name: str, group: str, column: Column) -> CategoryBins:
    counted = column.levels()
    kept = [text for text, count in counted[:MOST_LEVELS] if count >= THIN] or [text for text, _ in counted[:1]]
    rare = [text for text, _ in counted if text not in set(kept)]
    quality = ("missing", "type", "unseen") if len(counted) <= MOST_KNOWN else ("missing", "type")
    return CategoryBins(name, group, tuple(kept), tuple(sorted(rare[:MOST_KNOWN])), quality)


def _bins(
    name: str, group: str, column: Column, options: FeatureOptions | None = None, *, quality: tuple[str, ...] = ("missing", "type", "below", "above")
) -> NumericBins:
    return NumericBins(name, group, edges_within(column.numbers, options or FeatureOptions()), quality)


def edges_within(values: NDArray[np.float64], options: FeatureOptions) -> tuple[float, ...]:
    """Return equal-mass edges, the outermost replaced by the limits that the configuration gives."""
    low = -np.inf if options.min is None else options.min
    high = np.inf if options.max is None else options.max
    inside = values[(values >= low) & (values <= high)]
    if not len(inside):
        raise BadReference(f"no reference value lies between min {options.min} and max {options.max}")
    edges = list(equal_mass_edges(inside, THIN))
    if options.min is not None:
        edges[0] = options.min
    if options.max is not None:
        edges[-1] = options.max
    return tuple(edges)


def _count(blocks: Iterable[Sequence[RawMessage]], decoder: Decoder, layout: Layout) -> Counted:
    """The second reading: count what the live path would count, and keep the cells in time order for dependence."""
    dead = 0
    codes: list[NDArray[np.int32]] = []
    times: list[NDArray[np.int64]] = []
    for block in blocks:
        decoded = decoder.decode(block)
        dead += len(decoded.dead)
        batch = decoded.batches[0]
        if batch is not None:
            times.append(decoded.times[batch.rows])
            codes.append(layout.codes(batch).astype(np.int32))
    time = np.concatenate(times)
    order = np.argsort(time, kind="stable")
    return Counted(np.concatenate(codes, axis=1)[:, order], time[order], dead)


@dataclass
class Counted:
    """Cells of every usable record per detector, shape (detectors, n), in time order, and the times (n,)."""

    codes: NDArray[np.int32]
    times: NDArray[np.int64]
    dead: int

    def counts(self, layout: Layout) -> NDArray[np.int64]:
        """Return the records per cell."""
        counts = np.bincount(self.codes.ravel(), minlength=layout.total)
        counts[RECORDS], counts[DEAD] = len(self.times), self.dead
        return counts

    def design_effects(self, layout: Layout, counts: NDArray[np.int64]) -> dict[str, float]:
        """Return the design effect of every signal where it is not 1."""
        effects = {}
        for codes, detector, start in zip(self.codes, layout.detectors, layout.starts, strict=True):
            for signal in detector.signals(counts[start : start + detector.cells]):
                bins = np.array(signal.bin_of)[codes - start]
                effect = design_effect(signal, bins[bins >= 0])
                if effect > 1.0:
                    effects[signal.name] = round(effect, 4)
        return effects
