"""Every error Seawall raises on purpose.

    SeawallError
    ├── ConfigError       a configuration with mistakes, all of them
    ├── BadReference      a reference that is missing, corrupt or of another schema
    │   ├── Damaged           it is there, and not what was written
    │   └── LacksScorer       it was built without a scorer that is configured
    ├── SourceError       the source cannot be read
    ├── SnapshotError     what was remembered cannot be used
    │   ├── TornSnapshot      it is cut off, or damaged
    │   └── ForeignSnapshot   it is whole, but no snapshot of Seawall's
    ├── BadRecord         one record that cannot be used (a dead letter)
    └── DeliveryError     one message that a destination did not take

A person can mend each of them, so each says what is wrong, where, and what to do; the command line
prints the words without a traceback and ends with `exit_code`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args


class SeawallError(Exception):
    """Something a person can mend."""

    exit_code = 1


@dataclass(frozen=True)
class Problem:
    """One mistake in a configuration: where it is, and what to write instead."""

    path: str
    message: str


class ConfigError(SeawallError):
    """A configuration with mistakes, listed all at once."""

    exit_code = 2

    def __init__(self, file: str, problems: list[Problem]) -> None:
        self.file = file
        self.problems = problems
        count = f"{len(problems)} mistake" + ("s" if len(problems) != 1 else "")
        width = min(28, max((len(p.path) for p in problems), default=0))
        lines = [f"  {p.path:<{width}}  {p.message}" for p in problems]
        super().__init__("\n".join([f"{file}: {count}", *lines]))


class BadReference(SeawallError):
    """A reference that is missing, corrupt, too small or of another schema."""


class Damaged(BadReference):
    """A reference whose files cannot be read, or were changed."""


class LacksScorer(BadReference):
    """A reference that was built without a scorer that the configuration asks for, or with another one."""

    exit_code = 2


class SourceError(SeawallError):
    """The source cannot be read and trying again would not help."""


class SnapshotError(SeawallError):
    """What was remembered cannot be used: corrupt, or of another topic."""


class TornSnapshot(SnapshotError):
    """A snapshot of which a part is missing, or not what was written."""


class ForeignSnapshot(SnapshotError):
    """A snapshot whose content is not what Seawall writes."""

    exit_code = 2


Reason = Literal[
    "empty",
    "too_large",
    "too_deep",
    "not_gzip",
    "not_utf8",
    "not_json",
    "not_a_record",
    "bad_shape",
    "no_id",
    "bad_time",
    "future",
]
REASONS: tuple[Reason, ...] = get_args(Reason)


class BadRecord(SeawallError):
    """One record that cannot be used.

    Attributes
    ----------
    reason : Reason
        One word of a closed list, fit for a metric's label.
    detail : str
        What was found, in a sentence.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(f"{reason}: {detail}")


class DeliveryError(SeawallError):
    """One message that a destination did not take.

    Attributes
    ----------
    retryable : bool
        Whether the same message may be taken later.
    retry_after : float or None
        Seconds the destination asked to wait.
    """

    def __init__(self, message: str, *, retryable: bool, retry_after: float | None = None) -> None:
        self.retryable = retryable
        self.retry_after = retry_after
        super().__init__(message)
