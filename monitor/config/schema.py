"""The JSON Schema of the configuration, for editors, the chart and the documentation."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from monitor.config.config import Config
from monitor.config.durations import DURATION_PATTERN, format_duration


class _Untitled(GenerateJsonSchema):
    """pydantic's titles repeat the keys."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def json_schema() -> dict[str, Any]:
    """Return the schema of a configuration file, every key with its description and its default as it is written."""
    schema = Config.model_json_schema(mode="validation", schema_generator=_Untitled)
    _defaults_as_written(schema)
    words = {"title": "Seawall's configuration", "description": "What one Seawall process watches, and whom it tells."}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, **words}


def _defaults_as_written(node: Any) -> None:
    """Durations are milliseconds inside; in the file, and so in the schema, they are text."""
    if isinstance(node, dict):
        if node.get("pattern") == DURATION_PATTERN and isinstance(node.get("default"), int):
            node["default"] = format_duration(node["default"])
        for child in node.values():
            _defaults_as_written(child)
    elif isinstance(node, list):
        for child in node:
            _defaults_as_written(child)
