"""What is to be measured, part by part, and how much of it: the slow are given less, and the page says how much."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple, cast

from benchmarks.detection import measure, published, real, tuning
from benchmarks.detection.alibi import Alibi
from benchmarks.detection.columns import Columns
from benchmarks.detection.ours import Seawall
from benchmarks.detection.peers import Detector, detectors
from benchmarks.detection.streams import DRIFTS

OURS, DEFAULT = "Seawall", "Seawall, default tolerance"
ALIBI = ("TabularDrift", "CVMDriftOnline")
TUNED = {f"Seawall, tuned to {peer}": peer for peer in ("ADWIN", "ADWIN, scaled")}
"""Ours with budgets, one for each slot length, whose measured rate of false alarms is a peer's."""
TUNED_RUNS = 10
"""Runs that together show a tuned rate."""
RENEWED = (OURS, DEFAULT, "KS, Bonferroni", "PSI > 0.1", "TabularDrift")
"""Those that compare with accepted records, so learn anew after a change."""


class Effort(NamedTuple):
    """What a detector is given.

    Attributes
    ----------
    thousands : int
        Of stationary records in a run; of the tuned as many as show the rate (tuning.length).
    quiet, delays : float
        Share of the runs, over stationary and over changing streams.
    one_reference : bool
        Whether one draw of accepted records is for all runs: where fitting takes long.
    """

    thousands: int
    quiet: float = 1.0
    delays: float = 1.0
    one_reference: bool = False


EFFORTS = {
    "always": Effort(1, 0.1, 0.1),
    "never": Effort(1, 0.1, 0.1),
    OURS: Effort(2_000, 0.2),
    DEFAULT: Effort(1_000, 0.2),
    **dict.fromkeys(TUNED, Effort(0, 0.1)),
    "ADWIN": Effort(200, 0.5),
    "ADWIN, scaled": Effort(200),
    "PageHinkley": Effort(10),
    "KSWIN": Effort(5, 0.2, 0.2),
    "KS, Bonferroni": Effort(100, 0.3, 0.2),
    "PSI > 0.1": Effort(100, 0.3, 0.2),
    "TabularDrift": Effort(50, 0.3, 0.2),
    "CVMDriftOnline": Effort(5, 0.3, 0.2, one_reference=True),
}


class Job(NamedTuple):
    """One thing to measure in a process of its own. `subject` is a drift's run, a stream, or a rate."""

    part: str
    detector: str
    subject: str

    @property
    def key(self) -> str:
        return "/".join(self)


def jobs(part: str, runs: int, names: list[str], rates: Mapping[str, float] = MappingProxyType({})) -> Iterator[Job]:
    """Yield what a part consists of, given the peers' rates per million records; none can be tuned to a rate of 0."""
    names = [name for name in names if name not in TUNED or rates.get(TUNED[name])]
    if part in ("quiet", "delays"):
        for name in names:
            yield from (Job(part, name, str(seed)) for seed in range(_runs(part, name, runs)))
    elif part == "tuned":
        tuned = [name for name in names if name in TUNED]
        yield from (Job(part, name, str(slot)) for name in tuned for slot in tuning.slots_of(rates[TUNED[name]]))
    elif part == "published":
        for name in names:
            if name in RENEWED or name.startswith(("ADWIN", "PageHinkley")):
                yield from (Job(part, name, stream) for stream in published.STREAMS)
    elif part == "real":
        for name in names:
            if name == DEFAULT or name.startswith(("ADWIN", "PageHinkley", "KS,", "PSI")):
                yield from (Job(part, name, stream.name) for stream in real.STREAMS)


def _runs(part: str, name: str, runs: int) -> int:
    share = EFFORTS[name].quiet if part == "quiet" else EFFORTS[name].delays
    return max(1, round(share * runs))


def carry_out(job: Job, scale: float, known: Mapping[str, float]) -> dict[str, Any]:
    """Return what came of a job, and the seconds of one core that it took.

    Parameters
    ----------
    scale : float
        Factor of the stationary records.
    known : mapping
        Rates per million records by peer, and budgets by tuned detector and slot.
    """
    clock = time.perf_counter if job.detector in ALIBI else time.process_time  # theirs compute in another process
    began = clock()
    found = _found(job, scale, known)
    return {"found": found, "seconds": round(clock() - began, 1)}


def _found(job: Job, scale: float, known: Mapping[str, float]) -> Any:
    if job.part == "tuned":
        return tuning.calibrated(known[TUNED[job.detector]], int(job.subject), scale)
    detector = made(job.detector)
    if job.part == "published":
        how = published.renewed if job.detector in RENEWED else published.going_on
        columns = _stream(job.subject)
        return published.scored(list(how(detector, columns)), len(columns))
    if job.part == "real":
        return real.seen(detector, next(s for s in real.STREAMS if s.name == job.subject))
    effort, seed = EFFORTS[job.detector], int(job.subject)
    accepted = _accepted(0 if effort.one_reference else seed, detector.numbers)
    if job.detector in TUNED:
        return _tuned(job, accepted, scale, known)
    if job.part == "delays":
        there = {n: drift for n, drift in DRIFTS.items() if set(drift.features) <= set(accepted.features)}
        return {name: measure.delay(detector, accepted, drift, seed) for name, drift in there.items()}
    return measure.quiet(detector, accepted, seed, int(1_000 * effort.thousands * scale))


def _tuned(job: Job, accepted: Columns, scale: float, known: Mapping[str, float]) -> Any:
    """Return false alarms by slot length or delays by drift, with the budget of the slot length it is measured in."""
    ours, seed, rate = cast("Seawall", made(job.detector)), int(job.subject), known[TUNED[job.detector]]
    budgets = {int(key.rpartition("/")[2]): known[key] for key in known if key.startswith(f"{job.detector}/")}
    found: dict[str, Any] = {}
    if job.part == "delays":
        for name, drift in DRIFTS.items():
            slot = tuning.slot_of(drift, budgets)
            ours.every = budgets[slot]
            found[name] = measure.delay(ours, accepted, replace(drift, slot=slot), seed)
        return found
    for slot, ours.every in sorted(budgets.items()):
        records = round(scale * tuning.length(rate, slot, TUNED_RUNS))
        found[str(slot)] = measure.quiet(ours, accepted, seed, records, slot)
    return found


@cache
def _stream(name: str) -> Columns:
    return published.STREAMS[name]()


_last: dict[tuple[int, int | None], Columns] = {}


def _accepted(seed: int, numbers: int | None) -> Columns:
    """Return accepted records; the same object for the same run, so that nothing is fitted twice."""
    if (seed, numbers) not in _last:
        _last.clear()
        _last[seed, numbers] = measure.accepted_of(seed, numbers)
    return _last[seed, numbers]


@cache
def made(name: str) -> Detector:
    """Return a detector by name; one of ours that is tuned has yet to be given its budget."""
    if name.startswith(OURS):
        return Seawall(tolerance=0.1 if name == DEFAULT else 0.0)
    return Alibi(name, os.environ["ALIBI_PYTHON"]) if name in ALIBI else detectors()[name]
