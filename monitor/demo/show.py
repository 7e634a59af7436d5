"""What the demo says while it runs: an observer of the pipeline, and the sink in place of standard output."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from datetime import datetime

import click
from msgspec.structs import replace

from monitor.counting.fold import Folded
from monitor.demo.camera import ACCEPTED
from monitor.demo.curve import Curve
from monitor.demo.labels import ONE_IN, covered
from monitor.demo.pictures import Samples, side_by_side
from monitor.demo.story import STORY_SECONDS, Phase
from monitor.demo.terminal import Terminal
from monitor.demo.traffic import AIM, PROBER, PROBES, SIZE, Traffic
from monitor.formats.batch import Decoded
from monitor.incidents.incident import OPENED_AS
from monitor.judge.judge import Verdict
from monitor.judged import Judged
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
ROOM = 80
"""Characters of a headline that fit beside the time and the severity."""

UNBROKEN = "\xa0"
FIRST_WORD = 10.0
"""Seconds after which it is said that nothing happens."""

COPES = "The inputs moved and the model still copes: look now, before it no longer does."
"""What is said of a change that does not show in the model's answers yet."""

NOTHING_SEEN = "It learned release 1's answers by heart: nothing in its traffic looks different."
"""What is said of a release that is fragile."""

ASKED_AGAIN = "Shadow checks read 1 image in 10 again with noise (standard deviations): another digit?"
"""What a shadow check is."""

FRESH = ("new: ", "now ", "retraining ")
"""How the notes begin that say why an incident is told again."""


class Show(Observer):
    """Says what happens to the traffic, and what is told about it.

    Parameters
    ----------
    curve : Curve
        What shadow checks tell.
    clock : callable or None
        Gives the time (seconds since 1970) at which an event is told; None: the event's own time counts.

    Attributes
    ----------
    told : list of (Event, float)
        What was told, and how many seconds after the first request.
    over : bool
        Whether the story's last slot was judged, of the requests and of the labels.
    records : int
        Requests judged in the story.
    at_end : callable
        Called when the last slot of the requests or of the labels was judged, with what still waits to be told of them.
    """

    name = "stdout"
    min_severity: Severity = "info"

    def __init__(self, terminal: Terminal, traffic: Traffic, curve: Curve, clock: Callable[[], float] | None) -> None:
        self.traffic = traffic
        self.curve = curve
        self.told: list[tuple[Event, float]] = []
        self.over = False
        self.records = 0
        self.at_end: Callable[[Judged], None] = lambda _: None
        self._ended: list[Judged] = []
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
            before, self._phase = self._phase, phase
            first, *more = self._announced(phase, before)
            first = f"{stamp(phase.begins)}  {click.style(phase.words, bold=True)}{first}"
            self._terminal.say("\n".join([first, *(MARGIN + line for line in more)]), at=phase.begins)

    @property
    def opened(self) -> list[tuple[Event, float]]:
        """What was told first of each incident of the requests."""
        return [(e, at) for e, at in self.told if e.event == "opened" and e.signals[0].group != "performance"]

    def judged(self, model: Watched, verdict: Verdict) -> None:
        """Say how things are, once for good, and notice the end."""
        streams = [model.records, *model.sides.values()]
        judged = next(stream for stream in streams if stream.judge.signals is verdict.signals)
        at = ((verdict.slot + 1) * model.policy.settings.slot - self.traffic.began) / 1_000
        if judged is model.records:
            self._say_how_it_is(model, verdict, at)
        if at >= STORY_SECONDS and judged not in self._ended:
            self._ended.append(judged)
            self.over = len(self._ended) == len(streams)
            self.at_end(judged)

    def _say_how_it_is(self, model: Watched, verdict: Verdict, at: float) -> None:
        count = len(model.incidents)
        state = f"incidents open: {count}" if count else "all quiet"
        line = f"{stamp(at)}  {counted(verdict.records, 'request')}, {state}"
        if at == FIRST_WORD:
            more = (ASKED_AGAIN, *self.curve.lines("until now", 0, at))
            self._terminal.say("\n".join([line, *(MARGIN + each for each in more)]), at=at)
        self._terminal.note(line)
        if at == STORY_SECONDS:
            self.records = verdict.records

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
        self._terminal.say(_in_lines(event, at, before, drawn=self._drawn(event)), at=at)
        return None

    def _drawn(self, event: Event) -> Sequence[str]:
        """Return the lines that draw what is told: of a fragile release, what shadow checks saw of it so far."""
        if event.event != "opened" or event.signals[0].group != "robustness":
            return []
        time = datetime.fromisoformat(event.time).timestamp()
        began = self.traffic.phase(round(1_000 * time) - 1).begins
        return [*self.curve.lines(f"release {event.version}", began, time - self.traffic.began / 1_000)]

    def close(self) -> None:
        """Nothing to let go of."""

    def _announced(self, phase: Phase, before: Phase) -> list[str]:
        """Return what is said of a phase behind its words, and the lines below."""
        if phase.probed:
            return [f": 1 request in {SIZE // len(PROBES)} asks about one {AIM}, changed each time"]
        if before.probed:
            return self._found()
        if phase.labelled:
            return [f": people have looked at 1 in {ONE_IN} of the first {covered(self.traffic):,} requests"]
        accepted = 100 * self.traffic.service.accuracy(ACCEPTED)
        right = 100 * self.traffic.service.accuracy(phase.camera, phase.version)
        if not phase.harm:
            return [f"; model right on {right:.1f} %"]
        if phase.camera == ACCEPTED:
            return [f"; model right on {right:.1f} %", NOTHING_SEEN]
        pictures = self._samples.before_and_after(phase.camera, colours=self._terminal.colours)
        first = f"; model right on {right:.1f} %, reads {self._samples.read(phase.camera)}"
        return [first, *pictures, *([COPES] if right > accepted - 1 else [])]

    def _found(self) -> list[str]:
        """Return what came of the probing."""
        prober, service = self.traffic.prober, self.traffic.service
        read = service.predict(prober.best[None])[0][0]
        pair = service.example(AIM)[None], prober.best[None]
        pictures = side_by_side(*pair, colours=self._terminal.colours)
        found = f"Its {len(prober.asked):,} queries had made of this {AIM} one that is read as {read}:"
        return [f": it is {PROBER}, as whoever has privacy.hash_key can tell", found, *pictures]


def stamp(seconds: float) -> str:
    """Return ` 0:14.6`."""
    return f"{int(seconds) // 60:2}:{seconds % 60:04.1f}"


def _in_lines(event: Event, at: float, before: Sequence[str], *, drawn: Sequence[str]) -> str:
    """Return what is told; of an incident that is told again what is new, given the notes `before`."""
    opened, colour = event.event == "opened", COLOURS[event.severity]
    mark, summary = f"{'▲' if opened else '↺'} {event.severity}", event.summary
    more = _explained(event) if opened else [n for n in event.notes if n.startswith(FRESH) and n not in before]
    if event.event == "resolved":
        mark, colour, more = "✓ resolved", "green", [n for n in event.notes if n.startswith(OPENED_AS)]
    if (not opened and ", " in summary) or len(summary) > ROOM:  # what is named was named before
        summary = summary.partition(": ")[0]
    head = f"{stamp(at)}  {click.style(mark, fg=colour, bold=True)} · {summary}"
    said = (line for words in more for line in _wrapped(words))
    return "\n".join([head, *(MARGIN + line for line in drawn), *said])


def _explained(event: Event) -> list[str]:
    """Return what an alert says below its headline."""
    said, lead = message(event), event.signals[0]
    told = dict(said.facts)
    words = moved(lead, 1) if lead.group != "robustness" else ""  # it is drawn
    facts = [f"{name(lead)}: {words}"] if words else []
    facts += [f"size {size(replace(lead.effect, low=None, high=None))}"] if lead.effect.w is not None else []
    sure = told.get("How sure", "").replace(":", ",") if lead.evidence is None else f"evidence {one_in(lead.evidence)}"
    facts += [sure] if sure else []
    more = ["; ".join(fact.replace(" ", UNBROKEN) for fact in facts)]
    more += [f"also {told['Also']}"] if "Also" in told and lead.group != "performance" else []  # there it is one thing
    more += [note for note in said.notes if not note.endswith(", before this")]  # what is gone is blamed for nothing
    return [*more, *([f"look first {said.look_first}"] if said.look_first else [])]


def _wrapped(words: str) -> list[str]:
    """Return lines below a headline."""
    text = words.replace(" %", f"{UNBROKEN}%")
    lines = textwrap.wrap(text, WIDTH, initial_indent=MARGIN, subsequent_indent=f"{MARGIN}  ")
    return [line.replace(UNBROKEN, " ") for line in lines]
