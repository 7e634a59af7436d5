from __future__ import annotations

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LOCKS = ("base", "build", "dev", "chart", "attacks", "alibi", "mlserver")


@pytest.fixture(scope="module")
def declared(root):
    """What pyproject.toml asks of each lock."""
    settings = tomllib.loads((root / "pyproject.toml").read_text())
    project, groups = settings["project"], settings["dependency-groups"]
    asked = {name: _of_group(groups, name) for name in ("build", "dev", "chart", "attacks", "mlserver")}
    asked["base"] = project["dependencies"]
    asked["alibi"] = project["dependencies"] + project["optional-dependencies"]["alibi"]
    return asked


def _of_group(groups, name):
    return [
        each
        for entry in groups[name]
        for each in ([entry] if isinstance(entry, str) else _of_group(groups, entry["include-group"]))
    ]


def _text(root, lock):
    return (root / "requirements" / f"{lock}.txt").read_text()


def _pins(root, lock):
    return dict(re.findall(r"^([\w.-]+)==([^ ]+)", _text(root, lock), re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_nothing_but_pinned_packages_with_hashes(root, lock):
    blocks = re.split(r"\n(?=\S)", "\n".join(line for line in _text(root, lock).splitlines() if "#" not in line))
    pinned = re.compile(r"[\w.-]+(\[\w+\])?==\S+( ; [^\\]+)? \\\n( +--hash=sha256:[0-9a-f]{64}( \\)?\n?)+")
    assert [block for block in blocks if not pinned.fullmatch(block)] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_has_all_that_pyproject_asks_for(root, declared, lock):
    pins = _pins(root, lock)
    wrong = [
        f"{asked}: {pins.get(canonicalize_name(asked.name))}"
        for asked in map(Requirement, declared[lock])
        if not asked.specifier.contains(pins.get(canonicalize_name(asked.name), "0"))
    ]
    assert wrong == [], "run: make lock"


@pytest.mark.parametrize("lock", ["build", "dev", "chart", "attacks"])
def test_locks_that_share_an_environment_agree(root, lock):
    base = _pins(root, "base") | (_pins(root, "dev") if lock in ("chart", "attacks") else {})
    assert {name: pin for name, pin in _pins(root, lock).items() if base.get(name, pin) != pin} == {}
