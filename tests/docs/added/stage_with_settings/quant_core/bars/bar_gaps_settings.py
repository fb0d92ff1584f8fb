"""The section ``bar_gaps`` of the research file: which runs of missing bars are named.

Put here: the section, its shape in the file and the frozen value.
Keep out: finding the runs (coverage.py).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from quant_core.model_parsing import parse_model
from quant_core.section import Reading, Section


class BarGapsSpec(BaseModel):
    """The section in the file, and what the stage receives.

    Attributes:
        min_missing: shorter runs are left out, bars.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    min_missing: Annotated[int, Field(ge=1)] = 1


def _read(value: object, reading: Reading) -> BarGapsSpec:
    return parse_model(BarGapsSpec, {} if value is None else value, reading.where)


SECTION: Section[BarGapsSpec] = Section("bar_gaps", _read, BarGapsSpec.model_dump)
