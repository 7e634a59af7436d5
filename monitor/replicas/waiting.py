"""What keeps a process that shares the work from beginning: said as one process says that it cannot read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitor.assembly import clock
from monitor.http.health import Health
from monitor.observers import SourceTrouble
from monitor.sources.kafka_connecting import UnreachableError, in_words

RETRY = 2.0
"""Seconds between two attempts."""


class Waiting:
    """Says so in `/readyz`, and in the log within seconds, then once a minute.

    Parameters
    ----------
    connection : mapping
        How to reach the brokers: keyword arguments of kafka-python.
    purpose : str
        What is not known as long as they do not answer, in words.
    """

    def __init__(self, connection: Mapping[str, Any], health: Health, purpose: str) -> None:
        self._address = ", ".join(connection["bootstrap_servers"])
        self._health, self._purpose = health, purpose
        self._told = SourceTrouble()

    def hindered(self, why: Exception) -> None:
        """Say that the brokers do not answer."""
        reason = in_words(why) if isinstance(why, UnreachableError) else f"{self._purpose} ({in_words(why)})"
        words = f"Kafka at {self._address}: {reason}; trying again in {RETRY:.0f} s"
        self._health.block("source", words)
        self._health.traffic("stuck")
        self._told.look(words, clock().steady)

    def answered(self) -> None:
        """Say that they do."""
        self._health.clear("source")
        self._health.traffic("starting")
        self._told.look(None, clock().steady)
