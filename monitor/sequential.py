"""From a model's configuration and its reference to the detectors that look at records in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from detectors.alibi import AlibiDetector, trial
from detectors.closeness import Closeness
from detectors.config import AlibiConfig, QueriesConfig, RiverConfig
from detectors.numeric import NumericBins
from detectors.queries import QueryAttacks
from detectors.river import RiverDetector, binary
from detectors.sample import Accepted
from detectors.sequential import Sequential
from monitor.config.permodel import ModelSettings
from monitor.errors import BadReference
from monitor.reference.store import Reference

FEWEST_ROWS = 50


def sequential_of(settings: ModelSettings, reference: Reference, key: Callable[[], bytes]) -> list[Sequential]:
    """Return the detectors; `key` gives the secret under which callers are hashed, where one is needed.

    Raises
    ------
    BadReference
        Where the reference has not what a detector needs.
    """
    found: list[Sequential] = []
    for place, section in enumerate(settings.detectors):
        where = f"detectors[{place}]"
        if isinstance(section, QueriesConfig):
            found.append(QueryAttacks(_closeness(reference, where), section.window, key()))
        elif isinstance(section, RiverConfig):
            _check_signal(section, reference, f"{where}.signal")
            found.append(RiverDetector(section.detector, section.signal, section.params))
        elif isinstance(section, AlibiConfig):
            accepted = _accepted(reference, where)
            if words := trial(section.detector, section.window, accepted, section.params):
                raise BadReference(f"{where}.params: {words}")
            found.append(AlibiDetector(section.detector, section.window, accepted, section.params))
    _check_names(found, reference)
    return found


def _closeness(reference: Reference, where: str) -> Closeness:
    if reference.closeness is None:
        raise BadReference(
            f"{where}: the reference was built without it, and does not say how close its records are. "
            "Build it again: seawall reference build DATA"
        )
    if reference.closeness.distance == 0.0:
        raise BadReference(
            f"{where}: the reference's own records lie as close together as those of an attack. Remove the detector"
        )
    return reference.closeness


def _accepted(reference: Reference, where: str) -> Accepted:
    if reference.accepted is None:
        raise BadReference(
            f"{where}: the reference was built without it, and holds no records to compare with. "
            "Build it again: seawall reference build DATA"
        )
    if not reference.accepted.numeric or len(reference.accepted.rows) < FEWEST_ROWS:
        raise BadReference(f"{where}: too few records of the reference have every number. Remove the detector")
    return reference.accepted


def _check_signal(section: RiverConfig, reference: Reference, where: str) -> None:
    """Refuse a signal that the reference has not, or whose values the detector cannot take."""
    numbers = {d.column: d for d in reference.layout.detectors if isinstance(d, NumericBins)}
    schema, signal = reference.schema, section.signal
    if signal.startswith("performance."):
        if schema.label is None:
            raise BadReference(f"{where}: no record of the reference carries a label")
        zero_or_one = schema.label == "class"
        if zero_or_one and signal != "performance.error":
            raise BadReference(f"{where}: classes have no absolute error. Use performance.error")
    elif signal not in numbers:
        raise BadReference(f"{where}: {signal} is no numeric signal of the reference. It has: {', '.join(numbers)}")
    else:
        zero_or_one = {0.0, 1.0} >= set(numbers[signal].edges)
    if binary(section.detector) and not zero_or_one:
        raise BadReference(f"{where}: {section.detector} takes 0 and 1 only, and {signal} has other values")


def _check_names(found: Sequence[Sequential], reference: Reference) -> None:
    taken = {signal.name for signal, _ in reference.signals}
    for detector in found:
        if detector.signal in taken:
            raise BadReference(f"detectors: two signals would be called {detector.signal}. Remove one")
        taken.add(detector.signal)
