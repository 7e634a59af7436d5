"""docs/benchmark.md, whole: page.md with what was measured."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from math import isinf
from pathlib import Path
from string import Template
from typing import Any

from benchmarks.detection import plots, published, real, tables
from benchmarks.detection.jobs import DEFAULT, OURS, TUNED
from benchmarks.detection.measure import QUIET_SLOT, REFERENCE
from benchmarks.detection.peers import WARM, WINDOW
from benchmarks.detection.streams import DRIFTS
from benchmarks.detection.tables import Measured, late, number
from benchmarks.detection.tuning import RAREST

NAME = "benchmark.md"
WORDS = Path(__file__).with_name("page.md")
COLUMNS = 4
"""Changes in one table."""

WHY = {
    "ADWIN": "Raw values beyond 0 to 1 break its bound, so it is as fast as it is often wrong.",
    "ADWIN, scaled": "It watches means alone, promises nothing over features and time.",
    "PageHinkley": "It alarms all the time where nothing changes.",
    "KSWIN": "It tests at every record without correction: a false alarm is never far. It watches one feature.",
    "CVMDriftOnline": "It is asked for a false alarm every 1,000 records, and watches one feature.",
    "KS, Bonferroni": "Once in 20 windows it fails by chance.",
    "TabularDrift": "Once in 20 windows it fails by chance, and does not say on which feature.",
    "PSI > 0.1": "A window of 1,000 records is enough for a shift that large.",
}


def write(results: tables.Results, docs: Path, *, pictures: bool = True) -> None:
    """Write the page and its plots."""
    every = tables.measured(results)
    docs.mkdir(parents=True, exist_ok=True)
    (docs / NAME).write_text(Template(WORDS.read_text()).substitute(_content(every, results)))
    if pictures:
        folder = docs / "pictures"
        folder.mkdir(exist_ok=True)
        plots.draw(every, folder)


def _content(every: Mapping[str, Measured], results: tables.Results) -> dict[str, str]:
    """Return what stands in the page's places."""
    numbers = {
        "learned": published.LEARNED,
        "wave_slot": published.SLOT,
        "reference": REFERENCE,
        "quiet_slot": QUIET_SLOT,
        "rarest": RAREST,
        "warm": WARM,
        "window": WINDOW,
        "fewest": tables.FEWEST_90,
    }
    libraries = [*(f"{name} {version(name)}" for name in ("numpy", "scipy", "river")), _alibi(results)]
    words = {
        "trade_picture": _picture("benchmark-delays", "Median delay over false alarms, for six changes"),
        "false_alarms": tables.false_alarms(every),
        "delays": "\n".join(_delays(every)),
        "faster": "\n".join(_faster(every)) or "- Nobody is.",
        "tuned_rates": "\n".join([tables.tuned_rates(every), *_untuned(every)]),
        "tuned": _tuned(every),
        "waves": tables.waves(every, list(published.STREAMS)),
        "real": "\n".join(_real(every)),
        "slots": ", ".join(f"{drift.slot} ({name})" for name, drift in DRIFTS.items()),
        "versions": ", ".join([*filter(None, libraries), f"Python {platform.python_version()}"]),
        "cores": str(os.cpu_count()),
        "minutes": ", ".join(_minutes(results)),
    }
    return {**{name: f"{value:,}" for name, value in numbers.items()}, **{k: v.strip() for k, v in words.items()}}


def _alibi(results: tables.Results) -> str:
    return next((f"alibi-detect {each['alibi']}" for each in results.values() if each.get("alibi")), "")


def _picture(name: str, words: str) -> str:
    dark = f'<source media="(prefers-color-scheme: dark)" srcset="pictures/{name}-dark.png">'
    return f'<picture>\n  {dark}\n  <img alt="{words}" src="pictures/{name}.png">\n</picture>'


def _delays(every: Mapping[str, Measured]) -> Iterator[str]:
    names = [name for name in DRIFTS if any(name in own.delays for own in every.values())]
    for start in range(0, len(names), COLUMNS):
        yield tables.medians(every, names[start : start + COLUMNS])
    for name in names:
        yield f"<details><summary>{DRIFTS[name].words}: with intervals, and what was missed</summary>\n"
        yield tables.of_drift(every, name)
        yield "</details>\n"


def _faster(every: Mapping[str, Measured]) -> Iterator[str]:
    """Say who is faster than the certified row, and at which price."""
    if OURS not in every:
        return
    for own in every.values():
        faster = [drift for drift in DRIFTS if own.median(drift) < every[OURS].median(drift)]
        if faster and own.name != "always" and not own.name.startswith(OURS):
            told = ", ".join(f"{d} ({late(own.median(d))}, ours {late(every[OURS].median(d))})" for d in faster)
            yield f"- **{own.name}**, {_price(own, every[OURS])}: {told}. {WHY.get(own.name, '')}"


def _price(own: Measured, ours: Measured) -> str:
    """Return how often one alarms, and whether that is more often than ours as far as was measured."""
    if not own.records or not ours.records:
        return "rate not measured"
    (per, low, high), (_, _, most) = own.rate, ours.rate
    beside = "more than ours" if low > most else "no more than ours, as far as was measured"
    return f"{number(per)} ({number(low)}–{number(high)}) false alarms per million records, {beside}"


def _tuned(every: Mapping[str, Measured]) -> str:
    """Return how ours compares with a peer that alarms as often."""
    rows = []
    for name, peer in TUNED.items():
        for drift in DRIFTS if name in every and peer in every else ():
            mine, theirs = every[name].median(drift), every[peer].median(drift)
            ratio = "–" if isinf(mine) or isinf(theirs) else f"{mine / theirs:.2f}"
            rows.append([drift, peer, late(theirs), late(mine), ratio])
    return tables.table(["change", "peer", "its median delay", "ours", "ours / its"], rows)


def _untuned(every: Mapping[str, Measured]) -> Iterator[str]:
    """Say of which peer no rate is known that ours could be tuned to."""
    for name, peer in TUNED.items():
        if peer in every and every[peer].records and not every[peer].alarms:
            yield (
                f"{peer} did not alarm once in {every[peer].records:,} records: no budget can be tuned to a rate of 0, "
                f"so the row `{name}` is left out."
            )


def _real(every: Mapping[str, Measured]) -> Iterator[str]:
    streams = [s for s in real.STREAMS if any(s.name in own.real for own in every.values())]
    if not streams:
        yield f"They were not there: the environment variable `{real.FOLDER}` names the folder that has them."
        return
    yield _picture("benchmark-real", "Every incident on the real streams, over time") + "\n"
    rows = [[o.name, *(_seen(o.real.get(s.name), s) for s in streams)] for o in every.values() if o.real]
    yield tables.table(["alarms", *(s.name for s in streams)], rows)
    for stream in streams:
        found = every[DEFAULT].real.get(stream.name) if DEFAULT in every else None
        if found:
            yield f"**{stream.name}**: {stream.words} {found['records']:,} records are watched.\n"
            yield _told(found["incidents"])


def _seen(found: Mapping[str, Any] | None, stream: real.RealStream) -> str:
    if not found:
        return ""
    if stream.per_year:
        return f"{found['alarms']:,} ({number(found['alarms'] / found['records'] * stream.per_year)} a year)"
    if found["late"] is None:
        lasting = any(told["until"] is None for told in found.get("incidents", ()))
        return f"{found['before']:,} before the change{', open when it came' if lasting else '; it was not found'}"
    return f"{found['before']:,} before the change; it was found after {found['late']:,}"


def _told(incidents: list[dict[str, Any]]) -> str:
    """Return what each incident was: which signal, when, in which way, how large."""
    rows = []
    for told in incidents:
        size = f"w {told['w']:.2f}" if told["w"] is not None else f"{told['points'] or 0.0:+.1f} points"
        beside = f", then {len(told['joined'])} more" if told["joined"] else ""
        when = told["time"][:16].replace("T", " ")
        rows.append([f"{told['signal']}{beside}", when, told["since"][:10], told["shape"], size, told["severity"]])
    return (
        tables.table(["signal", "told", "since", "shape", "size", "severity"], rows) if rows else "Nothing was told.\n"
    )


def _minutes(results: tables.Results) -> Iterator[str]:
    parts = {
        "quiet": "false alarms",
        "tuned": "tuning",
        "delays": "delays",
        "published": "Waveform and Sine",
        "real": "real",
    }
    for part, words in parts.items():
        seconds = sum(each["seconds"] for key, each in results.items() if key.startswith(f"{part}/"))
        yield f"{words} {seconds / 60:,.0f}"
