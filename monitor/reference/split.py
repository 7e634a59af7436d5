"""Which accepted records choose, and which are counted.

What is chosen by looking at records - which levels are kept, which columns go together - fits these records better than
the next ones: a level that is kept for its luck looks more frequent than it is, and all that are left look rarer. So
a third of the blocks of 100 records, in the order in which they were read, choose, and how often what was chosen comes
is counted on the others. Bursts mostly fall into one block.

Which blocks these are follows the golden ratio, which comes near no fraction: a third of any stretch chooses, and of
every third block, or any other: files may be written in rounds, days may have 300 records.
"""

from __future__ import annotations

BLOCK = 100
EVERY = 3

FREQUENT = 35
"""Records among those that choose that a bin of levels needs: about 105 in all."""

_WHOLE = 1 << 64
_GOLDEN = 0x9E3779B97F4A7C15
"""2^64 over the golden ratio (Knuth 1998, The Art of Computer Programming 3, section 6.4)."""


def chooses(record: int) -> bool:
    """Return whether a record chooses, by its number among those of its model."""
    return (record // BLOCK + 1) * _GOLDEN % _WHOLE < _WHOLE // EVERY
