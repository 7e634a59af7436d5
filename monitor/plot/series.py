"""What a findings file shows of every signal over time, in as many points as a picture has pixels.

The file is read once, line by line. Time is cut into equal stretches, of which each signal keeps the largest evidence
and the largest effect; when there are too many, two become one. So memory follows the number of signals, never that of
the lines, and no peak is lost.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

STRETCHES = 1_000
"""Most points of one line: more would fall on one pixel."""

YOUNG = 1_000
"""Records of a model before which sizes are left out: they are smoothed over the last 8,192, and so few show chance."""

NEEDED = 7.0
"""Evidence at which an alarm is near, where a file of an older build does not say."""


class Row(msgspec.Struct):
    """One line of a findings file; what is told since later builds has a default."""

    time: str
    records: int
    signal: str
    group: str
    evidence: float | None
    w: float | None
    points: float | None
    model: str = ""
    needed: float | None = None
    tolerance: float | None = None
    alarm: bool = False


@dataclass
class Point:
    """What a signal showed at most within one stretch: evidence, size (the largest either way), whether it alarmed."""

    evidence: float | None
    size: float | None
    alarm: bool

    def merge(self, evidence: float | None, size: float | None, alarm: bool) -> None:  # noqa: FBT001 - as in a row
        """Keep the largest."""
        if evidence is not None and (self.evidence is None or evidence > self.evidence):
            self.evidence = evidence
        if size is not None and (self.size is None or abs(size) > abs(self.size)):
            self.size = size
        self.alarm = self.alarm or alarm


@dataclass
class Series:
    """One signal of one model.

    Attributes
    ----------
    share : bool
        Whether its size is in percentage points; else it is Cohen's w.
    needed, tolerance : float or None
        The evidence at which it alarms by itself, and the size that is not worth telling; None where nobody says.
    points : dict of Point
        By stretch.
    """

    model: str
    signal: str
    group: str
    share: bool
    needed: float | None
    tolerance: float | None
    points: dict[int, Point] = field(default_factory=dict)

    @property
    def peak(self) -> float | None:
        """The largest evidence."""
        return max((p.evidence for p in self.points.values() if p.evidence is not None), default=None)

    @property
    def largest(self) -> float | None:
        """The largest size, either way."""
        return max((p.size for p in self.points.values() if p.size is not None), key=abs, default=None)

    @property
    def alarmed(self) -> bool:
        return any(p.alarm for p in self.points.values())

    @property
    def nearness(self) -> float:
        """The largest evidence as a share of what an alarm needs."""
        return (self.peak or 0.0) / (self.needed or NEEDED)

    def halve(self) -> None:
        """Make one stretch of two."""
        points, self.points = self.points, {}
        for stretch, point in points.items():
            kept = self.points.setdefault(stretch // 2, point)
            if kept is not point:
                kept.merge(point.evidence, point.size, point.alarm)


class Timeline:
    """All signals of a findings file.

    Attributes
    ----------
    width : int
        Milliseconds of a stretch.
    begin, end : int
        The earliest and the latest time of a row, in milliseconds since 1970.
    records : dict of int
        Records judged of each model: of the streams beside the records too, of which the longest counts.
    """

    def __init__(self) -> None:
        self.series: dict[tuple[str, str], Series] = {}
        self.records: dict[str, int] = {}
        self.width = 1
        self.begin, self.end = 1 << 62, -(1 << 62)

    def add(self, row: Row, time: int) -> None:
        """Add a row of this time, in milliseconds since 1970. Rows need not be in order."""
        stretch = self._stretch(time)
        key = row.model, row.signal
        if key not in self.series:
            self.series[key] = Series(*key, row.group, row.points is not None, row.needed, row.tolerance)
        size = (row.w if row.points is None else row.points) if row.records >= YOUNG else None
        points = self.series[key].points
        if stretch in points:
            points[stretch].merge(row.evidence, size, row.alarm)
        else:
            points[stretch] = Point(row.evidence, size, row.alarm)
        self.records[row.model] = max(row.records, self.records.get(row.model, 0))

    def _stretch(self, time: int) -> int:
        """Return the stretch of a time, and make room for it."""
        self.begin, self.end = min(self.begin, time), max(self.end, time)
        while self.end // self.width - self.begin // self.width >= STRETCHES:
            self.width *= 2
            for series in self.series.values():
                series.halve()
        return time // self.width

    def time(self, stretch: float) -> float:
        """Return the middle of a stretch in milliseconds since 1970."""
        return (stretch + 0.5) * self.width
