from __future__ import annotations

import re
from pathlib import Path

from monitor.errors import REASONS
from monitor.http.metrics import Metrics

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"


def test_every_reason_of_a_dead_letter_is_documented():
    (table,) = re.findall(r"\| reason \| what it is \|\n\|---\|---\|\n((?:\|.+\n)+)", PAGE.read_text())
    named = {name for row in table.splitlines() for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert named == set(REASONS)


def test_every_metric_is_documented():
    named = set(re.findall(r"`([a-z_0-9]+)`", PAGE.read_text()))
    ours = {family.name for family in Metrics("1").registry.collect() if family.name.startswith("seawall_")}
    plain = {name.removeprefix("seawall_") for name in ours}
    assert {name for name in plain if not {name, f"{name}_total", f"{name}_info"} & named} == set()
