"""Halves of pairs that wait for each other: predictions and labels, in SQLite.

What is counted in a slot is a function of the logs alone. A half is kept under the slot of its own stream, and only if
it was on time there; a pair belongs to the later of its two slots. So once both streams have closed a slot, all its
pairs are here, whatever was read first, and whatever else is here already: a crash may leave halves of later slots,
which every question leaves out. An id that was judged is remembered for as long as a half waits, and is not judged
again meanwhile: so it does not matter when its halves are deleted, which is when snapshots have left them behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from monitor.counting.fold import NEVER
from monitor.counting.sampling import fingerprint_of
from monitor.labels.file import Life, disk_trouble, life_of, opened
from monitor.labels.rows import (
    ANY_MODEL,
    Half,
    LabelHalf,
    LabelRow,
    PredictionRow,
    label_rows,
    prediction_rows,
)
from monitor.labels.transaction import Transaction

_PREDICT = """
INSERT INTO prediction VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE
SET said = excluded.said, confidence = excluded.confidence, version = excluded.version
WHERE (excluded.said, ifnull(excluded.confidence, -1), ifnull(excluded.version, ''))
  < (said, ifnull(confidence, -1), ifnull(version, ''))
"""
"""Of two in one slot, from two partitions, neither is the first: the lesser stays, whichever is read first."""

_PAIRS = """
SELECT p.said, min(l.said), p.confidence, p.version, count(DISTINCT l.said), p.id
FROM (SELECT id FROM label WHERE slot = :slot AND model IN ('', :model)
      UNION SELECT id FROM prediction WHERE slot = :slot AND model = :model) AS here
JOIN prediction AS p ON p.id = here.id AND p.model = :model AND p.slot =
  (SELECT min(slot) FROM prediction WHERE id = here.id AND model = :model AND slot BETWEEN :oldest AND :slot)
JOIN label AS l ON l.id = here.id AND l.model IN ('', :model) AND l.slot BETWEEN :oldest AND :slot
WHERE here.id < :bound AND NOT EXISTS
  (SELECT 1 FROM judged WHERE id = here.id AND model = :model AND slot >= :oldest AND slot < :slot)
GROUP BY here.id HAVING max(p.slot, min(l.slot)) = :slot
ORDER BY p.slot, here.id
"""
"""Of an id the first prediction and the first label count; the pair is new in this slot. Oldest predictions first."""

_AGAIN = """
SELECT count(DISTINCT l.id), count(DISTINCT CASE WHEN l.said <> j.said THEN l.id END) FROM label AS l
JOIN judged AS j ON j.id = l.id AND j.model = :model AND j.slot >= :oldest AND j.slot < :slot
WHERE l.slot = :slot AND l.model IN ('', :model) AND l.id < :bound
"""

_CAME = "SELECT count(*) FROM {} WHERE slot = :slot AND id < :bound"
_USED = "SELECT 1 FROM judged WHERE id = h.id AND model = {} AND slot BETWEEN h.slot AND :slot"
_PREDICTION_USED = _USED.format("h.model")
_LABEL_USED = _USED.format("CASE h.model WHEN '' THEN :only ELSE h.model END")
_WAITING = "SELECT count(*) FROM {} AS h WHERE slot BETWEEN :oldest AND :slot AND id < :bound AND NOT EXISTS ({})"
_REMEMBERED = "SELECT count(*) FROM judged WHERE slot BETWEEN :oldest AND :slot AND id < :bound"
_ALONE = "SELECT count(*) FROM label AS h WHERE NOT EXISTS (SELECT 1 FROM judged WHERE id = h.id)"
_VAIN = (
    f"SELECT model, count(*) FROM prediction AS h WHERE slot < :oldest AND id < :bound AND NOT EXISTS "  # noqa: S608 - no value in it
    f"({_PREDICTION_USED}) GROUP BY model"
)
_OVER = "DELETE FROM {} WHERE id >= ? OR slot < ?"


class Pair(NamedTuple):
    """A prediction and its label. `conflicting` where labels differ: then nobody knows."""

    prediction: str
    label: str
    confidence: float | None
    version: str | None
    conflicting: bool
    id: bytes

    @property
    def judged_by(self) -> str | None:
        """The label that counts, None where labels differ."""
        return None if self.conflicting else self.label


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
    only : str or None
        The model, where one alone is watched: a label that names none then has no other prediction to wait for.
    key : bytes
        Under which ids are hashed (`sampling.key_of`).
    cache : bool
        As of `opened`.

    Attributes
    ----------
    judged : int
        Halves of slots up to this one are here, or are done with: what is read of them again is not kept.
    forgets : bool
        Whether `forget` is called from time to time.
    """

    def __init__(
        self, path: Path | None, wait: int, bound: bytes, *, only: str | None, key: bytes = b"", cache: bool = False
    ) -> None:
        self.path = path
        self.wait = wait
        self.bound = bound
        self.only = only
        self.judged = NEVER
        self._key = key
        self.forgets = path is not None
        self._used: list[tuple[int, bytes, str]] = []
        self._db = opened(path, cache=cache)
        self._transaction = Transaction(self._db, None if cache else path)

    @property
    def full(self) -> bool:
        """Whether so much waits for the disk that no more should be read."""
        return self._transaction.full

    def predict(self, model: str, halves: Iterable[Half]) -> None:
        """Keep predictions."""
        self.keep_predictions(model, prediction_rows(halves, self._key, self.bound))

    def label(self, halves: Iterable[LabelHalf]) -> None:
        """Keep labels."""
        self.keep_labels(label_rows(halves, self._key, self.bound))

    def keep_predictions(self, model: str, rows: Iterable[PredictionRow]) -> None:
        """Keep rows of predictions that belong to the sample."""
        kept = ((row[0], model, *row[1:]) for row in rows if self._belongs(row))
        self._transaction.write(_PREDICT, kept)

    def keep_labels(self, rows: Iterable[tuple[str, LabelRow]]) -> None:
        """Keep rows of labels that belong to the sample, each behind the model that it names."""
        kept = ((row[0], model, *row[1:]) for model, row in rows if self._belongs(row))
        self._transaction.write("INSERT OR IGNORE INTO label VALUES (?, ?, ?, ?)", kept)

    def _belongs(self, row: PredictionRow | LabelRow) -> bool:
        return row[1] > self.judged and row[0] < self.bound

    def slots(self, after: int, through: int) -> Iterator[int]:
        """Yield the slots in which anything came, in order."""
        question = (
            "SELECT min(slot) FROM (SELECT min(slot) AS slot FROM label WHERE slot > :after AND slot <= :through "
            "UNION ALL SELECT min(slot) FROM prediction WHERE slot > :after AND slot <= :through)"
        )
        while (after := self._one(question, {"after": after, "through": through})) > NEVER:
            yield after

    @property
    def newest(self) -> int:
        """The last slot in which anything came."""
        question = (
            "SELECT max(slot) FROM (SELECT max(slot) AS slot FROM label UNION ALL SELECT max(slot) FROM prediction)"
        )
        return self._one(question, {})

    def pairs(self, model: str, slot: int) -> list[Pair]:
        """Return the pairs of a slot that both streams have closed, and remember their ids."""
        with disk_trouble(self.path):
            rows = self._db.execute(_PAIRS, self._about(slot) | {"model": model}).fetchall()
        pairs = [Pair(said, label, sure, version, kinds > 1, key) for said, label, sure, version, kinds, key in rows]
        self.remember(model, slot, ((pair.id, pair.judged_by) for pair in pairs))
        if self.forgets:
            self._used += [(slot, pair.id, model) for pair in pairs]
        return pairs

    def remember(self, model: str, slot: int, ids: Iterable[tuple[bytes, str | None]]) -> None:
        """Note which ids are judged in a slot, each with the label that it is judged by."""
        marks = ((key, model, slot, said) for key, said in ids)
        self._transaction.write("INSERT OR REPLACE INTO judged VALUES (?, ?, ?, ?)", marks)

    def again(self, model: str, slot: int) -> tuple[int, int]:
        """Return of how many ids that were judged a label came in a slot, and how many of these say otherwise."""
        with disk_trouble(self.path):
            known, otherwise = self._db.execute(_AGAIN, self._about(slot) | {"model": model}).fetchone()
        return known, otherwise

    def came(self, slot: int) -> int:
        """Return how many halves came in a slot."""
        about = self._about(slot)
        return self._one(_CAME.format("prediction"), about) + self._one(_CAME.format("label"), about)

    def held(self, slot: int) -> int:
        """Return how many rows were needed when a slot was judged: what waited, and ids judged. Looks at every one."""
        about = self._about(slot) | {"only": self.only}
        tables = (("prediction", _PREDICTION_USED), ("label", _LABEL_USED))
        return self._one(_REMEMBERED, about) + sum(self._one(_WAITING.format(*table), about) for table in tables)

    def alone(self) -> int:
        """Return how many labels are here of ids that were not judged."""
        return self._one(_ALONE, {})

    def _about(self, slot: int) -> dict[str, int | bytes | str | None]:
        return {"slot": slot, "oldest": slot - self.wait, "bound": self.bound}

    def _one(self, question: str, about: Mapping[str, int | bytes | str | None]) -> int:
        """Return the one number that answers; a least slot of none lies before all."""
        with disk_trouble(self.path):
            found: int | None = self._db.execute(question, about).fetchone()[0]
        return NEVER if found is None else found

    def commit(self) -> None:
        """Put everything on the disk. Raises OSError; everything is still here then."""
        self._transaction.commit()

    @property
    def fingerprint(self) -> str:
        """What tells one key from another, and nothing of either."""
        return fingerprint_of(self._key)

    @property
    def life(self) -> Life:
        """Which file it is, and how often something was put on the disk."""
        with disk_trouble(self.path):
            return life_of(self._db)

    def forget(self, judged: int, bound: bytes) -> dict[str, int]:
        """Drop what no later slot can pair, given the last slot and the bound that every snapshot left remembers.

        Returns
        -------
        dict of str to int
            Predictions that waited in vain, by model.
        """
        about, over = self._about(judged) | {"bound": bound}, (bound, judged - self.wait)
        done = [(key, model, slot) for slot, key, model in self._used if slot <= judged]
        labelled = [(key, model, ANY_MODEL if self.only else model, slot) for key, model, slot in done]
        self._used = [each for each in self._used if each[0] > judged]
        with disk_trouble(self.path):
            expired = dict(self._db.execute(_VAIN, about))
        self._transaction.write("DELETE FROM prediction WHERE id = ? AND model = ? AND slot <= ?", done)
        self._transaction.write("DELETE FROM label WHERE id = ? AND model IN (?, ?) AND slot <= ?", labelled)
        for table in ("prediction", "label", "judged"):
            self._transaction.write(_OVER.format(table), [over])
        return expired

    def close(self) -> None:
        """Close the file."""
        self._db.close()
