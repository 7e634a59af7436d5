"""Judges one model's merged tallies, slot after slot. Pure: the same tallies give the same findings bit for bit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.detector import Signal
from detectors.sequential import Sequential
from monitor.counting.tally import DEAD, LATE, RECORDS, Tally
from monitor.judge.bets import SCALE
from monitor.judge.budget import flagged, thresholds
from monitor.judge.calm import Calm
from monitor.judge.density import Density
from monitor.judge.edetector import Onset
from monitor.judge.families import families
from monitor.judge.family import LOG10, Family, Finding
from monitor.judge.in_order import InOrder
from monitor.judge.null import Tolerance
from monitor.reference.store import Reference
from monitor.types import BinShift, Effect

MOST_JUDGED = 1 << 30
"""Records of one slot that are judged as they are; of more, as large a part as a power of two leaves: it says less.

An entry of a bet's table is below 2^31 (128 nats a record): so many records add less than 2^61, and 64 bits hold that.
"""


@dataclass(frozen=True)
class Budget:
    """At most one false alert expected per `every` start mass: judged slots, or records."""

    every: float
    in_records: bool


@dataclass(frozen=True)
class Verdict:
    """What one slot showed.

    Attributes
    ----------
    slot : int
    records, slot_records : int
        The model's records judged so far, this slot included; those of this slot.
    evidence : list of float
        log10 M per signal, in the order of `Judge.signals`.
    effects : list of Effect
        Present effect per signal.
    alarms : list of Finding
    signals : list of Signal
        In the same order.
    """

    slot: int
    records: int
    slot_records: int
    evidence: list[float]
    effects: list[Effect]
    alarms: list[Finding]
    signals: Sequence[Signal] = ()


class Judge:
    """Evidence on every signal of one model.

    Parameters
    ----------
    reference : Reference
    budget : Budget
    tolerance : callable
        Signal to what is not worth telling: Cohen's w, or percentage points for shares.
    slot : int
        Length of a slot in milliseconds.
    ignored : sequence of str
        Signals that are not judged.
    beside : sequence of Signal
        Those that are judged elsewhere under the same budget.
    sequential : sequence of Sequential
        Detectors that look at a slot's records in order.
    """

    def __init__(
        self,
        reference: Reference,
        budget: Budget,
        tolerance: Tolerance,
        slot: int,
        ignored: Sequence[str] = (),
        *,
        beside: Sequence[Signal] = (),
        sequential: Sequence[Sequential] = (),
    ) -> None:
        self.budget = budget
        watched = [(s, start) for s, start in reference.signals if s.name not in ignored]
        self.families = families(reference, watched, tolerance, beside, slot)
        self.signals: list[Signal] = [s for family in self.families for s in family.null.signals]
        groups = [s.group for s in self.signals]
        self.groups = {g: [i for i, other in enumerate(groups) if other == g] for g in sorted(set(groups))}
        self.thresholds = thresholds([*groups, *(s.group for s in beside)], budget.every)
        self.density = Density(reference, slot)
        self.records = 0
        self.last: int | None = None
        self.calms: dict[tuple[str, int | None], Calm] = {}
        self.in_order = InOrder(sequential, slot)

    def advance(self, slot: int, tally: Tally) -> Verdict:
        """Judge the next closed slot. Slots come in order; those without records are skipped."""
        here = int(tally.cells[RECORDS])
        mass = int(tally.cells[[RECORDS, LATE, DEAD]].sum()) if self.budget.in_records else 1
        slots = 1 if self.last is None else slot - self.last
        log_m: list[int] = []
        beyond = max(0, int(tally.cells.max()).bit_length() - MOST_JUDGED.bit_length() + 1)
        cells, given = tally.cells >> beyond, None if tally.given is None else tally.given >> beyond
        now = {"mass": mass, "slot": slot, "slots": slots, "records": self.records}
        denser = self.density.add(here, slots)
        for family in self.families:
            found = family.advance(cells, **now, given=given, denser=denser)
            log_m += found.tolist()
        in_order = self.in_order.advance(slot, tally.rows, self.records)
        self.records += here
        self.last = slot
        self._return_to_calm(slot)
        alarms = [*(self._alarm(i, log_m[i], slot, tally) for i in self._flagged(log_m)), *in_order]
        effects = [e for family in self.families for e in family.present()]
        return Verdict(slot, self.records, here, [m / LOG10 for m in log_m], effects, alarms, self.signals)

    def limits(self) -> list[tuple[str, float, float | None, float | None]]:
        """Return what each signal is judged against.

        Returns
        -------
        list of (str, float, float or None, float or None)
            Per signal, in the order of `Judge.signals`: its name; the evidence (log10) at which it alarms by itself,
            for together with others of its group it needs less; its tolerance in w or in percentage points.
        """
        found: list[tuple[str, float, float | None, float | None]] = []
        for family in self.families:
            for signal, allowed in zip(family.null.signals, family.null.tolerance.tolist(), strict=True):
                needed = (self.thresholds[signal.group] + log(len(self.groups[signal.group]))) / log(10)
                shares = signal.kind == "share"
                found.append((signal.name, needed, None if shares else allowed, allowed if shares else None))
        return found

    def calm(self, name: str) -> bool:
        """Return whether a signal that alarmed is convincingly back within what was accepted, in each level that did.

        A level of a field that had no records for a day may never have any.
        """
        gone = (self.last or 0) - self.density.slots_a_day
        ours = [(level, calm) for (of, level), calm in self.calms.items() if of == name]
        return all(calm.reached or (level is not None and calm.seen < gone) for level, calm in ours)

    def alarmed(self, name: str) -> int | None:
        """Return the slot of a signal's last alarm, while it is watched on its way back."""
        last = [c.alarmed for (of, _), c in self.calms.items() if of == name]
        return max(last) if last else self.in_order.alarmed.get(name)

    def forget(self, names: Sequence[str]) -> None:
        """Stop watching the way back of these signals: their incident is resolved."""
        self.calms = {key: calm for key, calm in self.calms.items() if key[0] not in names}
        for name in names:
            self.in_order.alarmed.pop(name, None)

    def _flagged(self, log_m: list[int]) -> list[int]:
        found = []
        for group, members in self.groups.items():
            chosen = flagged([log_m[i] / SCALE for i in members], self.thresholds[group])
            found += [members[i] for i in chosen]
        return sorted(found)

    def _alarm(self, index: int, log_m: int, slot: int, tally: Tally) -> Finding:
        family, row = self._place(index)
        name, level = self.signals[index].name, family.leading(row)
        before = self.calms.get((name, level))
        finding, onset = family.finding(row, log_m, before.onset if before else None)
        self.calms[name, level] = Calm.begun(family.back(row), slot, onset)
        family.clear(row)
        named = _named(name, tally)
        return replace(finding, bins=(*finding.bins, *named))

    def _place(self, index: int) -> tuple[Family, int]:
        for family in self.families:
            if index < len(family.null.signals):
                return family, index
            index -= len(family.null.signals)
        raise IndexError(index)

    @property
    def _parts(self) -> list[Family]:
        return [part for family in self.families for part in family.parts]

    def _return_to_calm(self, slot: int) -> None:
        names = {name for name, _ in self.calms}
        places = {s.name: self._place(i) for i, s in enumerate(self.signals) if s.name in names}
        for (name, level), calm in self.calms.items():
            family, row = places[name]
            counts = family.watched(row, level)
            calm.add(counts)
            calm.seen = slot if counts.any() else calm.seen

    def state(self) -> dict[str, Any]:
        """Return all that is remembered, as arrays and plain values."""
        return {
            "records": self.records,
            "last": self.last,
            "density": [self.density.records, self.density.slots],
            "families": [
                {
                    **{name: getattr(f.detector, name).copy() for name in _DETECTOR_STATE},
                    "recent": f.recent.counts,
                    "squares": f.recent.squares,
                    **{name: getattr(f.bursts, name).copy() for name in f.bursts.STATE},
                    **f.own_state(),
                }
                for f in self._parts
            ],
            "calms": [
                (name, level, {key: getattr(calm, key) for key in _CALM_STATE})
                for (name, level), calm in self.calms.items()
            ],
            **({"in_order": self.in_order.state()} if self.in_order.detectors else {}),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from `state`, taken by a judge of the same reference and configuration."""
        self.records, self.last = state["records"], state["last"]
        self.density.records, self.density.slots = state["density"]
        for family, saved in zip(self._parts, state["families"], strict=True):
            for name in _DETECTOR_STATE:
                setattr(family.detector, name, _like(getattr(family.detector, name), saved[name]))
            family.recent.counts = _like(family.recent.counts, saved["recent"])
            family.recent.squares = _like(family.recent.squares, saved["squares"])
            for name in family.bursts.STATE:
                setattr(family.bursts, name, _like(getattr(family.bursts, name), saved[name]))
            family.own_restore(saved)
        self.calms = {
            (name, level): Calm(np.array(c["table"]), np.array(c["log_e"]), c["alarmed"], _onset(c["onset"]), c["seen"])
            for name, level, c in state["calms"]
        }
        if "in_order" in state:
            self.in_order.restore(state["in_order"])

    def go_on(self, state: dict[str, Any]) -> None:
        """Take over what another reference or other signals do not change: the count, and detectors that need order."""
        self.records = state["records"]
        if "in_order" in state:
            self.in_order.restore(state["in_order"])
            self.in_order.alarmed.clear()


_DETECTOR_STATE = ("log_r", "log_c", "onset", "onset_records", "total", "earlier", "pending")
_CALM_STATE = ("table", "log_e", "alarmed", "onset", "seen")


def _onset(saved: Any) -> Onset | None:
    return Onset(saved[0], saved[1], np.array(saved[2])) if saved else None


def _like(fresh: NDArray[Any], saved: Any) -> NDArray[Any]:
    """Return saved numbers; a judge of the same reference has as many, of the same type."""
    found = np.array(saved)
    if (found.shape, found.dtype) != (fresh.shape, fresh.dtype):
        raise ValueError(f"{found.shape} of {found.dtype} where {fresh.shape} of {fresh.dtype} are remembered")
    return found


def _named(signal: str, tally: Tally) -> tuple[BinShift, ...]:
    """Return what the slot's records name for a signal, most frequent first."""
    records = max(1, int(tally.cells[RECORDS]))
    ours = [(n, name) for (of, name), n in tally.names.items() if of == signal]
    return tuple(
        BinShift(name, 0.0, round(n / records, 4)) for n, name in sorted(ours, key=lambda o: (-o[0], o[1]))[:8]
    )
