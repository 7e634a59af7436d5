"""Where a configuration says something that its reference does not bear out: misspelt names, other types and limits."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from detectors.numeric import NumericBins
from monitor.config.durations import format_duration
from monitor.config.permodel import ModelSettings
from monitor.config.section import guess
from monitor.config.tolerance import GROUPS
from monitor.reference.contexts import CYCLES, HOUR, QUARTER
from monitor.reference.schema import Feature
from monitor.reference.store import Reference

TOLD_NAMES = 20
BUILD_AGAIN = "Build it again: seawall reference build DATA"
_FROM_RECORDS = ("prediction", "confidence", "latency", "feature", "score", "quality", "performance")
"""How signals begin that are known from a reference; others come with sections of their own."""


def misfits(settings: ModelSettings, reference: Reference) -> list[str]:
    """Return in words what does not fit so badly that nothing can be watched: another model, features and types."""
    if reference.model != settings.name:
        words = f"the reference in {settings.reference.path} is of model {reference.model}, the configuration watches "
        mend = (
            f"Write model: {reference.model}, or give {settings.name} a folder of its own and build its reference there"
        )
        return [f"{words}{settings.name}. {mend}: seawall reference build DATA"]
    found: list[str] = []
    for name, own in settings.features.items():
        feature = reference.schema.named(name)
        if feature is None:
            words = f"features.{name}: the reference has no such feature"
            found.append(words + _meant(name, [f.name for f in reference.schema.features]))
            continue
        if own.type is not None and feature.type not in {own.type, "aside"}:
            words = f"features.{name}.type is {own.type}, the reference was built with {feature.type}"
            found.append(f"{words}. {BUILD_AGAIN}")
        limits = _limits(reference, name)
        for key, given, built in (("min", own.min, limits[0]), ("max", own.max, limits[1])):
            if given is not None and built is not None and given != built:
                words = f"features.{name}.{key} is {given:g}, the reference was built with another one"
                found.append(f"{words}. {BUILD_AGAIN}")
    return found


def straddling(slot: int, reference: Reference) -> Iterator[str]:
    """Yield in words that slots lie in two contexts of the reference, in other ones than when it was built."""
    for contexts in reference.contexts:
        cycle, called = contexts.cycle, contexts.called
        if cycle and slot != reference.slot and (cycle.part % slot or cycle.part % reference.slot):
            parts = {QUARTER: "quarters of an hour", HOUR: "hours"}.get(cycle.part, "days")
            words = f"slots of {format_duration(slot)} do not divide the {parts} that the reference compares by"
            yield f"slot: {words} ({called}); it was built with {format_duration(reference.slot)}. {BUILD_AGAIN}"


def without_effect(settings: ModelSettings, reference: Reference) -> Iterator[str]:
    """Yield in words what changes nothing: limits of what is no number, tolerances of signals that are not there."""
    for name, own in settings.features.items():
        feature = reference.schema.named(name)
        if feature and feature.type in {"categorical", "aside"} and (own.min is not None or own.max is not None):
            key = "min" if own.min is not None else "max"
            yield f"features.{name}.{key} has no effect: the reference was built with {_as(feature)}. {BUILD_AGAIN}"
    yield from _other_contexts(settings.reference.contexts, reference)
    signals = [signal.name for signal, _ in reference.signals]
    for name in settings.tolerance.by_name:
        kind = name.partition(".")[0]
        known = name in GROUPS or any(name == s or name.startswith(f"{s}.") for s in signals)
        of_records = kind in _FROM_RECORDS or name.startswith("joint.pair.")
        if not known and of_records and not name.startswith("quality.check."):
            alike = [signal for signal in signals if signal.partition(".")[0] == kind]
            yield f"tolerance.{name} has no effect: the reference has no such signal{_meant(name, alike)}"


def _other_contexts(wanted: str, reference: Reference) -> Iterator[str]:
    """Yield in words where a reference compares within others than the configuration wants."""
    built = [each.by for each in reference.contexts]
    known = ["auto", "none", *CYCLES, *(f.name for f in reference.schema.features)]
    if wanted not in known:
        yield f"reference.contexts: {wanted} is neither a cycle nor a feature{_meant(wanted, known)}"
    elif wanted != "auto" and [by.removeprefix("feature.") for by in built] != [wanted] * (wanted != "none"):
        words = f"reference.contexts has no effect yet: the reference was built with {' and '.join(built) or 'none'}"
        yield f"{words}. {BUILD_AGAIN}"


def not_to_be_shown(shown: Collection[str], references: Mapping[str, Reference]) -> Iterator[str]:
    """Yield in words which names of `privacy.show` are features of none of the references."""
    known = list(dict.fromkeys(f.name for reference in references.values() for f in reference.schema.features))
    for name in shown if references else ():
        if name not in known:
            yield f'privacy.show: "{name}" is no feature of the reference{_meant(name, known)}'


def _meant(name: str, known: list[str]) -> str:
    some = ", ".join(known[:TOLD_NAMES])
    return guess(name, known) or (f". It knows: {some}" if some else "")


def _as(feature: Feature) -> str:
    return "it set aside" if feature.type == "aside" else f"{feature.type} values"


def _limits(reference: Reference, name: str) -> tuple[float | None, float | None]:
    """Return the accepted range of a numeric feature."""
    for detector in reference.layout.detectors:
        if isinstance(detector, NumericBins) and detector.column == f"feature.{name}":
            return detector.edges[0], detector.edges[-1]
    return None, None
