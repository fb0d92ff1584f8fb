"""The raw manifest: what was delivered for one symbol at its native timeframe, and where its rows are.

Put here: the manifest's fields, their meaning, and reading and writing of its text.
Keep out: the parts themselves and the rules of appending and restating (raw_store.py).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from quant_core.bars.history import Comparison, Restatement
from quant_core.errors import LakeError
from quant_core.model_parsing import first_fault
from quant_pipelines.lake.lake import digest
from quant_pipelines.sources.contract import Delivery, Instrument


class _Entry(BaseModel):
    """Settings of every manifest model: frozen, and a file with other keys is not ours."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Part(_Entry):
    """One immutable Parquet file.

    Attributes:
        path: relative to the partition's folder.
        content_hash: SHA-256 of the file.
        first_ts, last_ts: span of its rows; None in a quarantine part.
        unfinished_from: open of the first bar that was not complete when it was fetched, or None.
        is_withdrawn: the rows were taken back by the source: they are what was stored, and are not read as bars.
    """

    path: str
    content_hash: str
    n_rows: int
    first_ts: datetime | None = None
    last_ts: datetime | None = None
    unfinished_from: datetime | None = None
    is_withdrawn: bool = False


class DeliveryRecord(_Entry):
    """What one delivery held and what became of its rows.

    ``n_rows_in = n_new + n_known + n_completed + n_restated + n_quarantined + n_quarantined_known``; besides,
    ``n_withdrawn`` stored bars of its range are not in it: of its ``span``, or from its first to its last bar.
    """

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
    details: dict[str, Any]
    span: tuple[datetime, datetime] | None = None

    @classmethod
    def of(
        cls, source: str, delivery: Delivery, version: int, found: Comparison, n_bad: int, n_gone: int
    ) -> DeliveryRecord:
        """The record of a delivery.

        Args:
            source: its name.
            delivery: what it delivered.
            version: the version that the rows went to.
            found: what its rows meant.
            n_bad: refused rows that were new.
            n_gone: complete bars that it leaves out.
        """
        return cls(
            source=source,
            origin=delivery.origin,
            origin_hash=delivery.origin_hash,
            fetched_at=delivery.fetched_at,
            version=version,
            n_rows_in=delivery.n_rows_in,
            n_new=found.n_new,
            n_known=found.n_known,
            n_completed=found.n_completed,
            n_restated=found.n_restated,
            n_quarantined=n_bad,
            n_quarantined_known=delivery.quarantine.height - n_bad,
            n_withdrawn=n_gone,
            details=delivery.details,
            span=delivery.span,
        )


class Version(_Entry):
    """A state of the history: version k is read as the parts of versions 1 … k, later parts winning per bar."""

    number: int
    parts: tuple[Part, ...] = ()
    quarantine: tuple[Part, ...] = ()
    restatements: tuple[Restatement, ...] = ()


class Manifest(_Entry):
    """Everything known about the raw rows of one symbol at one native timeframe.

    Attributes:
        versions: oldest first; only the last one grows.
        deliveries: every delivery in order, for the audit.
        watermarks: position per source, for its next call.
        open_version: the version a delivery session that has not ended yet opened, or None.
        taken_in: per source, the fingerprint that it had when its rows were last asked for and taken in to the end.
            What a source has is new exactly when its fingerprint is another one.
    """

    instrument: Instrument
    versions: tuple[Version, ...] = (Version(number=1),)
    deliveries: tuple[DeliveryRecord, ...] = ()
    watermarks: dict[str, dict[str, Any]] = {}
    open_version: int | None = None
    taken_in: dict[str, str] = {}

    @property
    def current(self) -> Version:
        """The version that grows."""
        return self.versions[-1]

    @property
    def fetched_at(self) -> datetime | None:
        """When the last delivery left its source."""
        return self.deliveries[-1].fetched_at if self.deliveries else None

    def parts(self, version: int | None = None) -> list[Part]:
        """The parts of a version in the order they were stored; default the current one."""
        return [p for v in self.versions if version is None or v.number <= version for p in v.parts]

    def quarantine_parts(self, version: int | None = None) -> list[Part]:
        """The quarantine parts of a version; default the current one."""
        return [p for v in self.versions if version is None or v.number <= version for p in v.quarantine]

    @property
    def n_withdrawn_kept(self) -> int:
        """Stored bars that the latest delivery of a file, or of a span of a table, leaves out and that are kept."""
        if self.instrument.rules.withdrawn_rows == "remove":
            return 0
        files = {(d.source, d.origin): d.n_withdrawn for d in self.deliveries if d.span is None}
        return sum(files.values()) + _withdrawn_by_span(self.deliveries)

    def data_version(self, version: int | None = None) -> str:
        """Hash of the rows and of what decides how they are read; fetch times are not part of it."""
        kept = self.parts(version) + self.quarantine_parts(version)
        content = [[p.path, p.content_hash, str(p.unfinished_from)] for p in kept]
        facts = [self.instrument.calendar, self.instrument.rules.model_dump(mode="json")]
        withdrawn = [self.n_withdrawn_kept] if self.n_withdrawn_kept else []
        return digest(json.dumps([content, facts, *withdrawn]).encode())

    def to_text(self) -> str:
        """The manifest as JSON."""
        return self.model_dump_json(indent=1)

    @classmethod
    def of_text(cls, text: bytes, path: str) -> Manifest:
        """Read a manifest.

        Raises:
            LakeError: the file is not a manifest of this project.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            fault = first_fault(error)
            place = fault.path or "its start"
            raise LakeError(
                f"Manifest {path} is no manifest of this project: expected {fault.expected} at {place}, found "
                f"{str(fault.found)[:80]!r}. Copy its folder away, then restore the file from a backup."
            ) from error


def _withdrawn_by_span(deliveries: Iterable[DeliveryRecord]) -> int:
    """Withdrawn bars by the latest delivery of each span; an earlier one counts until later ones cover all of its."""
    latest: list[tuple[str, str, datetime, datetime, int]] = []
    for d in deliveries:
        if d.span is None:
            continue
        first, end = d.span
        kept: list[tuple[str, str, datetime, datetime, int]] = []
        for source, origin, start, stop, n in latest:
            if (source, origin) == (d.source, d.origin):
                start = end if first <= start < end else start  # noqa: PLW2901 - what is left of it
                stop = first if first < stop <= end else stop  # noqa: PLW2901
            kept += [(source, origin, start, stop, n)] if start < stop else []
        latest = kept + ([(d.source, d.origin, first, end, d.n_withdrawn)] if d.n_withdrawn else [])
    return sum(n for *_place, n in latest)
