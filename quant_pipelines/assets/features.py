"""The stage features: the causal series of the research spec, one column per block.

Put here: loading, the call of the core, writing.
Keep out: formulas (quant_core.features).
"""

from __future__ import annotations

from quant_core.features import compute_features
from quant_core.tables import TABLES
from quant_pipelines.lake.code_version import core_code_version
from quant_pipelines.lake.lake import Facts
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.raw.published_bars import load_bars
from quant_pipelines.stages.stage import Outcome, Stage, StageInputs


def make(inputs: StageInputs, key: PartitionKey) -> Outcome:
    """Compute every feature of the spec over the partition's bars."""
    spec, loaded = inputs.research, load_bars(inputs.lake, key)
    facts = Facts(loaded.provenance, core_code_version(), spec.section_id("features"), calendar=loaded.calendar)
    written = inputs.publish(
        "features", key, facts, lambda: {"features": compute_features(loaded.bars(), spec.features)}
    )
    return Outcome(written, {"spec_id": spec.spec_id, "features": {f.canonical: f.unit for f in spec.features}})


STAGE = Stage(
    name="features",
    description="Causal series of the research spec: the value at a bar uses that bar and earlier ones only.",
    upstream=("bars",),
    table=TABLES["features"],
    group="research",
    kinds=frozenset({"parquet", "polars"}),
    make=make,
)
