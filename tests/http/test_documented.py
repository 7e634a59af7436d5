from __future__ import annotations

import re
from pathlib import Path

from monitor.http.metrics import Metrics

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"


def test_every_metric_is_documented():
    named = set(re.findall(r"`([a-z_0-9]+)`", PAGE.read_text()))
    ours = {family.name for family in Metrics("1").registry.collect() if family.name.startswith("seawall_")}
    plain = {name.removeprefix("seawall_") for name in ours}
    assert {name for name in plain if not {name, f"{name}_total", f"{name}_info"} & named} == set()
