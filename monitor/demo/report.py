"""What the demo says before and after: what is watched, how late each change was told, where to look next."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from monitor.demo.camera import ACCEPTED
from monitor.demo.folder import Folder
from monitor.demo.labels import labels
from monitor.demo.show import Show
from monitor.demo.slack import Received
from monitor.demo.story import STORY_SECONDS, Phase
from monitor.demo.traffic import PIXELS, RATE, Service
from monitor.reference.store import Reference
from monitor.types import Event
from sinks.text import counted


def introduction(brokers: str | None) -> Iterator[str]:
    """Yield what this is."""
    yield f"Seawall demo: a classifier reads digits, {RATE:,} requests a second; Seawall watches."
    through = f"Its requests and labels go through Kafka at {brokers}."
    yield through if brokers else "No broker; nothing leaves this machine."
    yield ""


def watched(service: Service, reference: Reference) -> Iterator[str]:
    """Yield what is watched against what."""
    right = 100 * service.accuracy(ACCEPTED)
    yield f"model     scikit-learn's {type(service.model).__name__}, right on {right:.1f} % of images it never saw"
    yield f"accepted  {reference.rows:,} requests of clean traffic (reference {reference.digest[7:19]})"
    what = f"{len(PIXELS)} pixels (values, pairs, missing, range), answers, errors, shadow checks"
    yield f"watched   {len(reference.signals)} signals: {what}"
    yield "promised  at most 1 false alert per 30 days, over all these signals together"
    yield "besides   callers who probe the model, by a rule of its own outside that promise"


def counts(show: Show, unusable: int) -> Iterator[str]:
    """Yield what came of it, in figures."""
    story = show.traffic.story
    first = next(phase.begins for phase in story if phase.harm)
    early = sum(event.event == "opened" and _at(event, show) <= first for event, _ in show.told)
    yield ""
    yield f"{show.records:,} requests judged, {unusable:,} unusable. Alerts before the first change: {early}"
    yield ""
    said = labels(show.traffic)
    known = [label.wrong for label in said if show.traffic.phase_of(label.request).camera == ACCEPTED]
    yield f"{'what changed':<14}{'told after':<26}{'resolved':<26}by the labels (else {_wrong(known)})"
    for phase in story:
        if phase.harm:
            cost = _wrong([label.wrong for label in said if show.traffic.phase_of(label.request) == phase])
            yield from (f"{row:<66}{cost}" for row in _delays(phase, show))


def _wrong(known: Sequence[bool]) -> str:
    """Return the share of labelled answers that were wrong."""
    return f"{100 * sum(known) / len(known):.1f} % wrong" if known else "not known yet"


def _delays(phase: Phase, show: Show) -> Iterator[str]:
    later = [p for p in show.traffic.story if p.begins > phase.begins]
    until = next((p.begins for p in later if p.harm), STORY_SECONDS)
    mended = next((p.begins for p in later if _ends(p, phase)), STORY_SECONDS)
    opened = [pair for pair in show.opened if phase.begins < _at(pair[0], show) <= until]
    if not opened:
        yield f"{phase.short:<14}never"
    for event, at in opened:
        requests = round((_at(event, show) - phase.begins) * RATE)
        ends = [end for e, end in show.told if e.event == "resolved" and e.incident == event.incident]
        told = f"{at - phase.begins:.1f} s, {counted(requests, 'request')}"
        over = f"{ends[0] - mended:.1f} s after its end" if ends else "it is there to stay"
        yield f"{phase.short:<14}{told:<26}{over}"


def _ends(later: Phase, phase: Phase) -> bool:
    """Return whether a later phase is the end of what a phase brought."""
    if phase.probed:
        return True
    return later.camera == ACCEPTED if phase.camera != ACCEPTED else later.version != phase.version


def _at(event: Event, show: Show) -> float:
    """Return the seconds from the first request to the end of the slot that the event is of."""
    return datetime.fromisoformat(event.time).timestamp() - show.traffic.began / 1_000


def received(messages: Sequence[Received], folder: Folder) -> Iterator[str]:
    """Yield what an on-call person would have received."""
    count, first = len(messages), folder.path / "slack-1.html"
    pages = f": {first} to slack-{count}.html" if count > 1 else f": {first}" if count else ""
    yield ""
    yield f"On call you would have received {counted(count, 'Slack message')}{pages}"


def retrained(calls: Sequence[Path]) -> Iterator[str]:
    """Yield what the training job was told."""
    what = f": {calls[0]} says on what" if calls else ""
    yield f"A retraining was started {'once' if len(calls) == 1 else f'{len(calls)} times'}{what}"


def look_next(folder: Folder, *, serving: bool) -> Iterator[str]:
    """Yield where to look next."""
    seawall = "seawall" if shutil.which("seawall") else sys.argv[0]
    yield f"The same again, with other settings: edit {folder.config}, then"
    yield f"  {seawall} replay {folder.traffic} --labels {folder.labels} --answers {folder.answers} -c {folder.config}"
    yield "Your own topic in 15 minutes: docs/quickstart.md"
    if serving:
        yield "Clean traffic goes on, and metrics are served, until Ctrl-C"
    else:
        yield f"Metrics to look at: {seawall} demo --serve"
