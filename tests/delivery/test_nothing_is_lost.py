from __future__ import annotations

from collections import Counter
from unittest.mock import patch

from fake_sinks import BUSY, REFUSED, RecordingSink
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from sample_events import SHIFT
from structlog.testing import capture_logs

from monitor.delivery import lane
from monitor.delivery.dispatcher import Dispatcher

KINDS = st.sampled_from(["opened", "updated", "resolved"])


@given(st.lists(KINDS, max_size=30), st.lists(st.sampled_from([None, BUSY, REFUSED]), max_size=30), st.integers(1, 30))
def test_every_event_is_delivered_refused_pushed_out_or_still_pending(kinds, script, bound):
    counted = Counter()
    sink = RecordingSink(script=list(script))
    with capture_logs(), patch.object(lane, "_backoff", lambda _: 0.0):
        dispatcher = Dispatcher([sink], lambda _, outcome: counted.update([outcome]), bound=bound)
        for i, kind in enumerate(kinds):
            dispatcher.put([replace(SHIFT, id=str(i), event=kind, incident=f"inc_{i % 3}")])
        dispatcher.close(60)
    left = [int(event.id) for _, event in dispatcher.pending()]
    taken = [int(name) for name, _ in sink.taken]
    assert len(taken) == counted["delivered"]
    assert len(taken) + counted["failed"] + counted["dropped"] + len(left) == len(kinds)
    assert taken + left == sorted(set(taken + left))
