"""The raw store: exactly what sources delivered, typed, in immutable parts with a manifest.

Put here: appending, opening a new version on restatement, and reading any version back.
Keep out: what counts as a change (quant_core.bars.history), files (part_files.py, manifest_files.py), cleaning
(quality), parsing (ingestion).

Layout of ``raw_bars/symbol=S/timeframe=TF/`` (TF is the native timeframe): ``manifest.json`` and its copy, per version
``_v1/part-00001.parquet`` … and ``_v1/quarantine-00001.parquet`` …, ``_folded/`` with files that hold many parts, and
``_deliveries/`` with the log of earlier deliveries. A part that no manifest names does not exist: it was left by a
killed run, and the next run writes the same name again. So the content of the store does not depend on where a run was
killed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import polars as pl

from quant_core.bars.history import Comparison, compare_history, last_by_bar, mark_unfinished, withdrawn_rows
from quant_core.calendars import calendar_of
from quant_core.errors import LakeError, SourceError
from quant_core.shown_text import shown
from quant_core.timeframes import Timeframe
from quant_pipelines.lake.lake import Lake
from quant_pipelines.lake.partition_folders import partitions_in
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.raw.clock import Clock, refuse_clock_behind, with_ahead
from quant_pipelines.raw.delivery_check import check_delivery
from quant_pipelines.raw.delivery_log import all_deliveries
from quant_pipelines.raw.manifest_entries import DeliveryRecord, Kind
from quant_pipelines.raw.manifest_files import ManifestFiles
from quant_pipelines.raw.part_files import read_part, read_parts, without_rows
from quant_pipelines.raw.part_writing import NewPart, with_parts
from quant_pipelines.raw.raw_manifest import Manifest
from quant_pipelines.raw.raw_rows import RawRows, raw_rows_of
from quant_pipelines.raw.set_aside_rows import not_refused_before
from quant_pipelines.sources.contract import Delivery, Instrument, Source

ASSET = "raw_bars"


class RawStore:
    """Raw rows by symbol and native timeframe, in a lake.

    Args:
        lake: where they are.
        clock: judges whether bars that lay ahead of it have begun since.
    """

    def __init__(self, lake: Lake, clock: Clock | None = None) -> None:
        self._lake, self._clock = lake, clock or Clock()
        self._storage = lake.storage

    def keys(self) -> list[PartitionKey]:
        """Every symbol and native timeframe that was delivered, sorted; also where its manifest is gone."""
        return partitions_in(self._storage, ASSET, self._is_held)

    def native_timeframes(self, symbol: str) -> list[Timeframe]:
        """Timeframes at which a symbol was delivered."""
        return [Timeframe(key.timeframe) for key in partitions_in(self._storage, ASSET, self._is_held, symbol)]

    def manifest(self, key: PartitionKey) -> Manifest | None:
        """The manifest of a symbol at its native timeframe, or None when nothing was delivered.

        Raises:
            LakeError: it is damaged, or gone while its parts are there.
        """
        return self.files(key).read()

    def files(self, key: PartitionKey) -> ManifestFiles:
        """The files of a symbol at its native timeframe."""
        return ManifestFiles(self._storage, self._lake.folder(ASSET, key))

    def deliveries(self, key: PartitionKey) -> list[DeliveryRecord]:
        """Every delivery in order; [] when nothing was delivered.

        Raises:
            LakeError: the manifest or the delivery log is damaged.
        """
        folder = self._lake.folder(ASSET, key)
        return self.files(key).look(lambda m: all_deliveries(self._storage, folder, m)) or []

    def taken_in(self, key: PartitionKey) -> dict[str, str]:
        """Source → the fingerprint whose rows are stored; empty where none is known, or the clock was behind."""
        return {} if (manifest := self.manifest(key)) is None else self.taken_in_of(manifest)

    def taken_in_of(self, manifest: Manifest) -> dict[str, str]:
        """The same of a manifest that was read: without sources whose bars of the future have begun since."""
        now = self._clock.now()
        due = {source for source, ahead in manifest.ahead.items() if ahead.is_due(now)}
        return {source: known for source, known in manifest.taken_in.items() if source not in due}

    def ingest(self, source: Source, instrument: Instrument, log: Callable[[str], object] = str) -> Manifest:
        """Bring a symbol up to date with its source, delivery by delivery; each is committed by itself.

        A killed call loses at most the delivery it was working on. A second call writes nothing.

        Args:
            source: where rows come from.
            instrument: what to ask it for.
            log: receives a progress line after each delivery.

        Raises:
            SourceError: the source failed; what was committed before stays.
            ClockError: something new was fetched before the last delivery, by the clock.
            LakeError: the manifest is damaged, or gone while its parts are there: nothing is taken in on top of that.
            PartitionLockedError: another run holds this symbol and timeframe.
        """
        key = PartitionKey(instrument.symbol, instrument.timeframe.value)
        with self._lake.lock(ASSET, key):
            files = self.files(key)
            stored = files.read()
            manifest = stored or Manifest(format=2, instrument=instrument)
            manifest = manifest.model_copy(update={"instrument": instrument})
            files.complete(manifest)
            # Asked before the rows: what changes meanwhile is another fingerprint, and so is asked for again.
            fingerprint, watermark = source.fingerprint(instrument), manifest.watermarks.get(source.name)
            ahead = manifest.ahead.get(source.name)
            if ahead is not None and ahead.is_due(self._clock.now()):
                watermark, manifest = None, manifest.with_ahead(source.name, None)
            for delivery in source.deliveries(instrument, watermark):
                absorbed = self._absorb(key, manifest, source.name, delivery)
                if absorbed is not manifest:
                    stored = manifest = files.commit(absorbed, log)
                log(f"{key}: {delivery.n_rows_in} rows from {shown(delivery.origin)}")
            if not manifest.recent:
                raise SourceError(
                    f"Source {source.name} lists {key} but delivered nothing: expected at least one row. "
                    "Check the source's table or file for this symbol and timeframe."
                )
            taken_in = {**manifest.taken_in, source.name: fingerprint}
            manifest = manifest.model_copy(update={"open_version": None, "taken_in": taken_in})
            if manifest != stored:
                manifest = files.commit(manifest, log)
        return manifest

    def read(self, key: PartitionKey, version: int | None = None) -> RawRows:
        """The rows of a version; default the current one.

        Raises:
            LakeError: nothing was delivered yet, or a part is damaged.
        """
        found = self.files(key).look(lambda m: (m, self._rows(key, m, "rows"), self._rows(key, m, "quarantine")))
        if found is None or found[0].fetched_at is None:
            raise LakeError(
                f"No raw rows of {key} are in the lake: expected raw_bars to be materialized. Run the job ingest."
            )
        return raw_rows_of(*found, version)

    def stored_rows(self, key: PartitionKey) -> pl.DataFrame:
        """Every row that was ever stored, in the order of its delivery, superseded ones included.

        Besides the columns of ``raw_rows``: ``part_number``, which the records of ``deliveries`` name, ``raw_version``,
        ``is_unfinished`` (not complete when fetched) and ``is_withdrawn`` (taken back by the source).

        Raises:
            LakeError: the manifest or a part is damaged.
        """
        found = self.files(key).look(lambda m: self._rows(key, m, "rows"))
        return without_rows("rows") if found is None else found

    def _rows(self, key: PartitionKey, manifest: Manifest, kind: Kind) -> pl.DataFrame:
        """All rows of a kind with their marks."""
        return read_parts(self._storage, self._lake.folder(ASSET, key), manifest.parts_of(kind), kind)

    def _absorb(self, key: PartitionKey, manifest: Manifest, source: str, delivery: Delivery) -> Manifest:
        """The manifest after one delivery, itself where the delivery says nothing new.

        New parts are on disk when this returns, but not yet published.
        """
        check_delivery(delivery, source, key)
        refuse_clock_behind(self._clock, delivery.fetched_at, manifest.fetched_at, str(key))
        ahead = with_ahead(manifest.ahead.get(source), delivery.rows, delivery.fetched_at)
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
        if not (found.rows.height or removed.height or bad.height) and _says_nothing(
            manifest, source, delivery, gone.height
        ):
            return manifest.with_ahead(source, ahead)
        manifest = manifest.with_ahead(source, ahead)
        is_changed = found.restatement is not None or not removed["is_unfinished"].all()
        opened = _open_version_for(manifest, is_changed=is_changed)
        record = _record(source, delivery, opened, found, bad.height, gone.height)
        new = (NewPart("rows", removed, is_withdrawn=True), NewPart("rows", found.rows), NewPart("quarantine", bad))
        self.files(key).begin(manifest)
        return with_parts(self._storage, self._lake.folder(ASSET, key), opened, record, delivery.watermark, new)

    def _stored(
        self, key: PartitionKey, manifest: Manifest, rows: pl.DataFrame, span: tuple[datetime, datetime] | None
    ) -> pl.DataFrame:
        """The current view of the range that a delivery touches."""
        nothing = without_rows("rows")
        if rows.is_empty() and span is None:
            return nothing
        ends = pl.concat([rows["ts"], pl.Series(span or (), dtype=rows["ts"].dtype)])
        first, last = ends.min(), ends.max()
        folder = self._lake.folder(ASSET, key)
        touched = [
            read_part(self._storage, folder, p, "rows").filter(pl.col("ts").is_between(first, last))
            for p in manifest.parts
            if p.first_ts is not None and p.last_ts is not None and p.first_ts <= last and first <= p.last_ts  # pyright: ignore[reportOperatorIssue]
        ]
        return last_by_bar(pl.concat([nothing, *touched]), "part_number").filter(~pl.col("is_withdrawn"))

    def _new_quarantine(self, key: PartitionKey, manifest: Manifest, rows: pl.DataFrame) -> pl.DataFrame:
        """The refused rows of a delivery that were not refused before in the same words."""
        if rows.is_empty() or not manifest.quarantine:
            return rows
        return not_refused_before(rows, self._rows(key, manifest, "quarantine"))

    def _is_held(self, folder: str) -> bool:
        return ManifestFiles(self._storage, folder).is_held()


def _says_nothing(manifest: Manifest, source: str, delivery: Delivery, n_withdrawn: int) -> bool:
    """True for a delivery without new rows that leaves its source where it was."""
    known = manifest.n_withdrawn_of(source, delivery.origin, delivery.span)
    return manifest.watermarks.get(source) == delivery.watermark and known == n_withdrawn


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
    if not is_changed or manifest.open_version == manifest.version:
        return manifest
    number = manifest.version + 1
    return manifest.model_copy(update={"version": number, "open_version": number})


def _record(
    source: str, delivery: Delivery, manifest: Manifest, found: Comparison, n_bad: int, n_gone: int
) -> DeliveryRecord:
    return DeliveryRecord(
        number=manifest.totals.n_deliveries + 1,
        source=source,
        origin=delivery.origin,
        origin_hash=delivery.origin_hash,
        fetched_at=delivery.fetched_at,
        version=manifest.version,
        n_rows_in=delivery.n_rows_in,
        n_new=found.n_new,
        n_known=found.n_known,
        n_completed=found.n_completed,
        n_restated=found.n_restated,
        n_quarantined=n_bad,
        n_quarantined_known=delivery.quarantine.height - n_bad,
        n_withdrawn=n_gone,
        restatement=found.restatement,
        details=delivery.details,
        span=delivery.span,
    )
