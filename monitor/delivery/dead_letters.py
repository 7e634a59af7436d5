"""Records that cannot be used: kept as they came, with the reason, in a file or a topic beside the one they were in."""

from __future__ import annotations

import base64
import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import structlog
from numpy.typing import NDArray

from monitor.delivery.appended import AppendedFile, End
from monitor.types import RawMessage

WINDOW = 1_000
SUFFIX = ".dead-letter"

PAUSE = 60.0
"""Seconds in which letters go to the file at once after the topic refused some: each refusal holds up reading."""

MOST_UNDER_WAY = 16 << 20
"""Bytes of letters that wait for the broker's word; with more, reading stops until the next `flush`."""

PATIENCE = 10.0
"""Seconds that `flush` waits for the broker's word."""

HURRY = 2.0
"""The same, once the process was asked to end: it has little time, and the file is as good a place."""

LOOK_UP = 0.25
"""Seconds after which whoever waits looks whether the process is to end."""

FUTURE = 1_000
"""Bytes that waiting takes beside the letter itself."""

log = structlog.get_logger()


class DeadLetter(NamedTuple):
    """One record that cannot be used, and why."""

    message: RawMessage
    reason: str
    detail: str


class Writer(Protocol):
    """Where dead letters go."""

    def write(self, letters: Sequence[DeadLetter]) -> None:
        """Take the letters; never raises for a destination that is away."""

    @property
    def full(self) -> bool:
        """Whether so many wait to be written that no more should be read."""

    def flush(self) -> End:
        """Make them durable, within seconds; return what a restart needs in order not to write any twice.

        Raises OSError where the disk is full; nothing is lost then.
        """

    def close(self) -> None:
        """Let go."""


class FileWriter(AppendedFile):
    """One JSON object a line."""

    def write(self, letters: Sequence[DeadLetter]) -> None:
        """Take the letters. A disk that is full is not an error here; they wait for `flush`."""
        self.add([json.dumps(as_fields(letter)).encode() + b"\n" for letter in letters])


class TopicWriter:
    """The topic `<topic>.dead-letter`; what it does not take goes to the file instead.

    Parameters
    ----------
    connection : dict
        Keyword arguments of kafka-python.
    instead : FileWriter
    stopping : threading.Event
        Set once the process was asked to end.
    clock : callable
        Seconds that only go forward.
    """

    def __init__(
        self,
        connection: Mapping[str, Any],
        instead: FileWriter,
        stopping: threading.Event,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connection = connection
        self._instead = instead
        self._stopping = stopping
        self._clock = clock
        self._paused_until: dict[str, float] = {}
        self._producer: Any = None
        self._under_way: list[tuple[DeadLetter, Any]] = []
        self._bytes = 0

    def write(self, letters: Sequence[DeadLetter]) -> None:
        """Send the letters without waiting for the broker's word; `flush` does."""
        refused = []
        for letter in letters:
            if self._clock() < self._paused_until.get(letter.message.topic, 0.0):
                refused.append(letter)
                continue
            try:
                self._under_way.append((letter, self._send(letter)))
                self._bytes += FUTURE + len(letter.message.value or b"")
            except Exception as error:  # noqa: BLE001 - whatever the client raises, the record is kept
                refused.append(letter)
                self._note_refusal(letter.message.topic, error)
        self._instead.write(refused)

    def _note_refusal(self, topic: str, error: Exception) -> None:
        """Let the topic be for a while, unless it was but one letter that is too large for it."""
        from kafka.errors import MessageSizeTooLargeError

        log.warning("dead letters to file", topic=topic + SUFFIX, why=str(error) or type(error).__name__)
        if not isinstance(error, MessageSizeTooLargeError):
            self._paused_until[topic] = self._clock() + PAUSE

    def _send(self, letter: DeadLetter) -> Any:
        if self._producer is None:
            from kafka import KafkaProducer

            self._producer = KafkaProducer(
                **self._connection,
                acks="all",
                linger_ms=20,
                max_block_ms=2_000,
                delivery_timeout_ms=10_000,
                request_timeout_ms=5_000,
            )
        message = letter.message
        about = {k: v for k, v in as_fields(letter).items() if k not in ("value", "key", "encoding", "key_encoding")}
        headers = [(name, (v if isinstance(v, str) else json.dumps(v)).encode()) for name, v in about.items()]
        return self._producer.send(message.topic + SUFFIX, value=message.value, key=message.key, headers=headers)

    @property
    def full(self) -> bool:
        """Whether so many wait to be written, or for the broker's word, that no more should be read."""
        return self._instead.full or self._bytes > MOST_UNDER_WAY

    def flush(self) -> End:
        """Wait for the broker, `PATIENCE` at most; return the end of the file that takes what it refuses."""
        under_way, self._under_way, self._bytes = self._under_way, [], 0
        since = self._clock()
        refused = [letter for letter, future in under_way if not self._taken(future, since)]
        if refused:
            log.error("dead letters to file", why="the topic did not take them", count=len(refused))
            self._instead.write(refused)
            self._paused_until |= {letter.message.topic: self._clock() + PAUSE for letter in refused}
        return self._instead.flush()

    def _taken(self, future: Any, since: float) -> bool:
        """Return whether the broker took a letter; it is waited for since a time."""
        while not future.is_done and self._clock() - since < (HURRY if self._stopping.is_set() else PATIENCE):
            with contextlib.suppress(Exception):  # whatever became of it is asked for when it is done
                future.get(timeout=LOOK_UP)
        return future.is_done and not future.failed()

    def close(self) -> None:
        """Let go of the broker."""
        from kafka.errors import KafkaError

        if self._producer is not None:
            with contextlib.suppress(KafkaError):  # of brokers that hang; what they have not taken is put elsewhere
                self._producer.close(timeout=2)
        self._instead.close()


def as_fields(letter: DeadLetter) -> dict[str, Any]:
    """Return a dead letter as the contract's fields; bytes that are not UTF-8 become base64."""
    message = letter.message
    fields: dict[str, Any] = {
        "reason": letter.reason,
        "detail": letter.detail,
        "topic": message.topic,
        "partition": message.partition,
        "offset": message.offset,
        "time": message.timestamp,
    }
    for name, content, said in (("key", message.key, "key_encoding"), ("value", message.value, "encoding")):
        fields[name], encoded = _text(content)
        if encoded:
            fields[said] = "base64"
    fields["headers"] = _headers(message.headers or ())
    return fields


def _headers(headers: Iterable[tuple[str, bytes]]) -> dict[str, str | None] | list[list[str | None]]:
    """Return an object; where a name repeats or a value is not UTF-8 a list of [name, value] or [name, …, "base64"]."""
    found = [(name, *_text(value)) for name, value in headers]
    if len({name for name, _, _ in found}) == len(found) and not any(encoded for _, _, encoded in found):
        return {name: text for name, text, _ in found}
    return [[name, text, "base64"] if encoded else [name, text] for name, text, encoded in found]


def _text(value: bytes | None) -> tuple[str | None, bool]:
    if value is None:
        return None, False
    try:
        return bytes(value).decode("utf-8"), False
    except UnicodeDecodeError:
        return base64.b64encode(value).decode(), True


class Limit:
    """Stops a wholly wrong deployment: once a share of 1,000 records in a row is exceeded, nothing more is read.

    Every record is the last of its thousand, so it does not matter how records are cut into blocks.

    Attributes
    ----------
    dead : int
        All unusable records seen.
    """

    def __init__(self, max_share: float) -> None:
        self.max_share = max_share
        self._last: NDArray[np.bool_] = np.zeros(0, dtype=bool)
        self._exceeded: float | None = None
        self.dead = 0

    def add(self, dead: NDArray[np.bool_]) -> None:
        """Look at whether each record of a block was unusable."""
        self.dead += int(dead.sum())
        seen = np.concatenate([self._last, dead])
        total = np.concatenate([[0], np.cumsum(seen)])
        shares = (total[WINDOW:] - total[:-WINDOW]) / WINDOW
        if self._exceeded is None:
            self._exceeded = next(iter(shares[shares > self.max_share].tolist()), None)
        self._last = seen[-WINDOW:]

    @property
    def known(self) -> bool:
        """Whether enough was seen since the start to tell."""
        return len(self._last) == WINDOW

    @property
    def reached(self) -> str | None:
        """What to tell once too many records were unusable."""
        if self._exceeded is None:
            return None
        unusable = f"{100 * self._exceeded:.3g} % of the last {WINDOW:,} records are unusable"
        return f"{unusable}, at most {100 * self.max_share:.0f} % are allowed; reading has stopped"


def letters_of(
    messages: Sequence[RawMessage], offsets: NDArray[np.int64], dead: Mapping[int, tuple[str, str]], done: int
) -> Iterable[DeadLetter]:
    """Yield the dead letters of a block, those below `done` left out: they were written before a restart."""
    by_offset = {m.offset: m for m in messages} if dead else {}
    for row in sorted(dead):
        offset = int(offsets[row])
        if offset >= done:
            yield DeadLetter(by_offset[offset], *dead[row])
