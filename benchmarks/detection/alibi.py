"""alibi-detect's detectors, in a process of the environment that has them: it asks for numpy < 2."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.detection.columns import Alarm, Columns

SIDE = Path(__file__).with_name("alibi_side.py")
CHUNK = 1_000


class Alibi:
    """One of alibi-detect's detectors on all numbers without missing values, and on levels where it takes them.

    Parameters
    ----------
    name : str
        `TabularDrift`, which is given windows of 1,000 records, or `CVMDriftOnline`, which is given one feature.
    python : str
        The interpreter of its environment.
    """

    def __init__(self, name: str, python: str) -> None:
        self.name = name
        self.python = python
        self.apart = False
        self.numbers = None if name == "TabularDrift" else 1
        self._process: subprocess.Popen[str] | None = None
        self._folder = tempfile.TemporaryDirectory()
        self._accepted: Columns | None = None

    def watch(self, accepted: Columns, live: Columns, slot: int = 0) -> Iterator[Alarm]:
        """Yield the alarms, of all features together."""
        folder = Path(self._folder.name)
        if accepted is not self._accepted:
            self._accepted = accepted
            self._fitted = folder / f"accepted-{len(list(folder.iterdir()))}.npy"
            np.save(self._fitted, self._rows(accepted))
        levels = 0 if self.numbers else len(accepted.levels)
        self._ask({"fit": self.name, "rows": str(self._fitted), "levels": levels})
        for start in range(0, len(live), CHUNK):
            np.save(folder / "live.npy", self._rows(live.part(start, start + CHUNK)))
            yield from (Alarm(seen, frozenset()) for seen in self._ask({"rows": str(folder / "live.npy")}))

    def _rows(self, columns: Columns) -> NDArray[np.float64]:
        numbers = [values for name, values in columns.numbers.items() if not name.startswith("missing")]
        levels = [] if self.numbers else [codes.astype(float) for codes in columns.levels.values()]
        return np.column_stack([*numbers, *levels])

    def _ask(self, question: dict[str, Any]) -> list[int]:
        if self._process is None:
            self._process = subprocess.Popen(
                [self.python, SIDE],
                env=os.environ | {"OMP_NUM_THREADS": "1"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        assert self._process.stdin is not None  # noqa: S101 - it was asked for
        assert self._process.stdout is not None  # noqa: S101 - likewise
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(
                f"{self.python} {SIDE.name} ended before it answered. Does that environment have alibi-detect?"
            )
        return list(json.loads(answer))

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.communicate()
            self._process = None
        self._folder.cleanup()


def installed(python: str) -> str:
    """Return the version of alibi-detect in an environment, or nothing where it has none."""
    where = list(Path(python).parent.parent.glob("lib/python*/site-packages"))
    found = {each.metadata["Name"]: each.version for each in distributions(path=[str(path) for path in where])}
    return str(found.get("alibi-detect", ""))
