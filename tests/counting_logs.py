"""Random logs of partitions, and blocks of them as the decoder would hand them over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import ClassVar

import numpy as np
from counting_rules import Post, Row

from detectors.detector import Codes, Counts, Signal
from monitor.counting.tally import Layout
from monitor.formats.batch import DEAD, IGNORED, Batch, Decoded
from monitor.formats.half import HALVES, Half

MARKS = 5
SLOT = 10


@dataclass(frozen=True)
class Marks:
    """Counts the marks of records, so that a tally shows which ones it holds."""

    kind: ClassVar[str] = "marks"
    cells: ClassVar[int] = MARKS

    def bin(self, batch: Batch) -> Codes:
        return batch.numbers["mark"].astype(np.int64)

    def signals(self, counts: Counts) -> list[Signal]:
        return []


class Keeper:
    """A detector that depends on order and wants the marks."""

    def take(self, batch: Batch) -> dict[str, np.ndarray]:
        return {"mark": batch.numbers["mark"]}


def layouts(models: int, *, keeping: bool = False) -> list[Layout]:
    """Return one layout a model, each of another length; where asked for, the marks of records are kept too."""
    return [Layout([Marks()] * (1 + model)).watching(set(), [Keeper()] * keeping) for model in range(models)]


def block(posts: Sequence[Post], models: int) -> Decoded:
    """Return messages as a decoded block."""
    rows = [(post.offset, row) for post in posts for row in post.rows]
    model = np.array([row.model for _, row in rows], dtype=np.int64)
    return Decoded(
        offsets=np.array([offset for offset, _ in rows], dtype=np.int64),
        times=np.array([row.time for _, row in rows], dtype=np.int64),
        clocks=np.array([row.clock for _, row in rows], dtype=np.int64),
        model=model,
        ids=[row.id for _, row in rows],
        halves={
            number: Half(row.half, str(row.id), None, None, 1, bytes([row.mark]), row.model)  # type: ignore[arg-type]
            for number, (_, row) in enumerate(rows)
            if row.half and row.model >= 0
        },
        batches=[_batch([row for _, row in rows], model, number) for number in range(models)],
        dead=dict.fromkeys(np.flatnonzero(model == DEAD).tolist(), ("not_json", "")),
    )


def _batch(rows: Sequence[Row], model: np.ndarray, number: int) -> Batch | None:
    at = np.array([i for i, row in enumerate(rows) if row.half is None and model[i] == number], dtype=np.int64)
    if not len(at):
        return None
    marks = np.array([rows[i].mark for i in at], dtype=np.float64)
    return Batch(
        at,
        {"mark": marks},
        versions=[f"v{int(mark)}" for mark in marks],
        ids=[rows[i].id for i in at],
        times=np.array([rows[i].time for i in at], dtype=np.int64),
    )


def random_log(rng: Random, length: int, models: int, halves: float = 0.0) -> list[Post]:
    """Return a log with late records, gaps in time and offsets, duplicates, dead letters and other models' records.

    A share `halves` of the records are halves of one; their other halves are as likely in another log.
    """
    time = rng.choice([0, 0, 30, 90])
    offset = rng.randrange(5)
    sick = rng.choice([0.0, 0.1, 0.1, 0.6, 1.0])  # how much of the log cannot be decoded
    posts = []
    for _ in range(length):
        time += rng.choice([0, 1, 2, 3, 8]) if rng.random() < 0.9 else rng.randrange(40, 200)
        number = rng.choice([1, 1, 1, 1, 2, 3])
        rows = [_row(rng, time, models, sick) for _ in range(number)]
        if rng.random() < halves:
            rows = [_half(rng, rows[0])]
        posts.append(Post(offset, tuple(rows)))
        offset += rng.choice([1, 1, 1, 2, 7])
    return posts


def _row(rng: Random, time: int, models: int, sick: float) -> Row:
    if rng.random() < sick:
        return Row(DEAD, rng.randrange(300), rng.randrange(300))
    time = max(0, time - rng.choice([0, 0, 0, 0, 4, 15, 60]))
    stamp = max(0, time - rng.choice([0, 0, 0, 5]))
    if rng.random() < 0.1:
        return Row(IGNORED, time, rng.choice([stamp, stamp, -1]))
    return Row(rng.randrange(models), time, stamp, rng.choice([None, *range(6)]), rng.randrange(MARKS))


def _half(rng: Random, row: Row) -> Row:
    return row if row.model < 0 else replace(row, id=rng.randrange(6), half=rng.choice(HALVES))
