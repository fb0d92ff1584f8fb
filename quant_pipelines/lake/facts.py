"""Facts: what a file of the lake says about itself, and the Parquet bytes that hold them.

Put here: the facts, their hashes, writing them into a file's footer and reading them back.
Keep out: where files lie (lake.py, unpartitioned.py) and what their schema should be (schemas.py).
"""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import asdict, dataclass, replace

import polars as pl

from quant_core.errors import LakeError

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
    """A frame as zstd Parquet; equal frames and facts give equal bytes."""
    buffer = io.BytesIO()
    metadata = None if facts is None else {_FACTS: json.dumps(asdict(facts), sort_keys=True)}
    frame.rechunk().write_parquet(buffer, compression="zstd", statistics=True, metadata=metadata)
    return buffer.getvalue()


def facts_in(source: str | io.BytesIO, path: str) -> Facts:
    """The provenance in a Parquet file.

    Args:
        source: what Polars reads from.
        path: how errors name the file.

    Raises:
        LakeError: the file holds none, or facts that this release does not know.
    """
    text = pl.read_parquet_metadata(source).get(_FACTS)
    if text is None:
        raise LakeError(
            f"File {path} holds no provenance: expected a file written by this project. "
            "Delete it and materialize again."
        )
    stored = json.loads(text)
    if unknown := sorted(set(stored) - set(Facts.__dataclass_fields__)):
        raise LakeError(
            f"File {path} holds facts that this release does not know: expected {sorted(Facts.__dataclass_fields__)}, "
            f"found {unknown} besides. Read the lake with the release that wrote it, or delete the file and "
            "materialize again."
        )
    return Facts(**stored)
