"""The panels about the monitor itself: what came, what it did with it, and whether it is well."""

from __future__ import annotations

import queries
from panels import CRITICAL, asked, coloured_above, lines


def records() -> list[object]:
    """Return what came."""
    came = lines(
        "Records a second",
        "Counted into slots, by model.",
        asked(queries.RECORDS_BY_MODEL, "{{model}}"),
        unit="short",
        width=8,
    )
    unusable = lines(
        "Unusable records, as a share of all",
        "Dead letters by reason, of all that was read. From 5 % on an alert; above `dead_letters.max_share` "
        "(50 %) reading stops.",
        asked(queries.UNUSABLE, "{{reason}}"),
        unit="percentunit",
        width=8,
    )
    beside = lines(
        "Late and twice, as a share of the model's records",
        "Late: after the slot had closed. Twice: the id was already in its slot. Neither is counted.",
        asked(queries.beside_counted("late"), "{{model}}: late"),
        asked(queries.beside_counted("duplicates"), "{{model}}: twice", "B"),
        unit="percentunit",
        width=8,
    )
    return [came, coloured_above(unusable, 0.05), beside]


def monitor() -> list[object]:
    """Return how the monitor itself is."""
    lag = lines(
        "Records not read yet",
        "Log end minus next offset.",
        asked(queries.LAG_BY_TOPIC, "{{topic}}"),
        unit="short",
        width=8,
    )
    behind = lines(
        "Age of what is read",
        "Now minus the event time reached by the slowest partition. A quiet topic ages too, and has no lag.",
        asked(queries.BEHIND, "{{topic}}"),
        unit="s",
        width=8,
    )
    ages = lines(
        "Age of the heartbeat, and of the snapshot at it",
        "Usually seconds. Alerts at 2 minutes (stands still) and 5 minutes (cannot save).",
        asked(queries.LAST_TURNS, "{{instance}}: heartbeat"),
        asked(queries.UNSAVED, "{{instance}}: snapshot", "B"),
        unit="s",
        width=8,
    )
    waiting = lines(
        "Messages that wait, by sink", "0 is usual.", asked(queries.WAITING, "{{sink}}"), unit="none", width=8
    )
    told = lines(
        "Attempts to deliver in the hour before",
        "Failed: refused for good. Dropped: pushed out by newer ones. Both are lost to that sink.",
        asked(queries.DELIVERIES, "{{sink}}: {{outcome}}"),
        unit="none",
        width=8,
    )
    memory = lines("Memory", "Resident, by process.", asked(queries.MEMORY, "{{instance}}"), unit="bytes", width=4)
    busy = lines(
        "Processor", "Share of one core.", asked(queries.PROCESSOR, "{{instance}}"), unit="percentunit", width=4
    )
    return [lag, behind, coloured_above(ages, 120, CRITICAL), waiting.decimals(0), told.decimals(0), memory, busy]
