"""Lake damage: everything that is wrong with the files of a lake, those that are gone included, and its repair.

Put here: what the lake should hold, as the files beside it and Dagster's events say, and the findings over all.
Keep out: the look at single files (checks/lake_files.py), setting aside (stages/damaged_files.py), printing (cli).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import dagster as dg
from dagster import DagsterInstance

from quant_pipelines.checks.lake_files import (
    LakeFile,
    LakeFinding,
    damage_of,
    look_at,
    published_files,
    published_tables,
)
from quant_pipelines.lake.lake import Lake
from quant_pipelines.lake.partitions import SYMBOLS, PartitionKey
from quant_pipelines.lake.seal import Fault
from quant_pipelines.lake.unpartitioned import table_path
from quant_pipelines.raw.manifest_entries import Loss
from quant_pipelines.raw.raw_damage import readable
from quant_pipelines.raw.raw_repair import RawRepair, repair_raw
from quant_pipelines.raw.raw_store import RawStore
from quant_pipelines.report import report_path
from quant_pipelines.sources.catalog import Sources
from quant_pipelines.stages.damaged_files import set_aside_damaged
from quant_pipelines.stages.stage import Stage, discover_stages

_RESTORE = "restore the folder from a backup; what the source still has is taken in by: qe launch ingest"
_GONE = Fault("deleted", "a run made it, and it is not there")
_GONE_BESIDE = Fault("deleted", "other tables of the same key are there, and it is not")


@dataclass(frozen=True)
class LakeReport:
    """What a look through a lake found.

    Attributes:
        n_files: files looked at.
        damage: what is wrong, sorted by path.
        not_verifiable: files without a checksum, sorted by path.
    """

    n_files: int
    damage: tuple[LakeFinding, ...]
    not_verifiable: tuple[LakeFinding, ...]


def look_through(lake: Lake, instance: DagsterInstance, log: Callable[[int, int], object] = max) -> LakeReport:
    """Compare every file of a lake with its checksum, and what is there with what was made.

    Args:
        lake: the lake.
        instance: knows what runs made.
        log: receives the number of files done, and of all.
    """
    files = published_files(lake)
    found: list[LakeFinding] = []
    for n_done, file in enumerate(files, start=1):
        finding = look_at(lake, file)
        found += [] if finding is None else [finding]
        log(n_done, len(files))
    found += deleted_files(lake, instance)
    ordered = sorted(found, key=lambda f: f.file.path)
    return LakeReport(
        len(files), tuple(f for f in ordered if f.is_damage), tuple(f for f in ordered if not f.is_damage)
    )


def lost_earlier(lake: Lake) -> dict[PartitionKey, list[Loss]]:
    """The rows that repairs counted as lost and that a source may still have; of keys with a readable manifest."""
    store, found = RawStore(lake), dict[PartitionKey, list[Loss]]()
    for key in store.keys():  # noqa: SIM118  a store is no dict
        manifest = readable(lake.storage, store.files(key).manifest_path)
        if manifest is not None and (open_losses := [loss for loss in manifest.losses if loss.is_open]):
            found[key] = open_losses
    return found


def repair_raw_rows(lake: Lake, sources: Sources, key: PartitionKey) -> RawRepair:
    """Mend everything of a key in the raw store, with what a source offers of it now.

    Raises:
        PartitionLockedError: another process held the key for longer than the timeout.
    """
    return repair_raw(lake, key, sources.offers.get(key))


def repair(lake: Lake, finding: LakeFinding) -> str | None:
    """Set a damaged file aside; files that are gone, and raw rows (see ``repair_raw_rows``), are left as they are.

    Returns:
        The file's new place, relative to the lake; None where nothing was moved.

    Raises:
        PartitionLockedError: another process held the file for longer than the timeout.
    """
    if not finding.can_be_made_again or finding.kind == "deleted":
        return None
    return set_aside_damaged(lake, finding.file.path)


def deleted_files(lake: Lake, instance: DagsterInstance) -> list[LakeFinding]:
    """Files that a run made, or that belong to files that are there, and that are not there."""
    found: list[LakeFinding] = []
    for stage in discover_stages("symbol_timeframe"):
        found += _raw_gone(lake, instance, stage) if stage.takes_in else _tables_gone(lake, instance, stage)
    by_key = {table for stage in discover_stages("symbol_timeframe") for table in stage.tables}
    for table in published_tables():
        is_known = table not in by_key and instance.get_latest_materialization_event(dg.AssetKey(table)) is not None
        if is_known and not (lake.storage.exists(table_path(table)) or lake.storage.folders(table)):
            found.append(damage_of(LakeFile(table_path(table), table), _GONE))
    registered = set(instance.get_dynamic_partitions(str(SYMBOLS.name)))
    for symbol in sorted(registered & set(instance.get_materialized_partitions(dg.AssetKey("report")))):
        if not lake.storage.exists(report_path(symbol)):
            found.append(damage_of(LakeFile(report_path(symbol), "report", symbol), _GONE))
    return found


def _tables_gone(lake: Lake, instance: DagsterInstance, stage: Stage) -> Iterator[LakeFinding]:
    """Tables of a stage that lack where its other tables are, or where Dagster knows that the stage made them."""
    tables = [stage.name, *stage.beside]
    told = _told(instance, stage.name)
    there = {table: set(lake.keys(table)) for table in tables}
    for key in sorted(told.union(*there.values())):
        for table in (t for t in tables if key not in there[t]):
            any_there = any(key in keys for keys in there.values())
            file = LakeFile(lake.path(table, key), table, str(key))
            yield damage_of(file, _GONE_BESIDE if any_there else _GONE)


def _raw_gone(lake: Lake, instance: DagsterInstance, stage: Stage) -> Iterator[LakeFinding]:
    """Symbols whose raw rows a run took in, and that have no manifest at any timeframe."""
    store = RawStore(lake)
    for symbol in sorted({key.symbol for key in _told(instance, stage.name)}):
        if not store.native_timeframes(symbol):
            file = LakeFile(f"{stage.name}/symbol={symbol}", stage.name, symbol)
            yield LakeFinding(file, "deleted", "a run took in its rows, and there is nothing of them", _RESTORE)


def _told(instance: DagsterInstance, asset: str) -> set[PartitionKey]:
    """The keys of registered symbols that Dagster knows as made; files of others may have been taken away by people."""
    registered = set(instance.get_dynamic_partitions(str(SYMBOLS.name)))
    texts = instance.get_materialized_partitions(dg.AssetKey(asset))
    keys = {PartitionKey.parse(text) for text in texts if PartitionKey.is_key(text)}
    return {key for key in keys if key.symbol in registered}
