"""One model's records into questions, and what came back into answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.shadow import SKEW, level_of
from monitor.config.section import guess
from monitor.config.shadow import MonotoneCheck, ShadowSection, questions_of
from monitor.counting.sampling import chosen, digest
from monitor.errors import BadReference
from monitor.formats.batch import Batch
from monitor.reference.schema import text_of
from monitor.reference.store import Reference
from monitor.shadow.answers import Answer
from monitor.shadow.changing import Changed, changed
from monitor.shadow.endpoint import Endpoint, Said, Unanswered
from monitor.shadow.inputs import Inputs, Row, inputs_of

MOVES = 0.5
"""A numeric answer has flipped when it moves by more than this many standard deviations of accepted predictions."""

SAME = 0.01
"""It is as logged when it lies within this many."""

ROUNDING = 1e-6


class Question(NamedTuple):
    """One record to be asked about, as it came.

    Attributes
    ----------
    id : str
        Keyed hash of the record's id.
    logged : str or float or None
        The logged prediction.
    confidence : int or None
        Bin of the logged confidence.
    drawn : str
        What its changes are drawn from: the same under every key.
    """

    id: str
    row: Row
    logged: str | float | None
    confidence: int | None
    drawn: str


class Prober:
    """Asks the endpoint of one model.

    Parameters
    ----------
    reference : Reference
        Knows the features' types and ranges, and, once measured, their scales.
    key : bytes
        Under which ids are hashed (`sampling.key_of`); empty where no answer is written.

    Raises
    ------
    BadReference
        Where checks and reference do not fit together.
    """

    def __init__(
        self, model: str, reference: Reference, section: ShadowSection, endpoint: Endpoint, key: bytes = b""
    ) -> None:
        self.key = key
        self.model = model
        self.section = section
        self.endpoint = endpoint
        self.numeric = reference.schema.prediction == "number"
        self.inputs = inputs_for(section, reference)

    @cached_property
    def checks(self) -> list[str]:
        """What one record is asked for: a query each."""
        return [SKEW, *(name for check in self.section.checks for name, _ in questions_of(check))]

    def chosen(
        self, batch: Batch, positions: NDArray[np.int64], share: float, place: Callable[[int], str]
    ) -> list[tuple[int, str | float]]:
        """Return which records at these positions, in order, belong to a share of all: their positions and ids.

        Parameters
        ----------
        place : callable
            Position to what stands for a record without an id.
        """
        ids = batch.ids if len(positions) == len(batch) else [batch.ids[p] for p in positions.tolist()]

        def instead(at: int) -> str:
            return place(int(positions[at]))

        wanted = np.flatnonzero(chosen(ids, share, instead)).tolist()
        odd = {*batch.deviations, *(p for wrong in batch.mismatched.values() for p in wrong)}  # not what it takes
        found: list[tuple[int, str | float]] = []
        for at in wanted:
            name = ids[at]
            found.append((int(positions[at]), instead(at) if name is None else name))
        return [each for each in found if each[0] not in odd]

    def question(self, batch: Batch, position: int, name: str | float) -> Question:
        """Return what is asked about one record, whose id is `name`."""
        row = self.inputs.row(batch, position)
        sure = batch.numbers.get("confidence")
        level = None if sure is None else level_of(float(sure[position]))
        return Question(digest(name, self.key).hex(), row, _logged(batch, position), level, digest(name).hex())

    def changes(self, question: Question) -> list[Changed]:
        """Return the changed copies of the record."""
        return [*changed(question.drawn, question.row, self.inputs, self.section.checks)]

    def ask(self, question: Question) -> list[Answer]:
        """Ask, and return an answer a query. Raises Unanswered."""
        changes = self.changes(question)
        rows = [question.row, *(change.row for change in changes)]
        said = self.endpoint.ask(rows)
        known = [isinstance(p, float) and np.isfinite(p) if self.numeric else True for p in said.predictions]
        if not all(known):
            raise Unanswered("garbage", "predictions that are no numbers")
        skew = None if question.logged is None else self._differs(said.predictions[0], question.logged, SAME)
        found = [] if skew is None else [self._answer(question, said, SKEW, 0.0, skew=skew)]
        for at, change in enumerate(changes, 1):
            flipped = self._flipped(said, at, change)
            found.append(self._answer(question, said, change.check, change.severity, flipped=flipped))
        return found

    def not_taken(self, question: Question) -> str | None:
        """Return the first change that the endpoint does not take; None where it does not take the record itself."""
        if not self._takes(question.row):
            return None
        refused = (c for c in self.changes(question) if not self._takes(c.row))
        return next((f"{change.check} {change.severity:g}" for change in refused), None)

    def _takes(self, row: Row) -> bool:
        try:
            self.endpoint.ask([row])
        except Unanswered:
            return False
        return True

    def _answer(self, question: Question, said: Said, check: str, severity: float, **what: bool) -> Answer:
        came: dict[str, Any] = {"flipped": None, "skew": None, **what}
        return Answer(
            question.id, 0.0, self.model, said.version, check, severity, **came, confidence=question.confidence
        )

    def _flipped(self, said: Said, at: int, change: Changed) -> bool:
        """Return whether the answer to a changed record is another one, or went the wrong way."""
        if change.output is None:
            return self._differs(said.predictions[at], said.predictions[0], MOVES)
        if change.output == "prediction":
            values: Sequence[Any] = said.predictions
        else:
            values = said.scores.get(change.output.removeprefix("score."), ())
            if not values:
                raise Unanswered("shape", f"no {change.output} in the answer")
        return bool((values[at] - values[0]) * change.direction < -ROUNDING * max(1.0, abs(values[0])))

    def _differs(self, one: str | float, other: str | float, allowed: float) -> bool:
        if not self.numeric:
            return text_of(one) != text_of(other)
        room = max(allowed * self.inputs.prediction_scale, ROUNDING * max(1.0, abs(float(other))))
        return abs(float(one) - float(other)) > room


def inputs_for(section: ShadowSection, reference: Reference) -> Inputs:
    """Return what the endpoint is sent. Raises BadReference where the checks and the reference do not fit together."""
    inputs = inputs_of(reference, section.endpoint)
    monotone = [check for check in section.checks if isinstance(check, MonotoneCheck)]
    if wrong := [words for check in monotone for words in _misfits(check, section, reference, inputs)]:
        raise BadReference("\n".join(wrong))
    return inputs


def _misfits(check: MonotoneCheck, section: ShadowSection, reference: Reference, inputs: Inputs) -> Iterator[str]:
    numbers = [c.name for c in inputs.columns if c.kind == "number"]
    if check.feature not in numbers:
        words = f"shadow.checks: monotone.{check.feature} is no numeric feature that is sent"
        yield words + (guess(check.feature, numbers) or f". These are: {', '.join(numbers[:20])}")
    scores = [f"score.{name}" for name in reference.schema.scores]
    own = ["prediction"] if reference.schema.prediction == "number" else []
    outputs = [*own, *(scores if section.endpoint.scores else [])]
    if check.output not in outputs:
        known = ", ".join(outputs) or "none: name the output that holds scores under shadow.endpoint.scores"
        yield f"shadow.checks: no output {check.output} to watch. Known: {known}"


def _logged(batch: Batch, position: int) -> str | float | None:
    if "prediction" in batch.texts:
        value = batch.texts["prediction"][position]
        return value if value is None or isinstance(value, str) else text_of(value)
    if "prediction" in batch.numbers:
        number = float(batch.numbers["prediction"][position])
        return None if np.isnan(number) else number
    return None
