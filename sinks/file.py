"""A file of JSON Lines."""

from __future__ import annotations

import os
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Literal

from pydantic import Field

from monitor.errors import DeliveryError
from monitor.types import Event, Severity
from sinks.sink import MinSeverity, SinkName, SinkOptions, event_line


class FileConfig(SinkOptions):
    """A file to which every event is appended, one JSON object a line."""

    type: Literal["file"] = "file"
    name: SinkName = "file"
    min_severity: MinSeverity = "info"
    path: Path = Field(description="Where to write; folders in between are made.")

    def build(self) -> FileSink:
        """Return the sink. The file is opened for each event, so it may be rotated away."""
        return FileSink(self.name, self.min_severity, self.path)


@dataclass
class FileSink:
    """Appends whole lines to a file."""

    name: str
    min_severity: Severity
    path: Path

    def send(self, event: Event, thread: str | None) -> str | None:
        """Append one line, or nothing. What a crash cut off is ended first, so that no two lines run together."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab+", buffering=0) as file:
                size = file.tell()
                torn = size > 0 and _last_byte(file.fileno(), size) != b"\n"
                _append(file, size, b"\n" * torn + event_line(event).encode() + b"\n")
        except OSError as error:
            raise DeliveryError(f"{self.path} cannot be written: {error.strerror}", retryable=True) from error
        return None

    def close(self) -> None:
        """Nothing is kept open."""


def _append(file: FileIO, size: int, line: bytes) -> None:
    """Write the whole line; where a full disk takes only half, cut that off again unless others have written since."""
    written = 0
    try:
        while written < len(line):
            written += file.write(line[written:])
    except OSError:
        if written and file.seek(0, os.SEEK_END) == size + written:
            file.truncate(size)
        raise


def _last_byte(descriptor: int, size: int) -> bytes:
    return os.pread(descriptor, 1, size - 1)
