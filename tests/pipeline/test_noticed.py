"""What a process of several notices and leaves to whoever judges to tell."""

from __future__ import annotations

import pytest

from monitor.http.health import Health
from monitor.parts import Now
from monitor.replicas.noticed import Noticed
from monitor.sight import UNSAVED_SECONDS


@pytest.mark.parametrize("what", ["state", "memory"])
def test_what_cannot_be_remembered_for_long_is_told(what):
    """Counts that cannot be handed over, or what was judged."""
    health = Health(0.0)
    noticed = Noticed(health, 600.0)
    health.block(what, "Kafka did not take it")
    assert noticed._unsaved(Now(0.0, 0)) is None
    told = noticed._unsaved(Now(UNSAVED_SECONDS, 0))
    assert told == "nothing saved for 60 s: Kafka did not take it; a restart would go back to then"
    health.clear(what)
    assert noticed._unsaved(Now(UNSAVED_SECONDS + 1, 0)) is None
