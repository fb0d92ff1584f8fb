"""Raw increments: what storing one row at a time costs, and how many files and bytes it leaves.

Run: ``python -m tests.benchmarks.bench_raw_increments [increments]`` (default 2,000; the target of the project is
100,000, which takes half an hour on a local disk). Each increment is a delivery with a commit of its own, as a table
that grows by a bar per run. Prints milliseconds per increment for each tenth, files, bytes of manifest, parts and log,
and bytes written in all. Targets: manifest below 64 kB, at most 64 files, the last tenth at most 1.5 times the time of
the first, and every row read back.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl

from quant_core.tables import TABLES
from quant_core.timeframes import Timeframe
from quant_pipelines.lake.lake import Lake
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.lake.storage import Storage
from quant_pipelines.raw.raw_store import RawStore
from quant_pipelines.sources.contract import Delivery, Instrument

KEY = PartitionKey("BENCH", "M1")
INSTRUMENT = Instrument("BENCH", Timeframe.M1, "always_open", "bench")
MOST_FILES, MOST_MANIFEST_BYTES, MOST_SLOWDOWN = 64, 64_000, 1.5
_START = datetime(2020, 1, 1, tzinfo=UTC)
_RAW, _QUARANTINE = TABLES["raw_rows"], TABLES["quarantine"]


class OneByOne:
    """Delivers minute bars one by one, and notes when."""

    name = "bench"

    def __init__(self, n_increments: int) -> None:
        self.n_increments = n_increments
        self.asked_at: list[float] = []

    def instruments(self) -> list[Instrument]:
        return [INSTRUMENT]

    def fingerprint(self, instrument: Instrument) -> str:
        return str(self.n_increments)

    def deliveries(self, instrument: Instrument, watermark: dict[str, Any] | None) -> Iterator[Delivery]:
        for n in range((watermark or {"n": 0})["n"], self.n_increments):
            self.asked_at.append(time.perf_counter())
            fetched_at = _START + timedelta(minutes=n + 1)
            yield Delivery(_bar(n), _QUARANTINE.empty(), 1, "bench.bars", f"{n}", fetched_at, {"n": n + 1})
        self.asked_at.append(time.perf_counter())


def _bar(n: int) -> pl.DataFrame:
    price = 100.0 + n % 97 / 10
    row = (
        "BENCH",
        "M1",
        "BENCH",
        _START + timedelta(minutes=n),
        price,
        price,
        price,
        price,
        1.0,
        "bench.bars",
        n,
        None,
    )
    return pl.DataFrame([row], schema=_RAW.schema, orient="row")


class CountingStorage(Storage):
    """A storage that counts what is written."""

    n_bytes = 0
    n_writes = 0

    def write(self, path: str, content: bytes) -> None:
        self.n_bytes += len(content)
        self.n_writes += 1
        super().write(path, content)


def main(n_increments: int) -> int:
    """Print the figures; 1 where a target was missed."""
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(folder)
        storage = CountingStorage(folder)
        lake.storage = storage
        store, source = RawStore(lake), OneByOne(n_increments)
        manifest = store.ingest(source, INSTRUMENT)
        tenths = _tenths_ms(source.asked_at)
        place = Path(folder) / lake.folder("raw_bars", KEY)
        files = {path: path.stat().st_size for path in place.rglob("*") if path.is_file()}
        n_manifest = files[place / "manifest.json"]
        start = time.perf_counter()
        is_whole = store.read(KEY).rows.height == len(store.deliveries(KEY)) == n_increments
        read_s = time.perf_counter() - start
    print(f"{n_increments:,} increments of one row: ms each, by tenths: {' '.join(f'{t:.1f}' for t in tenths)}")
    of_parts, of_log = len(manifest.parts), len(manifest.log)
    print(f"files {len(files)} ({of_parts} of parts, {of_log} of the log), {sum(files.values()):,} bytes")
    print(f"manifest {n_manifest:,} bytes; written {storage.n_bytes:,} bytes in {storage.n_writes:,} writes")
    print(f"rows and deliveries read back in {read_s:.2f} s: {'all' if is_whole else 'NOT ALL'}")
    is_met = is_whole and len(files) <= MOST_FILES and n_manifest <= MOST_MANIFEST_BYTES
    is_steady = tenths[-1] <= MOST_SLOWDOWN * tenths[0]
    print(
        f"targets (at most {MOST_FILES} files, {MOST_MANIFEST_BYTES:,} bytes, {MOST_SLOWDOWN} times slower): ", end=""
    )
    print("met" if is_met and is_steady else "MISSED")
    return int(not (is_met and is_steady))


def _tenths_ms(moments: list[float]) -> list[float]:
    """Mean milliseconds between moments in each tenth."""
    n = len(moments) - 1
    ends = [i * n // 10 for i in range(11)]
    return [1e3 * (moments[b] - moments[a]) / (b - a) for a, b in pairwise(ends)]


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 2_000))
