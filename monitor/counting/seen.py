"""Which ids a slot has met, in eight bytes each: a burst of records must not take a burst of memory.

An id stands here as 64 bits that are computed from its characters alone, alike on every machine and after every
restart. Of a million ids in a slot, two share theirs in one slot of forty million.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

FEW = 64
"""Ids that are kept as they are: where few records come, to compute with them costs more than it saves."""

LONGEST = 64
"""Bytes of an id that are looked at as they are; of a longer one its digest."""

WORDS = LONGEST // 8

Digests = NDArray[np.uint64]

_ODD = np.array([pow(0x9E3779B97F4A7C15, power, 1 << 64) for power in range(1, WORDS + 2)], dtype=np.uint64)


class Seen:
    """The ids of one slot: a few as they are, then sorted runs, each at least eight times as long as the next."""

    def __init__(self) -> None:
        self._few: set[bytes] = set()
        self._runs: list[Digests] = []

    def __len__(self) -> int:
        return len(self._few) + sum(map(len, self._runs))

    def add(self, ids: Sequence[str | float | None]) -> NDArray[np.bool_]:
        """Return of each id whether it is met for the first time, and remember it. No id is always new."""
        if None in ids:
            named = [place for place, identity in enumerate(ids) if identity is not None]
            new = np.ones(len(ids), dtype=bool)
            if named:
                new[named] = self.add([ids[place] for place in named])
            return new
        spelled = _spelled(ids)
        if not self._runs and len(self._few) + len(spelled) <= FEW:
            return np.array([self._is_new(key) for key in spelled], dtype=bool)
        if self._few:
            self._keep(np.sort(digests(list(self._few))))
            self._few = set()
        return self._add(digests(spelled))

    def _is_new(self, key: bytes) -> bool:
        before = len(self._few)
        self._few.add(key)
        return len(self._few) > before

    def _add(self, given: Digests) -> NDArray[np.bool_]:
        order = np.argsort(given, kind="stable")  # of two that are alike the earlier one is the first
        ordered = given[order]
        first = np.ones(len(given), dtype=bool)
        first[1:] = ordered[1:] != ordered[:-1]
        for run in self._runs:
            at = np.minimum(np.searchsorted(run, ordered), len(run) - 1)
            first &= run[at] != ordered
        self._keep(ordered[first])
        fresh = np.empty(len(given), dtype=bool)
        fresh[order] = first
        return fresh

    def _keep(self, new: Digests) -> None:
        if not len(new):
            return
        self._runs.append(new)
        while len(self._runs) > 1 and len(self._runs[-2]) < 8 * len(self._runs[-1]):
            merged = np.concatenate([self._runs.pop(), self._runs.pop()])
            merged.sort(kind="stable")
            self._runs.append(merged)


def digests(spelled: Sequence[bytes]) -> Digests:
    """Return 64 bits for each text of at most `LONGEST` bytes.

    They are taken as words of eight bytes, each multiplied by an odd number of its place and mixed (the finalizer of
    SplitMix64; Steele, Lea and Flood 2014, figure 14): texts that differ in one word alone never share their digest.
    """
    sizes = np.fromiter(map(len, spelled), dtype=np.uint64, count=len(spelled))
    width = -(-max(int(sizes.max(initial=0)), 1) // 8)
    words = np.array(spelled, dtype=f"S{8 * width}").view("<u8").astype(np.uint64, copy=False).reshape(-1, width)
    total = sizes * _ODD[WORDS]  # of words that are not there nothing is added
    for place in range(width):
        total += _mixed(words[:, place] * _ODD[place])
    return _mixed(total)


def _mixed(words: Digests) -> Digests:
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        words ^= words >> np.uint64(shift)
        words *= np.uint64(factor)
    words ^= words >> np.uint64(31)
    return words


def _spelled(ids: Sequence[str | float | None]) -> list[bytes]:
    """Return ids as bytes; 7 and 7.0 are one, and no text. Long ones become their digest."""
    try:
        spelled = list(map(str.encode, ids))  # type: ignore[arg-type] # where one is no text, it raises
    except (TypeError, UnicodeEncodeError):
        spelled = [_one(identity) for identity in ids]  # type: ignore[arg-type] # None is none of them
    if max(map(len, spelled), default=0) > LONGEST:
        spelled = [blake2b(s, digest_size=LONGEST).digest() if len(s) > LONGEST else s for s in spelled]
    return spelled


def _one(identity: str | float) -> bytes:
    if isinstance(identity, str):
        return identity.encode(errors="surrogatepass")
    whole = isinstance(identity, int) or identity.is_integer()
    return b"\xff" + (f"{int(identity):x}" if whole else repr(identity)).encode()  # no text begins so
