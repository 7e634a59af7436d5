"""What the demo says while it runs: an observer of the pipeline, and the sink in place of standard output."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from datetime import datetime

import click
from msgspec.structs import replace

from monitor.counting.fold import Folded
from monitor.demo.camera import ACCEPTED
from monitor.demo.pictures import Samples
from monitor.demo.story import STORY_SECONDS, Phase
from monitor.demo.terminal import Terminal
from monitor.demo.traffic import Traffic
from monitor.formats.batch import Decoded
from monitor.judge.judge import Verdict
from monitor.parts import Now, Observer
from monitor.pipeline import Pipeline
from monitor.types import Event, Partition, Severity
from monitor.watched import Watched
from sinks.signals import moved, name, size
from sinks.stdout import COLOURS
from sinks.text import counted, one_in
from sinks.wording import message

WIDTH = 100
MARGIN = " " * 9
UNBROKEN = "\xa0"
FIRST_WORD = 10.0
"""Seconds after which it is said that nothing happens."""

COPES = "The inputs moved and the model still copes: look now, before it no longer does."
"""What is said of a change that does not show in the model's answers yet."""

FRESH = ("new: ", "now ", "retraining ")
"""How the notes begin that say why an incident is told again."""


class Show(Observer):
    """Says what happens to the traffic, and what is told about it.

    Parameters
    ----------
    clock : callable or None
        Gives the time (seconds since 1970) at which an event is told; None: the event's own time counts.

    Attributes
    ----------
    told : list of (Event, float)
        What was told, and how many seconds after the first request.
    over : bool
        Whether the story's last slot was judged.
    records : int
        Requests judged in the story.
    at_end : callable
        Called once when the story is over.
    """

    name = "stdout"
    min_severity: Severity = "info"

    def __init__(self, terminal: Terminal, traffic: Traffic, clock: Callable[[], float] | None) -> None:
        self.traffic = traffic
        self.told: list[tuple[Event, float]] = []
        self.over = False
        self.records = 0
        self.at_end: Callable[[], None] = lambda: None
        self._terminal = terminal
        self._samples = Samples(traffic.service)
        self._clock = clock
        self._phase = traffic.story[0]
        self._notes: dict[str, tuple[str, ...]] = {}

    def build(self) -> Show:
        """Return the sink, as a sink's configuration does."""
        return self

    def counted(self, partition: Partition, decoded: Decoded, folded: Folded) -> None:
        """Say what happens to the traffic as soon as a request shows it."""
        phase = self.traffic.phase(int(decoded.times.max()))
        if phase.begins > self._phase.begins:
            self._phase = phase
            self._terminal.say(self._announced(phase), at=phase.begins)

    def judged(self, model: Watched, verdict: Verdict) -> None:
        """Say how things are, once for good, and notice the end."""
        if not model.of_records(verdict):
            return
        at = ((verdict.slot + 1) * model.policy.settings.slot - self.traffic.began) / 1_000
        count = len(model.incidents)
        state = f"incidents open: {count}" if count else f"all {len(verdict.signals)} signals quiet"
        line = f"{stamp(at)}  {counted(verdict.records, 'request')}, {state}"
        if at == FIRST_WORD:
            self._terminal.say(line, at=at)
        self._terminal.note(line)
        if at >= STORY_SECONDS and not self.over:
            self.over, self.records = True, verdict.records
            self.at_end()

    def turned(self, pipeline: Pipeline, now: Now) -> None:
        """Say what keeps the source from being read."""
        if trouble := pipeline.parts.source.trouble():
            self._terminal.note(trouble)

    def send(self, event: Event, thread: str | None) -> str | None:
        """Say what is told."""
        now = self._clock() if self._clock else datetime.fromisoformat(event.time).timestamp()
        at = now - self.traffic.began / 1_000
        self.told.append((event, at))
        before, self._notes[event.incident] = self._notes.get(event.incident, ()), event.notes
        self._terminal.say(_in_lines(event, at, before), at=at)
        return None

    def close(self) -> None:
        """Nothing to let go of."""

    def _announced(self, phase: Phase) -> str:
        accepted, right = (100 * self.traffic.service.accuracy(camera) for camera in (ACCEPTED, phase.camera))
        first = f"{stamp(phase.begins)}  {click.style(phase.words, bold=True)}; model right on {right:.1f} %"
        if not phase.harm:
            return first
        pictures = self._samples.before_and_after(phase.camera, colours=self._terminal.colours)
        rows = [*pictures, *([COPES] if right > accepted - 1 else [])]
        return "\n".join([f"{first}, reads {self._samples.read(phase.camera)}", *(MARGIN + row for row in rows)])


def stamp(seconds: float) -> str:
    """Return ` 0:14.6`."""
    return f"{int(seconds) // 60:2}:{seconds % 60:04.1f}"


def _in_lines(event: Event, at: float, before: Sequence[str]) -> str:
    """Return what is told; of an incident that is told again what is new, given the notes `before`."""
    if event.event == "resolved":
        head = click.style("✓ resolved", fg="green", bold=True)
        return f"{stamp(at)}  {head} · {event.summary.partition(':')[0]}"
    opened = event.event == "opened"
    head = click.style(f"{'▲' if opened else '↺'} {event.severity}", fg=COLOURS[event.severity], bold=True)
    more = _explained(event) if opened else [n for n in event.notes if n.startswith(FRESH) and n not in before]
    return "\n".join([f"{stamp(at)}  {head} · {event.summary}", *(line for words in more for line in _wrapped(words))])


def _explained(event: Event) -> list[str]:
    said, lead = message(event), event.signals[0]
    facts = [f"{name(lead)}: {words}"] if (words := moved(lead, 1)) else []
    facts += [f"size {size(replace(lead.effect, low=None, high=None))}"] if lead.effect.w is not None else []
    facts += [f"evidence {one_in(lead.evidence)}"] if lead.evidence is not None else []
    more = ["; ".join(fact.replace(" ", UNBROKEN) for fact in facts)] if facts else []
    more += [f"also {words}" for label, words in said.facts if label == "Also"]
    return [*more, *said.notes, *([f"look first {said.look_first}"] if said.look_first else [])]


def _wrapped(words: str) -> list[str]:
    """Return lines below a headline."""
    text = words.replace(" %", f"{UNBROKEN}%")
    lines = textwrap.wrap(text, WIDTH, initial_indent=MARGIN, subsequent_indent=f"{MARGIN}  ")
    return [line.replace(UNBROKEN, " ") for line in lines]
