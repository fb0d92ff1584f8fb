"""Raw damages: a store that grew by single rows, its damage and its repair.

Put here: the history, and what a repair finds and leaves.
Keep out: tests.
"""

from __future__ import annotations

from pathlib import Path

from quant_pipelines.lake.lake import Lake
from quant_pipelines.raw.raw_damage import fault_in_raw, raw_files
from quant_pipelines.raw.raw_repair import RawRepair, repair_raw
from quant_pipelines.sources.catalog import Offer
from tests.pipelines.raw_histories import KEY, Script, hours, instrument, scripted
from tests.pipelines.small_project import data_files

FOLDER = Path("raw_bars/symbol=EURUSD/timeframe=H1")
MANIFESTS = ("manifest.json", "manifest.copy.json")


def growing_history(n_rows: int = 14) -> Script:
    """One-row deliveries, one of which restates an earlier bar."""
    batches = [hours({h: float(h + 1)}) for h in range(n_rows)]
    if n_rows > 9:
        batches[9] = hours({2: 99.0, 9: 10.0})
    return scripted(batches)


def repaired(folder: Path, source: Script | None = None) -> RawRepair:
    offer = None if source is None else Offer(source, instrument())
    return repair_raw(Lake(str(folder)), KEY, offer)


def faults(folder: Path) -> dict[str, str]:
    lake = Lake(str(folder))
    found = {file.path: fault_in_raw(lake, file) for file in raw_files(lake)}
    return {Path(path).name: fault.kind for path, fault in found.items() if fault is not None}


def raw_content(folder: Path) -> dict[str, bytes]:
    return {n: p.read_bytes() for n, p in data_files(folder).items() if n.startswith("raw_bars")}
