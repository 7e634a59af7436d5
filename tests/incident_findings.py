"""Findings and verdicts made by hand, for tests of what is done with them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from detectors.detector import Signal
from monitor.incidents.policy import Policy, PolicySettings
from monitor.judge.family import Finding
from monitor.judge.judge import Verdict
from monitor.types import BinShift, Effect, Event, SignalChange

SLOT = 10_000
REFERENCE = "sha256:3f9c1a2b77aa"


def points(above: float) -> Effect:
    return Effect(points=above, low=above / 2, high=2 * above)


def w(size: float) -> Effect:
    return Effect(w=size, low=0.8 * size, high=1.2 * size, psi=size * size)


def group_of(name: str) -> str:
    heads = {"feature": "features", "quality": "quality", "joint": "joint", "anomaly": "anomalies"}
    heads |= {"performance": "performance", "shadow": "robustness", "labels": "labels"}
    return heads.get(name.partition(".")[0], "predictions")


def finding(name: str, onset: int, effect: Effect | None = None, shape: str = "shifted up", **more: object) -> Finding:
    """Return an alarm of a signal whose name says what it is of."""
    kind = "share" if effect and effect.points is not None else "values"
    of = tuple(f"feature.{c}" for c in name.removeprefix("joint.pair.").split("+")) if "joint.pair" in name else ()
    signal = Signal(name, group_of(name), kind, kind == "values", ("a", "b"), (0, 1), columns=of)
    given = {"evidence": 8.0, "onset_records": 100 * onset, "bins": ()} | more
    return Finding(signal=signal, onset=onset, effect=effect or w(0.2), shape=shape, **given)


def told(name: str, shape: str, effect: Effect, *bins: tuple[str, float, float], evidence: float = 8.0) -> SignalChange:
    """Return a signal as an event has it."""
    return SignalChange(name, group_of(name), evidence, effect, shape, tuple(BinShift(*b) for b in bins))


@dataclass
class Calms:
    """Stands in for the judge: who alarmed last when, and who is back."""

    back: set[str] = field(default_factory=set)
    last: dict[str, int] = field(default_factory=dict)

    def calm(self, name: str) -> bool:
        return name in self.back

    def alarmed(self, name: str) -> int | None:
        return self.last.get(name)

    def forget(self, names: Sequence[str]) -> None:
        for name in names:
            self.last.pop(name, None)


class Told:
    """A policy fed by hand, a slot of 100 records at a time."""

    def __init__(self, note: str | None = None, **settings: object) -> None:
        self.policy = Policy("credit", REFERENCE, PolicySettings(SLOT, **settings), note)
        self.judge = Calms()

    def slot(self, slot: int, *findings: Finding, versions: dict[str, int] | None = None) -> list[Event]:
        """Judge one slot; return what is told after it."""
        self.judge.last |= {f.signal.name: slot for f in findings}
        self.judge.back -= {f.signal.name for f in findings}
        verdict = Verdict(slot, 100 * (slot + 1), 100, [], [], list(findings))
        return self.policy.advance(verdict, versions or {}, self.judge)

    def quiet(self, slots: Iterable[int]) -> list[tuple[int, Event]]:
        """Judge slots without alarms; return what is told, and after which."""
        return [(slot, event) for slot in slots for event in self.slot(slot)]
