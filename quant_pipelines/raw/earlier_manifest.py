"""Earlier manifests: those of releases that rewrote the list of all deliveries with every commit; and later ones.

Put here: the fields of earlier ones, the same facts as a manifest of this release, the refusal of later ones.
Keep out: the manifest of this release (raw_manifest.py).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, cast

from pydantic import Field, ValidationError

from quant_core.bars.history import Restatement
from quant_core.errors import LakeError
from quant_pipelines.lake.lake import digest
from quant_pipelines.raw.manifest_entries import DeliveryRecord, Entry, Part, Totals, VersionRestatement
from quant_pipelines.raw.raw_manifest import FORMAT, N_RESTATEMENTS, Manifest, no_manifest
from quant_pipelines.sources.contract import Instrument


class LaterManifestError(LakeError):
    """A manifest is of a release after this one: it is not damaged, and this release cannot read it."""


class _Part(Entry):
    path: str
    content_hash: str
    n_rows: int
    first_ts: datetime | None = None
    last_ts: datetime | None = None
    unfinished_from: datetime | None = None
    is_withdrawn: bool = False


class _Record(Entry):
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


class _Version(Entry):
    number: int
    parts: tuple[_Part, ...] = ()
    quarantine: tuple[_Part, ...] = ()
    restatements: tuple[Restatement, ...] = ()


class _EarlierManifest(Entry):
    instrument: Instrument
    versions: tuple[_Version, ...]
    deliveries: tuple[_Record, ...] = ()
    watermarks: dict[str, dict[str, Any]] = Field(default_factory=dict)
    open_version: int | None = None
    taken_in: dict[str, str] = Field(default_factory=dict)


def manifest_of_text(text: bytes, path: str) -> Manifest:
    """Read a manifest of this release or of an earlier one; the rows of an earlier one keep their data version.

    Raises:
        LaterManifestError: a later release wrote it.
        LakeError: the file is not a manifest of this project.
    """
    try:
        return Manifest.of_text(text, path)
    except LakeError:
        fields = _fields(text)  # asked only now: thousands of manifests are read at every tick
        if isinstance(fields.get("format"), int) and fields["format"] != FORMAT:
            raise LaterManifestError(
                f"Manifest {path} is of another release: expected format {FORMAT}, found {fields['format']}. Nothing "
                "is wrong with it; work on this lake with the release that wrote it."
            ) from None
        if not is_earlier(text):
            raise
    try:
        return _converted(_EarlierManifest.model_validate_json(text))
    except ValidationError as error:
        raise no_manifest(error, path) from error


def is_earlier(text: bytes) -> bool:
    """True for a manifest with versions and no format; what is no JSON is refused by whoever reads it next."""
    fields = _fields(text)
    return "versions" in fields and "format" not in fields


def _fields(text: bytes) -> dict[str, Any]:
    """The fields of a JSON object; none of any other text."""
    try:
        fields: object = json.loads(text)
    except ValueError:
        return {}
    return cast("dict[str, Any]", fields) if isinstance(fields, dict) else {}


def _converted(old: _EarlierManifest) -> Manifest:
    """The same facts as a manifest of this release."""
    parts = _numbered((v.number, part) for v in old.versions for part in v.parts)
    quarantine = _numbered((v.number, part) for v in old.versions for part in v.quarantine)
    records = _records(old, parts)
    totals, withdrawn = Totals(), dict[str, dict[str, int]]()
    for record in records:
        totals = totals.plus(record)
        withdrawn.setdefault(record.source, {})[record.origin] = record.n_withdrawn
    kept = {s: found for s, o in withdrawn.items() if (found := {k: n for k, n in o.items() if n})}
    restatements = [VersionRestatement(version=v.number, restatement=r) for v in old.versions for r in v.restatements]
    content = [[p.path, p.content_hash, str(p.unfinished_from)] for p in (*parts, *quarantine)]
    found = Manifest(
        format=2,
        instrument=old.instrument,
        version=old.versions[-1].number,
        n_parts=len(parts),
        n_quarantine_parts=len(quarantine),
        parts=parts,
        quarantine=quarantine,
        history_hash=digest(json.dumps(content).encode()),
        totals=totals.model_copy(update={"n_restatements": len(restatements)}),
        restatements=tuple(restatements[-N_RESTATEMENTS:]),
        recent=records,
        withdrawn=kept,
        watermarks=old.watermarks,
        open_version=old.open_version,
        taken_in=old.taken_in,
    )
    # What the earlier release called these rows: it hashed the list of the parts itself.
    return found.model_copy(update={"known_as": (found.data_version(), found.version_of(content))})


def _numbered(stored: Iterable[tuple[int, _Part]]) -> tuple[Part, ...]:
    """Earlier parts with the numbers of their order."""
    return tuple(
        Part(**part.model_dump(), first=n, last=n, version=version, is_sealed=False)
        for n, (version, part) in enumerate(stored, start=1)
    )


def _records(old: _EarlierManifest, parts: tuple[Part, ...]) -> tuple[DeliveryRecord, ...]:
    """The deliveries with the parts that each wrote: bars taken away first, then as many rows as were not known."""
    records: list[DeliveryRecord] = []
    at = quarantine_at = 0
    for number, delivery in enumerate(old.deliveries, start=1):
        own: list[int] = []
        n_rows = delivery.n_new + delivery.n_completed + delivery.n_restated
        if at < len(parts) and parts[at].is_withdrawn and delivery.n_withdrawn == parts[at].n_rows:
            own, at = [at + 1], at + 1
        if n_rows and at < len(parts) and parts[at].n_rows == n_rows:
            own, at = [*own, at + 1], at + 1
        bad = (quarantine_at + 1,) if delivery.n_quarantined else ()
        quarantine_at += len(bad)
        numbers: dict[str, Any] = {"part_numbers": tuple(own), "quarantine_numbers": bad}
        records.append(DeliveryRecord(number=number, **delivery.model_dump() | numbers))
    return tuple(records)
