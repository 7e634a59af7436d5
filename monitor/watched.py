"""One watched model: its reference, and all that judges it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from detectors.detector import Signal
from detectors.numeric import NumericBins
from monitor.config.features import FeatureSection
from monitor.config.permodel import ModelSettings
from monitor.counting.tally import Tally
from monitor.errors import BadReference
from monitor.incidents.conditions import Conditions
from monitor.incidents.policy import Policy, PolicySettings
from monitor.incidents.severity import Importance
from monitor.judge.judge import Budget, Judge, Verdict
from monitor.reference.schema import Feature, Schema
from monitor.reference.store import Reference
from monitor.types import Event

PROVISIONAL = (
    "nobody accepted this reference yet: it was learned from the first live records. "
    'Look at it (seawall reference show) and accept it: seawall reference promote {digest} --by YOU --why "…"'
)


class Watched:
    """A model's judge, policy and conditions.

    Parameters
    ----------
    settings : ModelSettings
    reference : Reference
    slot : int
        Milliseconds of a slot.
    shown : sequence of str
        Features whose values may be named in messages, besides those that say so themselves.

    Raises
    ------
    BadReference
        Where configuration and reference do not fit together.
    """

    def __init__(self, settings: ModelSettings, reference: Reference, slot: int, shown: Sequence[str] = ()) -> None:
        _check(settings, reference)
        self.name = settings.name
        self.settings = settings
        self.reference = reference
        every = settings.false_alarm_every
        budget = Budget(every.amount / slot if every.unit == "ms" else every.amount, in_records=every.unit == "records")
        self.judge = Judge(reference, budget, self._tolerance, slot, self._ignored())
        note = PROVISIONAL.format(digest=reference.digest[7:19]) if reference.provisional else None
        times = PolicySettings(slot, settings.resolve_after, settings.remind_every, settings.runbook, self._importance)
        self.policy = Policy(self.name, reference.digest, times, note)
        own = {name for name, feature in settings.features.items() if feature.show_values}
        self.layout = reference.layout.showing(own | set(shown))
        self.conditions = Conditions(self.name, reference.digest, settings.runbook, remind_every=settings.remind_every)

    def judge_slot(self, slot: int, tally: Tally) -> tuple[Verdict, list[Event]]:
        """Judge one closed slot; return what it showed and what is to be told."""
        verdict = self.judge.advance(slot, tally)
        return verdict, self.policy.advance(verdict, tally.versions, self.judge)

    def flush(self) -> list[Event]:
        """Return what waits to be told, as of the last slot that was judged."""
        if self.judge.last is None:
            return []
        return self.policy.flush((self.judge.last + 1) * self.policy.settings.slot, self.judge.records)

    @property
    def schema(self) -> Schema:
        """The reference's schema, with what the configuration says about required and ignored features."""
        return replace(self.reference.schema, features=tuple(self._feature(f) for f in self.reference.schema.features))

    def _feature(self, feature: Feature) -> Feature:
        own = self.settings.features.get(feature.name)
        required = feature.required if own is None or own.required is None else own.required
        return Feature(feature.name, feature.type, feature.kinds, required, feature.why)

    def _tolerance(self, signal: Signal) -> float:
        allowed = self.settings.tolerance_of(signal.name, signal.group)
        return allowed.w if signal.kind == "values" else allowed.points

    def _importance(self, signal: str) -> Importance:
        own = self._own(signal)
        return own.importance if own else "normal"

    def _ignored(self) -> Sequence[str]:
        return [s.name for s, _ in self.reference.signals if (own := self._own(s.name)) and own.ignore]

    def _own(self, signal: str) -> FeatureSection | None:
        """Return what the configuration says about the feature a signal is about; outputs have no such thing."""
        head, _, rest = signal.partition(".")
        name = rest if head == "feature" else rest.partition(".")[2] if head == "quality" else ""
        feature = self.reference.schema.named(name)
        return None if feature is None or feature.type == "aside" else self.settings.features.get(name)

    def state(self) -> dict[str, Any]:
        """Return all that is remembered."""
        return {
            "reference": self.reference.digest,
            "signals": [signal.name for signal in self.judge.signals],
            "judge": self.judge.state(),
            "policy": self.policy.state(),
            "conditions": self.conditions.state(),
        }

    def restore(self, state: dict[str, Any], now: int) -> list[Event]:
        """Go on from `state`.

        Of another reference, or of other signals (a feature is ignored now), only the open incidents matter: they
        are resolved, and told.
        """
        self.policy.restore(state["policy"])
        self.conditions.restore(state["conditions"])
        if state["reference"] != self.reference.digest:
            why = "another reference was promoted"
        elif state["signals"] != [signal.name for signal in self.judge.signals]:
            why = "other features are ignored"
        else:
            self.judge.restore(state["judge"])
            return []
        self.judge.records = state["judge"]["records"]  # they count on over references
        return self.policy.close_all(now, self.judge.records, f"{why}: judged anew from here")


def _check(settings: ModelSettings, reference: Reference) -> None:
    """Refuse what the configuration says about features and the reference does not know."""
    if reference.model != settings.name:
        raise BadReference(
            f"the reference in {settings.reference.path} is of model {reference.model}, "
            f"the configuration watches {settings.name}"
        )
    for name, own in settings.features.items():
        feature = reference.schema.named(name)
        if feature is None:
            known = ", ".join(f.name for f in reference.schema.features[:20])
            raise BadReference(f"features.{name}: the reference has no such feature. It knows: {known}")
        if own.type is not None and feature.type not in {own.type, "aside"}:
            raise BadReference(
                f"features.{name}.type is {own.type}, the reference was built with {feature.type}. "
                "Build it again: seawall reference build DATA"
            )
        limits = _limits(reference, name)
        for key, given, built in (("min", own.min, limits[0]), ("max", own.max, limits[1])):
            if given is not None and built is not None and given != built:
                raise BadReference(
                    f"features.{name}.{key} is {given:g}, the reference was built with another one. "
                    "Build it again: seawall reference build DATA"
                )


def _limits(reference: Reference, name: str) -> tuple[float | None, float | None]:
    """Return the accepted range of a numeric feature."""
    for detector in reference.layout.detectors:
        if isinstance(detector, NumericBins) and detector.column == f"feature.{name}":
            return detector.edges[0], detector.edges[-1]
    return None, None
