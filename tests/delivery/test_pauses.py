from __future__ import annotations

import pytest
from tenacity import Future, RetryCallState, Retrying

from monitor.delivery.lane import LONGEST_RETRY_AFTER, LONGEST_WAIT, _pause
from monitor.errors import DeliveryError


def pause(attempt, error):
    state = RetryCallState(Retrying(), None, (), {})
    state.attempt_number = attempt
    state.outcome = Future(attempt)
    state.outcome.set_exception(error)
    return _pause(state)


def test_pauses_grow_to_a_minute_and_no_further():
    busy = DeliveryError("busy", retryable=True)
    pauses = [pause(attempt, busy) for attempt in range(1, 40)]
    assert all(2**i <= pauses[i] <= 2**i + 1 for i in range(6))
    assert set(pauses[7:]) == {LONGEST_WAIT}


@pytest.mark.parametrize(("asked", "given"), [(120.0, 120.0), (1e9, LONGEST_RETRY_AFTER)])
def test_a_destination_is_left_alone_as_long_as_it_asks_but_not_for_ever(asked, given):
    assert pause(1, DeliveryError("busy", retryable=True, retry_after=asked)) == given


def test_a_destination_cannot_ask_for_more_haste():
    assert pause(7, DeliveryError("busy", retryable=True, retry_after=0.001)) == LONGEST_WAIT
