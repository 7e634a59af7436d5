"""What went wrong with a request, as a DeliveryError without a secret in it."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.errors import DeliveryError
from sinks.text import plain

PASSING = (408, 425, 429)
"""Statuses below 500 that a later try may not meet."""


def no_answer(destination: str, error: BaseException) -> DeliveryError:
    """Return the error for a request that got no answer: to be tried again.

    The words are the operating system's, never the library's, which may quote a URL.
    """
    inner: BaseException | None = error
    words = type(error).__name__
    while inner is not None:
        if isinstance(inner, OSError) and inner.strerror:
            words = inner.strerror
        reason = getattr(inner, "reason", None)  # urllib keeps the cause there
        inner = inner.__cause__ or (reason if isinstance(reason, BaseException) else inner.__context__)
    return DeliveryError(f"{destination} gave no answer: {words}", retryable=True)


def bad_answer(destination: str, status: int, headers: Mapping[str, str], said: str = "") -> DeliveryError:
    """Return the error for an HTTP status that is not success: 408, 425, 429 and 5xx are to be tried again.

    Parameters
    ----------
    said : str
        What the destination gave as its reason, without any secret.
    """
    retryable = status in PASSING or status >= 500
    because = f" ({plain(said, 200)})" if said else ""
    words = f"{destination} answered {status}{because}"
    return DeliveryError(words, retryable=retryable, retry_after=retry_after(headers) if retryable else None)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of a `Retry-After` header, None without one or where it is a date."""
    for key, value in headers.items():
        if key.lower() == "retry-after" and value.strip().isdecimal():
            return float(value)
    return None
