"""The demo's lines on standard output."""

from __future__ import annotations

import os
import shutil
import sys
import threading

import click


class Terminal:
    """Prints lines as they come; where nothing is waited for, those that belong to a time in the order of time.

    Parameters
    ----------
    hurried : bool
        Keep what belongs to a time until `flush`: threads that hurry overtake each other.
    """

    def __init__(self, *, hurried: bool = False) -> None:
        self.colours = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        self._live = sys.stdout.isatty() and not hurried
        self._hurried = hurried
        self._kept: list[tuple[float, str]] = []
        self._lock = threading.Lock()

    def say(self, text: str, *, at: float | None = None) -> None:
        """Print a text for good; `at` is the time it belongs to."""
        with self._lock:
            if at is None or not self._hurried:
                self._write(text + "\n")
            else:
                self._kept.append((at, text))

    def note(self, line: str) -> None:
        """Show a line that the next one replaces; nothing where nobody would see it."""
        if self._live:
            with self._lock:
                self._write(click.style(line[: shutil.get_terminal_size().columns - 1], dim=True))

    def flush(self) -> None:
        """Print what was kept."""
        with self._lock:
            kept, self._kept = sorted(self._kept, key=lambda pair: pair[0]), []
            for _, text in kept:
                self._write(text + "\n")

    def _write(self, text: str) -> None:
        sys.stdout.write(("\r\x1b[K" if self._live else "") + (text if self.colours else click.unstyle(text)))
        sys.stdout.flush()
