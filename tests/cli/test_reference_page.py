"""docs/reference.md says what the program does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from monitor.cli.main import main
from monitor.cli.reference import command

PAGE = (Path(__file__).resolve().parents[2] / "docs/reference.md").read_text()
YAML = re.findall(r"```yaml\n(.+?)```", PAGE, re.DOTALL)


def _without_numbers(text):
    text = re.sub(r"[\d.,]+ to [\d.,]+", "A to B", text)
    return re.sub(r"[0-9a-f]{12}", "DIGEST", re.sub(r" in \S+/reference", " in ./reference", text))


def test_the_example_of_the_page_is_what_build_prints(seawall):
    (example,) = re.findall(r"```\n\$ seawall reference build accepted.csv\n(.+?)```", PAGE, re.DOTALL)
    _, out, _ = seawall("build", "a.jsonl")
    assert _without_numbers(out) == _without_numbers(example)


@pytest.mark.parametrize("section", YAML)
def test_what_the_page_says_of_the_configuration_is_valid(folder, section):
    rest = "" if section.startswith("reference:") else "reference: ./reference\n"
    (folder / "seawall.yaml").write_text(f"model: m\nsource: {{type: file, path: a.jsonl}}\n{rest}{section}")
    assert main(["check-config", "seawall.yaml"]) == 0


def test_every_command_is_on_the_page():
    assert {name for name in command.commands if f"seawall reference {name}" not in PAGE} == set()
