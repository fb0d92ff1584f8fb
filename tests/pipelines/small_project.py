"""A small project for the pipeline tests: a temporary lake, an inbox with synthetic bars, a short research spec.

Put here: building it, running jobs in it, and comparing lakes.
Keep out: tests.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import polars as pl

from quant_pipelines.definitions import build
from quant_pipelines.lake.lake import Lake
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.raw.part_files import pages_hash
from quant_pipelines.raw.raw_store import RawStore
from quant_pipelines.resources import ClockResource, LakeResource, ResearchResource, SourcesResource
from quant_pipelines.stages.key_state import KeyState, key_states
from quant_pipelines.stages.reader import StageInputs
from quant_pipelines.stages.stage import discover_stages

SOURCES = """
sources:
  inbox: {kind: inbox, folder: inbox, settle_s: 0}
"""

RESEARCH = """
features: [log_return, sma(window_bars=5)]
market_stats:
  events: [k_consecutive(window_bars=2)]
  targets: [up_next_bar]
  n_min: 30
seasonality:
  profile: {by_hour: false, metrics: [next_p_up, next_ret_mean], min_samples_bin: 30}
"""

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""Run config of runs that are many: they say nothing on the console."""

FETCH_TIMES = ("fetched_at", "judged_at", "asked_at", "read_seconds", "records_hash")
"""Times of fetching in manifests and how long it took, and the hash of log files, which hold both."""


def range_tags(first: str, last: str) -> dict[str, str]:
    """The tags of a run over a range of partitions."""
    return {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}


def daily_csv(symbol: str, n_bars: int = 400, *, seed: int = 0, start: date = date(2020, 1, 1)) -> str:
    """A random walk as daily bars in CSV."""
    generator = np.random.default_rng([seed, *symbol.encode()])
    close = 100.0 * np.exp(np.cumsum(generator.normal(0.0, 0.01, n_bars)))
    opened = np.concatenate([[100.0], close[:-1]])
    high, low = np.maximum(opened, close) * 1.001, np.minimum(opened, close) * 0.999
    lines = ["date,symbol,open,high,low,close,volume"]
    lines += [
        f"{start + timedelta(days=i)},{symbol},{o:.4f},{h:.4f},{low_:.4f},{c:.4f},{1000 + i}"
        for i, (o, h, low_, c) in enumerate(zip(opened, high, low, close, strict=True))
    ]
    return "\n".join(lines) + "\n"


@dataclass
class SmallProject:
    """A lake with an inbox, its settings and a Dagster instance."""

    root: Path
    instance: dg.DagsterInstance

    @classmethod
    def at(cls, root: Path, instance: dg.DagsterInstance | None = None) -> SmallProject:
        """Write the settings and open an instance that lives as long as the object."""
        (root / "config").mkdir(parents=True, exist_ok=True)
        (root / "lake" / "inbox").mkdir(parents=True, exist_ok=True)
        (root / "config" / "sources.yaml").write_text(SOURCES)
        (root / "config" / "research.yaml").write_text(RESEARCH)
        (root / "instance").mkdir(exist_ok=True)
        return cls(root, instance or dg.DagsterInstance.ephemeral(tempdir=str(root / "instance")))

    @property
    def lake(self) -> Lake:
        return Lake(str(self.root / "lake"))

    @property
    def raw_store(self) -> RawStore:
        return RawStore(self.lake)

    @property
    def inbox(self) -> Path:
        return self.root / "lake" / "inbox"

    @property
    def environment(self) -> dict[str, str]:
        """Variables that make a child process work in this project."""
        return {
            "QUANT_LAKE": str(self.root / "lake"),
            "QUANT_CONFIG": str(self.root / "config"),
            "DAGSTER_HOME": str(self.root / "home"),
        }

    def drop(self, symbol: str, text: str | None = None, *, name: str | None = None) -> None:
        """Put a file into the inbox."""
        (self.inbox / (name or f"{symbol}.csv")).write_text(daily_csv(symbol) if text is None else text)

    def definitions(self) -> dg.Definitions:
        """The code location over this project's lake and settings."""
        config = self.root / "config"
        return build(
            {
                "lake": LakeResource(url=str(self.root / "lake"), lock_timeout_s=30.0),
                "clock": ClockResource(),
                "sources": SourcesResource(file=str(config / "sources.yaml")),
                "research": ResearchResource(file=str(config / "research.yaml")),
            }
        )

    def register(self, *, raise_on_error: bool = True) -> dg.ExecuteInProcessResult:
        """Run the job register_symbols."""
        return self.run("register_symbols", {}, raise_on_error=raise_on_error)

    def run(
        self, job: str, tags: dict[str, str], *, raise_on_error: bool = True, run_config: dict[str, Any] | None = None
    ) -> dg.ExecuteInProcessResult:
        """Run a job with partition tags, in this process."""
        resolved = self.definitions().resolve_job_def(job)
        return resolved.execute_in_process(
            instance=self.instance, tags=tags, raise_on_error=raise_on_error, run_config=run_config or {}
        )

    def run_key(self, job: str, key: str, **options: Any) -> dg.ExecuteInProcessResult:
        """Run a job for one key."""
        return self.run(job, {"dagster/partition": key}, **options)

    def run_range(self, job: str, first: str, last: str, **options: Any) -> dg.ExecuteInProcessResult:
        """Run a job for a range of keys."""
        return self.run(job, range_tags(first, last), **options)

    @property
    def inputs(self) -> StageInputs:
        """What stages read, opened anew."""
        resources = self.definitions().resources or {}
        return StageInputs(*(resources[name] for name in ("lake", "sources", "research")))

    def states(self) -> dict[str, KeyState]:
        """The state of every key of registered symbols, by key."""
        stages = [s for s in discover_stages("symbol_timeframe") if s.refresh != "on_request"]
        return {str(state.key): state for state in key_states(self.inputs, self.instance, stages)}

    def keys_that_are(self, status: str) -> set[str]:
        """The keys in one state."""
        return {key for key, state in self.states().items() if state.status == status}

    def materialized(self, asset: str) -> set[str]:
        """Keys of an asset that Dagster knows as materialized."""
        return set(self.instance.get_materialized_partitions(dg.AssetKey(asset)))


def stored_events(instance: dg.DagsterInstance, result: dg.ExecuteInProcessResult) -> list[dg.DagsterEvent]:
    """The events of a run as the instance stores them: those that are written in batches are not in the result."""
    entries = instance.all_logs(result.run_id)
    return [entry.dagster_event for entry in entries if entry.dagster_event is not None]


def materialized_metadata(instance: dg.DagsterInstance, result: dg.ExecuteInProcessResult) -> list[Mapping[str, Any]]:
    """What the web UI shows of each partition that a run materialized."""
    events = stored_events(instance, result)
    return [e.step_materialization_data.materialization.metadata for e in events if e.is_step_materialization]


def data_files(lake: Path) -> dict[str, Path]:
    """Every published file of a lake by relative path; locks, indexes and the inbox are not data."""
    return {
        path.relative_to(lake).as_posix(): path
        for path in sorted(lake.rglob("*"))
        if path.is_file() and not path.relative_to(lake).parts[0].startswith(".") and "inbox" not in path.parts
    }


def fingerprints(lake: Path) -> dict[str, str]:
    """Content hash of every published file; the times of fetching are left out of raw files."""
    return {
        name: hashlib.sha256(_without_times(path) if name.startswith("raw_bars/") else path.read_bytes()).hexdigest()
        for name, path in data_files(lake).items()
    }


def _without_times(path: Path) -> bytes:
    """What a raw file holds but for the times of fetching."""
    content = path.read_bytes()
    if path.name.endswith(".jsonl.gz"):
        return _timeless(b"[" + b",".join(gzip.decompress(content).splitlines()) + b"]")
    if path.suffix == ".parquet":
        told = pl.read_parquet_metadata(path)
        return pages_hash(content).encode() + _timeless(told["quant_engine_raw_part"].encode())
    return _timeless(content) if path.name.startswith("manifest") else content


def _timeless(text: bytes) -> bytes:
    return json.dumps(_without(json.loads(text), FETCH_TIMES), sort_keys=True).encode()


def write_times(lake: Path) -> dict[str, int]:
    """Modification time of every published file, in nanoseconds."""
    return {name: path.stat().st_mtime_ns for name, path in data_files(lake).items()}


def _without(value: Any, names: Sequence[str]) -> Any:
    """A JSON value without some keys, at any depth."""
    if isinstance(value, dict):
        return {k: _without(v, names) for k, v in value.items() if k not in names}
    return [_without(v, names) for v in value] if isinstance(value, list) else value


def keys_of(symbols: Iterable[str], timeframes: Iterable[str]) -> set[str]:
    """Every symbol at every timeframe, as texts."""
    return {str(PartitionKey(s, t)) for s in symbols for t in timeframes}
