"""Query attacks: one caller sends many near-duplicates of one input, as whoever probes a model must.

The rule follows Chen, Carlini and Wagner 2019 (stateful detection of black-box attacks): the distance of an input to
its caller's last ones. Here it must have several different ones close to it, so that neither retries nor corrections
of single fields add up to an attack, and it must be closer to them than to what others ask, so that nobody is accused
when a broken unit makes all inputs alike.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from detectors.closeness import LAST, MATCHES, Closeness, Vectors, squared_distances
from detectors.others import Recent
from detectors.sequential import Alarm, Column, Ints, Rows
from monitor.formats.batch import Batch

MOST_INPUTS = 50_000
"""Inputs remembered, four bytes a feature each: the callers seen longest ago are forgotten first."""

MOST_ONCE = 200_000
"""Callers remembered that have asked in one slot alone, about 150 bytes each, without their inputs."""

MOST_NAMED = 8
"""Callers that a message names."""

AT_ONCE = 256
"""Inputs of a caller compared at once, so that their differences stay in the processor's cache."""

NOBODY = 0
"""Stands for all records that name no caller: together they are one."""


@dataclass
class Caller:
    """The last inputs of one caller, oldest first, shapes (k, features) and (k,)."""

    inputs: Vectors
    times: Ints


@dataclass
class QueryAttacks:
    """Watches who asks what.

    Parameters
    ----------
    closeness : Closeness
        What the reference says about the distance between inputs.
    window : int
        Milliseconds after which an input is forgotten.
    key : bytes
        Secret under which callers are hashed, before anything of them is kept.
    """

    closeness: Closeness
    window: int
    key: bytes = field(repr=False)
    signal: ClassVar[str] = "anomaly.queries"
    group: ClassVar[str] = "anomalies"
    callers: ClassVar[bool] = True

    def __post_init__(self) -> None:
        self._known: dict[int, Caller] = {}
        self._once: dict[int, int] = {}
        self._caught: dict[int, int] = {}
        self._recent = Recent(np.zeros(0, dtype=np.uint64), np.zeros((0, 0), dtype=np.float32))
        self._secret = hashlib.sha256(self.key).digest()

    @property
    def fingerprint(self) -> str:
        told = repr((self.closeness, self.window)).encode()
        return hashlib.blake2b(told, key=self._secret, digest_size=8).hexdigest()

    def hashed(self, caller: str | float) -> int:
        """Return what stands for a caller; 7 and "7" are one."""
        digest = hashlib.blake2b(str(caller).encode(errors="replace"), key=self._secret, digest_size=8).digest()
        return int.from_bytes(digest, "big") or 1

    def take(self, batch: Batch) -> Mapping[str, Column]:
        """Return each record's hashed caller and its input."""
        hashes = {caller: NOBODY if caller is None else self.hashed(caller) for caller in set(batch.callers)}
        given = [hashes[caller] for caller in batch.callers] or [NOBODY] * len(batch)
        return {
            "queries.caller": np.array(given, dtype=np.uint64),
            "queries.input": self.closeness.vectors(batch),
        }

    def advance(self, rows: Rows, now: int) -> Alarm | None:
        """Compare the slot's inputs with the last ones of their callers."""
        found: list[int] = []
        self._forget(now)
        callers, inputs = rows.columns["queries.caller"], rows.columns["queries.input"]
        recent = self._recent.followed_by(callers, inputs)
        for caller, places in _by_caller(callers):
            close, matches = self._compared(caller, inputs[places], rows.times[places], now)
            if len(close) and not self._like_others(recent, caller, inputs[places], close, matches):
                self._caught[caller] = now
                found += places[close].tolist()
        self._recent = recent.last()
        self._make_room()
        return Alarm(tuple(sorted(found)), self._words()) if found else None

    def _compared(self, caller: int, inputs: Vectors, times: Ints, now: int) -> tuple[Ints, int]:
        """Return which of a caller's new inputs have too many close ones, how many the last has; remember them all."""
        known = self._known.pop(caller, None)
        if known is None:
            again = self._once.pop(caller, None) is not None
            if len(inputs) == 1 and not again:
                self._once[caller] = now
                return np.zeros(0, dtype=np.int64), 0
            known = Caller(inputs[:0], times[:0])
        fresh = known.times > now - self.window
        nothing = np.full((LAST, inputs.shape[1]), np.nan, dtype=np.float32)
        whole = np.concatenate([nothing, known.inputs[fresh], inputs])
        kept = min(LAST, len(whole) - LAST)
        times = np.concatenate([known.times[fresh], times])
        self._known[caller] = Caller(whole[-kept:].copy(), times[-kept:].copy())  # not a view of the whole
        return _crowded(whole, len(whole) - len(inputs), self.closeness.distance)

    def _like_others(self, recent: Recent, caller: int, inputs: Vectors, close: Ints, matches: int) -> bool:
        """Return whether what others asked, since the first of these matches, explains them."""
        own = recent.places(caller)
        first = len(own) - len(inputs) + int(close[0]) - MATCHES
        since = int(own[first]) if first >= 0 else 0
        return recent.explain(inputs[close[-1]], caller, since, matches, self.closeness.distance)

    def _forget(self, now: int) -> None:
        """Forget what is older than the window: both are in the order in which callers were last seen."""
        for times in (self._once, self._caught):
            for caller in [c for c, at in times.items() if at <= now - self.window]:
                del times[caller]
        for caller, known in list(self._known.items()):
            if known.times.max() > now - self.window:
                break
            del self._known[caller]

    def _make_room(self) -> None:
        held = sum(len(known.inputs) for known in self._known.values())
        for caller in list(self._known):
            if held <= MOST_INPUTS:
                break
            held -= len(self._known.pop(caller).inputs)
        for caller in list(self._once)[: max(0, len(self._once) - MOST_ONCE)]:
            del self._once[caller]

    def _words(self) -> str:
        named = [shown(caller) for caller in sorted(self._caught) if caller != NOBODY]
        if not named:
            return "near-duplicates of one input keep coming, and no record says from whom"
        more = " and more" if len(named) > MOST_NAMED else ""
        who = f"caller {named[0]} sends" if len(named) == 1 else f"callers {', '.join(named[:MOST_NAMED])}{more} send"
        nobody = ", and so do records that name no caller" if NOBODY in self._caught else ""
        return f"{who} near-duplicates of one input{nobody}"

    def state(self) -> dict[str, Any]:
        """Return all that is remembered."""
        known = list(self._known.values())
        return {
            "callers": np.array(list(self._known), dtype=np.uint64),
            "lengths": np.array([len(one.inputs) for one in known], dtype=np.int64),
            "inputs": np.concatenate([one.inputs for one in known]) if known else np.zeros((0, 0), dtype=np.float32),
            "times": np.concatenate([one.times for one in known]) if known else np.zeros(0, dtype=np.int64),
            "once": [np.array(list(self._once), dtype=np.uint64), np.array([*self._once.values()], dtype=np.int64)],
            "caught": self._caught,
            "recent": [self._recent.callers, self._recent.inputs],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from `state`."""
        once, at = state["once"]
        self._once = dict(zip(once.tolist(), at.tolist(), strict=True))
        self._caught = dict(state["caught"])
        self._recent = Recent(*state["recent"])
        ends = np.cumsum(state["lengths"])[:-1]
        parts = zip(np.split(state["inputs"], ends), np.split(state["times"], ends), strict=True)
        self._known = {
            caller: Caller(inputs.copy(), times.copy())
            for caller, (inputs, times) in zip(state["callers"].tolist(), parts, strict=False)
        }


def shown(caller: int) -> str:
    """Return twelve of the sixteen hexadecimal digits that stand for a caller: what a message says."""
    return f"{caller:016x}"[:12]


def _by_caller(callers: Column) -> Iterator[tuple[int, Ints]]:
    """Yield each caller with the places of its records, in order."""
    order = np.argsort(callers, kind="stable")
    ordered = callers[order]
    begins = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    yield from zip(ordered[begins].tolist(), np.split(order, begins[1:]), strict=True)


def _crowded(inputs: Vectors, first: int, distance: float) -> tuple[Ints, int]:
    """Return which inputs from `first` on have `MATCHES` different close ones among the `LAST` before each.

    And how many the last of these has.
    """
    found: list[int] = []
    matches = 0
    back = np.arange(-LAST, 0)
    for start in range(first, len(inputs), AT_ONCE):
        places = np.arange(start, min(start + AT_ONCE, len(inputs)))
        before = inputs[places[:, None] + back]
        apart = squared_distances(inputs[places, None], before)
        close = (apart > 0.0) & (apart <= distance * distance)
        for row in np.flatnonzero(close.sum(axis=1) >= MATCHES).tolist():
            different = len(np.unique(before[row][close[row]], axis=0))
            if different >= MATCHES:
                found.append(start + row - first)
                matches = different
    return np.array(found, dtype=np.int64), matches
