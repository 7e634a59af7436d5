"""When an answer was written, by a clock that never goes back: what comes behind a closed slot is not judged."""

from __future__ import annotations

from monitor.parts import Now


class Stamps:
    """Stamps of one log, in milliseconds since 1970. One thread at a time asks for the next.

    The wall clock may be set back or leap. Stamps follow it as adjtime(3) does. While it is behind them, they go on at
    half the speed, so that slots go on to close. Where it is ahead of what has passed, it is followed `most`
    milliseconds an answer, so that one wrong reading takes the clock of all later answers no further than that.

    Parameters
    ----------
    most : int
        Milliseconds.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._last: tuple[float, float] | None = None
        self._floor = 0

    def next(self, now: Now) -> int:
        """Return the stamp of what is written now."""
        stamp = float(now.wall)
        if self._last is not None:
            steady, last = self._last
            passed = 1_000 * (now.steady - steady)
            stamp = min(max(stamp, last + passed / 2), last + passed + self.most)
        stamp = max(stamp, self._floor)
        self._last = now.steady, stamp
        return int(stamp)

    def follow(self, stamp: int) -> None:
        """Write no stamp below this one, which was read in the log: of before a restart, or of another process."""
        self._floor = max(self._floor, stamp)
