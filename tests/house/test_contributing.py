from __future__ import annotations

import re
import sys
import types

import numpy as np
import pytest

from monitor.formats.batch import Batch


@pytest.fixture
def sparse(root, monkeypatch):
    text = (root / "CONTRIBUTING.md").read_text()
    code = next(c for c in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "class Sparse" in c)
    module = types.ModuleType("first_detector")
    monkeypatch.setitem(sys.modules, "first_detector", module)
    exec(compile(code, "CONTRIBUTING.md", "exec"), module.__dict__)  # noqa: S102 - the page's own code, to see it work
    return module.Sparse


def test_the_first_detector_of_the_page_bins_what_it_says(sparse):
    nan = float("nan")
    numbers = {"feature.a": np.array([1.0, nan, nan]), "feature.b": np.array([1.0, 2.0, nan])}
    batch = Batch(np.arange(3), numbers=numbers)
    assert sparse(("feature.a", "feature.b")).bin(batch).tolist() == [0, 1, 1]


def test_the_entries_that_the_page_asks_for_are_what_the_tables_hold(root, sparse):
    page = (root / "CONTRIBUTING.md").read_text()
    kind, example = re.findall(r"`(\"sparse\": .+?)`", page)
    known = {"Sparse": sparse}
    assert eval(f"{{{kind}}}", known) == {sparse.kind: sparse}  # noqa: S307 - the page's own words
    assert [type(one) for one in eval(f"{{{example}}}", known)[sparse.kind]] == [sparse]  # noqa: S307 - as above


def test_the_first_detector_of_the_page_names_one_signal(sparse):
    (signal,) = sparse(("feature.a",)).signals(np.array([99, 1]))
    assert (signal.name, signal.group, signal.bin_of) == ("quality.sparse", "quality", (0, 1))
