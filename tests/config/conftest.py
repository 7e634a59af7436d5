from __future__ import annotations

from pathlib import Path

import pytest

from monitor.config.loading import Reading, read

SMALLEST = """\
model: credit-risk
source: {type: kafka, bootstrap_servers: "localhost:9092", topics: [inference]}
reference: ./reference
"""


@pytest.fixture
def smallest():
    return SMALLEST


@pytest.fixture
def reading(tmp_path):
    """Return a function that reads a text as a configuration in `tmp_path`."""

    def reading(text: str, *, secrets: bool = True, **environ: str) -> Reading:
        path: Path = tmp_path / "seawall.yaml"
        path.write_text(text)
        return read(path, secrets=secrets, environ=environ)

    return reading


@pytest.fixture
def config(reading):
    """Return a function that gives the configuration that a text holds."""
    return lambda text, **environ: reading(text, **environ).config
