"""What a start finds of the process before it: brought up to this build and checked, or refused in words."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import structlog

from monitor.config.config import Config
from monitor.config.durations import format_duration
from monitor.config.source import KafkaSource
from monitor.counting.fold import NEVER
from monitor.counting.partitions import Remembered, plain
from monitor.errors import SnapshotError
from monitor.incidents.incident import rfc3339
from monitor.outbox import Saved, news_of
from monitor.state import snapshot
from monitor.state.migration import VERSION, migrated
from monitor.types import Partition

SNAPSHOT = "snapshot"

log = structlog.get_logger()


def first_start() -> dict[str, Any]:
    """Return what is remembered where nothing is."""
    return {
        "version": VERSION,
        "build": None,
        "partitions": [],
        "judged": NEVER,
        "slot": None,
        "models": {},
        "unsent": [],
        "pending": {},
        "threads": {},
        "dead_letters": None,
        "sides": {},
        "trails": [],
        "waiting": [],
        "written": {},
    }


def resumed(config: Config) -> tuple[Path, dict[str, Any]]:
    """Return what a run goes on from, and its file. Where the newest is not whole, that is said, and it is put aside.

    Raises
    ------
    SnapshotError
        Where nothing whole is left, a later build wrote it, or it was counted in other slots or of other topics.
    """
    path = config.state_dir / SNAPSHOT
    found = snapshot.recover(path)
    if found is None:
        return path, first_start()
    if found.instead:
        saved_at = rfc3339(int(found.path.stat().st_mtime * 1000))
        log.warning("previous snapshot used", why=found.instead, path=str(found.path), saved=saved_at)
    saved = known(found)
    check_fits(config, found.path, saved)
    _note_topics(config, saved)
    return found.path, saved


def check_fits(config: Config, path: Path, saved: Mapping[str, Any]) -> None:
    """Raise SnapshotError where a run refuses what is whole: counted in other slots, or of other topics altogether."""
    _check_slot(config, path, saved)
    before, now = _topics(config, saved)
    if isinstance(config.source, KafkaSource) and before and before.isdisjoint(now):
        raise SnapshotError(
            f"{path} was counted of {_named(before)}, the configuration says {_named(now)}. Set it back, give these a "
            "state_dir of their own, or forget what was counted: seawall state reset"
        )


def remembered_state(path: Path) -> dict[str, Any]:
    """Return the content of the newest snapshot that is whole, or that of a first start. Raises SnapshotError."""
    found = snapshot.find(path)
    return known(found) if found else first_start()


def known(found: snapshot.Found) -> dict[str, Any]:
    """Return what was found as this build reads it. Raises SnapshotError."""
    saved = migrated(found.content, found.path)
    with snapshot.understood(found.path):
        msgspec.convert(saved, Saved)
        for rows in (saved["unsent"], *saved["pending"].values()):
            news_of(rows)
    return saved


def save_positions(path: Path, partitions: Mapping[Partition, Remembered]) -> None:
    """Write a first snapshot that knows where to read on and nothing else."""
    snapshot.save(path, first_start() | {"partitions": plain(partitions)}, twice=True)


def note_unread(folder: Path) -> None:
    """Say that several processes do not go on from what one has left in the folder."""
    path = folder / SNAPSHOT
    if path.exists():
        log.warning("snapshot of one process is not read", path=str(path), then=UNREAD)


UNREAD = (
    "evidence begins anew with replicas, and incidents that were open there are not resolved where they were told: "
    'see docs/replicas.md, "From one process to several, and back"'
)


def _check_slot(config: Config, path: Path, saved: Mapping[str, Any]) -> None:
    """Refuse a count in other slots: their numbers mean other times, and all new records could be taken for late."""
    counted = saved["slot"]
    if counted not in (None, config.slot):
        raise SnapshotError(
            f"{path} was counted in slots of {format_duration(counted)}, the configuration says "
            f"slot: {format_duration(config.slot)}. Set it back, or forget what was counted: seawall state reset"
        )


def _note_topics(config: Config, saved: Mapping[str, Any]) -> None:
    """Say where some topics changed. Files are read once each, so another may well be the next of the same traffic."""
    before, now = _topics(config, saved)
    if before and before != now:
        added, gone = sorted(now - before), sorted(before - now)
        log.info("other topics than remembered", added=added, gone=gone, then="what was judged so far counts on")


def _topics(config: Config, saved: Mapping[str, Any]) -> tuple[set[str], set[str]]:
    """Return what was counted of, and what is read now."""
    source = config.source
    now = set(source.topics) if isinstance(source, KafkaSource) else {str(source.path)}
    return {topic for topic, *_ in saved["partitions"]}, now


def _named(topics: set[str]) -> str:
    return ("topic " if len(topics) == 1 else "topics ") + ", ".join(sorted(topics))
