"""The Dockerfile, read line by line. There is no Docker in CI, so its steps are run in a folder of their own."""

from __future__ import annotations

import fnmatch
import re
import shutil
import subprocess

import pytest


@pytest.fixture(scope="module")
def steps(root):
    """Every instruction and its words, with continued lines joined."""
    text = (root / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines()]
    return [tuple(line.split(maxsplit=1)) for line in lines if line and not line.startswith("#")]


def _build_stage(steps):
    stages = [index for index, (word, _) in enumerate(steps) if word == "FROM"]
    assert len(stages) == 2
    return steps[stages[0] + 1 : stages[1]]


def _copies(steps):
    return [words.split() for word, words in _build_stage(steps) if word == "COPY"]


def test_every_file_it_copies_is_in_the_build_context(root, steps):
    rules = (root / ".dockerignore").read_text().splitlines()
    kept = [rule[1:] for rule in rules if rule.startswith("!")]
    assert "*" in rules
    for *sources, _ in _copies(steps):
        for source in sources:
            assert (root / source).exists()
            assert any(fnmatch.fnmatch(source, rule) for rule in kept)


def test_nothing_is_kept_that_it_does_not_copy(root, steps):
    kept = [rule[1:] for rule in (root / ".dockerignore").read_text().splitlines() if rule.startswith("!")]
    assert sorted(kept) == sorted(source for *sources, _ in _copies(steps) for source in sources)


def test_it_runs_as_no_root_and_starts_the_monitor(steps):
    last = dict(steps)
    assert last["USER"] == "10001:10001"
    assert last["EXPOSE"] == "9464"
    assert last["ENTRYPOINT"] == '["seawall"]'
    assert last["CMD"] == '["run", "-c", "/etc/seawall/seawall.yaml"]'


def test_what_it_takes_along_is_installed_packages_and_no_secret(steps):
    final = steps[max(index for index, (word, _) in enumerate(steps) if word == "FROM") :]
    assert [words for word, words in final if word == "COPY"] == ["--from=build /opt/seawall /opt/seawall"]
    given = " ".join(words for word, words in steps if word in {"ARG", "ENV"})
    assert set(re.findall(r"(\w+)=", given)) == {"PYTHON", "PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}


def test_every_package_it_installs_is_checked_against_a_hash(steps):
    installs = [part for _, words in steps for part in words.split("&&") if " install " in part and "pip" in part]
    assert installs
    assert [each for each in installs if "--require-hashes" not in each and "--no-deps" not in each] == []


@pytest.mark.real
def test_its_steps_build_a_seawall_that_runs(root, steps, tmp_path):
    inside = tmp_path / "opt"
    source = inside / "src"
    source.mkdir(parents=True)
    for word, words in _build_stage(steps):
        if word == "COPY":
            _copy(root, source, words.split())
        elif word == "RUN":
            subprocess.run(["sh", "-euc", words.replace("/opt/", f"{inside}/")], cwd=source, check=True)
    shutil.rmtree(source)
    shutil.rmtree(inside / "tools")
    assert [path for path in inside.rglob("tests") if path.is_dir()] == []
    told = subprocess.run(
        [inside / "seawall/bin/seawall", "--help"], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert "replay" in told.stdout
    heavy = "import numpy.testing, river.drift, scipy.stats, sklearn.ensemble, sklearn.neighbors"
    subprocess.run([inside / "seawall/bin/python", "-W", "ignore", "-c", heavy], check=True)


def _copy(root, folder, words):
    *sources, target = words
    for source in sources:
        to = folder / target
        if (root / source).is_dir():
            shutil.copytree(root / source, to, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            to = to / source.rpartition("/")[2] if target.endswith("/") or len(sources) > 1 else to
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(root / source, to)
