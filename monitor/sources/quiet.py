"""Keep kafka-python's log readable: 16,000 equal lines in 20 s when a coordinator goes away, otherwise."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass

WINDOW = 60.0
MOST_KINDS = 256

_NUMBERS = re.compile(r"0x[0-9a-f]+|\d+")

_NOBODY_S_BUSINESS = re.compile(
    "Task .+ ran for .+ blocking the event loop|Topic .+ not found in cluster metadata"
    "|Unhandled Heartbeat loop error: NetworkSelector closed!$"
)
"""A busy machine, which nobody can mend; what is said in our own words: `trouble`, where dead letters go; and that a
client that we close while brokers hang is closed."""


@dataclass
class _Kind:
    since: float
    repeats: int
    last: logging.LogRecord


class OncePerMinute(logging.Handler):
    """Pass the first record of a kind on to the root logger, count its repeats and say their number once a minute.

    A kind is a logger and a message without its arguments and numbers. At most `MOST_KINDS` are told apart.
    """

    def __init__(self) -> None:
        super().__init__()
        self._kinds: dict[tuple[str, str], _Kind] = {}

    def emit(self, record: logging.LogRecord) -> None:
        if _NOBODY_S_BUSINESS.match(record.getMessage()):
            return
        self._say_repeats(record.created)
        key = (record.name, _NUMBERS.sub("0", str(record.msg)))
        if key not in self._kinds and len(self._kinds) >= MOST_KINDS:
            key = ("kafka", "more")
        kind = self._kinds.get(key)
        if kind is None:
            self._kinds[key] = _Kind(record.created, 0, record)
            _pass_on(record)
        else:
            kind.repeats += 1
            kind.last = record

    def _say_repeats(self, now: float) -> None:
        over = [key for key, kind in self._kinds.items() if now - kind.since >= WINDOW]
        for kind in [self._kinds.pop(key) for key in over]:
            if kind.repeats:
                last = logging.makeLogRecord(kind.last.__dict__)
                ago = f", {now - last.created:.0f} s ago" if now - last.created >= 1 else ""
                last.msg, last.args = f"{kind.last.getMessage()} (the last of {kind.repeats} more like it{ago})", None
                last.exc_info = None
                _pass_on(last)


def _pass_on(record: logging.LogRecord) -> None:
    """Let the root logger have it; a connection that broke needs no trace of calls, the message says so."""
    why = record.exc_info[1] if record.exc_info else None
    if isinstance(why, OSError) or type(why).__module__.startswith("kafka."):
        record.exc_info = record.exc_text = None
    logging.getLogger().handle(record)


def quiet_kafka() -> None:
    """Let the `kafka.*` loggers speak through one `OncePerMinute`, from warnings on. Calling it again does nothing."""
    logger = logging.getLogger("kafka")
    if any(isinstance(handler, OncePerMinute) for handler in logger.handlers):
        return
    logger.addHandler(OncePerMinute())
    logger.setLevel(logging.WARNING)
    logger.propagate = False
    # At every start they warn of topics that the next answer of the broker names; what is missing is `trouble`.
    logging.getLogger("kafka.coordinator.assignors").setLevel(logging.ERROR)
