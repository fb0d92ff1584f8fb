"""The stage bar_gaps: runs of bars that the calendar expects and nobody delivered.

Put here: the call of the core, and what people see of a partition.
Keep out: finding the runs (quant_core.bars.coverage).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from quant_core.bars.bar_gaps_settings import SECTION
from quant_core.bars.coverage import gaps
from quant_core.tables import TABLES
from quant_pipelines.stages.stage import Made, Stage

if TYPE_CHECKING:
    from quant_core.spec import ResearchSpec
    from quant_pipelines.stages.reader import Reader


def make(read: Reader, settings: ResearchSpec, _config: object) -> Made:
    """Find the runs of missing bars that are long enough to be named."""
    found = gaps(read.bars())
    return Made({"bar_gaps": found.filter(pl.col("n_missing") >= settings.of(SECTION).min_missing)})


STAGE = Stage(
    name="bar_gaps",
    description="Runs of bars that the calendar expects and nobody delivered.",
    table=TABLES["bar_gaps"],
    reads=("bars",),
    section="bar_gaps",
    make=make,
)
