"""Where events go, one destination a file.

A new sink is a file and one line in the union `SinkConfig`.
"""

from __future__ import annotations

from typing import Annotated, Any, get_args

from pydantic import BeforeValidator, Discriminator, ValidationError
from pydantic_core import InitErrorDetails

from sinks.file import FileConfig
from sinks.pagerduty import PagerDutyConfig
from sinks.sink import mistake
from sinks.slack import SlackConfig
from sinks.stdout import StdoutConfig
from sinks.webhook import WebhookConfig

_Sinks = Annotated[
    StdoutConfig | FileConfig | SlackConfig | PagerDutyConfig | WebhookConfig,
    Discriminator("type"),
]

KNOWN: tuple[str, ...] = tuple(config.model_fields["type"].default for config in get_args(get_args(_Sinks)[0]))
PLANNED = ("kafka", "alertmanager")
"""Sinks of the contract that this build does not carry out: configuring one is refused, by name."""


def _known(value: Any) -> Any:
    if not isinstance(value, dict) or value.get("type") in KNOWN:
        return value
    found = value.get("type")
    known = f"Known: {', '.join(KNOWN)}"
    if found is None:
        words = f"missing. {known}"
    elif found in PLANNED:
        words = f'"{found}" is not carried out by this build. {known}'
    else:
        words = f'"{found}" is not a sink. {known}'
    raise ValidationError.from_exception_data(
        "sink", [InitErrorDetails(type=mistake(words), loc=("type",), input=found)]
    )


SinkConfig = Annotated[_Sinks, BeforeValidator(_known, json_schema_input_type=_Sinks)]
