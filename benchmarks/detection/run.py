"""The published comparison, docs/benchmark.md: `make bench-detection`, ARGS="--runs 20 --only quiet,delays".

What was measured is kept in results.json beside this file, job by job: an interrupted run goes on, --anew begins again,
and --only page draws the page of what there is.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.detection.alibi import installed
from benchmarks.detection.jobs import ALIBI, EFFORTS, TUNED, Job, carry_out, jobs
from benchmarks.detection.measure import rate

ROOT = Path(__file__).parents[2]
RESULTS = Path(__file__).with_name("results.json")
PARTS = ("quiet", "tuned", "delays", "published", "real")
SAVE_EVERY = 20.0

Results = dict[str, dict[str, Any]]


def known(results: Results) -> dict[str, float]:
    """Return what later parts need of earlier ones: the peers' rates per million records, the budgets by slot."""
    found: dict[str, float] = {}
    for peer in set(TUNED.values()):
        seen = [each["found"] for key, each in results.items() if key.startswith(f"quiet/{peer}/")]
        if seen:
            found[peer] = rate(sum(s["alarms"] for s in seen), sum(s["records"] for s in seen))[0]
    budgets = {key.removeprefix("tuned/"): each["found"] for key, each in results.items() if key.startswith("tuned/")}
    return found | budgets


def void(key: str, anew: Sequence[str]) -> bool:
    """Return whether a result is to be measured anew, for its part is; with other budgets all of the tuned is."""
    part, name, _ = key.split("/")
    return part in anew or ("tuned" in anew and name in TUNED)


def carry_all_out(wanted: Iterable[Job], results: Results, *, scale: float, path: Path, processes: int) -> None:
    """Carry out what is not there yet, and keep it."""
    left = [job for job in wanted if job.key not in results]
    if not left:
        return
    python = os.environ.get("ALIBI_PYTHON", "")
    do, saved = partial(carry_out, scale=scale, known=known(results)), time.monotonic()
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(processes, None, _write_in, (folder,)) as pool:
        running = {pool.submit(do, job): job for job in left}
        for number, done in enumerate(as_completed(running), 1):
            job = running[done]
            results[job.key] = done.result() | ({"alibi": installed(python)} if job.detector in ALIBI else {})
            if time.monotonic() > saved + SAVE_EVERY or number == len(left):
                saved = time.monotonic()
                path.write_text(json.dumps(dict(sorted(results.items())), indent=0) + "\n")
                print(f"  {running[done].part}: {number:,} of {len(left):,}", file=sys.stderr, flush=True)


def _write_in(folder: str) -> None:
    """Let a process write temporary files where they are taken away though it may not do so itself."""
    tempfile.tempdir = folder


def names_here() -> list[str]:
    """Return the detectors that this machine can run."""
    python = os.environ.get("ALIBI_PYTHON", "")
    there = bool(python) and installed(python)
    if not there:
        print("without alibi-detect: ALIBI_PYTHON names no environment that has it", file=sys.stderr)
    return [name for name in EFFORTS if there or name not in ALIBI]


def main() -> None:
    """Measure what is asked for, and write the page."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=100, help="draws of accepted records; the slow get fewer")
    options.add_argument("--scale", type=float, default=1.0, help="factor of the stationary records")
    options.add_argument("--only", default=",".join((*PARTS, "page")), help="parts, with commas between")
    options.add_argument("--anew", action="store_true", help="forget what was measured of these parts")
    options.add_argument("--processes", type=int, default=2)
    options.add_argument("--results", type=Path, default=RESULTS)
    options.add_argument("--page", type=Path, default=ROOT / "docs")
    given = options.parse_args()
    parts = given.only.split(",")
    results: Results = json.loads(given.results.read_text()) if given.results.exists() else {}
    if given.anew:
        results = {key: each for key, each in results.items() if not void(key, parts)}
    names, began = names_here(), time.monotonic()
    for part in PARTS:
        if part in parts:
            now = names if part != "quiet" else [name for name in names if name not in TUNED]
            order = [(part, now)] + ([("quiet", list(TUNED))] if part == "tuned" else [])
            for each, those in order:
                wanted = jobs(each, given.runs, those, known(results))
                carry_all_out(wanted, results, scale=given.scale, path=given.results, processes=given.processes)
    print(f"measured in {(time.monotonic() - began) / 60:.1f} minutes", file=sys.stderr)
    if "page" in parts:
        from benchmarks.detection.page import write

        write(results, given.page)


if __name__ == "__main__":
    main()
