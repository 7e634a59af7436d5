"""One watched model: its reference, and all that judges it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, get_args

from msgspec.structs import replace

from detectors import Joint, Scorer
from detectors.detector import Signal
from monitor.config.features import FeatureSection
from monitor.config.permodel import ModelSettings
from monitor.counting.tally import FLOW_SIGNALS
from monitor.counting.trail import Trail
from monitor.errors import BadReference
from monitor.incidents.conditions import Conditions
from monitor.incidents.incident import Incident
from monitor.incidents.policy import Policy, PolicySettings
from monitor.incidents.severity import Importance
from monitor.judge.judge import Budget, Judge, Verdict
from monitor.judged import Judged
from monitor.misfits import misfits, straddling
from monitor.reference.schema import Feature, Schema
from monitor.reference.store import Reference
from monitor.retraining.retraining import Moment, Retraining
from monitor.retraining.suspicions import suspect
from monitor.retraining.wording import said, subject
from monitor.scoring import scorers_of
from monitor.streams import Stream, streams_of
from monitor.types import Event, News, Partition, Trigger, Word

PROVISIONAL = (
    "nobody accepted this reference yet: it was learned from the first live records. "
    'Look at it (seawall reference show) and accept it: seawall reference promote {digest} --by YOU --why "…"'
)
OVER = {"labels": "labels are no longer read", "shadow": "the endpoint is no longer asked"}
"""Streams that are judged on a clock of their own, and why what one told may be over."""

FLOW_NAMES = tuple(signal.name for signal in FLOW_SIGNALS)


class Watched:
    """A model's judge, policy, conditions and rules for retraining.

    Parameters
    ----------
    settings : ModelSettings
    reference : Reference
    slot : int
        Milliseconds of a slot.
    shown : sequence of str
        Features whose values may be named in messages, besides those that say so themselves.
    key : callable
        Gives the secret under which callers are hashed; called only where somebody looks at callers.
    late_labels : bool
        Whether labels come later and from elsewhere: what they tell is then judged on their own clock.
    answers : bool or None
        Whether answers of a shadow endpoint are judged; None as configured.
    unaccepted : bool
        Whether nobody accepted the reference yet: every event then says so.

    Attributes
    ----------
    records : Judged
        What the records themselves tell.
    sides : dict of str to Judged
        What streams tell that come later and from elsewhere: `labels`, `shadow`.
    layouts : dict of str to Layout
        What these streams are counted in.
    heard : int
        How far the operators' log was read.

    Raises
    ------
    BadReference
        Where configuration and reference do not fit together; LacksScorer, where it has not what is configured.
    """

    def __init__(
        self,
        settings: ModelSettings,
        reference: Reference,
        slot: int,
        shown: Sequence[str] = (),
        key: Callable[[], bytes] = bytes,
        *,
        late_labels: bool = False,
        answers: bool | None = None,
        unaccepted: bool = False,
    ) -> None:
        if wrong := [*misfits(settings, reference), *straddling(slot, reference)]:
            raise BadReference("\n".join(wrong))
        scored = scorers_of(settings, reference)
        reference = reference.part(lambda detector: not isinstance(detector, Scorer) or detector.kind in scored)
        self.name, self.settings, self.reference, self.slot = settings.name, settings, reference, slot
        self._note = PROVISIONAL.format(digest=reference.digest[7:19]) if unaccepted else None
        asked = settings.shadow is not None if answers is None else answers
        now, late = streams_of(settings, reference, key, labels=late_labels, answers=asked)
        every = (now, *late.values())
        self.callers = any(detector.callers for detector in now.sequential)
        self.records = self._judged(now, self._ignored(), every)
        self.sides = {name: self._judged(stream, FLOW_NAMES, every) for name, stream in late.items()}
        own = {name for name, feature in settings.features.items() if feature.show_values}
        self.layout = now.layout(own | set(shown))
        self.layouts = {name: stream.layout() for name, stream in late.items()}
        self.conditions = Conditions(self.name, reference.digest, settings.runbook, remind_every=settings.remind_every)
        listed = str(settings.verdicts.path) if settings.verdicts else None
        self.retraining = Retraining(self.name, reference.digest, settings.retrain, self._importance, listed)
        self.heard = 0

    def retrain(self, trails: Mapping[Partition, Trail] | None) -> list[News]:
        """Return what the rules for retraining decide after a slot, given where the judged slots lie."""
        return self._told(self.retraining.advance(self._moment(trails)))

    def hear(self, word: Word, trails: Mapping[Partition, Trail] | None) -> list[News]:
        """Return what an operator's word decides, as of the last slot that was judged."""
        return self._told(self.retraining.hear(word, self._moment(trails)))

    def _moment(self, trails: Mapping[Partition, Trail] | None) -> Moment:
        """Return the present of all rules: the records' clock alone, or a cooldown would have two meanings."""
        return Moment(self.records.end, self.slot, self.judge.records, self.incidents, trails or {})

    def _told(self, triggers: Sequence[Trigger]) -> list[News]:
        """Return the triggers, each behind the event that tells people of it."""
        news: list[News] = []
        for trigger in triggers:
            for judged in (self.records, *self.sides.values()):
                news += judged.remark(trigger.incident, subject(trigger), said(trigger))
            news.append(trigger)
        return news

    def _judged(self, stream: Stream, ignored: Sequence[str], streams: Sequence[Stream]) -> Judged:
        """Return the judge and the policy of one of the streams that share the budget."""
        every = self.settings.false_alarm_every
        in_records = every.unit == "records"
        budget = Budget(every.amount if in_records else every.amount / self.slot, in_records=in_records)
        elsewhere = [signal for other in streams if other is not stream for signal, _ in other.accepted.signals]
        others = [signal for signal in elsewhere if signal.name not in FLOW_NAMES]
        judge = Judge(
            stream.accepted,
            budget,
            self._tolerance,
            self.slot,
            ignored,
            beside=others,
            sequential=stream.sequential,
        )
        settings = self.settings
        times = PolicySettings(
            self.slot, settings.resolve_after, settings.remind_every, settings.runbook, self._importance
        )
        return Judged(judge, Policy(self.name, self.reference.digest, times, self._note))

    @property
    def labels(self) -> Judged | None:
        """What labels tell that come later."""
        return self.sides.get("labels")

    @property
    def shadow(self) -> Judged | None:
        """What answers of the shadow endpoint tell."""
        return self.sides.get("shadow")

    @property
    def judge(self) -> Judge:
        """The judge of what the records themselves tell."""
        return self.records.judge

    @property
    def policy(self) -> Policy:
        """What is told of that."""
        return self.records.policy

    def of_records(self, verdict: Verdict) -> bool:
        """Return whether the verdict is on what the records themselves tell."""
        return verdict.signals is self.judge.signals

    @property
    def incidents(self) -> list[Incident]:
        """Every open incident."""
        late = [incident for side in self.sides.values() for incident in side.policy.incidents]
        return [*self.policy.incidents, *late, *self.conditions.open.values()]

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
        """Return how much a signal matters: one of two columns as much as the one that matters more."""
        columns = self._joint.get(signal, ())
        every = [self._own(column) for column in (columns if len(columns) == 2 else (signal,))]
        return max((own.importance if own else "normal" for own in every), key=get_args(Importance).index)

    def _ignored(self) -> Sequence[str]:
        """Return the signals of ignored features, those of how they go with others among them."""
        alone = {s.name for s, _ in self.reference.signals if (own := self._own(s.name)) and own.ignore}
        return sorted(alone | {name for name, columns in self._joint.items() if not alone.isdisjoint(columns)})

    @cached_property
    def _joint(self) -> dict[str, tuple[str, ...]]:
        """By signal of how columns go together: which columns."""
        layout = self.reference.layout
        at = {
            start: d.columns for d, start in zip(layout.detectors, layout.starts, strict=True) if isinstance(d, Joint)
        }
        return {signal.name: at[start] for signal, start in self.reference.signals if start in at}

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
            **self.records.state(),
            **{name: self.sides[name].state() if name in self.sides else None for name in OVER},
            "conditions": self.conditions.state(),
            "retraining": self.retraining.state(),
            "heard": self.heard,
        }

    def restore(self, state: dict[str, Any], now: int) -> list[Event]:
        """Go on from `state`.

        Of another reference, or of other signals (a feature is ignored now, a scorer is on), only the open incidents
        matter: they are resolved, and told.
        """
        self.conditions.restore(state["conditions"])
        if "retraining" in state:  # else of a build that knew of none
            self.retraining.restore(state["retraining"])
            self.heard = int(state["heard"])
        why = "another reference was promoted" if state["reference"] != self.reference.digest else None
        events = self.records.restore(state, now, why)
        for name, over in OVER.items():
            if late := state.get(name):
                gone = None if name in self.sides else over
                side = self.sides.get(name) or self._judged(Stream(self.reference), (), ())
                events += side.restore(late, now, why or gone)
        for event in events:
            if signal := suspect(event.signals):
                self.retraining.suspicions.begin_anew(event.incident, signal, self.settings.resolve_after)
        return events


def codes_of(models: Sequence[Watched]) -> set[str]:
    """Return the features of which a table's cells are texts, to all models that know them.

    They are compared as levels, and were texts in the reference: nothing else, or, where a table did not tell, because
    the configuration calls them categorical.
    """
    known = [(f, m.settings.features.get(f.name)) for m in models for f in m.schema.features]
    codes = {f.name for f, own in known if _is_code(f, own)}
    return codes - {f.name for f, own in known if not _is_code(f, own)}


def _is_code(feature: Feature, own: FeatureSection | None) -> bool:
    called = own is not None and own.type == "categorical"
    return feature.textual and "string" in feature.kinds and (called or "number" not in feature.kinds)
