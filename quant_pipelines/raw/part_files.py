"""Part files: raw rows in Parquet files that say themselves what they are.

Put here: writing parts and folds, reading them back with the part that each row came in, and what is wrong with a file.
Keep out: which parts there are (raw_manifest.py), which are folded (folding.py), what rows mean (raw_store.py).

A file is sealed (lake/seal.py), and its footer tells what a manifest knows of it and how the store stood after the
delivery: so manifests can be made again from parts.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import polars as pl
from pydantic import ValidationError

from quant_core.errors import LakeError
from quant_core.tables import TABLES, Table
from quant_pipelines.lake.facts import digest, sealed_parquet
from quant_pipelines.lake.schemas import refuse_other_raw_columns
from quant_pipelines.lake.seal import Fault, Sealed, fault_in_parquet, fault_of_nothing, sealed_end
from quant_pipelines.lake.storage import Storage
from quant_pipelines.raw.manifest_entries import Entry, Kind, Part
from quant_pipelines.raw.raw_manifest import Manifest

RAW, QUARANTINE = TABLES["raw_rows"], TABLES["quarantine"]

TABLE_OF: dict[Kind, Table] = {"rows": RAW, "quarantine": QUARANTINE}

MARKS = {
    "part_number": pl.UInt32(),
    "raw_version": pl.UInt32(),
    "is_unfinished": pl.Boolean(),
    "is_withdrawn": pl.Boolean(),
}
"""Columns beside those of the table: number and version of the part that a row was delivered in, and its marks."""

FOLDED = "_folded"
_FACT = "quant_engine_raw_part"
_MOST_TOLD = 16_384


class PartFacts(Entry):
    """What a part file says of itself.

    Attributes:
        kind: rows or quarantine.
        part: its entry in a manifest; path and hash are those of the file.
        file_number, n_files: which of the files of its delivery it is, and how many there are.
        state: the manifest after the delivery, without its files; ``history_hash`` is that before this file, of a fold
            that after the delivery. A watermark longer than 16 kB is left out: its source is asked from its start.
    """

    kind: Kind
    part: Part
    file_number: int
    n_files: int
    state: Manifest


def told_state(manifest: Manifest) -> Manifest:
    """The state that a part tells."""
    watermarks = {s: w for s, w in manifest.watermarks.items() if len(str(w)) <= _MOST_TOLD}
    nothing: dict[str, Any] = {"parts": (), "quarantine": (), "log": (), "taken_in": {}, "judged_at": None}
    return manifest.model_copy(update=nothing | {"watermarks": watermarks, "recent": manifest.recent[-1:]})


def part_of(rows: pl.DataFrame, kind: Kind, *, number: int, version: int, is_withdrawn: bool = False) -> Part:
    """The entry of rows that are delivered, before they have a file.

    Args:
        rows: the table's columns; of kind rows also ``is_unfinished``.
        kind: rows or quarantine.
        number: of the part.
        version: it belongs to.
        is_withdrawn: the source took them back.
    """
    name = "quarantine" if kind == "quarantine" else "part"
    path = f"_v{version}/{name}-{number:05d}.parquet"
    part = Part(path=path, content_hash="", n_rows=rows.height, first=number, last=number, version=version)
    if kind == "quarantine":
        return part
    span = rows.select(
        first_ts=pl.col("ts").min(),
        last_ts=pl.col("ts").max(),
        unfinished_from=pl.col("ts").filter(pl.col("is_unfinished")).min(),
    ).row(0, named=True)
    return part.model_copy(update={**span, "is_withdrawn": is_withdrawn})


def write_part(storage: Storage, folder: str, rows: pl.DataFrame, facts: PartFacts) -> Part:
    """Write a part file and return its entry with the hash of its pages."""
    told = facts.model_copy(update={"part": facts.part.model_copy(update={"content_hash": ""})})
    content = sealed_parquet(rows, {_FACT: told.model_dump_json()})
    storage.write(f"{folder}/{facts.part.path}", content)
    return facts.part.model_copy(update={"content_hash": pages_hash(content)})


def folded_part(storage: Storage, folder: str, parts: tuple[Part, ...], kind: Kind, state: Manifest) -> Part:
    """Write one file with the rows of several parts in a row, in their order, and return its entry.

    Raises:
        LakeError: a part is damaged or gone.
    """
    rows = read_parts(storage, folder, parts, kind)
    first, last = parts[0].first, parts[-1].last
    name = "quarantine" if kind == "quarantine" else "part"
    spans = [(p.first_ts, p.last_ts) for p in parts if p.first_ts is not None and p.last_ts is not None]
    part = Part(
        path=f"{FOLDED}/{name}-{first:08d}-{last:08d}.parquet",
        content_hash="",
        n_rows=rows.height,
        first=first,
        last=last,
        version=parts[-1].version,
        first_ts=min((s[0] for s in spans), default=None),
        last_ts=max((s[1] for s in spans), default=None),
    )
    return write_part(storage, folder, rows, PartFacts(kind=kind, part=part, file_number=1, n_files=1, state=state))


def read_part(storage: Storage, folder: str, part: Part, kind: Kind) -> pl.DataFrame:
    """The rows of a file in the order they were delivered, with ``MARKS``.

    Raises:
        LakeError: the file is gone or not what was written.
    """
    path = f"{folder}/{part.path}"
    content = storage.read(path)
    if (fault := fault_in_part(content, part)) is not None:
        raise LakeError(
            f"Part {path} is damaged: expected the checksums of what was written, found it {fault.kind} "
            f"({fault.found}). Rows of other parts are not touched by it. To see what can be restored: qe doctor"
        )
    rows, table = pl.read_parquet(content), TABLE_OF[kind]
    marks = rows.select(c for c in MARKS if c in rows.columns and c not in table.schema)
    rows = refuse_other_raw_columns(rows.drop(marks.columns), table, f"{part.path} of {folder}")
    return rows.hstack(marks) if part.is_folded else rows.with_columns(**_marks(part))


def read_parts(storage: Storage, folder: str, parts: Iterable[Part], kind: Kind) -> pl.DataFrame:
    """The rows of several files in their order, with ``MARKS``; none of no file.

    Raises:
        LakeError: a file is gone or not what was written.
    """
    return pl.concat([without_rows(kind), *(read_part(storage, folder, part, kind) for part in parts)])


def _marks(part: Part) -> dict[str, pl.Expr]:
    """The marks of a part as delivered, equal in all its rows but where a bar was unfinished."""
    late = pl.lit(value=False) if part.unfinished_from is None else pl.col("ts") >= part.unfinished_from
    return {
        "part_number": pl.lit(part.first, pl.UInt32),
        "raw_version": pl.lit(part.version, pl.UInt32),
        "is_unfinished": late,
        "is_withdrawn": pl.lit(part.is_withdrawn),
    }


def without_rows(kind: Kind) -> pl.DataFrame:
    """No rows, with the columns of ``read_part``."""
    return pl.DataFrame(schema={**TABLE_OF[kind].schema, **MARKS})


def fault_in_part(content: bytes, part: Part) -> Fault | None:
    """What is wrong with the bytes of a part file; None where they are what was written."""
    if fault := fault_of_nothing(content, len(content)):
        return fault
    if not content.endswith(b"PAR1"):
        return Fault("truncated", "its end is no end of a Parquet file")
    if not part.is_sealed:
        same = digest(content) == part.content_hash
        return None if same else Fault("altered", "its SHA-256 is not the one in its manifest")
    if (fault := fault_in_parquet(content)) is not None:
        return fault
    same = pages_hash(content) == part.content_hash
    return None if same else Fault("altered", "the SHA-256 of its pages is not the one in its manifest")


def pages_hash(content: bytes) -> str:
    """SHA-256 of the pages of a sealed file as 32 hex digits, "" without a seal: what is in the footer is not in it."""
    found = sealed_end(content, len(content))
    return found.sha.hex()[:32] if isinstance(found, Sealed) else ""


def facts_of(content: bytes, path: str) -> PartFacts | None:
    """What an intact file says of itself, with its hash; None where it is damaged, or written by an earlier release.

    Args:
        content: the file.
        path: relative to the partition's folder.
    """
    found = sealed_end(content, len(content)) if content else None
    if not isinstance(found, Sealed) or fault_in_parquet(content) is not None:
        return None
    try:
        facts = PartFacts.model_validate_json(pl.read_parquet_metadata(io.BytesIO(content)).get(_FACT, ""))
    except ValidationError:
        return None
    part = facts.part.model_copy(update={"content_hash": pages_hash(content)})
    return facts.model_copy(update={"part": part}) if part.path == path else None


def extended_hash(history_hash: str, kind: Kind, part: Part) -> str:
    """The hash of a history with one more delivered part: of rows, number, version and marks, not of times or files."""
    fields = (history_hash, kind, part.first, part.version, part.is_withdrawn, _text(part.unfinished_from))
    return digest("\n".join([*map(str, fields), part.content_hash]).encode())


def _text(moment: datetime | None) -> str:
    return "" if moment is None else moment.isoformat()
