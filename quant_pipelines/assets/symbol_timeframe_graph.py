"""The partitioned graph: every stage of this folder as one Dagster step that works key by key.

Put here: the binding of the discovered stages to Dagster.
Keep out: particular stages; each has its own file beside this one.

Why one step: Dagster never starts a step below a failed one, and a step that succeeds marks all its keys as
materialized. With one step per stage, one bad symbol of four hundred would cost the other 399 everything below
the stage it fails in. Here a key runs through all selected stages by itself.
"""

from collections.abc import Iterator

import dagster as dg

from quant_pipelines.checks.checks import discover_checks
from quant_pipelines.lake.partitions import SYMBOL_TIMEFRAME
from quant_pipelines.resources import ClockResource, LakeResource, ResearchResource, SourcesResource
from quant_pipelines.stages.runner import run_stages
from quant_pipelines.stages.stage import StageInputs, discover_stages

_STAGES = discover_stages()
_CHECKS = discover_checks([stage.name for stage in _STAGES])


@dg.multi_asset(
    name="symbol_timeframe_graph",
    specs=[stage.asset_spec() for stage in _STAGES],
    check_specs=[check.spec() for check in _CHECKS],
    partitions_def=SYMBOL_TIMEFRAME,
    backfill_policy=dg.BackfillPolicy.single_run(),
    can_subset=True,
)
def symbol_timeframe_graph(
    context: dg.AssetExecutionContext,
    lake: LakeResource,
    sources: SourcesResource,
    research: ResearchResource,
    clock: ClockResource,
) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    """Bring the selected stages of the run's keys up to date."""
    selected = [stage for stage in _STAGES if dg.AssetKey(stage.name) in context.selected_asset_keys]
    inputs = StageInputs(lake, sources, research, context.log.info)
    yield from run_stages(context, selected, inputs, _CHECKS, clock.now())
