# ruff: noqa: INP001
# (a script, not a package)
"""Draws slack.png and pagerduty.png beside it, from the payloads that the sinks send. Needs chromium on the PATH.

The events are those of the tests, at an hour when nobody likes to be called.

PYTHONPATH=.:tests python docs/pictures/messages.py
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from msgspec.structs import replace
from sample_events import SHIFT

from sinks.blocks import blocks
from sinks.pagerduty import event_of
from sinks.preview import pagerduty_page, slack_page

HERE = Path(__file__).parent

OPENED = replace(
    SHIFT,
    id="evt_5b1d0c4a9e21",
    incident="inc_4k2f81c07d55",
    time="2026-01-15T03:05:10Z",
    records=1_281_262,
    since="2026-01-15T02:58:20Z",
    since_records=1_280_024,
    runbook="https://runbooks.example/credit-risk",
    notes=("model version 7 began at 2026-01-15T02:57:50Z: look at that release first",),
)
RESOLVED = replace(
    OPENED, id="evt_5b1d0c4a9e22", event="resolved", time="2026-01-15T03:41:30Z", records=1_302_900, notes=()
)


def draw(page: str, picture: Path, width: int, height: int) -> None:
    """Write a page's picture, `width` × `height` CSS pixels at twice the density."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "page.html"
        source.write_text(page)
        options = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--hide-scrollbars",
            "--force-device-scale-factor=2",
            f"--user-data-dir={folder}/profile",
            f"--window-size={width},{height}",
            f"--screenshot={picture}",
        ]
        subprocess.run(["chromium", *options, source.as_uri()], check=True, capture_output=True)  # noqa: S603, S607 - ours


if __name__ == "__main__":
    draw(slack_page([blocks(OPENED), blocks(RESOLVED)]), HERE / "slack.png", 708, 610)
    draw(pagerduty_page(event_of(OPENED)), HERE / "pagerduty.png", 768, 455)
