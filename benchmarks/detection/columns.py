"""Records as columns: what every detector is given, and what a reference is built of."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from msgspec.json import encode
from numpy.typing import NDArray

from monitor.formats.batch import Batch
from monitor.types import Message

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MODEL = "benchmark"
START = 1_767_225_600_000
"""The beginning of 2026, in milliseconds: a Thursday."""
STEP = 1_125
"""Milliseconds between two records: 3,200 an hour, so that slots of whole records divide it."""
OUTPUTS = {"prediction": "prediction", "confidence": "confidence", "latency": "latency_ms"}
"""Where a record has what a model said, by column."""


class Alarm(NamedTuple):
    """When a detector alarmed, as the records it had seen by then; on which features, none where it does not say."""

    seen: int
    features: frozenset[str]

    def about(self, features: Collection[str]) -> bool:
        """Return whether it is about one of these features, or about all together."""
        return not self.features or "joint" in self.features or not self.features.isdisjoint(features)


@dataclass
class Columns:
    """Some records in order.

    Attributes
    ----------
    numbers : dict of float array (n,)
        By feature; NaN is missing.
    levels : dict of int array (n,)
        By feature, as positions in `names`.
    names : dict of tuple of str
        The levels of each such feature.
    times : int array (n,)
        Milliseconds since 1970, ascending.
    outputs : dict of float array (n,)
        What a model said, by column: no other detector is given it.
    """

    numbers: dict[str, Floats]
    levels: dict[str, Ints] = field(default_factory=dict)
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    times: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    outputs: dict[str, Floats] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(next(iter(self.numbers.values())))

    @property
    def features(self) -> list[str]:
        return [*self.numbers, *self.levels]

    def part(self, start: int, stop: int | None = None) -> Columns:
        """Return some of them."""
        cut = slice(start, stop)
        return Columns(
            {name: values[cut] for name, values in self.numbers.items()},
            {name: codes[cut] for name, codes in self.levels.items()},
            self.names,
            self.times[cut],
            {name: values[cut] for name, values in self.outputs.items()},
        )

    def only(self, features: set[str]) -> Columns:
        """Return the columns of these features."""
        return Columns(
            {name: values for name, values in self.numbers.items() if name in features},
            {name: codes for name, codes in self.levels.items() if name in features},
            self.names,
            self.times,
        )

    def batch(self) -> Batch:
        """Return them as the monitor has them after decoding."""
        texts = {f"feature.{name}": self.spelled(name) for name in self.levels}
        numbers = {f"feature.{name}": values for name, values in self.numbers.items()} | self.outputs
        return Batch(np.arange(len(self)), numbers, texts, versions=[None] * len(self), times=self.times)

    def spelled(self, name: str) -> list[str]:
        """Return a column's levels by name."""
        return [self.names[name][code] for code in self.levels[name].tolist()]

    def messages(self) -> Iterator[Message]:
        """Yield them as they would come: `reference build` decodes what it builds on."""
        columns = [values.tolist() for values in self.numbers.values()] + [self.spelled(name) for name in self.levels]
        for number, (time, *row) in enumerate(zip(self.times.tolist(), *columns, strict=True)):
            given = {name: None if value != value else value for name, value in zip(self.features, row, strict=True)}  # noqa: PLR0124 - NaN
            said = {OUTPUTS[name]: float(values[number]) for name, values in self.outputs.items()}
            value = encode({"time": time / 1_000, "model": MODEL, "features": given} | said)
            yield Message("benchmark", 0, number, time, None, value)
