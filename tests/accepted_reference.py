"""A reference of given records, built and accepted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from traffic import MODEL, Record, lines

from monitor.reference.build import build
from monitor.reference.store import Store
from monitor.sources.file import FileReader


def accepted(folder: Path, records: Iterable[Record], detectors: Sequence[Any] = ()) -> Path:
    """Write records, build and accept their reference, and return its folder."""
    data = folder / "accepted.jsonl"
    data.write_bytes(lines(records))

    def blocks() -> Any:
        source = FileReader(str(data))
        source.open({})
        while not source.finished:
            yield from source.poll(0.1).values()
        source.close(1)

    store = Store(folder / "reference")
    built = build(blocks, model=MODEL, options={}, from_table=False, detectors=detectors)
    store.save(built, {"source": "traffic", "rows": built.rows})
    store.promote(built.digest, by="ann", why="tests", at="2026-01-01T00:00:00Z")
    return store.folder
