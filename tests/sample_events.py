"""Events as the policy makes them, for tests of what is told."""

from __future__ import annotations

from msgspec.structs import replace

from monitor.types import BinShift, Effect, Event, Offsets, SignalChange, Trigger

SHIFT = Event(
    id="evt_5b1d",
    event="opened",
    incident="inc_4k2f",
    model="credit-risk",
    version="7",
    severity="error",
    time="2026-01-01T15:00:00Z",
    records=31_250,
    since="2026-01-01T14:05:00Z",
    since_records=30_012,
    summary="income shifted up",
    reference="sha256:3f9c1a2b77aa00112233",
    runbook="https://runbooks.example/credit-risk?signal=feature.income&team=risk",
    signals=(
        SignalChange(
            signal="feature.income",
            group="features",
            evidence=7.2,
            effect=Effect(w=0.31, low=0.14, high=0.52, psi=0.09),
            shape="shifted up",
            bins=(
                BinShift("[5.1, 6.0)", 0.05, 0.21),
                BinShift("≥ 6.0", 0.05, 0.11),
                BinShift("[2.0, 3.1)", 0.12, 0.04),
                BinShift("< 2.0", 0.06, 0.02),
            ),
            since="2026-01-01T14:05:00Z",
            since_records=30_012,
            records=1_238,
        ),
        SignalChange(
            signal="prediction",
            group="predictions",
            evidence=3.2,
            effect=Effect(w=0.14, low=0.1, high=0.33, psi=0.02),
            shape="more of approve",
            bins=(BinShift("approve", 0.64, 0.71),),
            since="2026-01-01T14:20:00Z",
            since_records=30_350,
            records=900,
        ),
    ),
)
"""One feature shifted, and the prediction with it."""

MISSING = Event(
    id="evt_77c0",
    event="opened",
    incident="inc_9d1c",
    model="digits",
    version="2",
    severity="error",
    time="2026-01-01T00:00:50Z",
    records=31_250,
    since="2026-01-01T00:00:30Z",
    since_records=30_012,
    summary="8 features missing: pixel_5_0, pixel_5_1, pixel_5_2 and 5 more",
    reference="sha256:77aa001122333f9c1a2b",
    runbook=None,
    signals=tuple(
        SignalChange(
            signal=f"quality.missing.pixel_5_{i}",
            group="quality",
            evidence=9.1 - i / 10,
            effect=Effect(points=100.0, low=99.2, high=100.0),
            shape="missing",
            bins=(BinShift("missing", 0.0, 1.0),),
        )
        for i in range(8)
    ),
    notes=("Nobody accepted this reference yet: it was learned from the first 20,000 records.",),
)
"""A row of a sensor dead, under a provisional reference."""

RESOLVED = replace(SHIFT, id="evt_5b1e", event="resolved", time="2026-01-01T16:20:00Z", records=100_000)
UPDATED = replace(SHIFT, id="evt_5b1f", event="updated", severity="critical")

CONTROLS = "\x1b[31m\r\n\x00\x7f\x9b\u2028\u202e"
"""Colours a terminal, ends lines, turns the direction of writing."""

HOSTILE = replace(
    SHIFT,
    model=f"credit{CONTROLS}",
    version=CONTROLS,
    summary=f"in{CONTROLS}come <!channel> & <https://evil.example|click>",
    signals=tuple(
        replace(s, signal=s.signal + CONTROLS, shape=CONTROLS, bins=(BinShift("```" + CONTROLS, 0.1, 0.2),) * 3)
        for s in SHIFT.signals
    ),
    notes=(f"note{CONTROLS} *bold* <@U123>",),
)
"""Names that come from an attacker."""

HUGE = replace(
    SHIFT,
    model="&" * 5_000,
    version="<" * 5_000,
    summary="&" * 5_000,
    reference="sha256:" + "f" * 5_000,
    runbook="https://runbooks.example/" + "&" * 5_000,
    signals=tuple(
        replace(
            SHIFT.signals[0],
            signal=f"feature.{i}" + "&" * 5_000,
            shape=f"{i % 20}" + "<" * 5_000,
            bins=tuple(BinShift("&" * 5_000, 0.1, 0.2) for _ in range(32)),
        )
        for i in range(200)
    ),
    notes=("&" * 5_000,) * 50,
)
"""More than any destination takes, in characters that grow when escaped."""

TRIGGER = Trigger(
    run_id="run_5f683610391c",
    event="fired",
    rule="weekly-trainer",
    why="features, performance at error for 1h",
    model="credit-risk",
    version="7",
    reference="sha256:3f9c1a2b77aa00112233",
    incident="inc_4k2f",
    severity="error",
    summary="income shifted up",
    since="2026-01-01T14:05:00Z",
    until="2026-01-01T15:05:00Z",
    records=66_262,
    since_records=30_012,
    offsets=(Offsets("inference", 0, 15_006, 33_131), Offsets("inference", 1, 15_006, 33_131)),
    signals=SHIFT.signals[:1],
    approved_by="ann",
)
"""A run that a rule starts, a while after SHIFT."""
