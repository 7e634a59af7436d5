"""Days of a model in slots of ten minutes: which incidents are open when, and what its rules decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from incident_findings import told, w
from pydantic import TypeAdapter

from monitor.config.retrain import RetrainRule
from monitor.counting.trail import Trail
from monitor.incidents.incident import Incident
from monitor.retraining.retraining import Moment, Retraining
from monitor.types import Partition, SignalChange, Trigger, Word

SLOT = 600_000
HOUR = 3_600_000
DAY = 24 * HOUR
MODEL = "credit"
REFERENCE = "sha256:3f9c"
DRIFT = "feature.income"
ATTACK = "anomaly.queries"
POISON = "labels.conflicts"


def rule(name: str = "weekly", **settings: Any) -> RetrainRule:
    """Return a rule; what it does stands for any action."""
    action = {"type": "webhook", "url": "https://ci.example/train"}
    return TypeAdapter(RetrainRule).validate_python({"name": name, "action": action} | settings)


def change(signal: str, size: float = 0.5) -> SignalChange:
    return told(signal, "shifted up", w(size))


@dataclass(frozen=True)
class Spell:
    """An incident of one signal, open from one slot up to another, calm in some."""

    signal: str
    begin: int
    end: int
    size: float = 0.5
    calm: range = range(0)

    @property
    def key(self) -> str:
        return f"inc_{self.signal}_{self.begin}"

    def at(self, slot: int) -> Incident:
        calmed = [self.signal] if slot in self.calm else []
        signals = {self.signal: change(self.signal, self.size)}
        return Incident(self.key, MODEL, "error", self.begin * SLOT, self.begin * 100, 0, signals, calmed=calmed)


@dataclass
class Days:
    """Lives through the slots; may be killed before any of them, and then goes on from what it remembered."""

    rules: Sequence[RetrainRule]
    spells: Sequence[Spell]
    words: dict[int, Sequence[Word]] = field(default_factory=dict)
    fired: list[tuple[int, Trigger]] = field(default_factory=list)
    decided: list[tuple[int, Trigger]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.retraining = self._begun()

    def _begun(self) -> Retraining:
        return Retraining(MODEL, REFERENCE, self.rules, lambda _: "normal")

    def moment(self, slot: int) -> Moment:
        trails = {Partition("t", number): Trail([(0, number)], (slot + 1) * 100) for number in range(2)}
        open_now = [spell.at(slot) for spell in self.spells if spell.begin <= slot < spell.end]
        return Moment((slot + 1) * SLOT, SLOT, (slot + 1) * 200, open_now, trails)

    def live(self, slots: int, kills: Sequence[int] = ()) -> Days:
        for slot in range(slots):
            if slot in kills:
                saved = msgspec.msgpack.decode(msgspec.msgpack.encode(self.retraining.state()))
                self.retraining = self._begun()
                self.retraining.restore(saved)
            triggers = self.retraining.advance(self.moment(slot))
            for word in self.words.get(slot, ()):
                triggers += self.retraining.hear(word, self.moment(slot))
            self.decided += [((slot + 1) * SLOT, trigger) for trigger in triggers]
        self.fired = [(at, trigger) for at, trigger in self.decided if trigger.event == "fired"]
        return self

    def outcomes(self) -> list[str]:
        return [trigger.event for _, trigger in self.decided]
