"""Whether the monitor itself sees: silence, trouble, partitions that stand still, too many unusable records.

By the wall clock, so outside what is promised bit for bit.
"""

from __future__ import annotations

from monitor.counting.fold import Folded
from monitor.formats.batch import IGNORED, Decoded
from monitor.http.health import Health, Traffic
from monitor.incidents.incident import rfc3339
from monitor.judge.judge import Verdict
from monitor.parts import Now, Observer, Side
from monitor.pipeline import Pipeline
from monitor.types import Partition, Severity, Source, partition_names
from monitor.watched import Watched
from sinks.text import counted, plain

LONGEST_NAME = 40
UNSAVED_SECONDS = 60.0
"""How long the state may not be saved before somebody is told."""


class Sight(Observer):
    """Looks at the whole once a turn: tells people through incidents, Kubernetes through readiness.

    Parameters
    ----------
    health : Health
    freshness : float
        Seconds without a record after which somebody is told; records of models that are not watched are none.
    """

    remembering: tuple[str, ...] = ("state",)
    """What keeps readiness where something cannot be remembered."""

    def __init__(self, health: Health, freshness: float) -> None:
        self.health = health
        self.freshness = freshness
        self._began: float | None = None
        self._read: float | None = None
        self._counted: set[Partition] = set()
        self._came = False
        self._ignored = 0
        self._another: str | None = None
        self._moved: dict[Partition, float] = {}
        self._saved: float | None = None
        self._well: dict[str, float] = {}
        self._last_turn: float | None = None
        self._waits = False
        self._knows = False
        self._unjudged = 0.0

    def counted(self, partition: Partition, decoded: Decoded, folded: Folded) -> None:
        """Note that something was read."""
        self._counted.add(partition)
        ignored = int((decoded.model == IGNORED).sum())
        self._came |= ignored < len(decoded.model)
        self._ignored += ignored
        self._another = decoded.another or self._another
        self._waits |= any(folded.counted.values()) or any(folded.late.values())

    def judged(self, model: Watched, verdict: Verdict) -> None:
        """Note that a slot was judged."""
        if model.of_records(verdict):
            self._waits, self._knows, self._unjudged = False, True, 0.0

    def turned(self, pipeline: Pipeline, now: Now) -> None:
        """Compare what is with what should be."""
        trouble = pipeline.parts.source.trouble()
        silence = now.steady - self._note_progress(pipeline, now)
        limit = pipeline.parts.limit.reached
        self._note_judging(pipeline, now, silence)
        stuck = None if limit else self._stuck(pipeline, now)
        silent = self._silent(pipeline, silence, trouble) if silence >= self.freshness and not limit else None
        if silent or self._read is not None:  # a restart alone does not end a silence
            self.tell(pipeline, now, "quality.freshness", silent, severity="error", seconds=silence)
        self._knows |= bool(stuck) or self._read_to_the_end(pipeline)
        if self._knows:  # nor that nothing is judged
            self.tell(pipeline, now, "quality.progress", stuck, severity="critical", seconds=self.freshness)
        unsaved = self._unsaved(now)
        self.tell(pipeline, now, "quality.state", unsaved, severity="critical", seconds=UNSAVED_SECONDS)
        if pipeline.parts.limit.known:
            self.tell(pipeline, now, "quality.dead_letters", limit, severity="critical", seconds=0.0)
        for side in pipeline.parts.sides:
            blind = self._blind(side, now)
            self.tell(pipeline, now, f"quality.{side.name}", blind, severity="error", seconds=self.freshness)
        unnamed = silent if self._ignored else None  # silence is the producers' business, what is not named ours
        self._probe("models", unnamed)
        self._probe("source", trouble)
        elsewhere = read_elsewhere(pipeline.parts.source)
        self._probe("progress", stuck or elsewhere)
        self._probe("dead_letters", limit)
        self.health.beat(now.steady)
        self.health.traffic(self._traffic(pipeline, trouble or stuck or limit or elsewhere or unnamed))

    def _note_progress(self, pipeline: Pipeline, now: Now) -> float:
        """Return when something of the watched models was last read, or when this process began to look."""
        if self._began is None:
            self._began = now.steady
        if self._came:
            self._read, self._came, self._ignored = now.steady, False, 0
        partitions = pipeline.parts.partitions
        for partition in self._counted | partitions.ahead() | (partitions.folds.keys() - self._moved.keys()):
            self._moved[partition] = now.steady
        self._counted.clear()
        return self._began if self._read is None else self._read

    def _silent(self, pipeline: Pipeline, silence: float, trouble: str | None) -> str:
        """Return that nothing is read, and whose business that is as far as known."""
        words = f"no records read for {_span(silence)}"
        if trouble:
            return f"{words} ({trouble})"
        if self._ignored:
            return self._unnamed([model.name for model in pipeline.parts.models], silence)
        return f"{words}: the topic is read to its end; producer down?" if _is_read(pipeline.parts.source) else words

    def _read_to_the_end(self, pipeline: Pipeline) -> bool:
        """Return whether there is nothing left to judge."""
        return not self._waits and _is_read(pipeline.parts.source)

    def _unnamed(self, watched: list[str], silence: float) -> str:
        """Return that records came and none names a watched model: it was renamed, perhaps."""
        ours = f"model {plain(watched[0], LONGEST_NAME)}" if len(watched) == 1 else f"the {len(watched)} models watched"
        theirs = plain(self._another, LONGEST_NAME) if self._another else "no model"
        verb = "names" if self._ignored == 1 else "name"
        return f"no record of {ours} for {_span(silence)}; {counted(self._ignored, 'record')} {verb} {theirs}"

    def _note_judging(self, pipeline: Pipeline, now: Now, silence: float) -> None:
        """Count the seconds in which records came and no slot was judged; silence is another matter."""
        last, self._last_turn = self._last_turn, now.steady
        if last is not None and self._waits and silence < pipeline.parts.idle_timeout:
            self._unjudged += now.steady - last

    def _stuck(self, pipeline: Pipeline, now: Now) -> str | None:
        """Return what stands still although it has records, or is read by somebody else: nothing is judged then."""
        source = pipeline.parts.source
        held = pipeline.parts.partitions.ahead()
        behind = [
            p
            for p, lag in source.lag().items()
            if lag > 0 and p not in held and now.steady - self._moved.get(p, now.steady) >= self.freshness
        ]
        elsewhere = [
            p for p in source.missing() if now.steady - self._moved.setdefault(p, now.steady) >= self.freshness
        ]
        if elsewhere:
            return _elsewhere(elsewhere)
        if behind:
            return f"judging waits: {_names(behind)} with records to read and no progress for {_span(self.freshness)}"
        return self._standing(pipeline)

    def _standing(self, pipeline: Pipeline) -> str | None:
        """Return whose times keep slots from closing although records come: they stand still, or went back."""
        partitions = pipeline.parts.partitions
        usual = (2 * partitions.timing.slot + partitions.timing.lateness) / 1000 + pipeline.parts.idle_timeout
        reached, awake = pipeline.watermarks(), partitions.folds.keys() - partitions.idle
        if self._unjudged < max(self.freshness, usual) or not awake:
            return None
        timeless = sorted(awake - reached.keys())
        if timeless:
            where = f"no record in {_names(timeless)} has a time that counts"
        else:
            slowest = min(awake, key=reached.__getitem__)
            where = f"the times in {_names([slowest])} stand at {rfc3339(int(1000 * reached[slowest]))} or went back"
        return f"judging waits: records came for {_span(self._unjudged)} and no slot could be closed; {where}"

    def _blind(self, side: Side, now: Now) -> str | None:
        """Return why a side stream tells nothing, once that has lasted."""
        words = side.trouble()
        if words is None:
            self._well[side.name] = now.steady
        lasts = now.steady - self._well.setdefault(side.name, now.steady)
        return f"no {side.noun} for {_span(lasts)}: {words}" if words and lasts >= self.freshness else None

    def _unsaved(self, now: Now) -> str | None:
        """Return why nothing is remembered any more, once that has lasted; a moment's hindrance is nobody's business.

        It is told although it cannot be saved: whoever does not remember must not keep silent about it.
        """
        why = next((why for what in self.remembering if (why := self.health.blocked(what))), None)
        if why is None or self._saved is None:
            self._saved = now.steady
        lasts = now.steady - self._saved
        if why is None or lasts < UNSAVED_SECONDS:
            return None
        return f"nothing saved for {_span(lasts)}: {why}; a restart would go back to then"

    def tell(
        self, pipeline: Pipeline, now: Now, signal: str, words: str | None, *, severity: Severity, seconds: float
    ) -> None:
        """Tell people what is wrong, for so many seconds already, or that it is no longer."""
        since = now.wall - int(seconds * 1000)
        for model in pipeline.parts.models:
            events = model.conditions.look(
                signal, words, now.wall, since=since, records=model.judge.records, severity=severity
            )
            pipeline.parts.outbox.put(model.name, events)

    def _probe(self, what: str, words: str | None) -> None:
        if words:
            self.health.block(what, words)
        else:
            self.health.clear(what)

    def _traffic(self, pipeline: Pipeline, wrong: str | None) -> Traffic:
        partitions = pipeline.parts.partitions
        if wrong:
            return "stuck"
        if not partitions.folds:
            return "starting"
        return "idle" if partitions.silent else "healthy"


def read_elsewhere(source: Source) -> str | None:
    """Return which partitions another process of the group reads: known as soon as the group has settled."""
    return None if source.trouble() or not source.missing() else _elsewhere(list(source.missing()))


def _elsewhere(partitions: list[Partition]) -> str:
    """Return which partitions another process of the group reads, and the ways out."""
    verb = "is" if len(partitions) == 1 else "are"
    return (
        f"judging waits: {_names(partitions)} {verb} read by another process of the group; one alone judges a topic. "
        "Stop one of the two, give this one a group_id of its own, or let both share it with replicas: {}"
    )


def _is_read(source: Source) -> bool:
    """Return whether a topic is known to be read to its end."""
    lag = source.lag()
    return bool(lag) and not any(lag.values())


def _names(partitions: list[Partition]) -> str:
    return f"partition{'' if len(partitions) == 1 else 's'} {partition_names(sorted(partitions))}"


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
