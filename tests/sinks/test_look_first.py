"""Where a person is sent first."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from sample_events import SHIFT

from monitor.types import Effect, SignalChange
from sinks.wording import message


@pytest.mark.parametrize(
    ("notes", "where"),
    [
        ((), "at the source of income (unit, default, join), then whether the users changed"),
        (("model version 7 began at 1970-01-01T00:05:00Z, while this was open",), "at the newest model version"),
    ],
)
def test_beside_outputs_a_column_that_moved_is_looked_at_first_unless_a_version_is_new(notes, where):
    output = SignalChange("confidence", "predictions", 9.0, Effect(w=0.6), "shifted down")
    column = SignalChange("feature.income", "features", 9.0, Effect(w=0.2), "shifted up")
    assert message(replace(SHIFT, signals=(output, column), notes=notes)).look_first == where
