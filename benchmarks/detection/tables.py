"""What was measured, by detector: false alarms and delays with their intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, isinf
from statistics import mean
from typing import Any

from benchmarks.detection.jobs import EFFORTS, TUNED
from benchmarks.detection.measure import quantile, rate
from benchmarks.detection.streams import DRIFTS
from benchmarks.detection.tuning import slot_of

FEWEST_90 = 10
"""Runs of which the slowest is no longer all that is known of the slowest tenth."""

Results = Mapping[str, Mapping[str, Any]]


@dataclass
class Measured:
    """All that is known of one detector.

    Attributes
    ----------
    alarms, records : int
        Over stationary streams.
    delays : dict of list of float or None
        By drift; None was missed.
    waves, real : dict
        By stream.
    budgets : dict
        Records per false alert by slot length, where it was tuned.
    by_slot : dict of (int, int)
        Alarms and records over stationary streams by slot length, where it was tuned; they are not in `records`.
    """

    name: str
    alarms: int = 0
    records: int = 0
    delays: dict[str, list[float | None]] = field(default_factory=dict)
    waves: dict[str, dict[str, Any]] = field(default_factory=dict)
    real: dict[str, dict[str, Any]] = field(default_factory=dict)
    budgets: dict[int, float] = field(default_factory=dict)
    by_slot: dict[int, tuple[int, int]] = field(default_factory=dict)

    @property
    def rate(self) -> tuple[float, float, float]:
        """False alarms per million records, with the interval."""
        return rate(self.alarms, self.records)

    def rate_at(self, drift: str) -> tuple[float, float, float] | None:
        """Return how often it alarms in the slots in which it was given a drift; None where that was not measured."""
        if self.by_slot:
            return rate(*self.by_slot[slot_of(DRIFTS[drift], self.by_slot)])
        return self.rate if self.records else None

    def median(self, drift: str) -> float:
        """Return the median delay; infinite where most were missed, or it was not asked."""
        found = self.delays.get(drift)
        return quantile(found, 0.5)[0] if found else inf

    def missed(self, drift: str) -> int:
        """Return in how many runs nothing was found."""
        return sum(each is None for each in self.delays.get(drift, ()))


def measured(results: Results) -> dict[str, Measured]:
    """Return what is known, by detector, in the order in which the page has them."""
    found = {name: Measured(name) for name in EFFORTS}
    for key, result in results.items():
        part, name, subject = key.split("/")
        own, what = found[name], result["found"]
        if part == "quiet" and name in TUNED:
            for slot, seen in what.items():
                alarms, records = own.by_slot.get(int(slot), (0, 0))
                own.by_slot[int(slot)] = alarms + seen["alarms"], records + seen["records"]
        elif part == "quiet":
            own.alarms += what["alarms"]
            own.records += what["records"]
        elif part == "delays":
            for drift, late in what.items():
                own.delays.setdefault(drift, []).append(late)
        elif part == "tuned":
            own.budgets[int(subject)] = what
        elif what is not None:
            (own.waves if part == "published" else own.real)[subject] = what
    return {name: own for name, own in found.items() if own.records or own.delays or own.waves or own.real}


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown; all columns but the first stand to the right."""
    marks = ["---", *(["---:"] * (len(heads) - 1))]
    return "\n".join("| " + " | ".join(row) + " |" for row in (heads, marks, *rows)) + "\n"


def false_alarms(every: Mapping[str, Measured]) -> str:
    """Return the table of false alarms."""
    rows = []
    for own in every.values():
        if own.records:
            once = f"{own.records / own.alarms:,.0f}" if own.alarms else f"more than {own.records:,}"
            row = [
                own.name,
                f"{own.records:,}",
                f"{own.alarms:,}",
                _within(own.rate),
                once,
            ]
            rows.append(row)
    heads = ["detector", "records", "alarms", "per million records (95 %)", "one in … records"]
    return table(heads, rows)


def tuned_rates(every: Mapping[str, Measured]) -> str:
    """Return the table of how often ours alarms where it is tuned, beside the peer."""
    rows = []
    for name, peer in TUNED.items():
        for slot, (alarms, records) in sorted(every[name].by_slot.items()) if name in every and peer in every else ():
            counts = [f"{records:,}", f"{alarms:,}", _within(rate(alarms, records)), _within(every[peer].rate)]
            rows.append([peer, str(slot), number(every[name].budgets[slot]), *counts])
    heads = [
        "peer",
        "slot",
        "budget: one in … records",
        "records",
        "alarms",
        "per million records (95 %)",
        "the peer's",
    ]
    return table(heads, rows)


def medians(every: Mapping[str, Measured], drifts: Sequence[str]) -> str:
    """Return the table of delays: median and 90 %."""
    known = [own for own in every.values() if own.delays]
    rows = [[own.name, *(_both(own.delays.get(drift)) for drift in drifts)] for own in known]
    return table(["median / 90 %", *drifts], rows)


def _both(found: list[float | None] | None) -> str:
    if not found:
        return "not given"
    middle, most = (quantile(found, share)[0] for share in (0.5, 0.9))
    return "missed" if isinf(middle) else f"{late(middle)} / {late(most) if len(found) >= FEWEST_90 else '–'}"


def _with_interval(found: Sequence[float | None], share: float) -> str:
    """Return a quantile with its interval, as far as so few runs have either."""
    at, low, high = quantile(found, share)
    if share > 0.5 and len(found) < FEWEST_90:
        return "–"
    return late(at) if isinf(low) else f"{late(at)} ({f'{late(low)}–{late(high)}' if len(found) > 1 else '–'})"


def of_drift(every: Mapping[str, Measured], drift: str) -> str:
    """Return the table of one drift, with intervals and what was missed."""
    rows = []
    for own in every.values():
        found = own.delays.get(drift)
        if found:
            told = [_with_interval(found, share) for share in (0.5, 0.9)]
            rows.append([own.name, *told, f"{own.missed(drift)} of {len(found)}"])
    return table(["detector", "median (95 %)", "90 % (95 %)", f"missed in {DRIFTS[drift].horizon:,}"], rows)


def waves(every: Mapping[str, Measured], streams: Sequence[str]) -> str:
    """Return the table of the published streams."""
    rows = []
    for own in every.values():
        if own.waves:
            row = [own.name]
            for stream in streams:
                seen = own.waves.get(stream)
                delays = seen["delays"] if seen else []
                row.append(f"{seen['found']} of {seen['changes']}" if seen else "")
                row.append(f"{mean(delays):,.1f} ({max(delays):,})" if delays else "–")
                row.append(f"{seen['extra']:,}" if seen else "")
            rows.append(row)
    heads = [f"{stream}: {what}" for stream in streams for what in ("found", "mean delay (largest)", "extra alarms")]
    return table(["detector", *heads], rows)


def _within(found: tuple[float, float, float]) -> str:
    per, low, high = (number(each) for each in found)
    return f"{per} ({low}–{high})"


def late(records: float) -> str:
    """Return a delay in words of a table."""
    return "missed" if isinf(records) else f"{records:,.0f}"


def number(value: float) -> str:
    """Return a rate with two significant digits, large ones whole."""
    return f"{value:,.0f}" if value >= 10 or not value else f"{value:.2g}"
