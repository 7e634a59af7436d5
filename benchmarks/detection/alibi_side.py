"""Runs in the environment of alibi-detect, and answers what `alibi.py` asks: one line of JSON for one of JSON.

{"fit": NAME, "rows": FILE} begins with accepted records, {"rows": FILE} gives those that follow and is answered by how
many had been seen at each alarm.
"""

from __future__ import annotations

import json
import sys
import warnings
from typing import Any

import numpy as np

WINDOW = 1_000
REFERENCE = 2_000
"""Accepted records that CVMDriftOnline compares with: fitting takes minutes with more."""
RUN_TIME = 1_000
"""Records between two false alarms that CVMDriftOnline is asked for. With 10,000 fitting took six minutes."""


class Tabular:
    """TabularDrift in windows: Kolmogorov-Smirnov and chi-square tests with Bonferroni's correction."""

    def __init__(self, rows: Any, levels: int) -> None:
        from alibi_detect.cd import TabularDrift

        places = range(rows.shape[1] - levels, rows.shape[1])
        self.detector = TabularDrift(rows, p_val=0.05, categories_per_feature=dict.fromkeys(places))
        self.begin()

    def begin(self) -> None:
        """Forget what was seen."""
        self.rest: Any = None
        self.seen = 0

    def watch(self, rows: Any) -> list[int]:
        """Return how many records had been seen at each alarm."""
        rows = rows if self.rest is None else np.concatenate([self.rest, rows])
        found = []
        while len(rows) >= WINDOW:
            self.seen += WINDOW
            if self.detector.predict(rows[:WINDOW])["data"]["is_drift"]:
                found.append(self.seen)
            rows = rows[WINDOW:]
        self.rest = rows
        return found


class Online:
    """CVMDriftOnline: Cramér-von-Mises tests in windows that move by one record."""

    def __init__(self, rows: Any, levels: int) -> None:
        from alibi_detect.cd import CVMDriftOnline

        np.random.seed(0)  # noqa: NPY002 - the library draws from it
        chances = int(1.5 * RUN_TIME) * rows.shape[1]
        self.detector = CVMDriftOnline(
            rows[:REFERENCE], ert=RUN_TIME, window_sizes=[20, 60], n_bootstraps=chances, verbose=False
        )
        self.begin()

    def begin(self) -> None:
        """Forget what was seen."""
        self.detector.reset_state()
        self.seen = 0

    def watch(self, rows: Any) -> list[int]:
        """Return how many records had been seen at each alarm."""
        found = []
        for row in rows:
            self.seen += 1
            if self.detector.predict(row)["data"]["is_drift"]:
                found.append(self.seen)
                self.detector.reset_state()
        return found


KINDS = {"TabularDrift": Tabular, "CVMDriftOnline": Online}


def main() -> None:
    """Answer until nobody asks."""
    warnings.simplefilter("ignore")
    fitted: dict[tuple[str, str], Any] = {}
    watching: Any = None
    for line in sys.stdin:
        asked = json.loads(line)
        if "fit" in asked:
            key = asked["fit"], asked["rows"]
            if key not in fitted:
                fitted[key] = KINDS[asked["fit"]](np.load(asked["rows"]), asked["levels"])
            watching = fitted[key]
            watching.begin()
            answer: list[int] = []
        else:
            answer = watching.watch(np.load(asked["rows"]))
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
