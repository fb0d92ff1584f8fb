"""CSV ingest against the bare Arrow parser: read_file end to end on one file, side by side in one process.

Run: ``python tests/benchmarks/bench_csv_ingest.py [rows]`` (default 10,000,000). Prints rows per second of both
and their ratio; the target is at least 0.9.
"""

from __future__ import annotations

import io
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import polars as pl
import pyarrow.csv

from quant_core.ingestion import Dialect, read_file

N_REPEATS = 5


def make_csv(n_rows: int) -> bytes:
    """Minute bars of a random walk, seed 1, as CSV text."""
    random = np.random.default_rng(1)
    close = np.round(100 * np.exp(np.cumsum(random.normal(0, 2e-4, n_rows))), 5)
    open_ = np.round(close * (1 + random.normal(0, 1e-4, n_rows)), 5)
    spread = np.abs(random.normal(0, 1e-4, n_rows)) * close
    minutes = np.datetime64("2005-01-03T00:00") + np.arange(n_rows).astype("timedelta64[m]")
    frame = pl.DataFrame(
        {
            "timestamp": pl.Series(minutes.astype("datetime64[us]")),
            "open": open_,
            "high": np.round(np.maximum(open_, close) + spread, 5),
            "low": np.round(np.minimum(open_, close) - spread, 5),
            "close": close,
            "volume": random.integers(1, 5000, n_rows),
        }
    )
    out = io.BytesIO()
    frame.write_csv(out, datetime_format="%Y-%m-%d %H:%M:%S")
    return out.getvalue()


def seconds(call: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def main(n_rows: int) -> float:
    """Print the comparison and return the ratio of the medians."""
    data = make_csv(n_rows)
    dialect = Dialect(symbol="BENCH", timeframe="M1", zone="UTC")
    calls = {
        "pyarrow.csv": lambda: pyarrow.csv.read_csv(pyarrow.BufferReader(data)),
        "read_file": lambda: read_file(data, "BENCH.csv", dialect),
    }
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(N_REPEATS):
        for name, call in calls.items():
            times[name].append(seconds(call))
    medians = {name: statistics.median(t) for name, t in times.items()}
    ratio = medians["pyarrow.csv"] / medians["read_file"]
    for name, median in medians.items():
        print(f"{name:12s} {n_rows / median:14,.0f} rows/s  median {median:.2f} s of {N_REPEATS}")
    print(f"ratio read_file / pyarrow.csv: {ratio:.2f} (target >= 0.9), {len(data) / 1e6:,.0f} MB")
    return ratio


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000)
