"""Standard output: words on a terminal, JSON Lines in a pipe."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Literal

import click

from monitor.errors import DeliveryError
from monitor.types import Event, Severity
from sinks.sink import MinSeverity, SinkName, SinkOptions, event_line
from sinks.wording import message

COLOURS = {"info": "cyan", "warning": "yellow", "error": "red", "critical": "bright_red"}


class StdoutConfig(SinkOptions):
    """Standard output: readable on a terminal, one JSON object a line otherwise."""

    type: Literal["stdout"] = "stdout"
    name: SinkName = "stdout"
    min_severity: MinSeverity = "info"

    def build(self) -> StdoutSink:
        """Return the sink. Colours are left out where NO_COLOR is set."""
        terminal = sys.stdout.isatty()
        return StdoutSink(self.name, self.min_severity, sys.stdout, in_words if terminal else event_line)


@dataclass
class StdoutSink:
    """Writes each event to a stream, in the given form."""

    name: str
    min_severity: Severity
    stream: IO[str]
    form: Callable[[Event], str]

    def send(self, event: Event, thread: str | None) -> str | None:
        """Write and flush."""
        try:
            self.stream.write(self.form(event) + "\n")
            self.stream.flush()
        except (OSError, ValueError) as error:  # ValueError: the stream was closed
            raise DeliveryError(f"standard output is gone: {type(error).__name__}", retryable=False) from error
        return None

    def close(self) -> None:
        """Leave the stream open: it is not ours."""


def in_words(event: Event, *, colours: bool | None = None, width: int | None = None) -> str:
    """Return an event as a few lines for a terminal.

    Parameters
    ----------
    colours : bool or None
        None: unless the environment has NO_COLOR.
    width : int or None
        Columns to wrap at; None: the terminal's, 110 at most.
    """
    said = message(event)
    colours = not os.environ.get("NO_COLOR") if colours is None else colours
    width = min(shutil.get_terminal_size().columns, 110) if width is None else width
    rows = [("", said.story), *said.facts, *(("Note", note) for note in said.notes)]
    rows += [("Look first", said.look_first)] if said.look_first else []
    rows += [("Runbook", said.runbook)] if said.runbook else []
    colour = "green" if event.event == "resolved" else COLOURS[event.severity]
    lines = [click.style(said.headline, fg=colour, bold=True)]
    for label, words in rows:
        lines += _row(f"  {label:<12}" if label else "  ", words, width)
    lines.append(click.style(f"  {said.origin}", dim=True))
    return "\n".join(lines if colours else map(click.unstyle, lines))


def _row(lead: str, words: str, width: int) -> list[str]:
    unbroken = words.replace(" %", "\xa0%")
    wrapped = textwrap.wrap(unbroken, max(width - len(lead), 30), break_long_words=False, break_on_hyphens=False)
    lines = [line.replace("\xa0%", " %") for line in wrapped or [""]]
    return [click.style(lead, dim=True) + lines[0], *(" " * len(lead) + line for line in lines[1:])]
