"""Backfill keys: which partitions are missing, stale, or failed in their last run.

Put here: the exact key sets.
Keep out: covering them with runs (partitions.plan_rectangles) and running (runs.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import dagster as dg
import polars as pl
from dagster import DagsterEventType, DagsterInstance, DagsterRunStatus

from quant_core.errors import QuantError
from quant_pipelines.lake.lake import Facts
from quant_pipelines.lake.partitions import PartitionKey, keys_of_tags
from quant_pipelines.resources import LakeResource, ResearchResource, SourcesResource
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
    """The keys whose last failure has no later materialization.

    A run of many keys names the failed ones in its failure; a run that died without a word counts with all its
    keys.
    """
    last_success: dict[str, int] = {}
    for stage in stages:
        ids = instance.get_latest_storage_id_by_partition(
            dg.AssetKey(stage.name), DagsterEventType.ASSET_MATERIALIZATION
        )
        last_success |= {k: max(i, last_success.get(k, 0)) for k, i in ids.items()}
    failed: set[PartitionKey] = set()
    for record in instance.get_run_records(dg.RunsFilter(statuses=[DagsterRunStatus.FAILURE])):
        run = record.dagster_run
        for storage_id, texts in _failures(instance, run, symbol_order):
            failed |= {PartitionKey.parse(t) for t in texts if last_success.get(t, 0) < storage_id}
    return failed


def _failures(
    instance: DagsterInstance, run: dg.DagsterRun, symbol_order: Sequence[str]
) -> list[tuple[int, list[str]]]:
    """(storage id of the failure, key texts) of one failed run."""
    named: list[tuple[int, list[str]]] = []
    for record in instance.get_records_for_run(run.run_id, None, DagsterEventType.STEP_FAILURE).records:
        event = record.event_log_entry.dagster_event
        declared = getattr(event.event_specific_data if event else None, "user_failure_data", None)
        if declared is not None and "failed_keys" in declared.metadata:
            named.append((record.storage_id, list(declared.metadata["failed_keys"].value)))
    if named:
        return named
    ends = instance.get_records_for_run(run.run_id, None, DagsterEventType.RUN_FAILURE).records
    return [(record.storage_id, [str(k) for k in keys_of_tags(run.tags, symbol_order)]) for record in ends[:1]]
