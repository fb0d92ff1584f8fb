"""The raw manifest: what was delivered for one symbol at its native timeframe, and where its rows are.

Put here: the manifest's fields, their meaning, and reading and writing of its text.
Keep out: manifests of earlier releases (earlier_manifest.py), the files that hold it (manifest_files.py), the rules of
appending and restating (raw_store.py).
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from quant_core.bars.history import Restatement
from quant_core.errors import LakeError
from quant_core.model_parsing import first_fault
from quant_pipelines.lake.lake import digest
from quant_pipelines.sources.contract import Instrument

N_RESTATEMENTS = 16
"""Restatements that the manifest itself names; the delivery log holds all."""


class Entry(BaseModel):
    """Settings of every manifest model: frozen, and a file with other keys is not ours."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Part(Entry):
    """One immutable Parquet file: a part as it was delivered, or several in a row folded into one.

    Delivered parts are counted through all versions; a fold keeps the number, version and marks of each row's part.

    Attributes:
        path: relative to the partition's folder.
        content_hash: SHA-256 of its pages where it is sealed, else (earlier releases) of the file.
        n_rows: rows in it.
        first, last: numbers of the first and the last delivered part in it; equal in a part as delivered.
        version: of its last delivered part.
        first_ts, last_ts: span of its rows; None in a quarantine part.
        unfinished_from: open of the first bar that was not complete when it was fetched, or None; of a fold, each row
            says so itself.
        is_withdrawn: the rows were taken back by the source: they are what was stored, and are not read as bars.
        is_sealed: it holds its own checksums and says what it is.
    """

    path: str
    content_hash: str
    n_rows: int
    first: int
    last: int
    version: int
    first_ts: datetime | None = None
    last_ts: datetime | None = None
    unfinished_from: datetime | None = None
    is_withdrawn: bool = False
    is_sealed: bool = True

    @property
    def is_folded(self) -> bool:
        """True for several delivered parts in one file."""
        return self.first < self.last


class DeliveryRecord(Entry):
    """What one delivery held and what became of its rows.

    ``n_rows_in = n_new + n_known + n_completed + n_restated + n_quarantined + n_quarantined_known``; besides,
    ``n_withdrawn`` stored bars of its range are not in it.

    Attributes:
        number: deliveries are counted from 1.
        part_numbers, quarantine_numbers: the delivered parts that hold its rows; none where all were known.
        restatement: what it changed of a known history, or None.
    """

    number: int
    source: str
    origin: str
    origin_hash: str
    fetched_at: datetime
    version: int
    n_rows_in: int
    n_new: int
    n_known: int
    n_completed: int
    n_restated: int
    n_quarantined: int
    n_quarantined_known: int
    n_withdrawn: int = 0
    part_numbers: tuple[int, ...] = ()
    quarantine_numbers: tuple[int, ...] = ()
    restatement: Restatement | None = None
    details: dict[str, Any]


class Totals(Entry):
    """Sums over all deliveries, in rows."""

    n_deliveries: int = 0
    n_rows_in: int = 0
    n_known: int = 0
    n_restated: int = 0
    n_quarantined: int = 0
    n_quarantined_known: int = 0
    n_restatements: int = 0

    def plus(self, record: DeliveryRecord) -> Totals:
        """The sums with one more delivery."""
        return Totals(
            n_deliveries=self.n_deliveries + 1,
            n_rows_in=self.n_rows_in + record.n_rows_in,
            n_known=self.n_known + record.n_known,
            n_restated=self.n_restated + record.n_restated,
            n_quarantined=self.n_quarantined + record.n_quarantined,
            n_quarantined_known=self.n_quarantined_known + record.n_quarantined_known,
            n_restatements=self.n_restatements + (record.restatement is not None),
        )


class VersionRestatement(Entry):
    """A restatement and the version that holds it."""

    version: int
    restatement: Restatement


class LogPiece(Entry):
    """One file of the delivery log.

    Attributes:
        path: relative to the partition's folder.
        records_hash: SHA-256 of the file.
        first, last: numbers of the first and the last delivery in it.
        n_records: deliveries in it.
    """

    path: str
    records_hash: str
    first: int
    last: int
    n_records: int


class Loss(Entry):
    """What a repair that a person asked for could not restore.

    Attributes:
        what: ``rows``, ``quarantine`` or ``log``.
        first, last: numbers of the delivered parts, or of the deliveries of the log.
        n_rows: rows or deliveries of it; None where nothing says how many there were.
        n_restored: rows of its span that its source still had, stored again as a delivery of their own.
        first_ts, last_ts: span of its rows, where known.
    """

    what: Literal["rows", "quarantine", "log"]
    first: int
    last: int
    n_rows: int | None
    n_restored: int = 0
    first_ts: datetime | None = None
    last_ts: datetime | None = None

    @property
    def is_open(self) -> bool:
        """True for rows that a source may still have."""
        return self.what != "log" and (self.n_rows is None or self.n_restored < self.n_rows)

    def __str__(self) -> str:
        of = "deliveries" if self.what == "log" else f"delivered parts of {self.what}"
        count = "an unknown number of" if self.n_rows is None else f"{self.n_rows:,}"
        span = "" if self.first_ts is None else f" from {self.first_ts:%Y-%m-%d %H:%M} to {self.last_ts:%Y-%m-%d %H:%M}"
        lost = "records" if self.what == "log" else "rows"
        return f"{of} {self.first} to {self.last}: {count} {lost}{span}, {self.n_restored:,} of them restored"


class Manifest(Entry):
    """Everything known about the raw rows of one symbol at one native timeframe.

    Its size does not grow with the number of deliveries: it names files, and the deliveries before ``recent`` are in
    the delivery log.

    Attributes:
        version: the version that grows; version k is read as the parts of versions 1 … k, later parts winning per bar.
        n_parts, n_quarantine_parts: delivered so far; the next one has the next number.
        parts, quarantine: the files with the rows, in order of their numbers.
        history_hash: hash over every delivered part, one after another: of the rows, and not of how they are filed.
        known_as: (what ``data_version`` is now, what an earlier release called the same rows), or None.
        totals: sums over all deliveries.
        restatements: the latest ones.
        recent: the latest deliveries in order.
        log: the files with all earlier ones.
        withdrawn: source → origin → stored bars that its latest delivery leaves out; only where there are any.
        watermarks: position per source, for its next call.
        open_version: the version a delivery session that has not ended yet opened, or None.
        taken_in: per source, the fingerprint that it had when its rows were last asked for and taken in to the end.
            What a source has is new exactly when its fingerprint is another one.
        losses: what repairs could not restore.
    """

    format: Literal[2]
    instrument: Instrument
    version: int = 1
    n_parts: int = 0
    n_quarantine_parts: int = 0
    parts: tuple[Part, ...] = ()
    quarantine: tuple[Part, ...] = ()
    history_hash: str = ""
    known_as: tuple[str, str] | None = None
    totals: Totals = Totals()
    restatements: tuple[VersionRestatement, ...] = ()
    recent: tuple[DeliveryRecord, ...] = ()
    log: tuple[LogPiece, ...] = ()
    withdrawn: dict[str, dict[str, int]] = {}
    watermarks: dict[str, dict[str, Any]] = {}
    open_version: int | None = None
    taken_in: dict[str, str] = {}
    losses: tuple[Loss, ...] = ()

    @property
    def latest(self) -> DeliveryRecord:
        """The last delivery; a stored manifest has one."""
        return self.recent[-1]

    @property
    def fetched_at(self) -> datetime | None:
        """When the last delivery left its source."""
        return self.recent[-1].fetched_at if self.recent else None

    @property
    def n_withdrawn_kept(self) -> int:
        """Stored bars that the latest delivery of a file leaves out and that are kept nevertheless."""
        kept = sum(n for origins in self.withdrawn.values() for n in origins.values())
        return 0 if self.instrument.rules.withdrawn_rows == "remove" else kept

    def files(self) -> set[str]:
        """Paths of the files that it names."""
        return {named.path for named in (*self.parts, *self.quarantine, *self.log)}

    def data_version(self) -> str:
        """Hash of the rows and of what decides how they are read; neither fetch times nor files are part of it."""
        facts = [self.instrument.calendar, self.instrument.rules.model_dump(mode="json")]
        withdrawn = [self.n_withdrawn_kept] if self.n_withdrawn_kept else []
        now = digest(json.dumps([self.history_hash, facts, *withdrawn]).encode())
        return self.known_as[1] if self.known_as is not None and self.known_as[0] == now else now

    def with_record(self, record: DeliveryRecord, watermark: dict[str, Any]) -> Manifest:
        """The manifest after a delivery, but for its files.

        Args:
            record: what was delivered.
            watermark: position of its source after it.
        """
        origins = {o: n for o, n in self.withdrawn.get(record.source, {}).items() if o != record.origin}
        origins |= {record.origin: record.n_withdrawn} if record.n_withdrawn else {}
        withdrawn = {source: n for source, n in self.withdrawn.items() if source != record.source}
        found = record.restatement
        new = () if found is None else (VersionRestatement(version=record.version, restatement=found),)
        return self.model_copy(
            update={
                "totals": self.totals.plus(record),
                "restatements": (*self.restatements, *new)[-N_RESTATEMENTS:],
                "recent": (*self.recent, record),
                "withdrawn": withdrawn | ({record.source: origins} if origins else {}),
                "watermarks": {**self.watermarks, record.source: watermark},
            }
        )

    def to_text(self) -> str:
        """The manifest as JSON."""
        return self.model_dump_json(indent=1)

    @classmethod
    def of_text(cls, text: bytes, path: str) -> Manifest:
        """Read a manifest of this release.

        Raises:
            LakeError: the file is not a manifest of this project.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise no_manifest(error, path) from error


def no_manifest(error: ValidationError, path: str) -> LakeError:
    """The refusal of a text that is no manifest."""
    fault = first_fault(error)
    place = fault.path or "its start"
    return LakeError(
        f"Manifest {path} is no manifest of this project: expected {fault.expected} at {place}, found "
        f"{str(fault.found)[:80]!r}. It is made again from its copy or its parts by: qe doctor --repair"
    )
