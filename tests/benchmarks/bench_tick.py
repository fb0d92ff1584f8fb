"""A tick of the sensor new_data over an inbox in which nothing has changed: seconds for 10,000 files of a symbol each.

Run: ``python -m tests.benchmarks.bench_tick [--files 1000,10000]``. The state before is made without parsing: files,
the index of what they hold, and manifests that have taken them in. The tick is the whole of it: opening the sources,
listing, looking at every file's size and time, reading every manifest, and asking Dagster. The smaller size shows that
the time grows with the files and not with their square. Target: at most 2 s.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
import warnings
from pathlib import Path

import dagster as dg
import pytest

from quant_pipelines.automation.sensors.new_data import LETTERS, Cursor, new_data
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.raw.raw_store import RawStore
from quant_pipelines.sources import content_index
from quant_pipelines.sources.content_index import FileContent
from quant_pipelines.sources.feed_file import FeedFile
from tests.pipelines.small_project import SmallProject, daily_csv

TARGET_S = 2.0
REPEATS = 3


def _content(file: FeedFile) -> FileContent:
    """What a file holds, told by its name."""
    symbol = file.origin.removesuffix(".csv")
    return FileContent(file.contents().content_hash, {f"{symbol}|D1": symbol})


def project_of(folder: Path, n_files: int) -> SmallProject:
    """A project whose files are all taken in: the first one by an ingest, the others by its manifest."""
    project = SmallProject.at(folder)
    symbols = [f"S{i:05}" for i in range(n_files)]
    rows = daily_csv("XXXXX", 20)
    for symbol in symbols:
        project.drop(symbol, rows.replace("XXXXX", symbol))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(content_index, "_content_of", _content)
        offers = project.inputs.sources.offers
    store, lake = RawStore(project.lake), project.root / "lake"
    first = offers[PartitionKey(symbols[0], "D1")]
    manifest = store.ingest(first.source, first.instrument)
    model = lake / project.lake.folder("raw_bars", first.key)
    for key, offer in offers.items():
        if key != first.key:
            taken_in = {offer.source.name: offer.source.fingerprint(offer.instrument)}
            copied = shutil.copytree(model, lake / project.lake.folder("raw_bars", key))
            told = manifest.model_copy(update={"instrument": offer.instrument, "taken_in": taken_in})
            (Path(copied) / "manifest.json").write_text(told.to_text())
    project.instance.add_dynamic_partitions("symbols", symbols)
    return project


def tick_s(project: SmallProject, cursor: str | None) -> tuple[float, float, str | None]:
    """Seconds of a tick that must find nothing, by the clock and of the processor, and its cursor."""
    definitions = project.definitions()
    resources = {name: definitions.resources[name] for name in ("sources", "lake")}  # pyright: ignore
    with dg.build_sensor_context(
        instance=project.instance, cursor=cursor, definitions=definitions, resources=resources
    ) as context:
        start, start_cpu = time.perf_counter(), time.process_time()
        result = new_data(context)
        seconds, cpu_s = time.perf_counter() - start, time.process_time() - start_cpu
        assert isinstance(result, dg.SkipReason), result
        assert "Nothing new" in str(result), result
        return seconds, cpu_s, context.cursor


def main() -> int:
    """Measure and print; 0 when the largest size keeps the target."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--files", default="1000,10000")
    sizes = [int(size) for size in parser.parse_args().files.split(",")]
    warnings.simplefilter("ignore")
    best = 0.0
    for n_files in sizes:
        with tempfile.TemporaryDirectory() as folder:
            project = project_of(Path(folder), n_files)
            # As after runs that answered to all of them.
            offers = project.inputs.sources.offers
            known = {str(key): offer.source.fingerprint(offer.instrument) for key, offer in offers.items()}
            cursor = Cursor({key: fingerprint[:LETTERS] for key, fingerprint in known.items()}).text()
            seconds = [tick_s(project, cursor)[:2] for _ in range(REPEATS)]
        best, cpu_s = min(seconds)
        print(
            f"{n_files:6} unchanged files: {best:.2f} to {max(seconds)[0]:.2f} s per tick, {cpu_s:.2f} s of CPU",
            flush=True,
        )
    print(f"best {best:.2f} s, target {TARGET_S} s")
    return 0 if best <= TARGET_S else 1


if __name__ == "__main__":
    sys.exit(main())
