"""What sides have in common that read a log of ours: it has no clock and no end, and no snapshot knows of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitor.types import Partition


class LogSide:
    """As much of a `Side` as is nothing where what is read was counted before, and what is remembered is in topics."""

    finished = False

    def watermarks(self) -> Mapping[Partition, float]:
        """Return nothing: the time of what was counted is that of its records."""
        return {}

    def end(self) -> None:
        """Do nothing: a topic has no end."""

    def flush(self) -> None:
        """Do nothing: what is remembered here is saved here."""

    def saved(self) -> None:
        """Do nothing."""

    def state(self) -> dict[str, Any]:
        """Return nothing: it is in topics."""
        return {}
