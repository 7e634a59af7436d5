"""Which accepted records choose, and which are counted.

What is chosen by looking at records - which levels are kept, which columns go together - fits these records better than
the next ones: a level that is kept for its luck looks more frequent than it is, and all that are left look rarer. So
every third block of 100 records, in the order in which they were read, chooses, and how often what was chosen comes is
counted on the others. Bursts mostly fall into one block, and cycles into both parts.
"""

from __future__ import annotations

BLOCK = 100
EVERY = 3

FREQUENT = 35
"""Records among those that choose that a bin of levels needs: about 105 in all."""


def chooses(record: int) -> bool:
    """Return whether a record chooses, by its number among those of its model."""
    return record // BLOCK % EVERY == 0
