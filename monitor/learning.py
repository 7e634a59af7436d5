"""`reference: {path, learn: N}`: without a reference the first records become a provisional one."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import structlog

from monitor.assembly import SNAPSHOT, clock, save_positions
from monitor.config.config import Config
from monitor.config.permodel import ModelSettings
from monitor.counting.fold import Position
from monitor.counting.partitions import Remembered
from monitor.errors import BadReference
from monitor.http.health import Health
from monitor.incidents.incident import rfc3339
from monitor.reference.build import build
from monitor.reference.from_file import options_of
from monitor.reference.look import first_look
from monitor.reference.store import Store
from monitor.types import Partition, RawMessage

log = structlog.get_logger()


def learn_missing(config: Config, health: Health, stopping: threading.Event) -> None:
    """Learn the references that are missing and may be learned. Returns early when asked to stop.

    Raises
    ------
    BadReference
        For standard input, which cannot be read on where learning ended.
    """
    for settings in config.models_resolved().values():
        store = Store(settings.reference.path)
        wanted = settings.reference.learn
        if wanted is None or store.digests():
            continue
        if config.source.type == "file" and config.source.path == "-":
            raise BadReference(
                "`learn` cannot read standard input twice. Build a reference from a file: seawall reference build DATA"
            )
        _learn(config, settings, wanted, health, stopping)


def _learn(config: Config, settings: ModelSettings, wanted: int, health: Health, stopping: threading.Event) -> None:
    store = Store(settings.reference.path)
    source = config.source.build(settings.name)
    blocks: list[Sequence[RawMessage]] = []
    begins: dict[Partition, int] = {}
    ends: dict[Partition, int] = {}
    usable = 0
    source.open(ends)
    while usable < wanted and not source.finished:
        for partition, messages in source.poll(0.25).items():
            begins.setdefault(Partition(*partition), messages[0].offset)
            ends[Partition(*partition)] = messages[-1].offset + 1
            rest = messages
            while rest and usable < wanted:
                take, rest = rest[: wanted - usable], rest[wanted - usable :]
                blocks.append(take)
                usable += first_look([take], settings.name, config.format).rows
        trouble = source.trouble()
        health.beat(clock().steady)
        health.block(
            "reference", f"learning from live records: {usable:,} of {wanted:,}" + (f" ({trouble})" if trouble else "")
        )
        if stopping.is_set():
            source.close(2.0)
            return
    source.close(5.0)
    reference = build(
        lambda: blocks,
        model=settings.name,
        options=options_of(settings),
        from_table=False,
        stamped=source.stamped,
        format=config.format,
        provisional=True,
    )
    now = rfc3339(clock().wall)
    store.save(reference, {"source": "live records", "rows": reference.rows, "built": now})
    store.promote(
        reference.digest,
        by="seawall",
        why=f"learned from the first {reference.rows:,} live records; nobody accepted it",
        at=now,
    )
    path = config.state_dir / SNAPSHOT
    if not path.exists():  # else it knows where to go on, and holds the other models' incidents
        save_positions(path, {partition: Remembered(Position(offset)) for partition, offset in begins.items()})
    health.clear("reference")
    log.warning(
        "reference learned", model=settings.name, rows=reference.rows, reference=reference.digest, accepted=False
    )
