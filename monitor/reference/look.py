"""The first reading of the records: every column as plain values, as they came."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from monitor.counting.joiner import Joiner
from monitor.errors import BadRecord, BadReference
from monitor.formats.envelope import JOINED
from monitor.formats.tolerant import as_float, version_of
from monitor.reference.infer import Column
from monitor.reference.schema import kind_of
from monitor.reference.split import chooses
from monitor.types import RawMessage

MOST_NAMES = 5_000
"""More feature names than this are data, not names."""

OUTPUTS = ("prediction", "confidence", "latency_ms", "label")


@dataclass
class Look:
    """What was seen.

    Attributes
    ----------
    rows : int
        Records of the model.
    other_models, unusable : int
        Records that name another model, the first of them `another`; messages that are none.
    unpaired, twice : int
        Halves of records whose other half is not there; those that were there already in the same slot.
    timed : int
        Records that carry a time.
    highest : Column
        The highest score of each record.
    errors : Column
        How far each numeric prediction is from its label.
    why : str
        What was wrong with the first unusable one.
    choosing : bytearray
        By message: 1 where it is a record that chooses, 0 for all others.
    """

    rows: int = 0
    other_models: int = 0
    another: str | None = None
    unusable: int = 0
    unpaired: int = 0
    twice: int = 0
    timed: int = 0
    features: dict[str, Column] = field(default_factory=dict)
    scores: dict[str, Column] = field(default_factory=dict)
    outputs: dict[str, Column] = field(default_factory=lambda: {name: Column() for name in OUTPUTS})
    highest: Column = field(default_factory=Column)
    errors: Column = field(default_factory=Column)
    why: str = ""
    choosing: bytearray = field(default_factory=bytearray)

    def read(self, block: Sequence[RawMessage], model: str) -> None:
        """Look at whole records; what cannot be used is counted."""
        for message in block:
            before = self.rows
            try:
                for plain in JOINED.read(message):
                    named = version_of(plain.get("model"))
                    if named in (None, model):
                        self.add(plain)
                    else:
                        self.other_models += 1
                        self.another = self.another or named
            except BadRecord as error:
                self.unusable += 1
                self.why = self.why or str(error)
            self.choosing.append(self.rows > before and chooses(before))

    def add(self, plain: Mapping[str, Any]) -> None:
        """Look at one record. Raises BadRecord for one without features."""
        given = _named(plain.get("features"))
        if given is None:
            raise BadRecord("not_a_record", 'no "features" object or array in it')
        choosing = chooses(self.rows)
        self.rows += 1
        self.timed += plain.get("time") is not None
        for name, value in given.items():
            self._column(self.features, name).add(value, choosing)
        scores = _named(plain.get("scores"))
        if scores is not None:
            for name, value in scores.items():
                self._column(self.scores, name).add(value)
            self.highest.add(max((v for v in scores.values() if kind_of(v) == "number" and v == v), default=None))  # noqa: PLR0124 - not NaN
        for name, column in self.outputs.items():
            column.add(plain.get(name), choosing)
        predicted, label = plain.get("prediction"), plain.get("label")
        if kind_of(predicted) == kind_of(label) == "number":
            self.errors.add(abs(as_float(predicted) - as_float(label)))  # type: ignore[arg-type] # both are numbers

    @staticmethod
    def _column(columns: dict[str, Column], name: str) -> Column:
        if name not in columns:
            if len(columns) == MOST_NAMES:
                raise BadReference(
                    f"more than {MOST_NAMES:,} different names of features or scores: what changes from record to "
                    "record belongs into values, not into names"
                )
            columns[name] = Column()
        return columns[name]


def _named(given: Any) -> Mapping[str, Any] | None:
    """Return an object as it is, an array by its positions, None for anything else."""
    if isinstance(given, list):
        return {str(position): value for position, value in enumerate(given)}
    return given if isinstance(given, dict) else None


def first_look(blocks: Iterable[Sequence[RawMessage]], joiner: Joiner) -> Look:
    """Read every record once, as plain values, halves joined; what cannot be used is counted.

    Raises
    ------
    BadReference
        For thousands of different names.
    """
    look = Look()
    for block in joiner.over(blocks):
        look.read(block, joiner.model)
    look.unusable += joiner.dead.total()
    look.other_models += joiner.others
    look.unpaired, look.twice = joiner.alone, joiner.twice
    look.why = look.why or joiner.why
    return look
