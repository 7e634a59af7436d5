"""Logging: one line an event on standard error, JSON in containers, readable on a terminal."""

from __future__ import annotations

import json
import logging
import math
import os
import sys
from collections.abc import Iterable
from typing import Any, Literal, TextIO, get_args

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from sinks.text import plain

Level = Literal["debug", "info", "warning", "error"]
LEVELS: tuple[Level, ...] = get_args(Level)

OURS = ("monitor", "sinks", "detectors")
LONGEST_TEXT = 10_000
_SHORTEST_SECRET = 4


def configure(level: Level = "info", *, secrets: Iterable[str] = (), stream: TextIO | None = None) -> None:
    """Send the events of Seawall from `level` on, and the warnings of libraries, to `stream` or standard error.

    Libraries are heard from warnings on whatever the level: below that some log whole URLs, which may be secrets.

    Parameters
    ----------
    secrets : iterable of str
        What is masked wherever it turns up all the same, in a library's words or a traceback.
    """
    shared: list[Processor] = [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    stream = stream or sys.stderr
    handler = logging.StreamHandler(stream)
    finish = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, _masking(secrets), *_rendering(stream)]
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processors=finish, foreign_pre_chain=shared))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in OURS:
        logging.getLogger(name).setLevel(level.upper())
    logging.captureWarnings(capture=True)


def _rendering(stream: TextIO) -> list[Processor]:
    if not stream.isatty():
        return [structlog.processors.JSONRenderer()]
    colors = not os.environ.get("NO_COLOR")
    return [_escape, structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=structlog.dev.plain_traceback)]


def _escape(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:  # noqa: ARG001 - structlog's signature
    """Escape what a terminal would act upon: texts come from records and brokers too."""
    return {key: _traceback(value) if key == "exception" else _escaped(value) for key, value in event.items()}


def _escaped(value: object) -> object:
    return value if isinstance(value, bool | int | float | None) else plain(str(value), LONGEST_TEXT)


def _traceback(value: object) -> str:
    return "\n".join(plain(line, LONGEST_TEXT) for line in str(value).split("\n"))


def _masking(secrets: Iterable[str]) -> Processor:
    """Return the step that masks secrets in every value, in whatever form a library may have quoted them."""
    texts = [secret for secret in secrets if len(secret) >= _SHORTEST_SECRET]
    forms = {form for text in texts for form in (text, json.dumps(text)[1:-1], repr(text)[1:-1])}
    longest_first = sorted(forms, key=len, reverse=True)

    def masked(value: Any) -> Any:
        if isinstance(value, float) and not math.isfinite(value):
            return str(value)  # JSON has no NaN
        if isinstance(value, bool | int | float | None):
            return value
        if isinstance(value, dict):
            return {masked(str(key)): masked(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [masked(item) for item in value]
        text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
        for form in longest_first:
            text = text.replace(form, "********")
        return text

    def mask(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        found: EventDict = masked(event)
        return found

    return mask
