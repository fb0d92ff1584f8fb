"""The graphs: the discovered stages as Dagster's steps, which work key by key.

Put here: the binding of stages to Dagster.
Keep out: particular stages; each has its own file beside this one.

Why one step for all stages that follow data: Dagster never starts a step below a failed one, and a step that succeeds
marks all its keys as materialized. With one step per stage, one bad symbol of four hundred would cost the other 399
everything below the stage it fails in. A stage with a run config of its own, or on request, is a step of its own.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg
from pydantic import Field

from quant_pipelines.checks.checks import discover_checks
from quant_pipelines.lake.partitions import SYMBOL_TIMEFRAME, SYMBOLS
from quant_pipelines.resources import LakeResource, ResearchResource, SourcesResource
from quant_pipelines.stages.reader import StageInputs
from quant_pipelines.stages.runner import run_stages
from quant_pipelines.stages.stage import KeyKind, Stage, discover_stages


class WorkersConfig(dg.Config):
    """Run config of a step."""

    n_workers: int = Field(1, ge=1, description="Processes that share the keys; the result is the same for any number.")


_PARTITIONS: dict[KeyKind, dg.PartitionsDefinition[Any] | None] = {
    "symbol_timeframe": SYMBOL_TIMEFRAME,
    "symbol": SYMBOLS,
    "none": None,
}


def graph_of(name: str, stages: Sequence[Stage]) -> dg.AssetsDefinition:
    """One step over stages of one kind of keys.

    Args:
        name: of the step; run config goes to ``ops: {name: {config: …}}``.
        stages: upstream before downstream; at most one of them has a run config.
    """
    config_type = next((s.config for s in stages if s.config is not None), WorkersConfig)
    partitions = _PARTITIONS[stages[0].key_kind]
    checks = discover_checks([stage.name for stage in stages]) if stages[0].key_kind == "symbol_timeframe" else []

    def bring_up_to_date(
        context: dg.AssetExecutionContext,
        config: Any,
        lake: LakeResource,
        sources: SourcesResource,
        research: ResearchResource,
    ) -> Iterator[dg.AssetCheckResult]:
        """Bring the selected stages of the run's keys up to date."""
        selected = [s for s in stages if dg.AssetKey(s.name) in context.selected_asset_keys]
        inputs = StageInputs(lake, sources, research, context.log.info)
        n_workers = config.n_workers if isinstance(config, WorkersConfig) else 1
        yield from run_stages(context, selected, inputs, checks, config=config, n_workers=n_workers)

    # Dagster finds the schema of a step's config in the annotation of its parameter.
    bring_up_to_date.__annotations__["config"] = config_type
    build = dg.multi_asset(
        name=name,
        specs=[stage.asset_spec() for stage in stages],
        check_specs=[check.spec() for check in checks],
        partitions_def=partitions,
        backfill_policy=dg.BackfillPolicy.single_run() if partitions else None,
        can_subset=True,
    )
    return build(bring_up_to_date)


def graphs() -> list[dg.AssetsDefinition]:
    """Every discovered stage, bound: those that follow data in one step per kind of keys, the others in their own."""
    found: list[dg.AssetsDefinition] = []
    kinds: tuple[KeyKind, ...] = ("symbol_timeframe", "symbol", "none")
    for kind in kinds:
        stages = discover_stages(kind)
        together = [s for s in stages if s.config is None and s.refresh != "on_request"]
        if together:
            found.append(graph_of(f"{kind}_graph", together))
        found += [graph_of(f"{s.name}_graph", [s]) for s in stages if s not in together]
    return found


GRAPHS = graphs()
