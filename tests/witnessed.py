"""`seawall run` beside which a book is kept: every slot that was judged, every decision that was taken.

The book is part of what the snapshot counts on, as verdicts are: what was written since is cut off at a restart. So it
holds what counted, and what a kill undid is not in it. Where the folder holds `silences.json`, what waits to be told
is told after these slots, as it was where nothing more had come.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

import monitor.assembly
from monitor.counting.fold import NEVER, Fold
from monitor.counting.partitions import Partitions
from monitor.counting.tally import DEAD, LATE, RECORDS
from monitor.delivery.appended import AppendedFile, End
from monitor.judge.judge import Verdict
from monitor.judged import Judged
from monitor.parts import Observer
from monitor.pipeline import Pipeline
from monitor.remembered import SNAPSHOT, remembered_state
from monitor.watched import Watched

BOOK = "book.jsonl"
SILENCES = "silences.json"


class Book(Observer):
    """Lines of JSON."""

    def __init__(self, folder: Path) -> None:
        path = folder / BOOK
        saved = remembered_state(folder / SNAPSHOT)
        self.file = AppendedFile(path, saved.get("written", {}).get(str(path)))
        self.path = path
        silences = folder / SILENCES
        self.silences: set[int] = set(json.loads(silences.read_text())) if silences.exists() else set()
        self.pipeline: Pipeline | None = None

    def note(self, **row: Any) -> None:
        self.file.add([json.dumps(row).encode() + b"\n"])

    def judged(self, model: Watched, verdict: Verdict) -> None:
        if verdict.slot in self.silences:
            self.pipeline.parts.outbox.put(model.name, model.records.flush())

    def flush(self) -> Mapping[str, End]:
        return {str(self.path): self.file.flush()}

    def close(self) -> None:
        self.file.close()


def witness(book: Book) -> None:
    """Let every decision, every judged slot and every silence be noted."""
    decide, add, judge_slot, flush = Fold.decide, Partitions.add, Judged.judge_slot, Judged.flush

    def decided(fold: Fold, through: int) -> None:
        known = len(fold.decisions)
        decide(fold, through)
        for offset, slot in fold.decisions[known:]:
            book.note(partition=fold.partition.partition, offset=offset, through=slot)

    def added(partitions: Partitions, partition: Any, now: float, remembered: Any = None) -> None:
        add(partitions, partition, now, remembered)
        through = max(partitions.judged, partitions.floor)
        if through > NEVER:
            book.note(partition=partition.partition, offset=partitions.done[partition], through=through)

    def judged(self: Judged, slot: int, tally: Any) -> Any:
        verdict, events = judge_slot(self, slot, tally)
        flow = {"records": tally.cells[RECORDS], "late": tally.cells[LATE], "dead": tally.cells[DEAD]}
        seen = [tally.cells, np.array(verdict.evidence), np.array([effect.w or 0.0 for effect in verdict.effects])]
        digest = blake2b(b"".join(array.tobytes() for array in seen), digest_size=16).hexdigest()
        book.note(slot=slot, total=verdict.records, digest=digest, **{name: int(n) for name, n in flow.items()})
        return verdict, events

    def flushed(self: Judged) -> Any:
        events = flush(self)
        if events and self.judge.last not in book.silences:
            book.note(silence=self.judge.last)
        return events

    Fold.decide, Partitions.add = decided, added  # type: ignore[method-assign]
    Judged.judge_slot, Judged.flush = judged, flushed  # type: ignore[method-assign]


def main() -> None:
    """Be `seawall`, with a witness."""
    from monitor.cli.main import main as seawall

    running = monitor.assembly.running

    def witnessed(config: Any, *given: Any, **more: Any) -> Pipeline:
        book = Book(config.state_dir)
        witness(book)
        book.pipeline = running(config, *given, **more)
        book.pipeline.parts.observers.append(book)
        return book.pipeline

    monitor.assembly.running = witnessed
    sys.exit(seawall(sys.argv[1:]))


if __name__ == "__main__":
    main()
