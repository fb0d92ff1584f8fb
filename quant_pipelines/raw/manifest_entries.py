"""Manifest entries: what a raw manifest and the delivery log say of single parts, deliveries, restatements and losses.

Put here: their fields and meaning.
Keep out: the manifest as a whole (raw_manifest.py).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

from quant_core.bars.history import Restatement

Kind: TypeAlias = Literal["rows", "quarantine"]
"""Of a part: rows that could be read, or that could not."""


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
    ``n_withdrawn`` stored bars of its range are not in it: of its ``span``, or from its first to its last bar.

    Attributes:
        number: deliveries are counted from 1.
        span: what the source said to deliver all of, from the first to the second exclusive; None for a file.
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
    span: tuple[datetime, datetime] | None = None


class WithdrawnSpan(Entry):
    """Stored bars that the latest delivery of a span leaves out.

    Attributes:
        first, end: the span, or what later deliveries left of it; the end is exclusive.
        n_rows: bars, at least one.
    """

    first: datetime
    end: datetime
    n_rows: int

    def less(self, span: tuple[datetime, datetime]) -> WithdrawnSpan | None:
        """What is left of it when a span was delivered again; None where all of it was.

        >>> spans = WithdrawnSpan(first=datetime(2024, 1, 1), end=datetime(2024, 1, 9), n_rows=2)
        >>> spans.less((datetime(2024, 1, 5), datetime(2024, 2, 1))).end.day, spans.less((spans.first, spans.end))
        (5, None)
        """
        first, end = span
        left = max(self.first, end) if first <= self.first else self.first
        right = min(self.end, first) if end >= self.end else self.end
        return self.model_copy(update={"first": left, "end": right}) if left < right else None


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
