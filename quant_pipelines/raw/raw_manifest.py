"""The raw manifest: what was delivered for one symbol at its native timeframe, and where its rows are.

Put here: the manifest's fields, their meaning, and reading and writing of its text.
Keep out: its entries (manifest_entries.py), manifests of earlier releases (earlier_manifest.py), the files that hold it
(manifest_files.py), the rules of appending and restating (raw_store.py).
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Literal, TypeAlias, TypeVar

from pydantic import Field, ValidationError

from quant_core.errors import LakeError
from quant_core.model_parsing import first_fault
from quant_pipelines.lake.lake import digest
from quant_pipelines.raw.clock import Ahead
from quant_pipelines.raw.manifest_entries import (
    DeliveryRecord,
    Entry,
    Kind,
    LogPiece,
    Loss,
    Part,
    Totals,
    VersionRestatement,
    WithdrawnSpan,
)
from quant_pipelines.sources.contract import Instrument

_T = TypeVar("_T")
_Spans: TypeAlias = dict[str, dict[str, tuple[WithdrawnSpan, ...]]]

FORMAT = 2
"""Of manifests of this release."""

N_RESTATEMENTS = 16
"""Restatements that the manifest itself names; the delivery log holds all."""


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
        withdrawn_spans: the same of sources that deliver spans.
        watermarks: position per source, for its next call.
        open_version: the version a delivery session that has not ended yet opened, or None.
        taken_in: per source, the fingerprint that it had when its rows were last asked for and taken in to the end.
            What a source has is new exactly when its fingerprint is another one.
        judged_at: when the last delivery with rows to store left its source: which bars are complete is judged by it,
            and so is a matter of the rows.
        ahead: source → bars that had not begun when they were fetched; only where there are any.
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
    withdrawn: dict[str, dict[str, int]] = Field(default_factory=dict[str, dict[str, int]])
    withdrawn_spans: _Spans = Field(default_factory=dict[str, dict[str, tuple[WithdrawnSpan, ...]]])
    watermarks: dict[str, dict[str, Any]] = Field(default_factory=dict[str, dict[str, Any]])
    open_version: int | None = None
    taken_in: dict[str, str] = Field(default_factory=dict[str, str])
    judged_at: datetime | None = None
    ahead: dict[str, Ahead] = Field(default_factory=dict[str, Ahead])
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
        """Stored bars that the latest delivery of a file, or of a span of a table, leaves out and that are kept."""
        kept = sum(n for origins in self.withdrawn.values() for n in origins.values())
        by_origin = (spans for origins in self.withdrawn_spans.values() for spans in origins.values())
        kept += sum(span.n_rows for spans in by_origin for span in spans)
        return 0 if self.instrument.rules.withdrawn_rows == "remove" else kept

    def with_ahead(self, source: str, ahead: Ahead | None) -> Manifest:
        """The manifest with what lies ahead of the clock in a source; itself where that is known."""
        if self.ahead.get(source) == ahead:
            return self
        others = {s: a for s, a in self.ahead.items() if s != source}
        return self.model_copy(update={"ahead": others | ({source: ahead} if ahead is not None else {})})

    def parts_of(self, kind: Kind) -> tuple[Part, ...]:
        """The files of a kind, in order of their numbers."""
        return self.parts if kind == "rows" else self.quarantine

    def with_parts_of(self, kind: Kind, parts: tuple[Part, ...]) -> Manifest:
        """The manifest with other files of a kind."""
        return self.model_copy(update={"parts" if kind == "rows" else "quarantine": parts})

    def files(self) -> set[str]:
        """Paths of the files that it names."""
        return {named.path for named in (*self.parts, *self.quarantine, *self.log)}

    def data_version(self) -> str:
        """Hash of the rows and of what decides how they are read; neither fetch times nor files are part of it."""
        now = self.version_of(self.history_hash)
        return self.known_as[1] if self.known_as is not None and self.known_as[0] == now else now

    def version_of(self, history: object) -> str:
        """Hash of a JSON-able account of the rows, and of what decides how they are read."""
        facts = [self.instrument.calendar, self.instrument.rules.model_dump(mode="json")]
        withdrawn = [self.n_withdrawn_kept] if self.n_withdrawn_kept else []
        return digest(json.dumps([history, facts, *withdrawn]).encode())

    def with_record(self, record: DeliveryRecord, watermark: dict[str, Any]) -> Manifest:
        """The manifest after a delivery, but for its files.

        Args:
            record: what was delivered.
            watermark: position of its source after it.
        """
        found = record.restatement
        new = () if found is None else (VersionRestatement(version=record.version, restatement=found),)
        return self.model_copy(
            update={
                "totals": self.totals.plus(record),
                "restatements": (*self.restatements, *new)[-N_RESTATEMENTS:],
                "recent": (*self.recent, record),
                **self._withdrawn_after(record),
                "watermarks": {**self.watermarks, record.source: watermark},
            }
        )

    def n_withdrawn_of(self, source: str, origin: str, span: tuple[datetime, datetime] | None) -> int:
        """What is known of the bars that a file, or a span of a table, leaves out."""
        if span is None:
            return self.withdrawn.get(source, {}).get(origin, 0)
        spans = self.withdrawn_spans.get(source, {}).get(origin, ())
        return sum(known.n_rows for known in spans if known.less(span) != known)

    def _withdrawn_after(self, record: DeliveryRecord) -> dict[str, Any]:
        """The counts of withdrawn bars after a delivery; an earlier span counts until later ones cover all of it."""
        source, origin, n = record.source, record.origin, record.n_withdrawn
        if record.span is None:
            return {"withdrawn": _with_entry(self.withdrawn, source, origin, n)}
        spans = self.withdrawn_spans.get(source, {}).get(origin, ())
        left = [rest for known in spans if (rest := known.less(record.span)) is not None]
        left += [WithdrawnSpan(first=record.span[0], end=record.span[1], n_rows=n)] if n else []
        return {"withdrawn_spans": _with_entry(self.withdrawn_spans, source, origin, tuple(left))}

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


def _with_entry(entries: dict[str, dict[str, _T]], source: str, origin: str, value: _T) -> dict[str, dict[str, _T]]:
    """Entries by source and origin with one of them set, or left out where it is empty."""
    origins = {o: v for o, v in entries.get(source, {}).items() if o != origin} | ({origin: value} if value else {})
    others = {s: o for s, o in entries.items() if s != source}
    return others | ({source: origins} if origins else {})


def no_manifest(error: ValidationError, path: str) -> LakeError:
    """The refusal of a text that is no manifest."""
    fault = first_fault(error)
    place = fault.path or "its start"
    return LakeError(
        f"Manifest {path} is no manifest of this project: expected {fault.expected} at {place}, found "
        f"{str(fault.found)[:80]!r}. It is made again from its copy or its parts by: qe doctor --repair"
    )
