"""Ways to bin a record, one method a file.

`KINDS` is how a reference finds the class of a detector it stored: a new detector is a file and a line here.
"""

from __future__ import annotations

from detectors.categorical import CategoryBins
from detectors.conflicts import Conflicts
from detectors.conformity import SchemaConformity
from detectors.detector import Detector
from detectors.knn import Knn
from detectors.numeric import NumericBins
from detectors.performance import AbsoluteError, Calibration, ErrorRate
from detectors.scorer import Scorer
from detectors.shadow import Flips, Skew
from detectors.trust import Trust

KINDS: dict[str, type[Detector]] = {
    "numeric": NumericBins,
    "categorical": CategoryBins,
    "schema": SchemaConformity,
    "error_rate": ErrorRate,
    "absolute_error": AbsoluteError,
    "calibration": Calibration,
    "conflicts": Conflicts,
    "knn": Knn,
    "trust": Trust,
    "shadow_flips": Flips,
    "shadow_skew": Skew,
}

__all__ = [
    "KINDS",
    "AbsoluteError",
    "Calibration",
    "CategoryBins",
    "Conflicts",
    "Detector",
    "ErrorRate",
    "Flips",
    "Knn",
    "NumericBins",
    "SchemaConformity",
    "Scorer",
    "Skew",
    "Trust",
]
