"""Three hundred events of two runs of every kind that our storages treat in their own way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Any

import dagster as dg
from dagster import DagsterEventType
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationPlanned
from dagster._core.definitions.partitions.subset import DefaultPartitionsSubset
from dagster._core.events import AssetMaterializationPlannedData, AssetObservationData, StepMaterializationData
from dagster._core.events.log import EventLogEntry

RUNS = ("7d0f4b2e-0000-4000-8000-000000000001", "7d0f4b2e-0000-4000-8000-000000000002")
ASSETS = ("bars", "features")
CHECKS = ("is_fresh", "satisfies_its_contract")
KEYS = [f"S{i:02}|{timeframe}" for i in range(20) for timeframe in ("D1", "W1")]
_START = 1_700_000_000.0


def batches() -> Iterator[Sequence[EventLogEntry]]:
    """The events in the groups in which Dagster and our writer hand them over."""
    seconds = count()
    for run_id in RUNS:
        for kind, data in _groups(run_id):
            yield [_entry(run_id, kind, one, _START + next(seconds)) for one in data]


def _groups(run_id: str) -> Iterator[tuple[DagsterEventType, Sequence[object]]]:
    kind, subset = DagsterEventType, DefaultPartitionsSubset(set(KEYS[:30]))
    assets = [AssetMaterializationPlannedData(dg.AssetKey(asset), None, subset) for asset in ASSETS]
    yield kind.ASSET_MATERIALIZATION_PLANNED, assets
    checks = [_planned(asset, name, subset) for asset in ASSETS for name in CHECKS]
    yield kind.ASSET_CHECK_EVALUATION_PLANNED, [*checks, _planned("report", "is_fresh", None)]
    for asset in ASSETS:
        made = [StepMaterializationData(_materialization(asset, key, run_id)) for key in KEYS]
        yield kind.ASSET_MATERIALIZATION, made
    mart = dg.AssetMaterialization("mart__coverage", metadata={"n_rows": 3})
    yield kind.ASSET_MATERIALIZATION, [StepMaterializationData(mart)]
    seen = [dg.AssetObservation(asset, partition=key, tags=_tags(key, "o")) for asset in ASSETS for key in KEYS[:5]]
    yield kind.ASSET_OBSERVATION, [AssetObservationData(observation) for observation in seen]
    keys = [*KEYS[:25], *KEYS[30:35], KEYS[0]]  # planned, not planned, one twice
    for name in CHECKS:
        yield kind.ASSET_CHECK_EVALUATION, [_evaluation("bars", name, key, i) for i, key in enumerate(keys)]
    yield kind.ASSET_CHECK_EVALUATION, [_evaluation("report", "is_fresh", None, 1)]


def _entry(run_id: str, kind: DagsterEventType, data: Any, timestamp: float) -> EventLogEntry:
    event = dg.DagsterEvent(
        event_type_value=kind.value, job_name="research", step_key="graph", event_specific_data=data
    )
    return EventLogEntry(
        error_info=None,
        level=10,
        user_message="",
        run_id=run_id,
        timestamp=timestamp,
        step_key="graph",
        job_name="research",
        dagster_event=event,
    )


def _planned(asset: str, name: str, subset: DefaultPartitionsSubset | None) -> AssetCheckEvaluationPlanned:
    return AssetCheckEvaluationPlanned(asset_key=dg.AssetKey(asset), check_name=name, partitions_subset=subset)


def _tags(key: str, version: str) -> dict[str, str]:
    symbol, timeframe = key.split("|")
    return {
        "dagster/partition/symbol": symbol,
        "dagster/partition/timeframe": timeframe,
        "dagster/data_version": version,
        "dagster/code_version": "c1",
        "dagster/input_data_version/raw_bars": version,
        "dagster/input_event_pointer/raw_bars": "NULL",
    }


def _materialization(asset: str, key: str, run_id: str) -> dg.AssetMaterialization:
    return dg.AssetMaterialization(
        asset, partition=key, metadata={"n_rows": len(key)}, tags=_tags(key, f"{asset}-{run_id[-1]}")
    )


def _evaluation(asset: str, name: str, key: str | None, i: int) -> dg.AssetCheckEvaluation:
    return dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey(asset),
        check_name=name,
        passed=i % 7 != 0,
        metadata={"n_found": i},
        severity=dg.AssetCheckSeverity.WARN,
        partition=key,
    )
