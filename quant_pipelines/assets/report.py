"""The asset report: one self-contained HTML page per symbol.

Put here: the Dagster asset.
Keep out: the pages (report/) and running over many symbols (report_run.py).
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from quant_pipelines.lake.partitions import SYMBOLS
from quant_pipelines.report.inputs import MARTS_OF_REPORT
from quant_pipelines.report.report_run import ASSET, run_reports
from quant_pipelines.resources import LakeResource, ResearchResource
from quant_pipelines.stages.stage import OWNERS

_SPEC = dg.AssetSpec(
    ASSET,
    deps=["bars", "market_stats", "seasonality_profiles", *MARTS_OF_REPORT],
    description=(
        "One HTML file per symbol, `reports/SYMBOL.html` in the lake, with everything inside it: data quality, "
        "findings with verdicts, seasonal profiles, method notes, versions of data, code and spec. Sections whose "
        "tables are missing name the job that makes them. Equal inputs give equal bytes; nothing new writes nothing."
    ),
    owners=OWNERS,
    kinds={"html", "matplotlib"},
    group_name="reports",
    partitions_def=SYMBOLS,
)


# A multi-asset of one, because only it can name its op: the job already has the asset's name.
@dg.multi_asset(
    name="symbol_report",
    specs=[_SPEC],
    partitions_def=SYMBOLS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    can_subset=True,
)
def report(
    context: dg.AssetExecutionContext, lake: LakeResource, research: ResearchResource
) -> Iterator[dg.MaterializeResult[Any]]:
    """Bring the reports of the run's symbols up to date."""
    run_reports(context, context.partition_keys, lake.open(), research.load())
    yield from ()
