from __future__ import annotations

import subprocess
import sys
import tomllib

import pytest


@pytest.mark.parametrize("module", ["monitor.cli.main", "monitor.pipeline", "monitor.config", "detectors", "sinks"])
def test_importing_it_loads_nothing_heavy(root, module):
    ruff = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["ruff"]
    heavy = set(ruff["lint"]["flake8-tidy-imports"]["banned-module-level-imports"])
    heavy.remove("rich")  # structlog loads it by itself where it is installed: 3 MB, and no clean way round
    program = f"import sys, {module}; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert heavy & set(run.stdout.split()) == set()
