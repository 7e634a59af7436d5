"""`features`: what is known about a feature beyond what its reference shows."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from monitor.config.section import Section
from monitor.config.tolerance import LARGEST_W


class FeatureSection(Section):
    """One feature; what is not set comes from the reference."""

    type: Literal["numeric", "discrete", "categorical"] | None = Field(
        default=None, description="How to bin it. By default as `reference build` sees it."
    )
    min: float | None = Field(default=None, description="Values below are `quality.below`. By default the reference's.")
    max: float | None = Field(default=None, description="Values above are `quality.above`. By default the reference's.")
    required: bool | None = Field(
        default=None,
        description="Whether a record that does not name it at all changes the schema (`quality.schema`). `false`: it "
        "is only missing (`quality.missing`), as `null` always is. By default `true` where every record of the "
        "reference names it.",
    )
    tolerance: float | None = Field(
        default=None, ge=0, le=LARGEST_W, description="Shifts smaller than this (Cohen's w) are not worth telling."
    )
    importance: Literal["low", "normal", "high"] = Field(
        default="normal",
        description="`low` lowers and `high` raises the severity of its incidents by one step, never above `error`.",
    )
    ignore: bool = Field(default=False, description="Do not watch it at all.")
    show_values: bool = Field(
        default=False,
        description="Let messages name single values of it: levels that the reference never saw. "
        "Accepted levels and bin edges, which many records share, are named in any case.",
    )

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if self.min is not None and self.max is not None and self.min >= self.max:
            raise ValueError(f"min ({self.min:g}) is not below max ({self.max:g})")
        if self.type == "categorical" and (self.min is not None or self.max is not None):
            raise ValueError("a categorical feature has neither min nor max; remove them, or set type: numeric")
        return self
