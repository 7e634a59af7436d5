"""`reference`: what the model was accepted on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from monitor.config.section import Section
from monitor.reference.contexts import CYCLES


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
    contexts: Literal["auto", "off", *CYCLES] = Field(  # type: ignore[valid-type] # checked by pydantic
        default="auto",
        description="What is compared with its like, so that night is not told as a shift from day: `auto` is what "
        "`reference build` finds to have a cycle; `off`; or one cycle for all signals. Times are UTC.",
    )

    @property
    def cycles(self) -> tuple[str, ...]:
        """The cycles that `reference build` may use."""
        return {"auto": tuple(CYCLES), "off": ()}.get(self.contexts, (self.contexts,))


def _path_alone(value: Any) -> Any:
    return {"path": value} if isinstance(value, str) else value


Reference = Annotated[ReferenceSection, BeforeValidator(_path_alone, json_schema_input_type=str | ReferenceSection)]
