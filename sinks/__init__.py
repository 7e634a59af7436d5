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


def _carried_out(value: Any) -> Any:
    if isinstance(value, dict) and (found := value.get("type")) in PLANNED:
        known = ", ".join(KNOWN)
        words = mistake(f'"{found}" is not carried out by this build. Known: {known}')
        raise ValidationError.from_exception_data("sink", [InitErrorDetails(type=words, loc=("type",), input=found)])
    return value


SinkConfig = Annotated[_Sinks, BeforeValidator(_carried_out, json_schema_input_type=_Sinks)]
