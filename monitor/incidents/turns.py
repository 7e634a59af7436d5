"""What moves one way at some hours and the opposite way at others: a cycle that comes earlier or later than it did."""

from __future__ import annotations

from collections.abc import Sequence

CLOCK = "one way at some hours, the opposite way at others: a clock or time zone an hour off looks like this"

_OPPOSITE = {"shifted up": "shifted down", "more of ": "less of "}


def opposite(one: str, other: str) -> bool:
    """Return whether these shapes say the opposite of each other.

    >>> opposite("less of store", "more of store"), opposite("less of store", "more of web")
    (True, False)
    """
    return any(
        a.startswith(up) and b == down + a.removeprefix(up)
        for up, down in _OPPOSITE.items()
        for a, b in ((one, other), (other, one))
    )


def by_turns(shapes: Sequence[str], mostly: str) -> bool:
    """Return whether the last of these shapes, or the hours that are named, tell the opposite of another.

    Parameters
    ----------
    shapes : sequence of str
        As the signal was told one after the other.
    mostly : str
        `22:00–02:00 shifted up, 10:00–14:00 shifted down`, say; empty where hours do not differ.
    """
    both = all(way in mostly for way in ("shifted up", "shifted down"))
    return both or any(opposite(shape, shapes[-1]) for shape in shapes[:-1])
