"""Numbers, times and foreign names as a person reads them."""

from __future__ import annotations

import re
from datetime import datetime

LONGEST_CUT = 12
"""Characters that may be lost so that no word is cut."""


def plain(text: str, limit: int) -> str:
    r"""Return `text` with what is not printable escaped (``\x1b``), cut to `limit` characters with an ellipsis.

    It is cut between words, where one ends near the limit.

    >>> plain("no stranger than 50 % of the accepted ones", 30), plain("a" * 9, 6)
    ('no stranger than 50 % of the…', 'aaaaa…')
    """
    shown = text[:limit] if text.isprintable() else "".join(map(_escaped, text[:limit]))
    if len(shown) <= limit and len(text) <= limit:
        return shown
    words = shown[:limit].rpartition(" ")[0]
    return (words if limit - len(words) <= min(LONGEST_CUT, limit // 3) else shown[: limit - 1]) + "…"


def _escaped(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()


def counted(count: int, thing: str) -> str:
    """Return how many there are of a thing: `1 record`, `31,250 records`."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def percent(share: float, *, finer: int = 0) -> str:
    """Return `21 %`, `4.2 %`, `0.03 %`; `finer` asks for more digits.

    >>> percent(0.214), percent(0.05), percent(0.0003), percent(0.0000004), percent(0.9999)
    ('21 %', '5 %', '0.03 %', 'under 0.01 %', '99.99 %')
    """
    value = 100 * share
    if 0 < value < 0.01:
        return "under 0.01 %"
    digits = finer + (0 if 10 <= value <= 99 or value == 100 else 1 if 1 <= value < 10 else 2)
    text = f"{value:.{digits}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) + " %"


def points(value: float) -> str:
    """Return percentage points with the digits that a share of that size has: one quantity reads alike everywhere.

    >>> points(30.25), points(5.32), points(-0.5), points(0.0)
    ('30', '5.3', '-0.5', '0')
    """
    return ("-" if value < 0 else "") + percent(abs(value) / 100).removesuffix(" %")


def both(observed: float, expected: float) -> tuple[str, str]:
    """Return two shares with as many digits as it takes to tell them apart."""
    pair = percent(observed), percent(expected)
    return pair if pair[0] != pair[1] else (percent(observed, finer=1), percent(expected, finer=1))


def lasting(seconds: float) -> str:
    """Return the two largest units: `50 s`, `55 min`, `3 h 20 min`, `2 d 4 h`."""
    minutes, hours, days = seconds / 60, seconds / 3600, seconds / 86400
    if seconds < 60:
        return f"{seconds:.3g} s"
    if minutes < 60:
        return f"{int(minutes)} min"
    if hours < 24:
        return f"{int(hours)} h {int(minutes) % 60} min".removesuffix(" 0 min")
    return f"{int(days)} d {int(hours) % 24} h".removesuffix(" 0 h")


def moment(time: str, after: str | None = None, *, seconds: bool = False) -> str:
    """Return `2026-01-01 14:05` or `2026-01-01 14:05:10`, without the date where it is that of `after`."""
    at = datetime.fromisoformat(time)
    text = at.strftime("%H:%M:%S" if seconds else "%H:%M")
    return text if after and at.date() == datetime.fromisoformat(after).date() else f"{at.date()} {text}"


def with_short_times(text: str, after: str, *, seconds: bool = False) -> str:
    """Return `text` with its RFC 3339 times as `14:05 UTC`, with the date where it is not that of `after`."""
    times = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z"
    return re.sub(times, lambda found: _short(found[0], after, seconds=seconds), text)


def _short(time: str, after: str, *, seconds: bool) -> str:
    try:
        return f"{moment(time, after, seconds=seconds)} UTC"
    except ValueError:  # only looks like one
        return time


def one_in(evidence: float) -> str:
    """Return log10 evidence as `1 : 16,000,000`, two digits of it; from 1 : 10^100 on more says no more."""
    if evidence >= 100:
        return "over 1 : 10^100"
    if evidence >= 12:
        return f"1 : 10^{int(evidence)}"
    return f"1 : {int(float(f'{10**evidence:.2g}')):,}"
