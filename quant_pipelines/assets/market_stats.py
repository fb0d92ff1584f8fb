"""The stage market_stats: what follows events under conditions, on train and test splits, with intervals.

Put here: loading, the call of the core, writing.
Keep out: estimators, splits and verdicts (quant_core).
"""

from __future__ import annotations

from quant_core.market_stats import compute_market_stats
from quant_core.tables import TABLES
from quant_pipelines.lake.code_version import core_code_version
from quant_pipelines.lake.lake import Facts
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.raw.published_bars import check_scope, load_bars
from quant_pipelines.stages.stage import Outcome, Stage, StageInputs


def make(inputs: StageInputs, key: PartitionKey) -> Outcome:
    """Evaluate every event, condition and target of the spec over the partition's bars."""
    spec, loaded = inputs.research, load_bars(inputs.lake, key)
    check_scope(spec.data, key)
    facts = Facts(loaded.provenance, core_code_version(), spec.section_id("market_stats"), spec.seed, loaded.calendar)
    written = inputs.publish(
        "market_stats",
        key,
        facts,
        lambda: {
            "market_stats": compute_market_stats(
                loaded.bars(spec.data.start, spec.data.end), spec.market_stats, spec.compute
            )
        },
    )
    return Outcome(written, {"spec_id": spec.spec_id, "seed": spec.seed})


STAGE = Stage(
    name="market_stats",
    description=(
        "Events x conditions x targets on train and test splits: estimate, interval with the effective sample size, "
        "lift over the baseline, p and q value, verdict. Rows are computed from `bars`; `features` shows the series "
        "that events and conditions are built on."
    ),
    upstream=("bars", "features"),
    table=TABLES["market_stats"],
    group="research",
    kinds=frozenset({"parquet", "polars"}),
    make=make,
)
