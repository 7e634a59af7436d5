"""What a newcomer types, as README and CONTRIBUTING have it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from itertools import takewhile
from pathlib import Path

import pytest

PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")


@pytest.fixture(scope="module")
def targets(root):
    return set(re.findall(r"^([a-z-]+):(?!=)", (root / "Makefile").read_text(), re.MULTILINE))


@pytest.mark.parametrize("page", PAGES)
def test_every_make_target_named_on_a_page_exists(root, targets, page):
    named = re.findall(r"(?:^\$ |`)make ([a-z-]+)", (root / page).read_text(), re.MULTILINE)
    assert set(named) <= targets


def test_both_commands_of_the_first_page_are_there(root, targets):
    readme = (root / "README.md").read_text()
    assert "$ make demo " in readme
    assert "$ make test " in readme
    assert {"demo", "test"} <= targets


def test_help_lists_every_target_a_person_types(root, targets):
    told = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=root, check=True, capture_output=True, text=True
    )
    assert {line.split()[1] for line in told.stdout.splitlines()} == targets


@pytest.mark.parametrize("page", PAGES)
def test_every_file_a_page_links_to_exists(root, page):
    links = re.findall(r"\]\((?!https?:)([^)#]+)", (root / page).read_text())
    assert [link for link in links if not (root / link).exists()] == []


@pytest.fixture(scope="module")
def seawall():
    return Path(sys.executable).with_name("seawall")


def test_the_five_lines_of_the_first_page_are_a_valid_configuration(root, seawall, tmp_path):
    (config,) = re.findall(r"```yaml\n(model: .+?)```", (root / "README.md").read_text(), re.DOTALL)
    (tmp_path / "seawall.yaml").write_text(config)
    run = subprocess.run(
        [seawall, "check-config", "seawall.yaml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("page", PAGES)
def test_every_seawall_command_named_on_a_page_exists(root, seawall, page):
    lines = re.findall(r"^\$ seawall (.+)", (root / page).read_text(), re.MULTILINE)
    for line in lines:
        words = list(takewhile(re.compile("[a-z][a-z-]*").fullmatch, line.split()))
        run = subprocess.run([seawall, *words, "--help"], capture_output=True, text=True, check=False)
        assert run.returncode == 0, f"{words}: {run.stderr}"


def _venv(root, tmp_path, fakes):
    """Run .ci/venv where these and the plainest tools are all there is on the path."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("sh", "rm"):
        (tools / name).symlink_to(_found(name))
    for name, body in fakes.items():
        (tools / name).write_text(f"#!/bin/sh\n{body}\n")
        (tools / name).chmod(0o755)
    return subprocess.run(
        [root / ".ci/venv", tmp_path / "venv"],
        cwd=root,
        env={"PATH": str(tools)},
        capture_output=True,
        text=True,
        check=False,
    )


def _found(name):
    return next(path for folder in os.get_exec_path() if (path := Path(folder) / name).exists())


def test_a_python_that_is_too_old_is_told_by_its_version(root, tmp_path):
    run = _venv(root, tmp_path, {"python3": 'if [ "$1" = --version ]; then echo Python 3.8.18; else exit 1; fi'})
    assert run.returncode == 1
    assert "needs Python 3.11, 3.12, 3.13 or 3.14, and python3 is Python 3.8.18" in run.stderr


def test_a_missing_python_is_told(root, tmp_path):
    run = _venv(root, tmp_path, {})
    assert run.returncode == 1
    assert "python3 is missing" in run.stderr


def test_a_python_without_ensurepip_is_told_with_what_brings_it(root, tmp_path):
    fake = 'case "$2" in *ensurepip*) exit 1;; *print*) echo python3.12-venv;; esac'
    run = _venv(root, tmp_path, {"python3": fake})
    assert run.returncode == 1
    assert "ensurepip module is missing" in run.stderr
    assert "apt-get install python3.12-venv" in run.stderr


def test_a_newer_python_of_another_name_is_found(root, tmp_path):
    run = _venv(
        root, tmp_path, {"python3": "exit 1", "python3.12": 'case "$2" in venv) echo made by 3.12 >&2; exit 9;; esac'}
    )
    assert run.stderr == "made by 3.12\n"
