"""Whether a record's features are those of the reference: one signal, however many features changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from detectors.detector import Codes, Counts, Signal, share
from monitor.formats.batch import Batch


@dataclass(frozen=True)
class SchemaConformity:
    """Cells: conforms; a required feature is absent or an unknown one present."""

    kind: ClassVar[str] = "schema"

    @property
    def cells(self) -> int:
        return 2

    def bin(self, batch: Batch) -> Codes:
        """Return the cell of each record."""
        codes = np.zeros(len(batch), dtype=np.int64)
        if batch.deviations:
            codes[list(batch.deviations)] = 1
        return codes

    def signals(self, counts: Counts) -> list[Signal]:
        """Return `quality.schema`."""
        return [share("quality.schema", 2, 1, bins=("as accepted", "absent or unknown features"))]
