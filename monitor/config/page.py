"""The page `docs/configuration.md`, made from the models: `python -m monitor.config.page > docs/configuration.md`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

from monitor.config.config import PLANNED
from monitor.config.permodel import PerModel
from monitor.config.schema import json_schema

_BEGINNING = """# Configuration

One YAML file (JSON is YAML), `./seawall.yaml` unless a command is given another with `-c`. `seawall check-config FILE`
lists every mistake at once and ends with 2 where there is one; `seawall schema` prints the same keys as a JSON Schema,
for editors. A reference or a secret that is not there yet is a warning; a promoted reference that is damaged, altered
or gone is a mistake, and so is what does not fit to it: `seawall run` would refuse both.

The smallest useful file:

```yaml
model: credit-risk
source: {type: kafka, bootstrap_servers: "localhost:9092", topics: [inference]}
reference: ./reference
sinks: [{type: slack, webhook_url: "${SLACK_WEBHOOK_URL}"}]
```

- Durations are a number and a unit: `50ms`, `10s`, `5m`, `1h`, `30d`. Times are RFC 3339: `2026-01-31T14:05:00Z`.
- Paths are relative to the file; `{model}` in a path stands for the model's name.
- `${NAME}` is an environment variable and `${file:/path}` the content of a file, without the newline at its end.
  Both may stand inside any text; there are no other substitutions. Secrets belong there and not in the file. What
  `source`, `http`, `sinks` and `retrain` take from outside need not be set for commands that tell nobody
  (`check-config`, `reference`, `replay`, `state`).
- An unknown key is an error, and so is a section that this build does not carry out.

This page is made from the program's own models by `python -m monitor.config.page`.
"""

_SECTIONS = (
    ("source", "`source`", ("KafkaSource", "FileSource")),
    ("format", "`format`", ("FormatSection",)),
    ("reference", "`reference`", ("ReferenceSection",)),
    ("features", "`features.NAME`", ("FeatureSection",)),
    ("detectors", "`detectors`", ()),
    ("verdicts", "`verdicts`", ("VerdictsSection",)),
    ("sinks", "`sinks`", ()),
    ("retrain", "`retrain`", ("RetrainRule", "WhenSection", "WebhookAction", "KafkaAction")),
    ("dead_letters", "`dead_letters`", ("DeadLettersSection",)),
    ("labels", "`labels`", ("LabelsSection",)),
    ("shadow", "`shadow`", ("ShadowSection",)),
    ("shadow", "`shadow.endpoint`", ("V2Endpoint",)),
    ("shadow", "`shadow.budget`", ("ShadowBudget",)),
    ("shadow", "`shadow.checks`", ("NoiseCheck", "MissingCheck", "MonotoneCheck")),
    ("shadow", "`shadow.answers`", ("AnswersSection",)),
    ("replicas", "`replicas`", ("ReplicasSection",)),
    ("http", "`http`", ("HttpSection",)),
    ("privacy", "`privacy`", ("PrivacySection",)),
)


def page() -> str:
    """Return the whole page."""
    schema = json_schema()
    sections = schema["$defs"]
    process = {key: value for key, value in schema["properties"].items() if key not in PerModel.model_fields}
    own = {key: value for key, value in schema["properties"].items() if key in PerModel.model_fields}
    parts = [
        _BEGINNING,
        "## For the whole process\n",
        _table(process, schema["required"]),
        "## For a model\n\nAt the top for every model, or under `models.NAME` for one; `models.*` stands in between.\n",
        _table(own, ["reference"]),
    ]
    for key, title, names in _SECTIONS:
        parts.append(f"## {title}\n")
        for name in names or _names(schema["properties"][key]):
            section = sections[name]
            kind = section["properties"].get("type", {}).get("const")
            parts.append((f"`type: {kind}`. " if kind else "") + section["description"] + "\n")
            parts.append(_table(section["properties"], section.get("required", [])))
    parts.append("## Planned\n\nNot carried out by this build, and refused when configured:\n")
    parts.append("".join(f"- `{key}`: {words}\n" for key, words in PLANNED.items()))
    return "\n".join(parts)


def _names(property_: dict[str, Any]) -> list[str]:
    """Return the sections that a list's items may be."""
    items = property_["items"]
    return [option["$ref"].rpartition("/")[2] for option in items.get("anyOf") or items["oneOf"]]


def _table(properties: dict[str, Any], required: list[str]) -> str:
    rows = "".join(_rows(properties, required))
    return f"| key | default | meaning |\n|---|---|---|\n{rows}"


def _rows(properties: dict[str, Any], required: list[str]) -> Iterator[str]:
    for key, value in properties.items():
        if "const" in value:
            continue
        default = "required" if key in required else _default(value.get("default"))
        words = value.get("description", "") + _choices(value)
        yield f"| `{key}` | {default} | {words.replace('|', chr(92) + '|')} |\n"


def _default(value: Any) -> str:
    if value in (None, [], {}) or isinstance(value, dict):
        return ""
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


def _choices(value: dict[str, Any]) -> str:
    options = [value, *value.get("anyOf", [])]
    words = [str(word) for option in options for word in option.get("enum", [])]
    return f" One of {', '.join(f'`{word}`' for word in words)}." if words else ""


if __name__ == "__main__":
    sys.stdout.write(page())
