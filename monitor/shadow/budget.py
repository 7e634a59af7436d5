"""How much an endpoint is asked: a bucket that fills by the second, and a count for the day."""

from __future__ import annotations

from monitor.parts import Now

DAY_MS = 86_400_000


class QueryBudget:
    """Queries that may be made.

    A restart begins with an empty bucket and goes on with the day's count, so restarts buy nothing.

    Parameters
    ----------
    per_second : float
    per_day : int
        Days are those of UTC.
    most : int
        Queries of one record: the bucket holds so many at least.

    Attributes
    ----------
    share : float
        What is this process's of the queries a second, where several ask.
    """

    def __init__(self, per_second: float, per_day: int, most: int) -> None:
        self.share = 1.0
        self.per_second = per_second
        self.per_day = per_day
        self.room = max(per_second, float(most))
        self._there = 0.0
        self._since: float | None = None
        self.day = 0
        self.spent = 0

    def take(self, queries: int, now: Now) -> bool:
        """Take so many queries if they are there."""
        elapsed = 0.0 if self._since is None else max(0.0, now.steady - self._since)
        self._there, self._since = min(self.room, self._there + elapsed * self.share * self.per_second), now.steady
        if (today := now.wall // DAY_MS) > self.day:  # a clock put back does not give a day twice
            self.day, self.spent = today, 0
        if queries > self._there or self.spent + queries > self.per_day:
            return False
        self._there -= queries
        self.spent += queries
        return True


def shared_budget(per_second: float, per_day: int, most: int) -> QueryBudget:
    """Return the budget of one of several processes: so many queries a day are spread over all of it.

    So nobody needs to know what others have asked today, or what this one has before a restart.
    """
    return QueryBudget(min(per_second, per_day * 1000 / DAY_MS), per_day, most)
