"""Facts: what a file of the lake says about itself, and the Parquet bytes that hold them.

Put here: the facts, their hashes, writing them into a file's footer and reading them back.
Keep out: where files lie (lake.py, unpartitioned.py) and what their schema should be (schemas.py).
"""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import asdict, dataclass, replace
from typing import Any, cast

import polars as pl

from quant_core.errors import DamagedFileError, LakeError
from quant_pipelines.lake.seal import END_BYTES, SEAL_FACT, Fault, footer_of, needed_end, seal_parquet, sealed_end
from quant_pipelines.lake.storage import Storage

_FACTS = "quant_engine"


@dataclass(frozen=True)
class Facts:
    """Where a file's rows come from; equal facts mean equal rows.

    Attributes:
        data_version: hash of the inputs' provenance, back to the raw parts.
        code_version: hash of the code that computed the rows.
        spec_id: hash of the part of the research spec that the rows depend on, "" where they depend on none.
        seed: seed of every random draw, or None where nothing is random.
        calendar: id of the symbol's calendar, where the table depends on it.
        schema_hash: hash of column names and types.
        schema_version: of the table's declaration that the file was written by; "" where the table is not declared,
            and in files older than schema versions.
    """

    data_version: str
    code_version: str
    spec_id: str = ""
    seed: int | None = None
    calendar: str = ""
    schema_hash: str = ""
    schema_version: str = ""

    @property
    def provenance(self) -> str:
        """One hash of all facts: the ``data_version`` of whatever is computed from this file.

        >>> Facts("a", "b").provenance == Facts("a", "b").provenance
        True
        >>> Facts("a", "b").provenance == Facts("a", "c").provenance
        False
        """
        return digest(json.dumps(asdict(self), sort_keys=True).encode())

    def same_inputs(self, other: Facts | None) -> bool:
        """True when the other file was made from the same inputs by the same code; the schema is an outcome.

        Whether a file in the lake may stay as it is also depends on its schema: ask ``Lake.is_current``.
        """
        schema = {} if other is None else {"schema_hash": other.schema_hash, "schema_version": other.schema_version}
        return replace(self, **schema) == other


def digest(content: bytes) -> str:
    """SHA-256 as 32 hex digits.

    >>> digest(b"")
    'e3b0c44298fc1c149afbf4c8996fb924'
    """
    return hashlib.sha256(content).hexdigest()[:32]


def columns_hash(frame: pl.DataFrame) -> str:
    """Hash of column names and types, in order.

    >>> columns_hash(pl.DataFrame({"x": [1]})) == columns_hash(pl.DataFrame({"x": [1.0]}))
    False
    """
    return digest(repr(list(frame.schema.items())).encode())


def to_parquet(frame: pl.DataFrame, facts: Facts | None = None) -> bytes:
    """A frame as zstd Parquet, sealed where it has facts; equal frames and facts give equal bytes."""
    if facts is not None:
        return sealed_parquet(frame, {_FACTS: json.dumps(asdict(facts), sort_keys=True)})
    return _written(frame, None)


def sealed_parquet(frame: pl.DataFrame, metadata: dict[str, str]) -> bytes:
    """A frame as zstd Parquet with keys and values in its footer, sealed; its pages do not depend on the footer."""
    return seal_parquet(_written(frame, {**metadata, SEAL_FACT: "1"}))


def _written(frame: pl.DataFrame, metadata: dict[str, str] | None) -> bytes:
    buffer = io.BytesIO()
    frame.rechunk().write_parquet(buffer, compression="zstd", statistics=True, metadata=metadata)
    return buffer.getvalue()


def stored_facts(storage: Storage, path: str) -> Facts:
    """The provenance of a file, of which only the end is read.

    Raises:
        DamagedFileError: the end of the file is not what was written.
        LakeError: the file is not there, or holds facts that this release does not know.
    """
    end, size = storage.read_end(path, END_BYTES)
    if (needed := needed_end(end, size)) > len(end):
        end, size = storage.read_end(path, needed)
    return facts_in(end, path, size=size)


def facts_in(end: bytes, path: str, *, size: int | None = None) -> Facts:
    """The provenance in a Parquet file.

    Args:
        end: the whole file, or its last bytes with all of its footer.
        path: how errors name the file.
        size: of the whole file in bytes, where ``end`` is not all of it.

    Raises:
        DamagedFileError: the end is not what was written, or the file holds no facts at all.
        LakeError: the file holds facts that this release does not know.
    """
    found = sealed_end(end, len(end) if size is None else size)
    if isinstance(found, Fault):
        raise DamagedFileError.at(path, kind=found.kind, found=found.found)
    text = _metadata(end, path).get(_FACTS)
    stored = None if text is None else _parsed(text)
    if stored is None:
        raise DamagedFileError.at(
            path, kind="foreign", found="it holds no provenance: this project did not write it, or not in this form"
        )
    if unknown := sorted(set(stored) - set(Facts.__dataclass_fields__)):
        raise LakeError(
            f"File {path} holds facts that this release does not know: expected {sorted(Facts.__dataclass_fields__)}, "
            f"found {unknown} besides. Read the lake with the release that wrote it, or move the file out of the lake "
            "and materialize again."
        )
    return Facts(**stored)


def _metadata(end: bytes, path: str) -> dict[str, str]:
    """Keys and values in a footer."""
    try:
        return pl.read_parquet_metadata(io.BytesIO(footer_of(end)))
    # A footer that was never sealed may be any bytes, and on some of them Polars panics.
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise DamagedFileError.at(path, kind="altered", found=f"its footer cannot be read ({error})") from error


def _parsed(text: str) -> dict[str, Any] | None:
    """Facts as they are stored; None where the text is none of ours."""
    try:
        stored = json.loads(text)
    except ValueError:
        return None
    facts = cast("dict[str, Any]", stored) if isinstance(stored, dict) else {}
    return facts if {"data_version", "code_version"} <= set(facts) else None
