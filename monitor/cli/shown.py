"""What is remembered, in words: for whoever looks at it in the middle of the night."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from monitor.config.config import Config
from monitor.counting.fold import NEVER
from monitor.errors import SnapshotError
from monitor.incidents.incident import Incident, rfc3339
from monitor.incidents.summary import ranked, summarise
from monitor.remembered import SNAPSHOT, check_fits, known
from monitor.state import snapshot
from monitor.state.lock import in_use
from monitor.state.snapshot import Found
from sinks.text import counted, plain

LONGEST = 200
"""Characters of an incident's summary."""

LONGEST_UNSAVED = 60.0
"""Seconds; a process that runs saves about once a second."""


def shown(config: Config, now: float) -> Iterator[str]:
    """Yield lines on all that is remembered in a `state_dir`, what is wrong first.

    Parameters
    ----------
    now : float
        Seconds since 1970.

    Raises
    ------
    SnapshotError
        Where nothing whole is left, or what is left is not understood.
    """
    path = config.state_dir / SNAPSHOT
    found = snapshot.find(path)
    if found is None:
        yield f"nothing is remembered in {config.state_dir}"
        return
    content, before, trouble = known(found), None, None
    if found.instead is None:
        before, trouble = _previous(path)
    yield from _files(found, before, now)
    yield from _refused(config, found, content)
    if trouble:
        yield f"! {trouble}: nothing to fall back on, until the next saving"
    yield from _put_aside(path)
    if content["judged"] > NEVER:
        yield f"  judged through {rfc3339((content['judged'] + 1) * content['slot'])}"
    yield from _positions(content, before.content if before else None)
    unsent = Counter(name for name, _ in content["unsent"])
    for name, model in content["models"].items():
        with snapshot.understood(found.path):
            waiting = Counter(sink for sink, _ in content["pending"].get(name, []))
            yield from model_lines(name, model, waiting + Counter({"not handed to a sink yet": unsent[name]}))


def _previous(path: Path) -> tuple[Found | None, str | None]:
    """Return the snapshot before the newest, or what is wrong with it."""
    before = snapshot.previous(path)
    try:
        content = snapshot.read(before)
        found = None if content is None else Found(before, known(Found(before, content)))
    except SnapshotError as why:
        return None, str(why)
    return found, None


def _files(found: Found, before: Found | None, now: float) -> Iterator[str]:
    """Say which files there are, how old, and which of them the next run goes on from."""
    age = now - found.path.stat().st_mtime
    beside = f"; before it {before.path.name}, saved {_ago(now - before.path.stat().st_mtime)}" if before else ""
    yield f"{found.path}, saved {_ago(age)}{beside}"
    if found.instead:
        yield f"! {found.instead}: the next run goes on from the one before it, {found.path.name}, and reads again"
        yield "! what came since. No verdict changes; a message may be told again"
    if age > LONGEST_UNSAVED and in_use(found.path.parent):
        yield f"! not saved for {age:,.0f} s: the running process may know more, see /readyz"


def _refused(config: Config, found: Found, content: Mapping[str, Any]) -> Iterator[str]:
    """Say what a run would refuse, in its words."""
    try:
        check_fits(config, found.path, content)
    except SnapshotError as why:
        yield f"! {why}"


def _put_aside(path: Path) -> Iterator[str]:
    """Say that a run has met a snapshot that was not whole."""
    torn = snapshot.torn(path)
    if torn.exists():
        when = rfc3339(int(torn.stat().st_ctime * 1000))
        yield f"! {torn} was not whole: a run went on from the one before it at {when}. Is the disk well?"


def _positions(content: Mapping[str, Any], before: Mapping[str, Any] | None) -> Iterator[str]:
    earlier = dict(_offsets(before)) if before else {}
    for (topic, number), offset in _offsets(content):
        also = earlier.get((topic, number), offset)
        yield f"  {topic}/{number} goes on at {offset:,}" + (f" ({also:,} before it)" if also != offset else "")


def _offsets(content: Mapping[str, Any]) -> Iterator[tuple[tuple[str, int], int]]:
    sides = [row for side in content["sides"].values() for row in side["partitions"]]
    for topic, number, offset, *_ in sorted([*content["partitions"], *sides]):
        yield (topic, number), max(0, offset)


def model_lines(name: str, model: Mapping[str, Any], waiting: Counter[str]) -> Iterator[str]:
    """Yield what was judged of a model, what is open, and what waits to be told, by where."""
    sides = {what: side for name, what in (("labels", "label"), ("shadow", "answer")) if (side := model.get(name))}
    incidents = [
        *model["policy"]["incidents"],
        *(incident for side in sides.values() for incident in side["policy"]["incidents"]),
        *model["conditions"].values(),
    ]
    records = model["judge"]["records"]
    late = "".join(f" and {counted(side['judge']['records'], what)}" for what, side in sides.items())
    yield f"  {name}: {counted(records, 'record')}{late} judged against {model['reference'][:19]}"
    where = f" ({', '.join(f'{sink} {n:,}' for sink, n in sorted(waiting.items()))})" if waiting else ""
    yield (
        f"  {name}: {counted(len(incidents), 'incident')} open, "
        f"{counted(waiting.total(), 'message')} still to be told{where}"
    )
    for incident in msgspec.convert(incidents, list[Incident]):
        summary = plain(summarise(ranked(list(incident.signals.values()))), LONGEST)
        yield f"    {incident.severity} since {rfc3339(incident.since)}: {summary} ({incident.key})"


def _ago(seconds: float) -> str:
    """Return how long ago, as a person says it."""
    if seconds < 0:
        return f"{-seconds:,.0f} s in the future (was a clock put back?)"
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:,.0f} {unit} ago"
    return f"{seconds:,.0f} s ago"
