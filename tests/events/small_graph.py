"""A graph of the real graph's shape whose one step only says what it made: what the writer of events is tested with.

``raw_bars → bars → market_stats`` by symbol and timeframe, the unpartitioned ``mart__coverage`` and, by symbol,
``report``. What a run says is a function of the test.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

import dagster as dg
from dagster import DagsterEventType
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest

from quant_pipelines.lake.partitions import SYMBOL_TIMEFRAME, SYMBOLS, PartitionKey, plan_rectangles
from quant_pipelines.stages.run_events import EventWriter, MadePartition

CODE_VERSION = "code1"
CHECK = dg.AssetCheckKey(dg.AssetKey("bars"), "is_fresh")
_READS: Mapping[str, tuple[str, ...]] = {
    "raw_bars": (),
    "bars": ("raw_bars",),
    "market_stats": ("bars",),
    "mart__coverage": ("bars",),
    "report": ("bars", "market_stats", "mart__coverage"),
}
Say = Callable[[EventWriter], None]


def made(
    asset: str, partition: str | None, version: str = "v1", *, written: bool = True, **inputs: str
) -> MadePartition:
    """A partition that was made; ``inputs`` are the versions it read."""
    metadata = {"n_rows": dg.MetadataValue.int(7)}
    return MadePartition(asset, partition, metadata, version, CODE_VERSION, inputs, written)


def _partitions(asset: str) -> dg.PartitionsDefinition | None:
    return {"mart__coverage": None, "report": SYMBOLS}.get(asset, SYMBOL_TIMEFRAME)


def definitions(say: Say, *, code_versions: Mapping[str, str] | None = None) -> dg.Definitions:
    """One multi-asset per partitioning, as in the real graph, and a job over each."""

    def multi_asset(name: str, assets: Iterable[str]) -> dg.AssetsDefinition:
        specs = [
            dg.AssetSpec(
                asset,
                deps=list(_READS[asset]),
                partitions_def=_partitions(asset),
                code_version=(code_versions or {}).get(asset, CODE_VERSION),
            )
            for asset in assets
        ]

        @dg.multi_asset(name=name, specs=specs, can_subset=True, backfill_policy=dg.BackfillPolicy.single_run())
        def step(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
            writer = EventWriter(context)
            say(writer)
            writer.flush()
            yield from ()

        return step

    graph = multi_asset("graph", ["raw_bars", "bars", "market_stats"])
    report, mart = multi_asset("symbol_report", ["report"]), multi_asset("marts", ["mart__coverage"])
    jobs = [
        dg.define_asset_job(f"{name}_job", [selection])
        for name, selection in [("graph", graph), ("report", report), ("mart", mart)]
    ]
    return dg.Definitions([graph, report, mart], jobs=jobs)


def run(instance: dg.DagsterInstance, say: Say, keys: Iterable[str] = (), job: str = "graph") -> str:
    """Run one of the jobs over keys of the graph, or symbols, or nothing; the run's id."""
    tags: Mapping[str, str] = {}
    names = list(keys)
    if job == "graph":
        order = instance.get_dynamic_partitions("symbols")
        (rectangle,) = plan_rectangles(map(PartitionKey.parse, names), order)
        tags = rectangle.tags
    elif names:
        tags = {"dagster/partition": names[0]}
    done = definitions(say).resolve_job_def(f"{job}_job").execute_in_process(instance=instance, tags=dict(tags))
    assert done.success
    return done.run_id


def register(
    instance: dg.DagsterInstance, symbols: Iterable[str], timeframes: Iterable[str] = ("D1", "W1")
) -> list[str]:
    """Register symbols; their keys."""
    names = list(symbols)
    instance.add_dynamic_partitions("symbols", names)
    return [f"{symbol}|{timeframe}" for symbol in names for timeframe in timeframes]


def status(
    instance: dg.DagsterInstance, asset: str, partition: str | None, code_versions: Mapping[str, str] | None = None
) -> StaleStatus:
    """What the web UI asks for a partition before it says "unsynced"."""
    graph = definitions(lambda _: None, code_versions=code_versions).resolve_asset_graph()
    resolver = CachingStaleStatusResolver(instance, graph, LoadingContextForTest(instance))
    return resolver.get_status(dg.AssetKey(asset), partition)


def materializations(instance: dg.DagsterInstance, run_id: str) -> list[dg.AssetMaterialization]:
    """What one run said, in order."""
    entries = instance.all_logs(run_id, of_type=DagsterEventType.ASSET_MATERIALIZATION)
    found = [entry.asset_materialization for entry in entries]
    return [materialization for materialization in found if materialization is not None]


def evaluation(partition: str, *, passed: bool) -> dg.AssetCheckEvaluation:
    return dg.AssetCheckEvaluation(
        asset_key=CHECK.asset_key, check_name=CHECK.name, passed=passed, partition=partition, metadata={"n_found": 1}
    )


def evaluated(instance: dg.DagsterInstance, run_id: str) -> dict[str, bool]:
    """Partition → passed, of the evaluations that one run wrote."""
    entries = instance.all_logs(run_id, of_type=DagsterEventType.ASSET_CHECK_EVALUATION)
    found = [entry.get_dagster_event().asset_check_evaluation_data for entry in entries]
    return {str(one.partition): one.passed for one in found}
