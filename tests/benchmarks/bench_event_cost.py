"""What Dagster costs on top of the work: milliseconds and bytes per partition and asset, on SQLite and on PostgreSQL.

Run: ``python -m tests.benchmarks.bench_event_cost [--sizes 100,400,2000] [--storages sqlite,postgres]``. A run says of
every key that each of five assets made it, with the metadata of a real partition, and evaluates ten checks on it, one
of which finds something for every fiftieth key. The time of the same calls into a writer that does nothing is taken
off, so that what remains is Dagster: planning the run, its events, and storing them. A second run without news says
how many events it adds. PostgreSQL is a private server that syncs every commit. Target: at most 5 ms and no event of a
run without news.
"""

# No "from __future__ import annotations": Dagster reads the annotation of a step's context.

import argparse
import json
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
from dagster import DagsterEventType

from quant_pipelines.lake.partitions import SYMBOL_TIMEFRAME, PartitionKey, plan_rectangles
from quant_pipelines.resources import PACKAGED_CONFIG
from quant_pipelines.stages.run_events import EventWriter, MadePartition
from tests.postgres.postgres_server import PostgresServer, missing_binaries

TARGET_MS = 5.0
TIMEFRAMES = ("H1", "H4", "D1", "W1")
ASSETS = ("raw_bars", "bars", "features", "market_stats", "seasonality_profiles")
CHECKS = [(asset, name) for asset in ASSETS for name in ("satisfies_its_contract", "rows_are_plausible")]
FOUND_EVERY = 50
_QUIET = {"loggers": {"console": {"config": {"log_level": "ERROR"}}}}
_SAID = {DagsterEventType.ASSET_MATERIALIZATION, DagsterEventType.ASSET_CHECK_EVALUATION}


class _SilentWriter:
    """Takes what a writer of events takes."""

    def add(self, made: MadePartition) -> None:
        pass

    def evaluate(self, evaluation: dg.AssetCheckEvaluation) -> None:
        pass


@dataclass(frozen=True)
class Cost:
    """One size on one storage."""

    n_keys: int
    wall_ms: float
    cpu_ms: float
    n_bytes: int
    n_events: int
    n_events_without_news: int


def say_all(writer: EventWriter | _SilentWriter, keys: Sequence[str], *, written: bool) -> None:
    """What a stage runner says of keys that went through every stage."""
    for place, key in enumerate(keys):
        for i, asset in enumerate(ASSETS):
            inputs = {ASSETS[i - 1]: "d" * 32} if i else {}
            writer.add(MadePartition(asset, key, _metadata(place), "d" * 32, "c" * 16, inputs, written))
        for asset, name in CHECKS if written else ():
            finds = (asset, name) == CHECKS[3] and place % FOUND_EVERY == 0
            writer.evaluate(
                dg.AssetCheckEvaluation(
                    asset_key=dg.AssetKey(asset),
                    check_name=name,
                    passed=not finds,
                    metadata={"n_found": dg.MetadataValue.int(int(finds))},
                    partition=key,
                )
            )


def _metadata(place: int) -> dict[str, dg.MetadataValue]:
    return {
        "dagster/partition_row_count": dg.MetadataValue.int(4000 + place),
        "first_ts": dg.MetadataValue.timestamp(1.6e9),
        "last_ts": dg.MetadataValue.timestamp(1.7e9),
        "written": dg.MetadataValue.bool(True),
        "data_version": dg.MetadataValue.text("d" * 32),
        "code_version": dg.MetadataValue.text("c" * 16),
    }


def definitions(say: Callable[[EventWriter], None]) -> dg.Definitions:
    """Five assets in one step with ten checks; a job that plans the checks and one that does not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.PreviewWarning)  # partitioned checks
        checks = [dg.AssetCheckSpec(name, asset=asset, partitions_def=SYMBOL_TIMEFRAME) for asset, name in CHECKS]

    @dg.multi_asset(
        name="graph",
        specs=[dg.AssetSpec(a, deps=list(ASSETS[max(i - 1, 0) : i]), code_version="c") for i, a in enumerate(ASSETS)],
        check_specs=checks,
        partitions_def=SYMBOL_TIMEFRAME,
        can_subset=True,
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def graph(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
        writer = EventWriter(context)
        say(writer)
        writer.flush()
        yield from ()

    selection = dg.AssetSelection.assets(*ASSETS)
    jobs = [
        dg.define_asset_job("bulk", selection.without_checks()),
        dg.define_asset_job("bulk_with_planned_checks", selection),
    ]
    return dg.Definitions([graph], jobs=jobs)


def register(instance: dg.DagsterInstance, n_keys: int) -> tuple[list[str], dict[str, str]]:
    """Register symbols for so many keys; the keys, and the tags of the run over them."""
    symbols = [f"S{i:05}" for i in range(n_keys // len(TIMEFRAMES))]
    instance.add_dynamic_partitions("symbols", symbols)
    keys = [PartitionKey(symbol, timeframe) for symbol in symbols for timeframe in TIMEFRAMES]
    (rectangle,) = plan_rectangles(keys, symbols)
    return [str(key) for key in keys], dict(rectangle.tags)


def measure(instance: dg.DagsterInstance, n_keys: int, size_of: Callable[[], int]) -> Cost:
    """Run once with news and once without, and count."""
    keys, tags = register(instance, n_keys)

    def run(*, written: bool) -> str:
        job = definitions(lambda writer: say_all(writer, keys, written=written)).resolve_job_def("bulk")
        return job.execute_in_process(instance=instance, tags=tags, run_config=_QUIET).run_id

    start_wall, start_cpu = time.perf_counter(), time.process_time()
    say_all(_SilentWriter(), keys, written=True)
    alone_wall, alone_cpu = time.perf_counter() - start_wall, time.process_time() - start_cpu
    size = size_of()
    start_wall, start_cpu = time.perf_counter(), time.process_time()
    first = run(written=True)
    wall, cpu = time.perf_counter() - start_wall - alone_wall, time.process_time() - start_cpu - alone_cpu
    size = size_of() - size
    n = len(keys) * len(ASSETS)
    said = [len(instance.all_logs(run_id, of_type=_SAID)) for run_id in (first, run(written=False))]
    return Cost(len(keys), wall / n * 1e3, cpu / n * 1e3, size, *said)


def planned_bytes(instance: dg.DagsterInstance, n_keys: int, size_of: Callable[[], int]) -> int:
    """Bytes that a run with planned checks writes before any work."""
    _, tags = register(instance, n_keys)
    size = size_of()
    job = definitions(lambda _: None).resolve_job_def("bulk_with_planned_checks")
    instance.create_run_for_job(job, tags=tags)
    return size_of() - size


@contextmanager
def sqlite_instance() -> Iterator[tuple[dg.DagsterInstance, Callable[[], int]]]:
    """The instance of one person, and its size in bytes."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "dagster.yaml").write_bytes((PACKAGED_CONFIG / "dagster.yaml").read_bytes())
        with dg.DagsterInstance.from_config(folder) as instance:
            yield instance, lambda: sum(p.stat().st_size for p in Path(folder).rglob("*") if p.is_file())


@contextmanager
def postgres_instance(server: PostgresServer) -> Iterator[tuple[dg.DagsterInstance, Callable[[], int]]]:
    """The instance of a team in a database of its own, and its size in bytes."""
    url = server.create_database()
    name = url.rpartition("/")[2]
    text = (PACKAGED_CONFIG / "dagster.team.yaml").read_text()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "dagster.yaml").write_text(text.replace("{env: DAGSTER_POSTGRES_URL}", json.dumps(url)))
        with dg.DagsterInstance.from_config(folder) as instance:
            yield instance, lambda: int(server.sql(f"SELECT pg_database_size('{name}')"))


def _report(storage: str, costs: Sequence[Cost], planned: Sequence[int]) -> None:
    for cost, n_planned in zip(costs, planned, strict=True):
        per_event = cost.n_bytes / (cost.n_keys * len(ASSETS)) / 1e3
        print(
            f"{storage:9} {cost.n_keys:5} keys x {len(ASSETS)} assets: {cost.wall_ms:6.2f} ms wall, {cost.cpu_ms:5.2f} "
            f"ms CPU on top per partition and asset; {cost.n_events:,} events, {cost.n_bytes / 1e6:6.1f} MB "
            f"({per_event:.1f} kB each); planned with {len(CHECKS)} checks {n_planned / 1e6:5.1f} MB; without news "
            f"{cost.n_events_without_news} events; load {os.getloadavg()[0]:.1f}",
            flush=True,
        )


def _measure_all(storage: str, sizes: Sequence[int], opened: Callable[[], object]) -> list[Cost]:
    """Each size on an instance of its own; a first small run takes the time of imports."""
    with opened() as (instance, size_of):
        measure(instance, len(TIMEFRAMES), size_of)
    costs, planned = [], []
    for n_keys in sizes:
        with opened() as (instance, size_of):
            costs.append(measure(instance, n_keys, size_of))
        with opened() as (instance, size_of):
            planned.append(planned_bytes(instance, n_keys, size_of))
    _report(storage, costs, planned)
    return costs


def main() -> int:
    """Measure and print; 0 when every storage that could be measured keeps the target."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sizes", default="100,400,2000")
    parser.add_argument("--storages", default="sqlite,postgres")
    options = parser.parse_args()
    sizes = [int(size) for size in options.sizes.split(",")]
    costs: list[Cost] = []
    if "sqlite" in options.storages:
        costs += _measure_all("sqlite", sizes, sqlite_instance)
    if "postgres" in options.storages and missing_binaries():
        print(f"postgres  not measured: missing {missing_binaries()}")
    elif "postgres" in options.storages:
        server = PostgresServer(durable=True)
        try:
            server.install()
            server.start()
            costs += _measure_all("postgres", sizes, lambda: postgres_instance(server))
        finally:
            server.remove()
    worst = max(cost.wall_ms for cost in costs)
    added = sum(cost.n_events_without_news for cost in costs)
    print(f"worst {worst:.2f} ms wall, target {TARGET_MS} ms; events of runs without news: {added}, target 0")
    return 0 if worst <= TARGET_MS and added == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
