"""The raw store: exactly what sources delivered, typed, in immutable parts with a manifest.

Put here: appending, opening a new version on restatement, and reading any version back.
Keep out: what counts as a change (quant_core.bars.history), cleaning (quality), parsing (ingestion).

Layout of ``raw_bars/symbol=S/timeframe=TF/`` (TF is the native timeframe): ``manifest.json``, and per version
``_v1/part-00001.parquet`` … and ``_v1/quarantine-00001.parquet`` … A part that no manifest names does not exist:
it was left by a killed run, and the next run writes the same name again. So the content of the store does not
depend on where a run was killed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from quant_core.bars.history import compare_history, current_rows, mark_unfinished, withdrawn_rows
from quant_core.calendars import calendar_of
from quant_core.errors import LakeError, SourceError
from quant_core.shown_text import shown
from quant_core.tables import TABLES, Table
from quant_core.timeframes import Timeframe
from quant_pipelines.lake.lake import Lake, digest, to_parquet
from quant_pipelines.lake.partition_folders import partitions_in
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.lake.schemas import refuse_other_raw_columns
from quant_pipelines.raw.delivery_check import check_delivery
from quant_pipelines.raw.raw_manifest import DeliveryRecord, Manifest, Part, Version
from quant_pipelines.raw.set_aside_rows import as_quarantine, not_refused_before
from quant_pipelines.sources.contract import Delivery, Instrument, Source

ASSET = "raw_bars"
_RAW, _QUARANTINE = TABLES["raw_rows"], TABLES["quarantine"]
_IS_PART = re.compile(r"/_v\d+/(part|quarantine)-\d+\.parquet$")


@dataclass(frozen=True)
class RawRows:
    """The rows of one version, ready to be cleaned.

    Attributes:
        rows: table ``raw_rows``; for each ts the rows of the last part that has it.
        quarantine: table ``quarantine``: rows that could not be read, bars that never got complete or were withdrawn.
        now: when the last part left its source; what is unfinished or in the future is judged by it.
        n_never_completed: bars fetched unfinished that no later delivery completed; they are in ``quarantine``.
        n_withdrawn: bars among ``rows`` that the latest delivery of their range leaves out.
    """

    rows: pl.DataFrame
    quarantine: pl.DataFrame
    now: datetime
    n_never_completed: int
    n_withdrawn: int = 0


class RawStore:
    """Raw rows by symbol and native timeframe, in a lake."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._storage = lake.storage

    def keys(self) -> list[PartitionKey]:
        """Every symbol and native timeframe that has a manifest, sorted."""
        return partitions_in(self._storage, ASSET, "manifest.json")

    def native_timeframes(self, symbol: str) -> list[Timeframe]:
        """Timeframes at which a symbol was delivered."""
        keys = partitions_in(self._storage, ASSET, "manifest.json", symbol)
        return [Timeframe(key.timeframe) for key in keys]

    def manifest(self, key: PartitionKey) -> Manifest | None:
        """The manifest of a symbol at its native timeframe, or None when nothing was delivered."""
        path = self._manifest_path(key)
        return Manifest.of_text(self._storage.read(path), path) if self._storage.exists(path) else None

    def taken_in(self, key: PartitionKey) -> dict[str, str]:
        """Source → the fingerprint whose rows are stored; empty where none is known."""
        return {} if (manifest := self.manifest(key)) is None else manifest.taken_in

    def ingest(self, source: Source, instrument: Instrument, log: Callable[[str], object] = str) -> Manifest:
        """Bring a symbol up to date with its source, delivery by delivery; each is committed by itself.

        A killed call loses at most the delivery it was working on. A second call writes nothing.

        Args:
            source: where rows come from.
            instrument: what to ask it for.
            log: receives a progress line after each delivery.

        Raises:
            SourceError: the source failed; what was committed before stays.
            PartitionLockedError: another run holds this symbol and timeframe.
        """
        key = PartitionKey(instrument.symbol, instrument.timeframe.value)
        with self._lake.lock(ASSET, key):
            stored = self.manifest(key)
            manifest = stored or Manifest(instrument=instrument)
            manifest = manifest.model_copy(update={"instrument": instrument})
            self._clean_orphans(key, manifest)
            # Asked before the rows: what changes meanwhile is another fingerprint, and so is asked for again.
            fingerprint = source.fingerprint(instrument)
            for delivery in source.deliveries(instrument, manifest.watermarks.get(source.name)):
                manifest = self._absorb(key, manifest, source.name, delivery)
                self._commit(key, manifest)
                stored = manifest
                log(f"{key}: {delivery.n_rows_in} rows from {shown(delivery.origin)}")
            if not manifest.deliveries:
                raise SourceError(
                    f"Source {source.name} lists {key} but delivered nothing: expected at least one row. "
                    "Check the source's table or file for this symbol and timeframe."
                )
            taken_in = {**manifest.taken_in, source.name: fingerprint}
            manifest = manifest.model_copy(update={"open_version": None, "taken_in": taken_in})
            if manifest != stored:
                self._commit(key, manifest)
        return manifest

    def read(self, key: PartitionKey, version: int | None = None) -> RawRows:
        """The rows of a version; default the current one.

        Raises:
            LakeError: nothing was delivered yet, or a part is damaged.
        """
        manifest = self.manifest(key)
        if manifest is None or manifest.fetched_at is None:
            raise LakeError(
                f"No raw rows of {key} are in the lake: expected raw_bars to be materialized. Run the job ingest."
            )
        parts = manifest.parts(version)
        frames = [self._read_part(key, p) for p in parts] or [_with_unfinished(_RAW.empty(), None)]
        last = max((i for i, p in enumerate(parts) if not p.is_withdrawn), default=len(frames) - 1)
        never_from = [pl.lit(False) if i >= last else pl.col("is_unfinished") for i in range(len(frames))]
        frames = [f.with_columns(never=e) for f, e in zip(frames, never_from, strict=True)]
        rows = current_rows(frames) if len(frames) > 1 else frames[0]
        gone, rows = rows.filter("is_withdrawn"), rows.filter(~pl.col("is_withdrawn"))
        never = rows.filter("never")
        quarantine = [self._read_stored(key, p, _QUARANTINE) for p in manifest.quarantine_parts(version)]
        return RawRows(
            rows=rows.filter(~pl.col("never")).select(_RAW.schema.keys()),
            quarantine=pl.concat(
                [*quarantine, as_quarantine(never, "never_completed"), as_quarantine(gone, "withdrawn")]
            ),
            now=manifest.fetched_at,
            n_never_completed=never.height,
            n_withdrawn=manifest.n_withdrawn_kept,
        )

    def _absorb(self, key: PartitionKey, manifest: Manifest, source: str, delivery: Delivery) -> Manifest:
        """The manifest after one delivery; new parts are on disk when this returns, but not yet published."""
        check_delivery(delivery, source, key)
        rows = delivery.rows.with_columns(
            mark_unfinished(
                delivery.rows,
                timeframe=manifest.instrument.timeframe,
                calendar=calendar_of(manifest.instrument.calendar),
                fetched_at=delivery.fetched_at,
            )
        )
        stored = self._stored(key, manifest, rows, delivery.span)
        found = compare_history(stored, rows)
        gone, removed = _taken_back(stored, rows, delivery, manifest.instrument)
        bad = self._new_quarantine(key, manifest, delivery.quarantine)
        is_changed = found.restatement is not None or not removed["is_unfinished"].all()
        manifest = _open_version_for(manifest, is_changed=is_changed)
        version = manifest.current
        for part_rows, is_withdrawn in ((removed, True), (found.rows, False)):
            if part_rows.height:
                part = self._write_part(key, version, part_rows, is_withdrawn=is_withdrawn)
                version = version.model_copy(update={"parts": (*version.parts, part)})
        bad_part = self._write_quarantine(key, version, bad) if bad.height else None
        version = version.model_copy(
            update={
                "quarantine": (*version.quarantine, *filter(None, [bad_part])),
                "restatements": (*version.restatements, *filter(None, [found.restatement])),
            }
        )
        return manifest.model_copy(
            update={
                "versions": (*manifest.versions[:-1], version),
                "deliveries": (
                    *manifest.deliveries,
                    DeliveryRecord.of(source, delivery, version.number, found, bad.height, gone.height),
                ),
                "watermarks": {**manifest.watermarks, source: delivery.watermark},
            }
        )

    def _stored(
        self, key: PartitionKey, manifest: Manifest, rows: pl.DataFrame, span: tuple[datetime, datetime] | None
    ) -> pl.DataFrame:
        """The current view of the range that a delivery touches."""
        nothing = _with_unfinished(_RAW.empty(), None)
        if rows.is_empty() and span is None:
            return nothing
        ends = pl.concat([rows["ts"], pl.Series(span or (), dtype=rows["ts"].dtype)])
        first, last = ends.min(), ends.max()
        touched = [
            self._read_part(key, p).filter(pl.col("ts").is_between(first, last))
            for p in manifest.parts()
            if p.first_ts is not None and p.last_ts is not None and p.first_ts <= last and first <= p.last_ts  # pyright: ignore[reportOperatorIssue]
        ]
        return current_rows(touched or [nothing]).filter(~pl.col("is_withdrawn"))

    def _new_quarantine(self, key: PartitionKey, manifest: Manifest, rows: pl.DataFrame) -> pl.DataFrame:
        """The refused rows of a delivery that were not refused before in the same words."""
        parts = manifest.quarantine_parts()
        if rows.is_empty() or not parts:
            return rows
        return not_refused_before(rows, [self._read_stored(key, p, _QUARANTINE) for p in parts])

    def _write_part(self, key: PartitionKey, version: Version, rows: pl.DataFrame, *, is_withdrawn: bool) -> Part:
        content = to_parquet(rows.select(_RAW.schema.keys()))
        path = f"_v{version.number}/part-{len(version.parts) + 1:05d}.parquet"
        self._storage.write(f"{self._folder(key)}/{path}", content)
        span = rows.select(
            first_ts=pl.col("ts").min(),
            last_ts=pl.col("ts").max(),
            unfinished_from=pl.col("ts").filter(pl.col("is_unfinished")).min(),
        )
        span = span.row(0, named=True)
        return Part(path=path, content_hash=digest(content), n_rows=rows.height, is_withdrawn=is_withdrawn, **span)

    def _write_quarantine(self, key: PartitionKey, version: Version, rows: pl.DataFrame) -> Part:
        content = to_parquet(rows)
        path = f"_v{version.number}/quarantine-{len(version.quarantine) + 1:05d}.parquet"
        self._storage.write(f"{self._folder(key)}/{path}", content)
        return Part(path=path, content_hash=digest(content), n_rows=rows.height)

    def _read_part(self, key: PartitionKey, part: Part) -> pl.DataFrame:
        rows = _with_unfinished(self._read_stored(key, part, _RAW), part.unfinished_from)
        return rows.with_columns(is_withdrawn=pl.lit(part.is_withdrawn))

    def _read_stored(self, key: PartitionKey, part: Part, table: Table) -> pl.DataFrame:
        content = self._storage.read(f"{self._folder(key)}/{part.path}")
        if digest(content) != part.content_hash:
            raise LakeError(
                f"Part {part.path} of {key} is damaged: expected the SHA-256 in its manifest, found another. "
                "Copy the partition's folder away and restore the file from a backup; rows cannot be computed again. "
                "All damage: qe doctor"
            )
        return refuse_other_raw_columns(pl.read_parquet(content), table, f"{part.path} of {key}")

    def _commit(self, key: PartitionKey, manifest: Manifest) -> None:
        self._storage.write(self._manifest_path(key), manifest.to_text().encode())

    def _clean_orphans(self, key: PartitionKey, manifest: Manifest) -> None:
        """Remove what a killed run left: temporary files and parts that no manifest names; foreign files stay."""
        named = {f"{self._folder(key)}/{p.path}" for p in manifest.parts() + manifest.quarantine_parts()}
        self._storage.clean_leftovers(self._folder(key))
        for folder in self._storage.folders(self._folder(key)):
            self._storage.clean_leftovers(folder)
            for path in set(self._storage.files(folder)) - named:
                if _IS_PART.search(path):
                    self._storage.delete(path)

    def _folder(self, key: PartitionKey) -> str:
        return self._lake.folder(ASSET, key)

    def _manifest_path(self, key: PartitionKey) -> str:
        return f"{self._folder(key)}/manifest.json"


def _with_unfinished(rows: pl.DataFrame, unfinished_from: datetime | None) -> pl.DataFrame:
    late = pl.lit(False) if unfinished_from is None else pl.col("ts") >= unfinished_from
    return rows.with_columns(late.alias("is_unfinished"), is_withdrawn=pl.lit(False))


def _taken_back(
    stored: pl.DataFrame, rows: pl.DataFrame, delivery: Delivery, instrument: Instrument
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Complete bars that a snapshot leaves out, and the rows that leave the history.

    A bar that never was complete is no history: it is not kept, whatever the rules are, and opens no version.
    """
    if not delivery.is_snapshot:
        return stored.clear(), stored.clear()
    lacks = withdrawn_rows(stored, rows, delivery.quarantine, delivery.span)
    passing, gone = lacks.filter("is_unfinished"), lacks.filter(~pl.col("is_unfinished"))
    return gone, lacks if instrument.rules.withdrawn_rows == "remove" else passing


def _open_version_for(manifest: Manifest, *, is_changed: bool) -> Manifest:
    """Open the next version when a known history changed; once per delivery session."""
    if not is_changed or manifest.open_version == manifest.current.number:
        return manifest
    number = manifest.current.number + 1
    return manifest.model_copy(
        update={"versions": (*manifest.versions, Version(number=number)), "open_version": number}
    )
