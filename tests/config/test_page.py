from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from monitor.config.config import PLANNED
from monitor.config.page import page
from monitor.config.schema import json_schema

PAGE = Path(__file__).parents[2] / "docs/configuration.md"


def objects(node):
    if isinstance(node, dict):
        if "properties" in node:
            yield node
        for child in node.values():
            yield from objects(child)
    elif isinstance(node, list):
        for child in node:
            yield from objects(child)


def keys():
    return {
        (key, json.dumps(value, sort_keys=True))
        for section in objects(json_schema())
        for key, value in section["properties"].items()
    }


def test_the_page_is_the_one_that_the_models_make():
    assert PAGE.read_text() == page(), "run: python -m monitor.config.page > docs/configuration.md"


@pytest.mark.parametrize("key", sorted({key for key, _ in keys()} | set(PLANNED)))
def test_every_key_stands_on_the_page(key):
    assert (
        re.search(rf"`(type: )?{re.escape(key)}`|`type: ", PAGE.read_text())
        if key == "type"
        else f"`{key}`" in PAGE.read_text()
    )


@pytest.mark.parametrize(("key", "value"), sorted(keys()))
def test_every_key_says_what_it_means(key, value):
    found = json.loads(value)
    assert found.get("description") or "const" in found


def test_no_section_takes_keys_it_does_not_know():
    assert all(section["additionalProperties"] is False for section in objects(json_schema()))


def test_defaults_are_written_as_a_person_would():
    top = json_schema()["properties"]
    written = {key: top[key]["default"] for key in ("slot", "freshness", "false_alarm_every", "tolerance", "state_dir")}
    assert written == {
        "slot": "10s",
        "freshness": "10m",
        "false_alarm_every": "30d",
        "tolerance": 0.1,
        "state_dir": "./state",
    }


def test_the_example_on_the_page_is_valid(config):
    (example,) = re.findall(r"```yaml\n(.+?)```", PAGE.read_text(), re.DOTALL)
    assert config(example, SLACK_WEBHOOK_URL="https://hooks.example/x").model == "credit-risk"
