"""`reference`: what the model was accepted on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from monitor.config.section import Section
from monitor.reference.contexts import CYCLES

_LISTED = ", ".join(f"`{name}`" for name in CYCLES)


class ReferenceSection(Section):
    """Where accepted references are kept; a plain string is the path."""

    path: Path = Field(
        description="Folder of reference versions, of which one is promoted. `{model}` stands for the model's name."
    )
    learn: int | None = Field(
        default=None,
        ge=500,
        le=10_000_000,
        description="Without a reference, the first so many records become a provisional one; "
        "every page and alert then says that nobody accepted it yet.",
    )
    contexts: str = Field(
        default="auto",
        min_length=1,
        description="What is compared with its like, so that night is not told as a shift from day: `auto` is what "
        f"`reference build` finds to have a cycle; `none`; one cycle for all signals ({_LISTED}: quarters of an "
        "hour), in UTC; or a feature that is compared as levels, such as a tenant or a region.",
    )

    @property
    def allowed(self) -> tuple[str, ...]:
        """What `reference build` may use as contexts."""
        return {"auto": tuple(CYCLES), "none": ()}.get(self.contexts, (self.contexts,))


def _path_alone(value: Any) -> Any:
    return {"path": value} if isinstance(value, str) else value


Reference = Annotated[ReferenceSection, BeforeValidator(_path_alone, json_schema_input_type=str | ReferenceSection)]
