"""What was written to a SQLite file since its last commit, and outlives one that fails."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from monitor.errors import SnapshotError
from monitor.labels.file import disk_trouble

MOST = 200_000
"""Rows kept between two commits, some 50 MB: with more, it is time for one, and no more should be read."""


class Transaction:
    """Writes to a connection, and commits.

    Where the disk refuses a commit, SQLite takes the whole transaction back, and readers have gone on meanwhile. So
    what was written is kept until it is committed, and is then written again, in its order.

    Parameters
    ----------
    path : Path or None
        The file; None for one that is never committed.
    """

    def __init__(self, db: sqlite3.Connection, path: Path | None) -> None:
        self._db = db
        self._path = path
        self._kept: list[tuple[str, Sequence[Sequence[Any]]]] = []
        self._rows = 0

    @property
    def full(self) -> bool:
        """Whether so much waits for a commit that no more should be read."""
        return self._rows > MOST

    def write(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """Carry out a statement for each row. Raises OSError."""
        rows = list(rows)
        with disk_trouble(self._path):
            self._db.executemany(statement, rows)
        if self._path and rows:
            self._kept.append((statement, rows))
            self._rows += len(rows)

    def commit(self) -> None:
        """Put everything on the disk. Raises OSError, and everything is there to be tried again."""
        with disk_trouble(self._path):
            try:
                self._db.execute("UPDATE life SET commits = commits + 1")
                self._db.commit()
            except sqlite3.Error:
                if not self._db.in_transaction:
                    self._write_again()
                raise
        self._kept.clear()
        self._rows = 0

    def _write_again(self) -> None:
        try:
            for statement, rows in self._kept:
                self._db.executemany(statement, rows)
        except sqlite3.Error as error:  # what is counted from here on would lack what was read
            raise SnapshotError(f"{self._path} took back what was written, and takes it no more: {error}") from error
