"""One half of a record whose request and response are two messages."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, get_args

import msgspec

HalfKind = Literal["request", "response"]
HALVES: tuple[HalfKind, ...] = get_args(HalfKind)


class Half(msgspec.Struct, gc=False):
    """What one message brought. Halves of one model and id are a pair.

    Attributes
    ----------
    id : str
        The same in both halves.
    name : str or None
        The model as it is named.
    time : datetime, float seconds or None
        As given; None takes the log's stamp.
    rows : int
        Records in the body, at least 0.
    body : bytes
        JSON of the Open Inference Protocol that has been looked at: it holds what it claims.
    model : int
        Index of the watched model, once it is known to be one.
    """

    kind: HalfKind
    id: str
    name: str | None
    time: datetime | float | None
    rows: int
    body: bytes
    model: int = -1
