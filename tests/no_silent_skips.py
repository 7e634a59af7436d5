"""Where SEAWALL_CI is set, a skip is a failure: what CI did not run, CI did not pass.

On a developer's machine a missing part may be skipped. In CI everything is there, so a skip means that
something real was quietly left out. `pyproject.toml` loads this plugin.
"""

from __future__ import annotations

import os

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    return _told((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report():
    return _told((yield))


def _told(report):
    if os.environ.get("SEAWALL_CI") and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped where SEAWALL_CI is set: {report.longrepr[-1]}"
    return report
