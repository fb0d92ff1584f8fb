"""One bulk run of 100 symbols at 4 timeframes through the whole flow, against the same work without Dagster.

Run: ``python -m tests.benchmarks.bench_bulk_run [--symbols 100] [--days 400]``. The bars are synthetic H1 bars of an
always-open market, because the flow makes D1 and W1 from them and no finer timeframe from daily ones: H1, H4, D1 and W1
are four partitions per symbol. Prints the total time, the time of the stages alone on a second lake, and what a
partition costs on top, per asset; processor time beside wall time, which other work on the machine lengthens. The
instance is the one that ``make`` sets up.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import numpy as np
import polars as pl

from quant_pipelines.lake.partitions import PartitionKey, plan_rectangles
from quant_pipelines.resources import PACKAGED_CONFIG
from quant_pipelines.stages.key_run import KeyPlan, run_key
from quant_pipelines.stages.reader import StageInputs
from quant_pipelines.stages.stage import Stage, discover_stages
from tests.pipelines.small_project import SmallProject

_QUIET = {"loggers": {"console": {"config": {"log_level": "ERROR"}}}}
TIMEFRAMES = ("H1", "H4", "D1", "W1")


def _drop_bars(project: SmallProject, symbols: list[str], n_days: int) -> None:
    """One Parquet file per symbol: a random walk in H1 bars."""
    n_bars = n_days * 24
    start = datetime(2022, 1, 3, tzinfo=UTC)
    ts = pl.datetime_range(start, start + timedelta(hours=n_bars - 1), "1h", eager=True)
    for i, symbol in enumerate(symbols):
        close = 100.0 * np.exp(np.cumsum(np.random.default_rng([11, i]).normal(0.0, 0.002, n_bars)))
        opened = np.concatenate([[100.0], close[:-1]])
        frame = pl.DataFrame({"ts": ts, "open": opened, "close": close}).with_columns(
            symbol=pl.lit(symbol),
            timeframe=pl.lit("H1"),
            high=pl.max_horizontal("open", "close") * 1.0005,
            low=pl.min_horizontal("open", "close") * 0.9995,
            volume=pl.lit(1000.0),
        )
        frame.write_parquet(project.inbox / f"{symbol}.parquet")


def _project(root: Path, instance: dg.DagsterInstance, symbols: list[str], n_days: int) -> SmallProject:
    root.mkdir()
    project = SmallProject.at(root, instance)
    _drop_bars(project, symbols, n_days)
    return project


def _research_stages() -> list[Stage]:
    return [stage for stage in discover_stages("symbol_timeframe") if stage.refresh != "on_request"]


def _stages_alone(project: SmallProject, keys: list[PartitionKey]) -> tuple[float, float]:
    """Seconds of the same work, called directly: wall and processor."""
    resources = project.definitions().resources or {}
    inputs = StageInputs(resources["lake"], resources["sources"], resources["research"])
    plan = KeyPlan(_research_stages(), draw=False)
    start, cpu = time.perf_counter(), time.process_time()
    for key in sorted(keys, key=str):
        problems = run_key(inputs, plan, key).problems
        if problems:
            raise RuntimeError(problems[0])
    return time.perf_counter() - start, time.process_time() - cpu


def _bulk_runs(project: SmallProject, keys: list[PartitionKey]) -> tuple[float, float, int]:
    """Seconds, wall and processor, and number of runs of the job research over the keys."""
    order = project.instance.get_dynamic_partitions("symbols")
    rectangles = plan_rectangles(keys, order)
    start, cpu = time.perf_counter(), time.process_time()
    for rectangle in rectangles:
        project.run("research", dict(rectangle.tags), run_config=_QUIET)
    return time.perf_counter() - start, time.process_time() - cpu, len(rectangles)


def main() -> int:
    """Measure both and print; 0 when all partitions were materialized by one run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--symbols", type=int, default=100)
    parser.add_argument("--days", type=int, default=400)
    options = parser.parse_args()
    symbols = [f"S{i:03}" for i in range(options.symbols)]
    keys = [PartitionKey(s, t) for s in symbols for t in TIMEFRAMES]
    n_assets = len(_research_stages())
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        home.mkdir()
        (home / "dagster.yaml").write_bytes((PACKAGED_CONFIG / "dagster.yaml").read_bytes())
        with dg.DagsterInstance.from_config(str(home)) as instance:
            project = _project(Path(folder) / "dagster", instance, symbols, options.days)
            project.register()
            total_s, total_cpu_s, n_runs = _bulk_runs(project, keys)
            n_done = len(project.materialized("market_stats"))
            alone = _project(Path(folder) / "alone", dg.DagsterInstance.ephemeral(), symbols, options.days)
            alone_s, alone_cpu_s = _stages_alone(alone, keys)
    n_events = len(keys) * n_assets
    sys.stdout.write(
        f"{len(symbols)} symbols x {len(TIMEFRAMES)} timeframes = {len(keys)} keys, {n_assets} assets, "
        f"{options.days * 24:,} H1 bars per symbol\n"
        f"runs: {n_runs}; keys materialized: {n_done}\n"
        f"whole flow in Dagster: {total_s:.1f} s ({total_cpu_s:.1f} s of processor time); "
        f"stages alone: {alone_s:.1f} s ({alone_cpu_s:.1f} s)\n"
        f"on top per partition and asset, figures off, checks and metadata on: "
        f"{(total_s - alone_s) / n_events * 1e3:.1f} ms\n"
    )
    return 0 if n_runs == 1 and n_done == len(keys) else 1


if __name__ == "__main__":
    raise SystemExit(main())
