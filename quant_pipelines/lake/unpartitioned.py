"""Unpartitioned tables and files: one file for all symbols, written under its lock and only when it changes.

Put here: publishing and reading of marts, the calibration table, reports, and whatever else has no partitions.
Keep out: partitions (lake.py), what a file says about itself (facts.py), and what the rows or pages mean.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, replace

import polars as pl

from quant_core.errors import LakeError
from quant_pipelines.lake.damage import fault_in_table, refuse_damage, rows_in
from quant_pipelines.lake.facts import Facts, columns_hash, digest, facts_in, to_parquet
from quant_pipelines.lake.lake import Lake
from quant_pipelines.lake.schemas import refuse_other_versions
from quant_pipelines.lake.seal import Fault


@dataclass(frozen=True)
class PublishedFile:
    """What became of a file.

    Attributes:
        location: as the lake's file system names it.
        content: what it holds now.
        is_written: False when it held exactly this before.
    """

    location: str
    content: bytes
    is_written: bool


def publish_file(
    lake: Lake,
    path: str,
    make: Callable[[bytes | None], bytes],
    *,
    fault_in: Callable[[bytes], Fault | None] = lambda _: None,
) -> PublishedFile:
    """Bring a file up to date atomically, under its lock; an equal content is not written again.

    What a killed writer of the file left beside it is removed.

    Args:
        lake: where the file lies.
        path: relative to the lake.
        make: old content, None where there is none → new content; give the old one back to leave the file alone.
        fault_in: what is wrong with the old content; where something is, the file is set aside and counts as missing.

    Raises:
        PartitionLockedError: another process holds the file for longer than the timeout.

    >>> lake = Lake("memory://unpartitioned_example")
    >>> publish_file(lake, "notes/a.txt", lambda old: b"one").is_written
    True
    >>> publish_file(lake, "notes/a.txt", lambda old: old or b"two").is_written
    False
    """
    with lake.lock_table(path):
        lake.storage.clean_leftovers_of(path)
        old = lake.storage.read(path) if lake.storage.exists(path) else None
        if old is not None and (fault := fault_in(old)) is not None:
            lake.set_aside(path, fault.kind)
            old = None
        content = make(old)
        is_written = content != old
        if is_written:
            lake.storage.write(path, content)
    return PublishedFile(lake.storage.locate(path), content, is_written)


REPORTS = "reports"
"""Folder of the pages, one per symbol."""


def table_path(name: str) -> str:
    """The file of an unpartitioned table, relative to the lake."""
    return f"{name}/data.parquet"


def table_exists(lake: Lake, name: str) -> bool:
    """True when the table was written."""
    return lake.storage.exists(table_path(name))


def publish_table(lake: Lake, name: str, frame: pl.DataFrame, facts: Facts, *, schema_version: str) -> bool:
    """Write a table with its facts; False when the file already holds exactly this.

    Args:
        lake: where it goes.
        name: of the table.
        frame: its rows, in the table's order.
        facts: what the rows depend on.
        schema_version: of the declaration that the rows keep to.
    """
    complete = replace(facts, schema_hash=columns_hash(frame), schema_version=schema_version)
    content = to_parquet(frame, complete)
    return publish_file(lake, table_path(name), lambda _: content, fault_in=fault_in_table).is_written


def read_table(lake: Lake, name: str, *, schema_version: str, command: str) -> pl.DataFrame:
    """The rows of an unpartitioned table.

    Args:
        lake: where it is.
        name: of the table.
        schema_version: of its present declaration.
        command: what writes it.

    Raises:
        LakeError: the table was never written.
        DamagedFileError: the file is not what was written.
        SchemaVersionError: another declaration of the table wrote it.
    """
    path = table_path(name)
    if not lake.storage.exists(path):
        raise LakeError(f"Table {name} is not in the lake at {lake.url}: expected it earlier. Run: {command}")
    content = lake.storage.read(path)
    refuse_damage(content, path)
    found = facts_in(content, path).schema_version
    refuse_other_versions(
        name,
        {path: found},
        lambda _: pl.read_parquet_schema(io.BytesIO(content)),
        expected=schema_version,
        command=command,
    )
    return rows_in(content, path)


def content_digest(lake: Lake, path: str) -> str | None:
    """Hash of a file's bytes, or None when there is no file."""
    return digest(lake.storage.read(path)) if lake.storage.exists(path) else None
