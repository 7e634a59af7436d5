"""alibi-detect's drift detectors by name, on the feature vector. The only importer of alibi-detect.

A windowed one is asked about each so many records; an online one about each record, and begins anew after an alarm.
"""

from __future__ import annotations

import importlib.util
import inspect
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from detectors.sample import Accepted, Raw, raw
from detectors.sequential import Alarm, Column, Rows
from monitor.formats.batch import Batch

WINDOWED = ("CVMDrift", "KSDrift", "TabularDrift")
ONLINE = ("CVMDriftOnline",)
KNOWN = (*WINDOWED, *ONLINE)
NEEDS_TORCH = ("LSDDDrift", "LSDDDriftOnline", "LearnedKernelDrift", "MMDDrift", "MMDDriftOnline", "SpotTheDiffDrift")
OURS = (
    *("x_ref", "update_x_ref", "x_ref_preprocessed", "preprocess_at_init", "categories_per_feature", "n_features"),
    *("window_sizes", "verbose", "input_shape", "data_type"),
)
"""Parameters that follow from the reference and the window; the reference never slides."""

REFERENCE_ROWS = 500
"""Records of the reference that a detector compares with."""


def missing(name: str) -> str | None:
    """Return why there is no such detector here, in words for a person, or None."""
    if name in NEEDS_TORCH:
        return f"{name} needs torch, which this build does not carry out. Known: {', '.join(KNOWN)}"
    if name not in KNOWN:
        return f'"{name[:60]}" is no detector of alibi-detect that is known here. Known: {", ".join(KNOWN)}'
    if importlib.util.find_spec("alibi_detect") is None:
        return f'{name} is in an extra that is not installed. Install it: pip install "seawall[alibi]"'
    return None


def complaint(name: str, params: Mapping[str, Any]) -> str | None:
    """Return why the detector does not take these parameters, or None."""
    signature = inspect.signature(_class(name)).parameters
    taken = [key for key, parameter in signature.items() if key not in OURS and "Callable" not in str(parameter)]
    if unknown := [key for key in params if key not in taken]:
        return f"{name} has no {', '.join(unknown)} here. Known: {', '.join(taken)}"
    required = [k for k in taken if signature[k].default is inspect.Parameter.empty and k not in params]
    return f"{name} needs {', '.join(required)}" if required else None


def trial(name: str, window: int, accepted: Accepted, params: Mapping[str, Any]) -> str | None:
    """Return why the detector does not work with these, tried on the reference's own records, or None."""
    rows = np.array(accepted.rows)
    try:
        made(name, window, accepted, params, simulated=_guessed).predict(
            rows[0, : len(accepted.numeric)] if name in ONLINE else _inputs(name, accepted)[: max(2, window)]
        )
    except (TypeError, ValueError, ArithmeticError, NotImplementedError) as why:
        return f"{name} does not work with these: {why}"
    return None


def _guessed(detector: Any, steps: int) -> NDArray[np.float64]:
    """Stand for the simulation from which thresholds are drawn, which takes seconds."""
    return np.random.default_rng(0).random((detector.n_bootstraps, steps, len(detector.window_sizes)))


def _inputs(name: str, accepted: Accepted) -> Raw:
    """Return the reference's records as the detector takes them: levels are for TabularDrift alone."""
    rows = np.array(accepted.rows)
    return rows if name == "TabularDrift" else rows[:, : len(accepted.numeric)]


def _class(name: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from alibi_detect import cd
    return getattr(cd, name)


@dataclass
class AlibiDetector:
    """One of alibi-detect's detectors. Records that lack a number are left out.

    Parameters
    ----------
    detector : str
        alibi-detect's name of it.
    window : int
        Records it looks at together.
    accepted : Accepted
        Records to compare with. Levels are for TabularDrift alone.
    params : dict
    """

    detector: str
    window: int
    accepted: Accepted = field(repr=False)
    params: Mapping[str, Any] = field(default_factory=dict)
    group: ClassVar[str] = "joint"
    callers: ClassVar[bool] = False

    def __post_init__(self) -> None:
        self._width = _inputs(self.detector, self.accepted).shape[1]
        self._rows: Raw = np.zeros((0, self._width))
        self._seen = 0
        self._thresholds: NDArray[np.float64] | None = None
        self._made: Any = None

    @property
    def signal(self) -> str:
        return f"joint.{self.detector}"

    @property
    def fingerprint(self) -> str:
        from importlib.metadata import version

        return repr((version("alibi-detect"), self.detector, self.window, sorted(self.params.items())))

    def take(self, batch: Batch) -> Mapping[str, Column]:
        """Return each record's features."""
        return {"alibi.input": raw(batch, self.accepted.numeric, self.accepted.levels)}

    def advance(self, rows: Rows, now: int) -> Alarm | None:
        """Give the detector the slot's records."""
        inputs = rows.columns["alibi.input"][:, : self._width]
        whole = np.flatnonzero(np.isfinite(inputs).all(axis=1))
        found = list(self._alarms(inputs[whole]))
        if not found:
            return None
        return Alarm(tuple(whole[found].tolist()), f"{self.detector} sees a change of the features together")

    def _alarms(self, inputs: Raw) -> Iterator[int]:
        """Yield which of the records raise an alarm."""
        library = self._library()
        online = self.detector in ONLINE
        for place, row in enumerate(inputs):
            self._rows = np.concatenate([self._rows, row[None]])[-self.window :]
            self._seen += 1
            if online or len(self._rows) == self.window:
                drift = bool(library.predict(row if online else self._rows)["data"]["is_drift"])
                if drift:
                    yield place
                if online and drift:
                    library.reset_state()
                if drift or not online:
                    self._rows, self._seen = self._rows[:0], 0
                if online:
                    _forget(library, self.window)

    def _library(self) -> Any:
        """Return the detector, made when it is first needed and put where the last one ended."""
        if self._made is None:
            self._made = made(self.detector, self.window, self.accepted, self.params, self._thresholds)
            if self.detector in ONLINE:
                self._thresholds = self._made.thresholds
                for row in self._rows:
                    self._made._update_state(row[None])  # noqa: SLF001 - the library saves all but its thresholds
                self._made.t = self._seen
        return self._made

    def state(self) -> dict[str, Any]:
        """Return the last bounded window, and the thresholds, which another start would draw anew."""
        return {"rows": self._rows, "seen": self._seen, "thresholds": self._thresholds}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from `state`."""
        self._rows, self._seen, self._thresholds = state["rows"], state["seen"], state["thresholds"]
        self._made = None


def made(
    name: str,
    window: int,
    accepted: Accepted,
    params: Mapping[str, Any],
    thresholds: NDArray[np.float64] | None = None,
    *,
    simulated: Callable[[Any, int], NDArray[np.float64]] | None = None,
) -> Any:
    """Return the library's detector; thresholds that are not given are drawn with seed 0, or from what `simulated`."""
    kind, rows = _class(name), _inputs(name, accepted)
    if name == "TabularDrift":
        return kind(rows, categories_per_feature=dict.fromkeys(range(len(accepted.numeric), rows.shape[1])), **params)
    if name in WINDOWED:
        return kind(rows, **params)
    own: dict[str, Any] = {"_simulate_streams": simulated} if simulated else {}
    if thresholds is not None:
        own["_configure_thresholds"] = lambda self: setattr(self, "thresholds", thresholds)
    kind = type(name, (kind,), own) if own else kind
    before = np.random.get_state()  # noqa: NPY002 - the library draws from the global one
    np.random.seed(0)  # noqa: NPY002 - likewise
    try:
        return kind(rows, window_sizes=[window], verbose=False, **params)
    finally:
        np.random.set_state(before)  # noqa: NPY002 - likewise


def _forget(library: Any, window: int) -> None:
    """Let go of what the library keeps for ever and looks at no more."""
    library.xs = library.xs[-window:]
    library.test_stats, library.drift_preds = library.test_stats[-1:], library.drift_preds[-1:]
