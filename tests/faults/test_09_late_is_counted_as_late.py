"""9. What is late within the allowance counts in its slot; what is later counts as late, in the slot it came in."""

from __future__ import annotations

import pytest
from tallying import at, book_of, ended, send, slots_of, steady


@pytest.mark.parametrize("kill", [False, True])
def test_within_the_allowance_a_record_counts_and_beyond_it_is_late(broker, topic, witnessed_monitor, kill):
    name = topic(1, retention_ms=-1)
    # The clock stands at 9.9 s, the allowance is 3 s: the slot of second 5 is closed, that of second 6 is not.
    behind = [at(6.0, "in-time"), at(5.99, "late"), at(1.0, "late-too")]
    send(broker.bootstrap, name, [*steady(0, 10), *behind, *steady(10, 15)])
    one = witnessed_monitor(name)
    one.start()
    if kill:
        one.wait_until_read(100)
        one.kill()
        one.start()
    assert ended(one) == {"records": 151, "late": 2, "dead": 0}
    by_second = {number: (row["records"], row["late"]) for number, row in enumerate(slots_of(book_of(one)))}
    assert by_second[6] == (11, 0)
    assert by_second[9] == (10, 2)
