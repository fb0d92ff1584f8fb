"""CSV ingest: read_file against the bare Arrow parser, and a file with one odd field against the clean one.

Run: ``python -m tests.benchmarks.bench_csv_ingest [rows]`` (default 10,000,000). Prints rows per second of both readers
and their ratio (target: at least 0.9), then, for a file of 173 MB in processes of their own, time and peak memory of
one quoted and of one bad field over those of the clean file (target: at most 1.5). On a busy machine CPU time, printed
beside wall time, tells more. Peak memory is read from /proc (Linux).
"""

from __future__ import annotations

import io
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow.csv

from quant_core.ingestion import Dialect, read_file

N_REPEATS = 5
TARGET_READ, TARGET_ODD = 0.9, 1.5
_ODD_MB, _ROW_BYTES = 173, 56
_DIALECT = Dialect(symbol="BENCH", timeframe="M1", zone="UTC")


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


def seconds(call: Callable[[], object]) -> tuple[float, float]:
    """Wall and CPU time of one call."""
    start, cpu = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - start, time.process_time() - cpu


def against_arrow(n_rows: int) -> float:
    """Print the comparison with Arrow and return the ratio of the best wall times."""
    data = make_csv(n_rows)
    calls: dict[str, Callable[[], Any]] = {
        "pyarrow.csv": lambda: pyarrow.csv.read_csv(pyarrow.BufferReader(data)),
        "read_file": lambda: read_file(data, "BENCH.csv", _DIALECT),
    }
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in calls}
    for _ in range(N_REPEATS):
        for name, call in calls.items():
            times[name].append(seconds(call))
    for name, found in times.items():
        wall, cpu = (statistics.median(t[i] for t in found) for i in (0, 1))
        best = min(t[0] for t in found)
        print(f"{name:12s} {n_rows / best:14,.0f} rows/s  best {best:.2f} s, median {wall:.2f} s, CPU {cpu:.2f} s")
    wall_ratio, cpu_ratio = (
        min(t[i] for t in times["pyarrow.csv"]) / min(t[i] for t in times["read_file"]) for i in (0, 1)
    )
    print(f"ratio read_file / pyarrow.csv: {wall_ratio:.2f} (target >= {TARGET_READ}), {len(data) / 1e6:,.0f} MB")
    print(f"the same in CPU time: {cpu_ratio:.2f}")
    return wall_ratio


def odd_fields() -> float:
    """Print time and memory of files with one odd field over the clean one's; return the largest ratio."""
    data = make_csv(_ODD_MB * 1_000_000 // _ROW_BYTES)
    at = data.index(b"\n", len(data) // 2) + 1
    end = data.index(b"\n", at)
    *front, close, volume = data[at:end].split(b",")
    variants = {
        "clean": data,
        "one quoted field": data[:at] + b",".join([*front, b'"' + close + b'"', volume]) + data[end:],
        "one bad volume": data[:at] + b",".join([*front, close, b"n.a."]) + data[end:],
        "one bad price": data[:at] + b",".join([*front, b"x", volume]) + data[end:],
    }
    found: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        files = {name: Path(folder) / f"{name}.csv" for name in variants}
        for name, file in files.items():
            file.write_bytes(variants[name])
        del data, variants
        for _ in range(N_REPEATS):  # in turn, so that a busy moment meets all of them
            for name, file in files.items():
                call = [sys.executable, "-m", "tests.benchmarks.bench_csv_ingest", "--one", str(file)]
                own: dict[str, float] = json.loads(subprocess.run(call, check=True, capture_output=True).stdout)
                found[name] = {key: min(value, found.get(name, own)[key]) for key, value in own.items()}
    worst = 0.0
    for name, own in found.items():
        ratio = {key: own[key] / found["clean"][key] for key in own}
        worst = max(worst, ratio["wall_s"], ratio["peak_mb"])
        print(
            f"{name:17s} {own['wall_s']:6.2f} s ({ratio['wall_s']:.2f}), CPU {own['cpu_s']:6.2f} s "
            f"({ratio['cpu_s']:.2f}), peak {own['peak_mb']:6,.0f} MB ({ratio['peak_mb']:.2f})"
        )
    print(f"largest ratio to the clean file: {worst:.2f} (target <= {TARGET_ODD}), {_ODD_MB} MB")
    return worst


def read_one(file: str) -> None:
    """Read one file in this process and print what it took."""
    data = Path(file).read_bytes()
    wall, cpu = seconds(lambda: read_file(data, "BENCH.csv", _DIALECT))
    status = Path("/proc/self/status").read_text()  # getrusage would show the parent's peak, too
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    print(json.dumps({"wall_s": wall, "cpu_s": cpu, "peak_mb": peak / 1024}))


def main(n_rows: int) -> int:
    """Print both comparisons; 1 where one missed its target."""
    missed = [against_arrow(n_rows) < TARGET_READ, odd_fields() > TARGET_ODD]
    return int(any(missed))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        read_one(sys.argv[2])
    else:
        sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000))
