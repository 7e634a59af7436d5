from __future__ import annotations

import pytest
from reference_records import applicants, built

from monitor.reference.store import Store


@pytest.fixture(scope="session")
def reference():
    """A reference of a credit model. Nothing changes it."""
    return built(applicants())


@pytest.fixture(scope="session")
def other():
    """Another version, with higher incomes."""
    return built(applicants(seed=2, income=0.5))


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "reference")
