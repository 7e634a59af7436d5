"""The accepted model is asked about every chosen record: several at once, answers in the order of the questions."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from monitor.errors import BadReference
from monitor.shadow.answers import Answer
from monitor.shadow.endpoint import Unanswered
from monitor.shadow.probing import Prober, Question

AT_ONCE = 4
"""Questions under way: enough for an endpoint that takes its time; small servers have room for 5 connections."""

ATTEMPTS = 3
ENOUGH = 300
"""Answers of which most differ from what was logged end it: the rest would not make it the accepted model."""

MOST_SKEW = 0.5
"""Share of answers that differ from the logged predictions above which another model answers."""

NAMED = 10

Progress = Callable[[int], None]
"""Called with how many records were asked about so far."""


def survey(
    prober: Prober, questions: Iterable[tuple[int, Question]], progress: Progress
) -> Iterator[tuple[int, list[Answer]]]:
    """Yield the answers to each question, with its record's time, in the order of the questions.

    Raises
    ------
    BadReference
        Where the endpoint does not answer, or another model does.
    """
    compared = differ = 0
    with ThreadPoolExecutor(AT_ONCE) as pool:
        try:
            for number, (time, answers) in enumerate(_in_order(pool, prober, questions), 1):
                progress(number)
                skews = [answer.skew for answer in answers if answer.skew is not None]
                compared, differ = compared + len(skews), differ + sum(skews)
                if compared == ENOUGH:
                    refuse_another_model(differ, compared, f"the first {ENOUGH:,}")
                yield time, answers
        finally:
            pool.shutdown(cancel_futures=True)


def _in_order(
    pool: ThreadPoolExecutor, prober: Prober, questions: Iterable[tuple[int, Question]]
) -> Iterator[tuple[int, list[Answer]]]:
    under_way: deque[tuple[int, Future[list[Answer]]]] = deque()
    for time, question in questions:
        under_way.append((time, pool.submit(_answered, prober, question)))
        if len(under_way) == 2 * AT_ONCE:  # so that nobody waits while the oldest is awaited
            asked, first = under_way.popleft()
            yield asked, first.result()
    for asked, left in under_way:
        yield asked, left.result()


def _answered(prober: Prober, question: Question) -> list[Answer]:
    """Ask until there is an answer, a few times at most."""
    for left in reversed(range(ATTEMPTS)):
        try:
            return prober.ask(question)
        except Unanswered as why:
            if not left:
                raise BadReference(_why_not(prober, question, why)) from None
    raise AssertionError


def _why_not(prober: Prober, question: Question, why: Unanswered) -> str:
    """Return in words why there is no answer, and what to do."""
    if why.outcome == "no_answer":
        words = "shadow is configured, and its endpoint does not answer"
        return f"{words}: {why}. Start it with the accepted model, or remove the section"
    words = f"shadow is configured, and its endpoint gives no answer that can be used: {why}"
    if why.outcome not in {"server_error", "refused"}:
        return words
    if alone := prober.not_taken(question):
        return f"{words}. The record as it was logged is answered, with {alone} it is not. Remove that check"
    names = [column.name for column in prober.inputs.columns]
    sent = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
    asked = prober.section.endpoint
    return (
        f'{words}. Does it serve "{asked.model}" (shadow.endpoint.model), and take {sent} (shadow.endpoint.features)? '
        "Its own log says more"
    )


def refuse_another_model(differ: int, compared: int, whom: str) -> None:
    """Raise BadReference where most answers are not what was logged."""
    if differ > MOST_SKEW * max(1, compared):
        raise BadReference(
            f"the shadow endpoint answers something else than was logged for {100 * differ / compared:.0f} % of {whom} "
            "accepted records. Is it the accepted model? Are its classes named as in the records "
            "(shadow.endpoint.classes)?"
        )
