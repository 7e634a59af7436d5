"""The same tallies give the same verdicts to the bit: anew, from the middle on, on another processor."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
from judge_streams import judge_of, judged, mixed, normal_law

from monitor.state import snapshot

try:
    from numpy._core import _multiarray_umath as kernels
except ImportError:  # numpy 1.26
    from numpy.core import _multiarray_umath as kernels


def tallies():
    traffic = mixed(seed=4)
    quiet = [traffic.tally(100) for _ in range(40)]
    moved = {"n1": {"law": normal_law(0.5)}, "kind": {"missing": 0.05}, "many": {"unseen": 0.03}}
    return traffic.reference(), [*quiet, *(traffic.tally(100, **moved) for _ in range(60)), *quiet]


def trace(judge, slots):
    """Digest of everything a judge says and remembers."""
    told = hashlib.sha256()
    for verdict in judged(judge, slots):
        told.update(msgspec.json.encode([verdict.evidence, [msgspec.to_builtins(e) for e in verdict.effects]]))
        told.update(repr(verdict.alarms).encode())
    for family in judge.state()["families"]:
        for array in family.values():
            told.update(array.tobytes())
    for name, _, calm in judge.state()["calms"]:
        told.update(name.encode() + calm["table"].tobytes() + calm["log_e"].tobytes())
    return told.hexdigest()


def digest():
    reference, slots = tallies()
    return trace(judge_of(reference), slots)


def test_the_same_tallies_give_the_same_bits():
    assert digest() == digest()


def test_a_processor_with_fewer_features_gives_the_same_bits():
    optional = [f for f in kernels.__cpu_dispatch__ if kernels.__cpu_features__.get(f)]
    script = "import numpy; from test_same_bits import digest, kernels; print(digest()); "
    script += "print(sorted(f for f in kernels.__cpu_dispatch__ if kernels.__cpu_features__[f]))"
    here = Path(__file__).parent
    path = os.pathsep.join([str(here), str(here.parent), str(here.parents[1])])
    fewer = os.environ | {"PYTHONPATH": path, "NPY_DISABLE_CPU_FEATURES": " ".join(optional)}
    done = subprocess.run([sys.executable, "-c", script], env=fewer, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [digest(), "[]"]


def test_a_judge_restored_in_the_middle_goes_on_as_if_nothing_had_been(tmp_path):
    reference, slots = tallies()
    whole = judge_of(reference)
    judged(whole, slots[:55])
    assert whole.calms  # in the middle of an incident
    snapshot.save(tmp_path / "snapshot", whole.state())
    restored = judge_of(reference)
    restored.restore(snapshot.load(tmp_path / "snapshot"))
    assert (restored.last, restored.records) == (54, 5_500)
    assert trace(restored, slots[55:]) == trace(whole, slots[55:])


def test_a_state_that_was_taken_does_not_change_with_what_follows():
    reference, slots = tallies()
    judge = judge_of(reference)
    judged(judge, slots[:50])
    taken = judge.state()
    before = [{name: np.array(a) for name, a in family.items()} for family in taken["families"]]
    judged(judge, slots[50:])
    for family, old in zip(taken["families"], before, strict=True):
        assert all(np.array_equal(family[name], old[name]) for name in old)


def test_slots_add_up_in_any_order_of_their_records():
    """A tally is all the judge sees: records of a slot have no order."""
    reference, slots = tallies()
    parts = [[slot, slot] for slot in slots]
    whole = []
    for first, second in parts:
        both = type(first)(first.cells.copy())
        both += second
        whole.append(both)
    other = []
    for first, second in parts:
        both = type(first)(second.cells.copy())
        both += first
        other.append(both)
    assert trace(judge_of(reference), whole) == trace(judge_of(reference), other)
