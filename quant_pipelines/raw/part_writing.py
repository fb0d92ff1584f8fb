"""Part writing: the files of one delivery, each of which tells how the store stands after it.

Put here: numbering, the order of a delivery's files, and the manifest that names them.
Keep out: which rows are stored (raw_store.py) and the form of a file (part_files.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from quant_pipelines.lake.storage import Storage
from quant_pipelines.raw.manifest_entries import DeliveryRecord, Part
from quant_pipelines.raw.part_files import (
    TABLE_OF,
    Kind,
    PartFacts,
    extended_hash,
    part_of,
    told_state,
    write_part,
)
from quant_pipelines.raw.raw_manifest import Manifest


@dataclass(frozen=True)
class NewPart:
    """Rows of a delivery that are to be stored; without rows nothing is written.

    Attributes:
        kind: rows or quarantine.
        rows: columns of its table; of kind rows also ``is_unfinished``.
        is_withdrawn: the source took them back.
    """

    kind: Kind
    rows: pl.DataFrame
    is_withdrawn: bool = False


def with_parts(
    storage: Storage,
    folder: str,
    manifest: Manifest,
    record: DeliveryRecord,
    watermark: dict[str, Any],
    new: Sequence[NewPart],
) -> Manifest:
    """Write the parts of a delivery and return the manifest after it; nothing is published yet.

    Args:
        storage: of the lake.
        folder: of the partition.
        manifest: before the delivery, with its version open.
        record: of the delivery, without numbers of parts.
        watermark: position of its source after it.
        new: what to store, in order.
    """
    filled = [part for part in new if part.rows.height]
    numbered = _numbered(manifest, filled)
    numbers = {
        kind: tuple(part.first for own, part in zip(filled, numbered, strict=True) if own.kind == kind)
        for kind in TABLE_OF
    }
    record = record.model_copy(update={"part_numbers": numbers["rows"], "quarantine_numbers": numbers["quarantine"]})
    counts = {
        "n_parts": manifest.n_parts + len(numbers["rows"]),
        "n_quarantine_parts": manifest.n_quarantine_parts + len(numbers["quarantine"]),
    }
    judged = {"judged_at": record.fetched_at} if numbers["rows"] else {}
    after = manifest.with_record(record, watermark).model_copy(update=counts | judged)
    for n, (own, part) in enumerate(zip(filled, numbered, strict=True), start=1):
        rows = own.rows.select(TABLE_OF[own.kind].schema.keys())
        facts = PartFacts(kind=own.kind, part=part, file_number=n, n_files=len(filled), state=told_state(after))
        after = with_part(after, own.kind, write_part(storage, folder, rows, facts))
    return after


def with_part(manifest: Manifest, kind: Kind, part: Part) -> Manifest:
    """The manifest with one more part as delivered."""
    extended = {"history_hash": extended_hash(manifest.history_hash, kind, part)}
    return manifest.with_parts_of(kind, (*manifest.parts_of(kind), part)).model_copy(update=extended)


def _numbered(manifest: Manifest, new: Sequence[NewPart]) -> list[Part]:
    """The entries of new parts, without hashes."""
    count = {"rows": manifest.n_parts, "quarantine": manifest.n_quarantine_parts}
    parts: list[Part] = []
    for own in new:
        count[own.kind] += 1
        parts.append(
            part_of(
                own.rows,
                own.kind,
                number=count[own.kind],
                version=manifest.version,
                is_withdrawn=own.is_withdrawn,
            )
        )
    return parts
