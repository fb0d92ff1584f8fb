"""Checksums: what comparing a table with its seal costs beside reading it.

Run: ``python -m tests.benchmarks.bench_checksums [rows]`` (default 2,000,000). Reads a table of minute bars and one of
a hundred rows from the lake, with and without the comparison, in turn in one process; prints medians and the cost in
percent (target: at most 5 % of the large table), then what SHA-256 and CRC-32 of the whole file would cost.
"""

from __future__ import annotations

import hashlib
import statistics
import sys
import tempfile
import time
import zlib
from collections.abc import Callable

import numpy as np
import polars as pl

from quant_pipelines.lake.damage import refuse_damage, rows_in
from quant_pipelines.lake.facts import Facts, stored_facts
from quant_pipelines.lake.lake import Lake
from quant_pipelines.lake.partitions import PartitionKey

N_REPEATS = 31
TARGET = 0.05
_KEY = PartitionKey("BENCH", "M1")


def minute_bars(n_rows: int) -> pl.DataFrame:
    """Minute bars of a random walk, seed 1."""
    random = np.random.default_rng(1)
    close = np.round(100 * np.exp(np.cumsum(random.normal(0, 2e-4, n_rows))), 5)
    spread = np.abs(random.normal(0, 1e-4, n_rows)) * close
    minutes = np.datetime64("2005-01-03T00:00") + np.arange(n_rows).astype("timedelta64[m]")
    return pl.DataFrame(
        {
            "ts": pl.Series(minutes.astype("datetime64[us]")),
            "open": np.roll(close, 1),
            "high": np.round(close + spread, 5),
            "low": np.round(close - spread, 5),
            "close": close,
            "volume": random.integers(1, 5000, n_rows).astype(float),
        }
    )


def medians(calls: dict[str, Callable[[], object]], n_repeats: int = N_REPEATS) -> dict[str, float]:
    """Median seconds of each call, made in turn so that a busy moment meets all of them."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(n_repeats):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(found) for name, found in times.items()}


def cost_of(lake: Lake, n_rows: int) -> float:
    """Print what reading one table costs; return the share of the comparison."""
    lake.write("demo", _KEY, minute_bars(n_rows), Facts(f"{n_rows}", "code"))
    path = lake.path("demo", _KEY)
    content = lake.storage.read(path)

    def unchecked() -> object:
        return stored_facts(lake.storage, path), rows_in(lake.location("demo", _KEY), path)

    found = medians(
        {
            "read": unchecked,
            "read and compared": lambda: lake.read("demo", _KEY),
            "quick sum alone": lambda: refuse_damage(content, path),
            "SHA-256 alone": lambda: hashlib.sha256(content).digest(),
            "CRC-32 alone": lambda: zlib.crc32(content),
        }
    )
    print(f"{n_rows:,} rows, {len(content) / 1e6:,.2f} MB")
    for name, seconds in found.items():
        print(f"  {name:18s} {1e3 * seconds:9.3f} ms ({100 * seconds / found['read']:6.1f} % of the read)")
    return found["quick sum alone"] / found["read"]


def main(n_rows: int) -> int:
    """Print the costs; 1 where the comparison missed its target."""
    with tempfile.TemporaryDirectory() as folder:
        share = cost_of(Lake(folder), n_rows)
        cost_of(Lake(folder), 100)
    print(f"share of the comparison: {100 * share:.1f} % (target <= {100 * TARGET:.0f} %)")
    return int(share > TARGET)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 2_000_000))
