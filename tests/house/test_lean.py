from __future__ import annotations

import importlib
import json
import subprocess
import sys

from monitor.lean import Later, without

LOADED = """
import sys
from monitor.lean import import_kafka, import_lean
import_lean()
import_kafka()
import monitor.assembly, monitor.learning, monitor.sources.kafka
print(*sorted({"cramjam", "rich", "sklearn", "river", "slack_sdk", "httpx", "pandas"} & sys.modules.keys()))
"""
UNPACKED = """
from monitor.lean import import_kafka
import_kafka()
from kafka.codec import has_snappy, snappy_decode, snappy_encode
assert has_snappy() and snappy_decode(snappy_encode(b"as it was" * 100)) == b"as it was" * 100
import snappy
"""
SPARED = """
from monitor.lean import without
with without("colorsys"):
    try:
        import colorsys
    except ImportError:
        print("missing")
import colorsys
print("found")
"""


def fresh(program):
    """Run the program in a Python of its own; return what it printed."""
    return (
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        .stdout.strip()
        .replace("\n", " ")
    )


def test_an_idle_monitor_loads_nothing_that_it_does_not_need():
    assert not fresh(LOADED)


def test_snappy_is_there_when_the_first_batch_needs_it():
    fresh(UNPACKED)


def test_a_library_that_is_spared_once_is_found_afterwards():
    assert fresh(SPARED) == "missing found"


def test_a_library_that_is_loaded_already_is_not_taken_away():
    with without("json"):
        assert importlib.import_module("json") is json


def test_what_comes_later_behaves_as_the_module():
    assert Later("math").sqrt(4.0) == 2.0
