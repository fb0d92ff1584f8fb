"""Backfill keys: which partitions are missing, stale, or failed in their last run.

Put here: the exact key sets.
Keep out: covering them with runs (partitions.plan_rectangles) and running (runs.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dagster import DagsterInstance

from quant_core.errors import QuantError
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.stages.attempts import pending_failures
from quant_pipelines.stages.key_run import expected_facts
from quant_pipelines.stages.reader import StageInputs
from quant_pipelines.stages.stage import Stage


def missing_keys(inputs: StageInputs, stages: Sequence[Stage], universe: Iterable[PartitionKey]) -> set[PartitionKey]:
    """The keys of the universe for which a stage has no file in the lake yet."""
    stored = {stage.name: set(inputs.lake.keys(stage.name)) for stage in stages if not stage.takes_in}
    return {key for key in universe if any(key not in keys for keys in stored.values())}


def stale_keys(inputs: StageInputs, stages: Sequence[Stage], universe: Iterable[PartitionKey]) -> set[PartitionKey]:
    """The keys with a file whose inputs, code, spec or schema have changed since it was written; nothing is computed.

    What the source has new is not looked at: raw rows are brought up to date by a run.
    """
    return {key for key in universe if _is_stale(inputs, stages, key)}


def _is_stale(inputs: StageInputs, stages: Sequence[Stage], key: PartitionKey) -> bool:
    tables = inputs.tables(key)
    for stage in (s for s in stages if not s.takes_in):
        if tables.facts(stage.name) is None:
            continue
        try:
            if not tables.is_current(stage.name, expected_facts(stage, tables, inputs.research), stage.beside):
                return True
        except QuantError:
            continue  # an input is not there: such a key is missing, not stale
    return False


def failed_keys(instance: DagsterInstance, stages: Sequence[Stage], symbol_order: Sequence[str]) -> set[PartitionKey]:
    """The keys with a failure that nothing has made good."""
    return set(pending_failures(instance, [stage.name for stage in stages], symbol_order))
