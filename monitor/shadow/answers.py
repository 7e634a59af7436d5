"""Answers as records of a log: written before they are counted, and read back like any source.

An answer holds no feature's value and no id: a keyed hash of the id, what was asked, and what came of it.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec

ANSWERS = "answers.jsonl"


class Answer(msgspec.Struct, frozen=True):
    """One answer of the endpoint.

    Attributes
    ----------
    id : str
        Keyed hash of the record's id.
    time : float or None
        When it was answered, in seconds since 1970; None where the log says it.
    version : str or None
        The model's version, as the endpoint says.
    check : str
        `skew` for the untouched record, else which change was made.
    severity : float
        How large it was; 0 for `skew`.
    flipped : bool or None
        Whether the change changed the answer (for `monotone`: the wrong way); None for `skew`.
    skew : bool or None
        Whether the answer to the untouched record differs from the logged prediction; None for all others.
    confidence : int or None
        Bin of the logged confidence (`detectors.shadow.CONFIDENCE_EDGES`).
    """

    id: str
    time: float | None
    model: str
    version: str | None
    check: str
    severity: float
    flipped: bool | None
    skew: bool | None
    confidence: int | None


class AnswerLog(Protocol):
    """Where answers are written. Any thread may append."""

    def append(self, answers: Sequence[Answer], clock: Callable[[], int]) -> None:
        """Write answers, stamped with the time (milliseconds since 1970) at which each is written. Raises OSError."""

    def sync(self) -> None:
        """Put on the disk what was appended. Raises OSError."""

    def trouble(self) -> str | None:
        """Return why nothing can be written."""

    def close(self) -> None:
        """Let go."""


class AnswerFile:
    """A file, for one process alone. A line torn by a crash was never read, so it is cut off.

    Parameters
    ----------
    path : Path
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._file = path.open("a+b", buffering=0)
        self._size = whole_lines(path)
        self._file.truncate(self._size)
        self._failed: str | None = None

    def append(self, answers: Sequence[Answer], clock: Callable[[], int]) -> None:
        """Write all of the answers or none: half a line is cut off again."""
        with self._lock:
            now = clock() / 1_000
            lines = b"".join(msgspec.json.encode(msgspec.structs.replace(a, time=now)) + b"\n" for a in answers)
            left = lines
            try:
                while left:
                    left = left[os.write(self._file.fileno(), left) :]
            except OSError as why:
                self._failed = f"{self._file.name} cannot be written: {why.strerror}"
                self._file.truncate(self._size)
                raise
            self._size += len(lines)
            self._failed = None

    def sync(self) -> None:
        os.fsync(self._file.fileno())

    def trouble(self) -> str | None:
        return self._failed

    def close(self) -> None:
        self._file.close()


def whole_lines(path: Path) -> int:
    """Return where the last whole line of a file ends."""
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        while end:
            begin = max(0, end - (1 << 16))
            file.seek(begin)
            if (at := file.read(end - begin).rfind(b"\n")) >= 0:
                return begin + at + 1
            end = begin
    return 0


class AnswerTopic:
    """A topic, which must be there: it is never created.

    Parameters
    ----------
    connection : mapping
        Keyword arguments of kafka-python.
    shared : bool
        Whether several processes write to it. The time of an answer is then the topic's own stamp: clocks of machines
        differ, and what is stamped behind a closed slot is not judged.
    """

    def __init__(self, connection: Mapping[str, Any], topic: str, *, shared: bool = False) -> None:
        self._lock = threading.Lock()
        self._connection = connection
        self._topic = topic
        self._shared = shared
        self._producer: Any = None
        self._failed: str | None = None

    def append(self, answers: Sequence[Answer], clock: Callable[[], int]) -> None:
        """Send the answers and wait for the broker's word; what it does not take is lost, and counted so.

        All answers about a record go to one partition: what is answered twice is known there.
        """
        with self._lock:
            now = clock()
            time = None if self._shared else now / 1_000
            messages = [(a.id.encode(), msgspec.json.encode(msgspec.structs.replace(a, time=time))) for a in answers]
            try:
                producer = self._connected()
                sent = [producer.send(self._topic, line, key, timestamp_ms=now) for key, line in messages]
                for future in sent:
                    future.get(timeout=10)
            except Exception as why:  # noqa: BLE001 - whatever the client raises, reading goes on
                words = str(why) or type(why).__name__
                self._failed = f'the topic "{self._topic}" takes no answers: {words}'
                raise OSError(0, self._failed) from None
            self._failed = None

    def _connected(self) -> Any:
        if self._producer is None:
            from kafka import KafkaProducer

            self._producer = KafkaProducer(
                **self._connection,
                acks="all",
                max_block_ms=5_000,
                delivery_timeout_ms=10_000,
                request_timeout_ms=5_000,
            )
            # kafka-python 3.0.12 does not hand its own setting of this name on.
            self._producer._metadata.config["allow_auto_create_topics"] = False  # noqa: SLF001 - there is no public one
        return self._producer

    def sync(self) -> None:
        """Nothing to do: the broker has taken what was appended."""

    def trouble(self) -> str | None:
        return self._failed

    def close(self) -> None:
        from kafka.errors import KafkaError

        if self._producer is not None:
            with contextlib.suppress(KafkaError):  # of brokers that hang
                self._producer.close(timeout=2)
