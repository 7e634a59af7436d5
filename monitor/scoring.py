"""Which scorers of single records are on: those that are configured, if the reference has them like that."""

from __future__ import annotations

from collections.abc import Iterator, Set

from detectors import Scorer
from detectors.config import ScorerConfig, scorers
from monitor.config.permodel import ModelSettings
from monitor.errors import LacksScorer
from monitor.reference.scorers import NO_CLASS
from monitor.reference.store import Reference

BUILD_AND_PROMOTE = 'Build one with it: seawall reference build DATA --promote --by YOU --why "…"'


def scorers_of(settings: ModelSettings, reference: Reference) -> Set[str]:
    """Return the kinds of the scorers that are configured. Raises LacksScorer, with all that is wrong."""
    wanted = scorers(settings.detectors, classes=reference.schema.prediction == "class")
    wrong = [line for kind, config in wanted.items() for line in _misfits(settings, kind, config, reference)]
    if wrong:
        raise LacksScorer("\n".join(wrong))
    return wanted.keys()


def _misfits(settings: ModelSettings, kind: str, config: ScorerConfig, reference: Reference) -> Iterator[str]:
    built = reference.scorers.get(kind)
    if kind == "trust" and reference.schema.prediction != "class":
        yield f"{NO_CLASS}. Leave it out, or build a reference with predictions"
    elif built is None:
        yield f"detectors: the promoted reference has no {kind} scorer. {BUILD_AND_PROMOTE}"
    else:
        for key in ("k", "share"):
            given, own = getattr(config, key), getattr(built, key)
            if given != own:
                words = f"detectors: {kind} has {key}: {given:g}, the promoted reference was built with {own:g}"
                yield f"{words}. {BUILD_AND_PROMOTE}"
        yield from _level(settings, built)


def _level(settings: ModelSettings, built: Scorer) -> Iterator[str]:
    smallest = len(built.calibration) + 1
    if settings.verdicts and (level := settings.verdicts.level) * smallest < 1:
        yield (
            f"verdicts.level: {level:g} is below 1 in {smallest:,}, the smallest p that {built.kind} can give "
            "with this reference. Raise it, or build one from more records"
        )
