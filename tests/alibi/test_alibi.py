"""alibi-detect's own alarms, record for record, over restarts too. In its environment: `make test-alibi`."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from detectors.alibi import KNOWN

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "tests/alibi_program.py"

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def told():
    """Return what the program printed."""
    python = os.environ.get("ALIBI_PYTHON")
    assert python, "make test-alibi says where alibi-detect is installed"
    command = [str(ROOT / python), str(PROGRAM)]
    path = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    run = subprocess.run(command, env=os.environ | path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@pytest.mark.parametrize("name", KNOWN)
def test_alarms_are_those_of_the_library_record_for_record(told, name):
    assert [told[name][what] for what in ("missing", "complaint", "trial")] == [None] * 3
    assert told[name]["ours"] == told[name]["library"]
    assert [place for place in told[name]["ours"] if place > 300]


@pytest.mark.parametrize("name", KNOWN)
def test_a_restart_changes_none(told, name):
    assert told[name]["restored"] == told[name]["ours"]


def test_what_it_does_not_take_is_said(told):
    unknown, required, torch, few, text = told["words"]
    assert unknown.startswith("KSDrift has no p_value here. Known: p_val, ")
    assert required == "CVMDriftOnline needs ert"
    assert torch.startswith("MMDDrift needs torch")
    assert few.startswith("CVMDriftOnline does not work with these: ")
    assert text.startswith("KSDrift does not work with these: ")
