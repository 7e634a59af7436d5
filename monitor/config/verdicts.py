"""`verdicts`: where it is written what scorers say of single records."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from monitor.config.section import Section


def _to_a_file(to: str) -> str:
    if to == "topic":
        raise ValueError('"topic" is not carried out by this build. Leave it out: verdicts go to the file at path')
    return to


class VerdictsSection(Section):
    """A line of JSON for each flagged record: id, time, model; by scorer the score, p, the features that carry it."""

    path: Path = Field(
        description="Where to write; folders in between are made. `replay` begins it anew, unless `run` wrote it: then "
        "name another, `--verdicts FILE`."
    )
    to: Annotated[Literal["file", "topic"], AfterValidator(_to_a_file)] = Field(
        default="file", description="This build carries out `file` only."
    )
    only: Literal["flagged", "all"] = Field(
        default="flagged", description="`flagged`: where a p-value is at most `level`; `all`: every scored record."
    )
    level: float = Field(
        default=0.01,
        gt=0,
        le=1,
        description="Of accepted records so large a share is flagged by each scorer.",
    )
