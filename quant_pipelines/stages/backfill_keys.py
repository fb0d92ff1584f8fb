"""Backfill keys: which partitions are missing, stale, or failed in their last run.

Put here: the exact key sets.
Keep out: covering them with runs (partitions.plan_rectangles) and running (runs.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import polars as pl
from dagster import DagsterInstance

from quant_core.errors import QuantError
from quant_pipelines.lake.lake import Facts
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.resources import LakeResource, ResearchResource, SourcesResource
from quant_pipelines.stages.attempts import pending_failures
from quant_pipelines.stages.stage import Stage, StageInputs


def missing_keys(inputs: StageInputs, stages: Sequence[Stage], universe: Iterable[PartitionKey]) -> set[PartitionKey]:
    """The keys of the universe for which a stage has no file in the lake yet."""
    stored = {stage.name: set(inputs.lake.keys(stage.name)) for stage in stages if stage.upstream}
    return {key for key in universe if any(key not in keys for keys in stored.values())}


class StalenessProbe(StageInputs):
    """Inputs that note what would be written, and compute nothing."""

    def __init__(self, lake: LakeResource, sources: SourcesResource, research: ResearchResource) -> None:
        super().__init__(lake, sources, research)
        self.stale: set[PartitionKey] = set()

    def publish(
        self,
        asset: str,
        key: PartitionKey,
        facts: Facts,
        compute: Callable[[], Mapping[str, pl.DataFrame]],
        *,
        beside: Sequence[str] = (),
    ) -> bool:
        """Compare the facts a stage would write with those in the lake."""
        if self.lake.exists(asset, key) and not self.lake.is_current(asset, key, facts, beside=beside):
            self.stale.add(key)
        return False


def stale_keys(probe: StalenessProbe, stages: Sequence[Stage], universe: Iterable[PartitionKey]) -> set[PartitionKey]:
    """The keys with a file whose inputs, code, spec or schema have changed since it was written.

    Each stage says itself what its rows depend on, through the call that would write them; nothing is computed.
    What the source has new is not looked at: raw rows are brought up to date by a run.
    """
    for key in universe:
        for stage in (s for s in stages if s.upstream):
            try:
                stage.make(probe, key)
            except QuantError:
                break  # an input is not there: such a key is missing, not stale
    return set(probe.stale)


def failed_keys(instance: DagsterInstance, stages: Sequence[Stage], symbol_order: Sequence[str]) -> set[PartitionKey]:
    """The keys with a failure that nothing has made good."""
    return set(pending_failures(instance, [stage.name for stage in stages], symbol_order))
