"""Damage: what is wrong with a published table's bytes, and where a damaged file is kept.

Put here: looking at the bytes of tables, and the place of files that are set aside.
Keep out: checksums (seal.py), moving (lake.py), which files a lake should hold (checks/lake_files.py).
"""

from __future__ import annotations

from hashlib import sha256

import polars as pl

from quant_core.errors import DamagedFileError
from quant_pipelines.lake.facts import facts_in
from quant_pipelines.lake.seal import DamageKind, Fault, fault_in_parquet, is_sealed

DAMAGED = "damaged"
"""Folder of the lake that holds what was set aside; nothing reads it."""


def refuse_damage(content: bytes | memoryview, path: str) -> None:
    """Raise unless the rows of a table are what was written, as far as the quick checksum says.

    Raises:
        DamagedFileError: they are not.
    """
    fault = fault_in_parquet(content, thorough=False)
    if fault is not None:
        raise DamagedFileError.at(path, kind=fault.kind, found=fault.found)


def rows_in(source: bytes | str, path: str) -> pl.DataFrame:
    """The rows of a table's file, from its bytes or its place on the local disk.

    Raises:
        DamagedFileError: they cannot be read: a file that was never sealed has no checksum to compare.
    """
    try:
        return pl.read_parquet(source, hive_partitioning=False)
    # Pages that were never sealed may be any bytes, and on some of them Polars panics.
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise DamagedFileError.at(path, kind="altered", found=f"its rows cannot be read ({error})") from error


def fault_in_table(content: bytes) -> Fault | None:
    """What is wrong with a table's file, looked through as a whole.

    A file that was never sealed is read: what its reader does not notice is not noticed.

    Raises:
        LakeError: the file holds facts that this release does not know.
    """
    fault = fault_in_parquet(content)
    if fault is not None or is_sealed(content):
        return fault
    try:
        facts_in(content, "")
        rows_in(content, "")
    except DamagedFileError as error:
        kind: DamageKind = "foreign" if error.kind == "foreign" else "altered"
        return Fault(kind, "it holds no provenance" if kind == "foreign" else "it cannot be read")
    return None


def damaged_place(path: str, kind: str, content: bytes) -> str:
    """Where a damaged file is kept: its path below ``damaged/``; equal damage has one place, other damage another.

    >>> damaged_place("bars/data.parquet", "empty", b"")
    'damaged/bars/data.parquet.empty-e3b0c44298fc'
    """
    return f"{DAMAGED}/{path}.{kind}-{sha256(content).hexdigest()[:12]}"
