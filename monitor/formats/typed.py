"""The fast path's record type, generated from the reference's schema.

msgspec decodes into these structs in about a microsecond. Only what fits the schema exactly passes; everything
else raises and is read again by `tolerant`. Fields are `f0, f1, …` because feature names are anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Annotated, Any, NamedTuple

import msgspec

from monitor.reference.schema import Feature, Schema

_UNFIT = re.compile(r'[\\"\x00-\x1f]')
AwareTime = Annotated[datetime, msgspec.Meta(tz=True)]
_NUMBER = float | None
_TEXT = {
    ("string",): str | None,
    ("boolean",): bool | None,
    ("boolean", "string"): str | None,  # true would equal 1 and so "1": beside others, booleans take the slow path
    ("number",): float | None,
    ("number", "string"): str | float | None,
    ("boolean", "number"): float | None,
    ("boolean", "number", "string"): str | float | None,
}


class Output(NamedTuple):
    """One value beside the features: its key in a record, its column in a batch, whether it is a number."""

    field: str
    column: str
    number: bool


def _outputs(schema: Schema) -> Iterator[Output]:
    for name, kind in (("prediction", schema.prediction), ("label", schema.label)):
        if kind:
            yield Output(name, name, kind == "number")
    if schema.latency:
        yield Output("latency_ms", "latency", number=True)
    if schema.confidence:
        yield Output("confidence", "confidence", number=True)


class TypedRecord:
    """Struct types for records of one schema.

    Attributes
    ----------
    Record, Features, Scores : msgspec.Struct types
        `Scores` is None where the reference has no scores.
    decode : callable
        bytes -> Record; raises msgspec.MsgspecError for whatever does not fit exactly.
    numeric, textual : tuple of str
        Columns of the batch, in the order of the struct's fields: numeric ones first, then textual, then those set
        aside, so that a record's numbers are the beginning of its tuple.
    outputs : tuple of Output
        What stands beside the features.
    callers : bool
        Whether it is read who asked.
    """

    def __init__(self, schema: Schema, *, callers: bool = False) -> None:
        self.schema = schema
        self.callers = callers
        self.outputs = tuple(_outputs(schema))
        self.fields = {f.name: f"f{i}" for i, f in enumerate(schema.features)}
        watched = [f for f in schema.features if not _skipped(f)]
        numeric = [f for f in watched if not f.textual]
        textual = [f for f in watched if f.textual]
        self.numeric = tuple(f"feature.{f.name}" for f in numeric)
        self.textual = tuple(f"feature.{f.name}" for f in textual)
        self.Features = _struct(
            "Features",
            [
                (self.fields[f.name], _field_type(f), msgspec.NODEFAULT if f.required else None)
                for f in (*numeric, *textual, *filter(_skipped, schema.features))
            ],
            rename=_keys({field: name for name, field in self.fields.items()}),
        )
        self.Scores = self._scores_type() if schema.scores else None
        self.Record = self._record_type()
        self.decode: Callable[[bytes], Any] = msgspec.json.Decoder(self.Record).decode

    def _scores_type(self) -> type[msgspec.Struct]:
        fields = [(f"s{i}", _NUMBER, msgspec.NODEFAULT) for i in range(len(self.schema.scores))]
        return _struct("Scores", fields, rename=_keys({f"s{i}": name for i, name in enumerate(self.schema.scores)}))

    def _record_type(self) -> type[msgspec.Struct]:
        fields: list[tuple[str, Any, Any]] = [
            ("features", self.Features | _listed(self.schema), msgspec.NODEFAULT),
            ("id", str | int | None, None),
            ("time", AwareTime | float | None, None),
            ("model", str | None, None),
            ("version", str | int | None, None),
        ]
        fields += [(o.field, _NUMBER if o.number else str | float | None, None) for o in self.outputs]
        if self.callers:
            fields.append(("caller", str | int | None, None))
        if self.Scores is not None:
            listed: Any = tuple.__class_getitem__((_NUMBER,) * len(self.schema.scores))
            fields.append(("scores", self.Scores | listed | None, None))
        return _struct("Record", fields, forbid_unknown_fields=False)


def _struct(
    name: str,
    fields: list[tuple[str, Any, Any]],
    *,
    rename: dict[str, str] | None = None,
    forbid_unknown_fields: bool = True,
) -> type[msgspec.Struct]:
    return msgspec.defstruct(
        name,
        [(field, kind) if default is msgspec.NODEFAULT else (field, kind, default) for field, kind, default in fields],
        rename=rename,
        forbid_unknown_fields=forbid_unknown_fields,
        gc=False,  # records are flat: the collector need not look at them
        kw_only=True,
    )


def _keys(names: dict[str, str]) -> dict[str, str]:
    """Return the JSON keys of fields; where msgspec cannot have one, a key that never comes, for the slow path."""
    return {field: f"{field}\x7f" if _UNFIT.search(name) else name for field, name in names.items()}


def _skipped(feature: Feature) -> bool:
    return feature.type == "aside"


def _field_type(feature: Feature) -> Any:
    if _skipped(feature):
        return msgspec.Raw
    return _TEXT[feature.kinds] if feature.textual else _NUMBER


def _listed(schema: Schema) -> Any:
    """Features as an array: one typed item each, in the order of the reference."""
    return tuple[tuple(_field_type(f) for f in schema.features)]  # type: ignore[misc]
