"""Lost rows: what a source still has of the rows of a part that is damaged or gone.

Put here: writing the same part again where the source delivers the same, else storing what it has as a delivery.
Keep out: when this is done and what is said (raw_repair.py).
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import polars as pl

from quant_core.bars.history import Comparison, compare_history, last_by_bar
from quant_core.errors import LakeError
from quant_pipelines.lake.facts import digest, to_parquet
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.lake.storage import Storage
from quant_pipelines.raw.delivery_log import all_deliveries
from quant_pipelines.raw.manifest_entries import DeliveryRecord, Kind, Loss, Part
from quant_pipelines.raw.part_files import TABLE_OF, facts_of, read_parts, without_rows, write_part
from quant_pipelines.raw.part_writing import NewPart, with_parts
from quant_pipelines.raw.raw_manifest import Manifest
from quant_pipelines.raw.raw_store import RawStore
from quant_pipelines.raw.set_aside_rows import not_refused_before


@dataclass(frozen=True)
class Lost:
    """A part whose file cannot be read."""

    kind: Kind
    part: Part

    @staticmethod
    def of_loss(loss: Loss) -> Lost:
        """The parts that an earlier repair counted as lost."""
        kind: Kind = "quarantine" if loss.what == "quarantine" else "rows"
        path = f"lost parts {loss.first} to {loss.last}"
        span = {"first_ts": loss.first_ts, "last_ts": loss.last_ts}
        part = Part(path=path, content_hash="", n_rows=0, first=loss.first, last=loss.last, version=1)
        return Lost(kind, part.model_copy(update=span))


def rewritten(storage: Storage, folder: str, manifest: Manifest, lost: Lost, replay: RawStore) -> bool:
    """Write a lost part again where the source delivers the very same rows; False where it does not.

    Args:
        storage: of the lake.
        folder: of the partition.
        manifest: names the part.
        lost: the part.
        replay: a store with everything that the source has now.
    """
    key = PartitionKey(manifest.instrument.symbol, manifest.instrument.timeframe.value)
    now = replay.manifest(key)
    for part in () if now is None else now.parts_of(lost.kind):
        content = replay.files(key).content(part)
        rows, facts = pl.read_parquet(io.BytesIO(content)), facts_of(content, part.path)
        if not lost.part.is_sealed and digest(earlier := to_parquet(rows)) == lost.part.content_hash:
            storage.write(f"{folder}/{lost.part.path}", earlier)
            return True
        same = (part.content_hash, part.first, part.last) == (lost.part.content_hash, lost.part.first, lost.part.last)
        if lost.part.is_sealed and same and facts is not None:
            records = _records(storage, folder, manifest)
            state = facts.state.model_copy(
                update={"recent": tuple(records.get(r.number, r) for r in facts.state.recent)}
            )
            told = facts.model_copy(update={"part": lost.part, "state": state})
            return write_part(storage, folder, rows, told) == lost.part
    return False


def _records(storage: Storage, folder: str, manifest: Manifest) -> dict[int, DeliveryRecord]:
    """The deliveries by number, with their times; without those of a log that is damaged itself."""
    try:
        known = all_deliveries(storage, folder, manifest)
    except LakeError:
        known = manifest.recent
    return {record.number: record for record in known}


def refilled(
    storage: Storage, folder: str, manifest: Manifest, lost: Lost, replay: RawStore, source: str
) -> tuple[Manifest, int]:
    """The manifest with a delivery of what the source still has of a lost part, and how many rows that are.

    Only bars of the part's span are taken, and only where no later part has the bar: what was delivered after the part
    stays as it is. The watermark of the source stays where it is.

    Args:
        storage: of the lake.
        folder: of the partition.
        manifest: without the part.
        lost: the part.
        replay: a store with everything that the source has now.
        source: its name.
    """
    key = PartitionKey(manifest.instrument.symbol, manifest.instrument.timeframe.value)
    now = replay.manifest(key)
    if now is None:
        return manifest, 0
    nothing = without_rows("rows")
    found, bad = Comparison(nothing, 0, 0, 0, 0, None), without_rows("quarantine")
    if lost.kind == "rows":
        found = _missing_bars(storage, folder, manifest, lost.part, replay.stored_rows(key))
    else:
        offered = replay.read(key).quarantine.filter(~pl.col("reason").is_in(["never_completed", "withdrawn"]))
        bad = not_refused_before(offered, _all_rows(storage, folder, manifest, "quarantine"))
    n_rows = found.rows.height + bad.height
    if not n_rows:
        return manifest, 0
    is_restated = found.restatement is not None
    opened = manifest.model_copy(update={"version": manifest.version + is_restated})
    fetched_at = max(now.latest.fetched_at, manifest.latest.fetched_at)
    record = DeliveryRecord(
        number=manifest.totals.n_deliveries + 1,
        source=source,
        origin=f"repair of {lost.part.path}",
        origin_hash=lost.part.content_hash,
        fetched_at=fetched_at,
        version=opened.version,
        n_rows_in=n_rows,
        n_new=found.n_new,
        n_known=0,
        n_completed=found.n_completed,
        n_restated=found.n_restated,
        n_quarantined=bad.height,
        n_quarantined_known=0,
        restatement=found.restatement,
        details={},
    )
    new = (NewPart("rows", found.rows), NewPart("quarantine", bad))
    after = with_parts(storage, folder, opened, record, manifest.watermarks.get(source, {}), new)
    return after.model_copy(update={"watermarks": manifest.watermarks}), n_rows


def _missing_bars(storage: Storage, folder: str, manifest: Manifest, lost: Part, offered: pl.DataFrame) -> Comparison:
    """The bars of a lost part's span that the source has, and that are stored neither equally nor by a later part."""
    stored = last_by_bar(_all_rows(storage, folder, manifest, "rows"), "part_number")
    is_known = lost.first_ts is not None and lost.last_ts is not None
    in_span = pl.col("ts").is_between(lost.first_ts, lost.last_ts) if is_known else pl.lit(value=True)
    later = stored.filter(pl.col("part_number") > lost.last)["ts"].unique()
    bars = last_by_bar(offered, "part_number").filter(~pl.col("is_withdrawn"), in_span)
    bars = bars.filter(~pl.col("ts").is_in(later.implode()))
    columns = [*TABLE_OF["rows"].schema, "is_unfinished"]
    return compare_history(stored.filter(~pl.col("is_withdrawn")), bars.select(columns))


def _all_rows(storage: Storage, folder: str, manifest: Manifest, kind: Kind) -> pl.DataFrame:
    """The stored rows that can be read: another part may be lost, too."""
    there = [part for part in manifest.parts_of(kind) if storage.exists(f"{folder}/{part.path}")]
    return read_parts(storage, folder, there, kind)
