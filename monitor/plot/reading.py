"""Reading what `seawall replay` wrote: findings and events, each also packed, whole or torn at the end."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec

from monitor.errors import SeawallError
from monitor.plot.series import Row, Timeline
from monitor.types import Change, Effect, Severity, SignalChange
from sinks.signals import at_level
from sinks.text import plain

LONGEST = 1 << 20
"""Bytes of a longer line are no finding's, and no event's."""

_PACKED = b"\x1f\x8b"


class _Change(msgspec.Struct):
    event: Change
    incident: str
    model: str
    severity: Severity
    time: str
    summary: str
    signals: list[_Signal]
    since: str | None = None


class _Effect(msgspec.Struct):
    w: float | None = None
    points: float | None = None
    low: float | None = None
    high: float | None = None


class _Signal(msgspec.Struct):
    signal: str
    effect: _Effect = msgspec.field(default_factory=_Effect)
    given: str | None = None
    level: str | None = None

    @property
    def about(self) -> str:
        """What the size that is told is of: ` for tenant t07`, ` within hour of the day`; else nothing."""
        change = SignalChange(self.signal, "", None, Effect(), "", (), self.given, self.level)
        within = plain((self.given or "").partition(" (mostly ")[0], 40)
        return at_level(change) or (f" within {within}" if within else "")


class ToldSize(NamedTuple):
    """The size of a signal as an event told it, with its interval where it had one; in w or percentage points."""

    time: int
    size: float
    low: float | None
    high: float | None


@dataclass
class Incident:
    """One incident over all its changes. Times are milliseconds since 1970; `until` is None while it is open.

    `sizes` are those that were told, by signal, each once; `about` says of what, where that is not all records.
    """

    model: str
    severity: Severity
    since: int
    opened: int
    summary: str
    until: int | None = None
    signals: set[str] = field(default_factory=set)
    sizes: dict[str, list[ToldSize]] = field(default_factory=dict)
    about: dict[str, str] = field(default_factory=dict)

    def tell(self, signal: str, effect: _Effect, time: int) -> None:
        """Note a size that was told, unless it is that of before: a reminder measures nothing anew."""
        size = effect.w if effect.points is None else effect.points
        if size is not None:
            told = self.sizes.setdefault(signal, [])
            new = ToldSize(time, size, effect.low, effect.high)
            if not told or told[-1][1:] != new[1:]:
                told.append(new)

    def end(self, now: int) -> int:
        """Return when it was over; of an open one `now`."""
        return now if self.until is None else self.until


@dataclass
class Lines:
    """The lines of a file, each with its number. A last one that somebody has not finished is left out.

    Attributes
    ----------
    torn : str
        Why the end is not there, where it is not.
    """

    path: Path
    torn: str = ""

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        with self.path.open("rb") as plain:
            packed = plain.read(2) == _PACKED
            plain.seek(0)
            yield from self._of(gzip.GzipFile(fileobj=plain) if packed else plain)

    def _of(self, file: BinaryIO | gzip.GzipFile) -> Iterator[tuple[int, bytes]]:
        number = 0
        try:
            while line := file.readline(LONGEST):
                number += 1
                if line.strip():
                    yield number, line
        except (EOFError, zlib.error, gzip.BadGzipFile):
            self.torn = "it is packed, and its end is missing"

    def refuse(self, number: int, line: bytes, what: str, why: object) -> None:
        """Raise because of a line, unless it is the last one and nobody has ended it."""
        if line.endswith(b"\n") or len(line) == LONGEST or number == 1:
            raise SeawallError(f"{self.path} is no file of {what}: line {number} is none ({why})") from None
        self.torn = "its last line is not finished"


def read_findings(path: Path) -> tuple[Timeline, str]:
    """Return what a file of `seawall replay --findings` shows, and what is wrong with its end, if anything is.

    Raises
    ------
    SeawallError
        Where it is another file, or has no findings.
    """
    lines, timeline = Lines(path), Timeline()
    decoder = msgspec.json.Decoder(Row)
    spelled, time = "", 0
    for number, line in lines:
        try:
            row = decoder.decode(line)
            if row.time != spelled:
                spelled, time = row.time, _time(row.time)
        except (msgspec.DecodeError, ValueError) as why:
            lines.refuse(number, line, "findings (seawall replay --findings)", why)
            continue
        timeline.add(row, time)
    if not timeline.series:
        raise SeawallError(f"{path} has no findings: {lines.torn or 'it is empty'}. Was any record judged?")
    return timeline, lines.torn


def read_incidents(path: Path) -> tuple[list[Incident], str]:
    """Return the incidents of a file of `seawall replay --events`, or of the sink `file`, as `read_findings` does."""
    lines, decoder = Lines(path), msgspec.json.Decoder(_Change)
    found: dict[str, Incident] = {}
    for number, line in lines:
        try:
            change = decoder.decode(line)
            time = _time(change.time)
            since = _time(change.since) if change.since else time
        except (msgspec.DecodeError, ValueError) as why:
            lines.refuse(number, line, "events (seawall replay --events)", why)
            continue
        incident = found.setdefault(
            change.incident, Incident(change.model, change.severity, since, time, change.summary)
        )
        incident.signals |= {each.signal for each in change.signals}
        incident.severity, incident.summary = change.severity, change.summary
        if change.event == "resolved":
            incident.until = time
        for each in change.signals if change.event != "resolved" else ():
            incident.tell(each.signal, each.effect, time)
            incident.about[each.signal] = each.about
    return list(found.values()), lines.torn


def _time(text: str) -> int:
    """Return milliseconds since 1970."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)
