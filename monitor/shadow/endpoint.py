"""Whoever answers shadow queries: a server, or a model within this process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from monitor.shadow.inputs import Row

Failure = Literal["no_answer", "server_error", "refused", "garbage", "shape", "version"]


@dataclass(frozen=True)
class Said:
    """What the model says of some rows.

    Attributes
    ----------
    predictions : list of str or float (n,)
        Classes as the records spell them, or numbers.
    scores : dict of list of float (n,)
        By class; empty where the endpoint gives none.
    version : str or None
        The model's version.
    """

    predictions: Sequence[str | float]
    scores: dict[str, Sequence[float]] = field(default_factory=dict)
    version: str | None = None


class Unanswered(Exception):
    """The endpoint gave no answer that can be used. `outcome` is one word, the message says more; no secret in it."""

    def __init__(self, outcome: Failure, words: str) -> None:
        super().__init__(words)
        self.outcome = outcome


class Endpoint(Protocol):
    """One model that can be asked. Several threads may."""

    def ask(self, rows: Sequence[Row]) -> Said:
        """Return what the model says of each row. Raises Unanswered, for whatever reason, within bounded time."""

    def close(self) -> None:
        """Let go."""


class InProcess:
    """A model within this process, such as the demo's.

    Parameters
    ----------
    model : callable
        Rows to what is said of each.
    """

    def __init__(self, model: Callable[[Sequence[Row]], Said]) -> None:
        self.model = model

    def ask(self, rows: Sequence[Row]) -> Said:
        """Ask the model; whatever it raises is no answer."""
        try:
            said = self.model(rows)
        except Exception as why:
            raise Unanswered("server_error", f"the model raised {type(why).__name__}") from why
        if len(said.predictions) != len(rows):
            raise Unanswered("shape", f"{len(said.predictions)} predictions for {len(rows)} rows")
        return said

    def close(self) -> None:
        """Nothing to let go of."""
