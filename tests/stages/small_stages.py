"""Small stages over a lake of their own, to prove what the runner does with any stage.

Put here: stages that count their calls, a lake with bars, inputs without sources.
Keep out: tests.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from quant_core.bars import Bars
from quant_core.spec import ResearchSpec, load_research
from quant_core.tables import TABLES
from quant_pipelines.lake.lake import Facts, Lake
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.resources import LakeResource, ResearchResource, SourcesResource
from quant_pipelines.stages.reader import Reader, StageInputs
from quant_pipelines.stages.stage import Made, Stage

KEY = PartitionKey("AAA", "D1")
SPEC = "features: [log_return]\nmarket_stats: {events: [k_consecutive(window_bars=2)], targets: [up_next_bar]}\n"


def inputs_at(root: Path, spec: str = SPEC) -> StageInputs:
    """Inputs over a lake with bars of one key and a research file."""
    (root / "research.yaml").write_text(spec)
    (root / "sources.yaml").write_text("sources: {}\n")
    bars = Bars.of(close=[100.0, 101.0, 102.0, 101.0])
    Lake(str(root / "lake")).write("bars", KEY, bars.frame, Facts("data", "code", calendar="always_open"))
    return StageInputs(
        LakeResource(url=str(root / "lake")),
        SourcesResource(file=str(root / "sources.yaml")),
        ResearchResource(file=str(root / "research.yaml")),
    )


def stage(name: str, *reads: str, beside: tuple[str, ...] = (), fails: bool = False) -> Stage:
    """A stage that writes one row per table it is made from; tables are those of coverage."""

    def make(read: Reader, _settings: ResearchSpec, _config: object) -> Made:
        if fails:
            raise ValueError("broken on purpose")
        for table in reads:
            read.table(table)
        return Made({name: TABLES["coverage"].empty()})

    return Stage(name, f"{name} of a test", TABLES["coverage"], reads, make, beside=beside)


def research() -> ResearchSpec:
    """The spec of the inputs."""
    return load_research(SPEC, "research.yaml")


def one_row() -> pl.DataFrame:
    """A table of one row."""
    return pl.DataFrame({"x": [1]})
