"""A store of references as it lies on the disk."""

from __future__ import annotations

from pathlib import Path

from monitor.reference.store import Reference, Store

BY = {"by": "ann", "why": "first release", "at": "2026-01-01T00:00:00Z"}
"""Who accepts a version."""


def folder_of(store: Store, reference: Reference) -> Path:
    """Return where a version is."""
    return store.folder / reference.digest.removeprefix("sha256:")


def files_of(store: Store) -> dict[Path, bytes]:
    """Return what every file holds."""
    return {path: path.read_bytes() for path in sorted(store.folder.rglob("*")) if path.is_file()}
