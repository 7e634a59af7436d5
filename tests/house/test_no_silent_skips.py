from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

IN_A_FIXTURE = """
import pytest

@pytest.fixture
def broker():
    pytest.skip("no broker")

def test_real(broker):
    pass
"""
SKIPPING = {
    "in a test": "import pytest\ndef test_real():\n    pytest.skip('no broker')\n",
    "by a mark": "import pytest\n@pytest.mark.skip(reason='no broker')\ndef test_real():\n    pass\n",
    "in a fixture": IN_A_FIXTURE,
    "of a module": "import pytest\npytest.skip('no broker', allow_module_level=True)\n",
}


def _run(root, tmp_path, program, workers=0, **env):
    (tmp_path / "test_it.py").write_text(program)
    plain = {name: value for name, value in os.environ.items() if name != "SEAWALL_CI"}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no_silent_skips", f"-n{workers}", "test_it.py"],
        cwd=tmp_path,
        env=plain | {"PYTHONPATH": str(root / "tests")} | env,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("workers", [0, 1], ids=["alone", "in a worker"])
@pytest.mark.parametrize("program", SKIPPING.values(), ids=SKIPPING)
def test_a_skip_fails_in_ci_and_says_why(root, tmp_path, program, workers):
    run = _run(root, tmp_path, program, workers, SEAWALL_CI="1")
    assert run.returncode in {1, 2}
    assert re.search(r"skipped where SEAWALL_CI is set: .*no broker", run.stdout)


def test_a_skip_is_a_skip_elsewhere(root, tmp_path):
    run = _run(root, tmp_path, SKIPPING["in a test"])
    assert run.returncode == 0
    assert "1 skipped" in run.stdout


def test_an_expected_failure_is_not_taken_for_a_skip(root, tmp_path):
    program = "import pytest\n@pytest.mark.xfail(strict=True)\ndef test_known():\n    assert False\n"
    run = _run(root, tmp_path, program, SEAWALL_CI="1")
    assert run.returncode == 0
    assert "1 xfailed" in run.stdout
