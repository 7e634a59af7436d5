"""The file in which halves wait: opened, known again, and what is said when it is not what the snapshot counts on."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from monitor.errors import SnapshotError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS prediction (
  id BLOB, model TEXT, slot INTEGER, said TEXT, confidence REAL, version TEXT,
  PRIMARY KEY (id, model, slot)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS prediction_slot ON prediction (slot);
CREATE TABLE IF NOT EXISTS label (
  id BLOB, model TEXT, slot INTEGER, said TEXT,
  PRIMARY KEY (id, model, slot, said)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS label_slot ON label (slot);
CREATE TABLE IF NOT EXISTS judged (
  id BLOB, model TEXT, slot INTEGER, said TEXT,
  PRIMARY KEY (id, model, slot)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS judged_slot ON judged (slot);
CREATE TABLE IF NOT EXISTS life (generation TEXT, commits INTEGER);
"""
"""`judged`: which ids were judged in which slot, and by which label; none where their labels differed."""

_REMEDY = (
    "Put it back from the same copy as the snapshot, or go on without what waits there (predictions whose labels have "
    "not come, labels without a prediction; incidents stay): seawall state reset --labels"
)


class Life(NamedTuple):
    """Which file it is, and how often something was put on its disk."""

    generation: str
    commits: int


def opened(path: Path | None, *, cache: bool = False) -> sqlite3.Connection:
    """Return the file, made where there is none; without a path one that is gone at the end.

    Parameters
    ----------
    cache : bool
        Whether all in it can be had again: it is made anew, has no name, and is gone at the end, however that comes.

    Raises
    ------
    SnapshotError
        Where it is damaged.
    OSError
    """
    with disk_trouble(path):
        if path and cache:
            path.unlink(missing_ok=True)
        db = sqlite3.connect(path or "", check_same_thread=False)
        if path and cache:
            db.execute("PRAGMA locking_mode = EXCLUSIVE")
            db.execute("PRAGMA journal_mode = OFF")
            db.execute("PRAGMA synchronous = OFF")
        elif path:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
            db.execute("PRAGMA cache_spill = OFF")  # a full disk shows at a commit, nowhere else
        db.executescript(_SCHEMA)
        if not db.execute("SELECT count(*) FROM life").fetchone()[0]:
            db.execute("INSERT INTO life VALUES (?, 0)", (secrets.token_hex(8),))
            db.commit()
        if path and cache:
            path.unlink()
    return db


def life_of(db: sqlite3.Connection) -> Life:
    """Return which file it is. Raises sqlite3.Error."""
    return Life(*db.execute("SELECT generation, commits FROM life").fetchone())


def check(path: Path, saved: Mapping[str, Any], *, thoroughly: bool = False) -> None:
    """Compare the file with what the snapshot remembers of it.

    Parameters
    ----------
    saved : mapping
        What the snapshot remembers of the stream of labels.
    thoroughly : bool
        Whether every page is looked at.

    Raises
    ------
    SnapshotError
        Where it is gone, another one, older than the snapshot, or damaged.
    """
    remembered = Life(*saved["file"]) if saved.get("file") else None
    if remembered is None:
        return  # nothing waited yet, or what did was let go of
    if not path.exists():
        raise SnapshotError(f"{path} is gone, and the snapshot counts on it. {_REMEDY}")
    with disk_trouble(path), closing(sqlite3.connect(path)) as db:
        if not db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'life'").fetchone()[0]:
            raise SnapshotError(f"{path} is not the file that the snapshot counts on. {_REMEDY}")
        found = life_of(db)
        words = db.execute("PRAGMA quick_check(1)").fetchone()[0] if thoroughly else "ok"
    if found.generation != remembered.generation:
        raise SnapshotError(f"{path} is not the file that the snapshot counts on. {_REMEDY}")
    if found.commits < remembered.commits:
        raise SnapshotError(f"{path} is older than the snapshot: was it copied without {path.name}-wal? {_REMEDY}")
    if words != "ok":
        raise _damaged(path, words.splitlines()[-1])


@contextmanager
def disk_trouble(path: Path | None) -> Iterator[None]:
    """Raise what SQLite says of its file as what it is to everybody else: a disk in trouble, or a damaged file."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise OSError(0, f"labels: {error}") from error
    except sqlite3.Error as error:
        raise _damaged(path, str(error)) from error


def _damaged(path: Path | None, words: str) -> SnapshotError:
    return SnapshotError(f"{path or 'the file of labels'} is damaged ({words}). {_REMEDY}")
