"""alibi-detect's detectors as the published comparison asks them, from this environment in theirs."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from benchmarks.detection.alibi import Alibi, installed
from benchmarks.detection.columns import Columns

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def python():
    named = os.environ.get("ALIBI_PYTHON")
    assert named, "make test-alibi says where alibi-detect is installed"
    return str(ROOT / named)


def columns(count, seed, shift=0.0):
    draw = np.random.default_rng(seed)
    numbers = {"a": draw.normal(size=count) + shift, "missing_0": np.full(count, np.nan)}
    return Columns(numbers, {"k": draw.integers(0, 3, count)}, {"k": ("x", "y", "z")}, np.arange(count))


def test_windows_are_judged_at_their_ends(python):
    detector = Alibi("TabularDrift", python)
    accepted = columns(3_000, 1)
    assert [a.seen for a in detector.watch(accepted, columns(2_500, 2))] == []
    assert [a.seen for a in detector.watch(accepted, columns(2_500, 3, shift=1.0))] == [1_000, 2_000]
    detector.close()


def test_the_version_is_found_without_importing_it(python):
    assert installed(python).startswith("0.")
    assert installed("/nonexistent/bin/python") == ""
