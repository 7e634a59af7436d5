"""What is judged on which clock: the records themselves, and streams that come later."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass

import numpy as np

from detectors.conflicts import CONFLICTS
from detectors.detector import Detector
from detectors.performance import GROUP as PERFORMANCE
from detectors.performance import AbsoluteError, Calibration, ErrorRate
from detectors.sequential import Sequential
from detectors.shadow import Flips, Skew
from monitor.config.permodel import ModelSettings
from monitor.counting.tally import Layout
from monitor.errors import BadReference
from monitor.reference.store import Reference
from monitor.sequential import sequential_of

NO_LABELS = (
    "the reference in {path} has no labels, so nobody knows how often the accepted model was wrong. "
    "Build it from records with a `label`: seawall reference build DATA"
)
NO_CURVE = (
    "the reference in {path} has no accepted share of flipped answers for {checks}: nobody asked the endpoint of the "
    "accepted model. With it running: seawall reference build DATA"
)
LABELLED = (AbsoluteError, Calibration, ErrorRate)
ASKED = (Flips, Skew)


@dataclass(frozen=True)
class Stream:
    """What is judged on one clock.

    Attributes
    ----------
    accepted : Reference
        What was accepted of it.
    sequential : sequence of Sequential
        Detectors that look at its records in order.
    """

    accepted: Reference
    sequential: Sequence[Sequential] = ()

    def layout(self, shown: Set[str] = frozenset()) -> Layout:
        """Return what its records are counted in; of features in `shown`, levels never seen before are named."""
        field = next((each.by for each in self.accepted.contexts if not each.cycle), None)
        return self.accepted.layout.watching(shown, self.sequential, field)


def streams_of(
    settings: ModelSettings, reference: Reference, key: Callable[[], bytes], *, labels: bool, answers: bool
) -> tuple[Stream, dict[str, Stream]]:
    """Return the records themselves, and the streams that come later, by name.

    Raises
    ------
    BadReference
        Where a stream has nothing to be compared with, or a detector not what it needs.
    """
    late = _late(settings, reference, labels=labels, answers=answers)
    elsewhere = {detector for part in late.values() for detector in part.layout.detectors}
    now = reference.part(lambda d: not isinstance(d, ASKED) and d not in elsewhere)
    sequential = sequential_of(settings, reference, key)
    of_labels = [detector for detector in sequential if "labels" in late and detector.group == PERFORMANCE]
    streams = {name: Stream(part, of_labels if name == "labels" else ()) for name, part in late.items()}
    return Stream(now, [detector for detector in sequential if detector not in of_labels]), streams


def _late(settings: ModelSettings, reference: Reference, *, labels: bool, answers: bool) -> dict[str, Reference]:
    """Return what was accepted of the streams that come later."""
    parts = {}
    if labels:
        parts["labels"] = reference.part(lambda detector: isinstance(detector, LABELLED))
        if not parts["labels"].layout.detectors:
            raise BadReference(NO_LABELS.format(path=settings.reference.path))
        parts["labels"] = _without_conflicts(parts["labels"])
    if answers:
        parts["shadow"] = reference.part(lambda detector: _of_answers(settings, detector))
        if unknown := _unmeasured(settings, parts["shadow"]):
            raise BadReference(NO_CURVE.format(path=settings.reference.path, checks=unknown))
    return parts


def _without_conflicts(part: Reference) -> Reference:
    """Return what was accepted of labels, none of which contradicted another."""
    labelled = [
        sum(int(part.counts[start + cell]) for cell, bin_ in enumerate(signal.bin_of) if bin_ >= 0)
        for signal, start in part.signals
        if signal.group == PERFORMANCE
    ]
    return part.extended([CONFLICTS], np.array([max(labelled, default=1), 0]), {})


def _of_answers(settings: ModelSettings, detector: Detector) -> bool:
    """Return whether the detector is of answers to what is asked; without a configuration all are."""
    if isinstance(detector, Flips) and settings.shadow:
        return (detector.check, detector.severity) in settings.shadow.questions
    return isinstance(detector, ASKED)


def _unmeasured(settings: ModelSettings, part: Reference) -> str:
    """Return the names of what is asked and was not measured when the reference was built."""
    known = {d.column for d in part.layout.detectors if isinstance(d, Flips)}
    wanted = settings.shadow.questions if settings.shadow else ()
    missing = [name for name in (Flips(*question).column for question in wanted) if name not in known]
    return ", ".join(missing) or ("" if part.layout.detectors else "any check")
