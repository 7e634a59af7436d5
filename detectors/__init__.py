"""Ways to bin a record, one method a file.

`KINDS` is how a reference finds the class of a detector it stored: a new detector is a file and a line here.
"""

from __future__ import annotations

from detectors.categorical import CategoryBins
from detectors.combinations import Combinations
from detectors.conflicts import Conflicts
from detectors.conformity import SchemaConformity
from detectors.detector import Detector
from detectors.distance import Distance
from detectors.joint import Joint
from detectors.knn import Knn
from detectors.numeric import NumericBins
from detectors.pair import Pair
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
    "pair": Pair,
    "combinations": Combinations,
    "distance": Distance,
}

__all__ = [
    "KINDS",
    "AbsoluteError",
    "Calibration",
    "CategoryBins",
    "Combinations",
    "Conflicts",
    "Detector",
    "Distance",
    "ErrorRate",
    "Flips",
    "Joint",
    "Knn",
    "NumericBins",
    "Pair",
    "SchemaConformity",
    "Scorer",
    "Skew",
    "Trust",
]
