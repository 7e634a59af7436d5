"""Halves of pairs that wait for each other: predictions and labels, in SQLite.

What is counted in a slot is a function of the logs alone. A half is kept under the slot of its own stream, and only if
it was on time there; a pair belongs to the later of its two slots. So once both streams have closed a slot, all its
pairs are here, whatever was read first, and whatever else is here already: a crash may leave halves of later slots,
which every question leaves out.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TypeVar

from monitor.counting.fold import NEVER
from monitor.counting.sampling import digest
from monitor.reference.schema import text_of

ANY_MODEL = ""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS prediction (
  id BLOB, model TEXT, slot INTEGER, said TEXT, confidence REAL, version TEXT, paired INTEGER,
  PRIMARY KEY (id, model, slot)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS prediction_slot ON prediction (slot);
CREATE TABLE IF NOT EXISTS label (
  id BLOB, model TEXT, slot INTEGER, said TEXT, paired INTEGER,
  PRIMARY KEY (id, model, slot, said)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS label_slot ON label (slot);
"""

_PAIRS = """
SELECT p.said, min(l.said), p.confidence, p.version, count(DISTINCT l.said), p.id
FROM (SELECT id FROM label WHERE slot = :slot AND model IN ('', :model)
      UNION SELECT id FROM prediction WHERE slot = :slot AND model = :model) AS here
JOIN prediction AS p ON p.id = here.id AND p.model = :model AND p.slot =
  (SELECT min(slot) FROM prediction WHERE id = here.id AND model = :model AND slot BETWEEN :oldest AND :slot)
JOIN label AS l ON l.id = here.id AND l.model IN ('', :model) AND l.slot BETWEEN :oldest AND :slot
WHERE here.id < :bound
GROUP BY here.id HAVING max(p.slot, min(l.slot)) = :slot
ORDER BY p.slot, here.id
"""
"""Of an id the first prediction and the first label count; the pair is new in this slot. Oldest predictions first."""

_CAME = "SELECT count(*) FROM {} WHERE slot = :slot AND id < :bound"
_WAITING = (
    "SELECT count(*) FROM {} WHERE slot BETWEEN :oldest AND :slot AND id < :bound "
    "AND (paired IS NULL OR paired > :slot)"
)
_VAIN = "SELECT model, count(*) FROM prediction WHERE slot < :oldest AND paired IS NULL AND id < :bound GROUP BY model"
_LABEL_DONE = {
    True: "DELETE FROM label WHERE id = ? AND paired <= ?",
    False: "DELETE FROM label WHERE id = ? AND paired <= ? AND model <> ''",
}


class Half(NamedTuple):
    """One prediction: what was said, how confidently, by which version."""

    id: str | float
    slot: int
    said: str | float
    confidence: float | None = None
    version: str | None = None


class LabelHalf(NamedTuple):
    """One label; a label that names no model counts for whichever predicted."""

    id: str | float
    slot: int
    said: str | float
    model: str = ANY_MODEL


_H = TypeVar("_H", Half, LabelHalf)


class Pair(NamedTuple):
    """A prediction and its label. `conflicting` where labels differ: then nobody knows."""

    prediction: str
    label: str
    confidence: float | None
    version: str | None
    conflicting: bool


class Halves:
    """The waiting halves, one process's own.

    Parameters
    ----------
    path : Path or None
        The file; None for one that is gone at the end.
    wait : int
        Slots that a half waits for the other.
    bound : bytes
        Ids whose digest is below it are kept: the sample, the same everywhere.
    alone : bool
        Whether one model is watched: a label that names none then has no other prediction to wait for.
    """

    def __init__(self, path: Path | None, wait: int, bound: bytes, *, alone: bool = True) -> None:
        self.wait = wait
        self.bound = bound
        self.alone = alone
        self._judged: list[tuple[int, bytes, str]] = []
        with _as_os_error():
            self._db = sqlite3.connect(path or "", check_same_thread=False)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("PRAGMA cache_spill = OFF")  # a full disk shows at a commit, nowhere else
            self._db.executescript(_SCHEMA)

    def predict(self, model: str, halves: Iterable[Half]) -> None:
        """Keep predictions; one that is here already stays as it was."""
        rows = ((key, model, h.slot, text_of(h.said), h.confidence, h.version) for key, h in self._sampled(halves))
        with _as_os_error():
            self._db.executemany("INSERT OR IGNORE INTO prediction VALUES (?, ?, ?, ?, ?, ?, NULL)", rows)

    def label(self, halves: Iterable[LabelHalf]) -> None:
        """Keep labels."""
        rows = ((key, h.model, h.slot, text_of(h.said)) for key, h in self._sampled(halves))
        with _as_os_error():
            self._db.executemany("INSERT OR IGNORE INTO label VALUES (?, ?, ?, ?, NULL)", rows)

    def _sampled(self, halves: Iterable[_H]) -> Iterator[tuple[bytes, _H]]:
        for half in halves:
            key = digest(half.id)
            if key < self.bound:
                yield key, half

    def slots(self, after: int, through: int) -> Iterator[int]:
        """Yield the slots in which anything came, in order."""
        question = (
            "SELECT min(slot) FROM (SELECT min(slot) AS slot FROM label WHERE slot > :after AND slot <= :through "
            "UNION ALL SELECT min(slot) FROM prediction WHERE slot > :after AND slot <= :through)"
        )
        while (after := self._one(question, {"after": after, "through": through})) > NEVER:
            yield after

    def pairs(self, model: str, slot: int) -> list[Pair]:
        """Return the pairs of a slot that both streams have closed, and mark them."""
        about = {"model": model, "slot": slot, "oldest": slot - self.wait, "bound": self.bound}
        with _as_os_error():
            rows = self._db.execute(_PAIRS, about).fetchall()
            marks = [(slot, row[5], model) for row in rows]
            self._db.executemany("UPDATE prediction SET paired = ? WHERE id = ? AND model = ?", marks)
            self._db.executemany("UPDATE label SET paired = ? WHERE id = ? AND model IN ('', ?)", marks)
        self._judged += marks
        return [Pair(said, label, sure, version, kinds > 1) for said, label, sure, version, kinds, _ in rows]

    def came(self, slot: int) -> int:
        """Return how many halves came in a slot."""
        return self._both(_CAME, {"slot": slot, "bound": self.bound})

    def waiting(self, slot: int) -> int:
        """Return how many halves waited for the other when a slot was judged. Looks at every one."""
        return self._both(_WAITING, {"slot": slot, "oldest": slot - self.wait, "bound": self.bound})

    def _both(self, question: str, about: Mapping[str, int | bytes]) -> int:
        """Return the answers about predictions and about labels together."""
        return self._one(question.format("prediction"), about) + self._one(question.format("label"), about)

    def _one(self, question: str, about: Mapping[str, int | bytes]) -> int:
        """Return the one number that answers; a least slot of none lies before all."""
        with _as_os_error():
            found: int | None = self._db.execute(question, about).fetchone()[0]
        return NEVER if found is None else found

    def commit(self) -> None:
        """Put everything on the disk. Raises OSError."""
        with _as_os_error():
            self._db.commit()

    def forget(self, judged: int) -> dict[str, int]:
        """Drop what no later slot can pair, given the last slot that a snapshot remembers as judged.

        Returns
        -------
        dict of str to int
            Predictions that waited in vain, by model.
        """
        oldest = judged - self.wait
        done = [key for slot, key, _ in self._judged if slot <= judged]
        self._judged = [mark for mark in self._judged if mark[0] > judged]
        with _as_os_error():
            expired = dict(self._db.execute(_VAIN, {"oldest": oldest, "bound": self.bound}))
            self._db.execute("DELETE FROM prediction WHERE id >= ? OR slot < ?", (self.bound, oldest))
            self._db.execute("DELETE FROM label WHERE id >= ? OR slot < ?", (self.bound, oldest))
            paired = [(key, judged) for key in done]
            self._db.executemany("DELETE FROM prediction WHERE id = ? AND paired <= ?", paired)
            self._db.executemany(_LABEL_DONE[self.alone], paired)
        return expired

    def close(self) -> None:
        """Close the file."""
        self._db.close()


@contextmanager
def _as_os_error() -> Iterator[None]:
    """Raise what SQLite says of its file as what it is to everybody else: a disk in trouble."""
    try:
        yield
    except sqlite3.Error as error:
        raise OSError(0, f"labels: {error}") from error
