"""What building a reference noticed and its counts do not show: it is kept, for whoever is to accept it later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["shift", "stretch", "mostly", "clock", "copies", "twice", "leak", "label", "sentinel", "cycle", "aside"]


@dataclass(frozen=True)
class Note:
    """One thing.

    Attributes
    ----------
    kind : str
        `shift`: a signal moves within the records. `stretch`, `mostly`: an event or a level lies in one,
        or nearly so.
        `clock`: a column follows the time. `copies`: records that equal earlier ones. `twice`: a column that says the
        same as another. `leak`: a column that tells what the model answers, or the label. `label`: one that never
        varies. `sentinel`: a frequent value far from all others. `cycle`: a signal that has one, and too few records.
        `aside`: one that has one, and is compared by a field's levels.
    about : str
        A signal's or column's name, as it came.
    how : str
        `higher`, `lower`, `rising`, `falling`, `changed`; a level's name; the other column; the value; the cycle.
    share : float
        Of records.
    since, until : int or None
        Stretch: milliseconds, or numbers of records where these have no times; None for the first and the last.
    """

    kind: Kind
    about: str
    how: str = ""
    share: float = 0.0
    since: int | None = None
    until: int | None = None
