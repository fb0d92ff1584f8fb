"""The Parquet lake: one file per asset and partition, atomic, with its provenance inside.

Put here: paths, reading, writing and listing of partitions, and the facts stored in each file.
Keep out: raw parts and manifests (raw_store.py), what a table means (quant_core.tables), bytes on disk (storage.py).
"""

from __future__ import annotations

import hashlib
import io
import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import polars as pl

from quant_core.errors import LakeError
from quant_pipelines.lake.locks import Locks
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.lake.storage import Storage

_FACTS = "quant_engine"
_HIVE = {"symbol": pl.String, "timeframe": pl.String}


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
    """

    data_version: str
    code_version: str
    spec_id: str = ""
    seed: int | None = None
    calendar: str = ""
    schema_hash: str = ""

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
        """True when the other file was made from the same inputs by the same code; the schema is an outcome."""
        return other is not None and replace(self, schema_hash=other.schema_hash) == other


def digest(content: bytes) -> str:
    """SHA-256 as 32 hex digits.

    >>> digest(b"")
    'e3b0c44298fc1c149afbf4c8996fb924'
    """
    return hashlib.sha256(content).hexdigest()[:32]


def to_parquet(frame: pl.DataFrame, facts: dict[str, str] | None = None) -> bytes:
    """A frame as zstd Parquet; equal frames and facts give equal bytes."""
    buffer = io.BytesIO()
    frame.rechunk().write_parquet(buffer, compression="zstd", statistics=True, metadata=facts)
    return buffer.getvalue()


class Lake:
    """Tables by asset and partition: ``<asset>/symbol=<S>/timeframe=<TF>/data.parquet``.

    Args:
        url: a folder or any fsspec URL.
        lock_folder: where lock files live; default ``.locks`` in a local lake, the machine's temporary folder for
            an object store. Locks hold between processes of one machine: let one machine write to an object store.
        lock_timeout_s: how long a writer waits for another, in seconds.

    >>> lake = Lake("memory://lake_example")
    >>> key = PartitionKey("EURUSD", "H1")
    >>> lake.write("demo", key, pl.DataFrame({"x": [1]}), Facts("inputs", "code"))
    True
    >>> lake.write("demo", key, pl.DataFrame({"x": [1]}), Facts("inputs", "code"))
    False
    >>> lake.read("demo", key)["x"].to_list(), [str(k) for k in lake.keys("demo")]
    ([1], ['EURUSD|H1'])
    """

    def __init__(self, url: str, *, lock_folder: str | None = None, lock_timeout_s: float = 120.0) -> None:
        self.url = url
        self.storage = Storage(url)
        if lock_folder is None and self.storage.is_local:
            lock_folder = self.storage.locate(".locks")
        elif lock_folder is None:
            lock_folder = str(Path(tempfile.gettempdir()) / f"quant-engine-locks-{digest(url.encode())}")
        self._locks = Locks(lock_folder, lock_timeout_s)

    def folder(self, asset: str, key: PartitionKey) -> str:
        """The folder of one partition, relative to the lake."""
        return f"{asset}/symbol={key.symbol}/timeframe={key.timeframe}"

    def path(self, asset: str, key: PartitionKey) -> str:
        """The file of one partition, relative to the lake."""
        return f"{self.folder(asset, key)}/data.parquet"

    def location(self, asset: str, key: PartitionKey) -> str:
        """The file of one partition, as its file system names it; for other readers, such as DuckDB."""
        return self.storage.locate(self.path(asset, key))

    def exists(self, asset: str, key: PartitionKey) -> bool:
        """True when the partition was written."""
        return self.storage.exists(self.path(asset, key))

    def keys(self, asset: str) -> list[PartitionKey]:
        """Every partition of an asset that is in the lake, sorted."""
        return sorted(
            PartitionKey(symbol.rsplit("=", 1)[1], timeframe.rsplit("=", 1)[1])
            for symbol in self.storage.folders(asset)
            for timeframe in self.storage.folders(symbol)
            if self.storage.exists(f"{timeframe}/data.parquet")
        )

    def facts(self, asset: str, key: PartitionKey) -> Facts | None:
        """The provenance inside a partition's file, or None when there is no file."""
        if not self.exists(asset, key):
            return None
        return _facts_in(self._source(asset, key), self.path(asset, key))

    def read(self, asset: str, key: PartitionKey) -> pl.DataFrame:
        """One partition's rows.

        Raises:
            LakeError: the partition was never written; the text says which job writes it.
        """
        if not self.exists(asset, key):
            raise LakeError(
                f"Table {asset} of {key} is not in the lake at {self.url}: expected it to be materialized earlier. "
                f"Materialize {asset} for {key}, for example: qe launch research {key}"
            )
        return pl.read_parquet(self._source(asset, key), hive_partitioning=False)

    def scan(self, asset: str, keys: Sequence[PartitionKey]) -> pl.LazyFrame:
        """The rows of listed partitions, lazily, with columns ``symbol`` and ``timeframe``.

        Raises:
            LakeError: a listed partition is not there, or the list is empty.
        """
        missing = [str(k) for k in keys if not self.exists(asset, k)]
        if missing or not keys:
            raise LakeError(
                f"Table {asset} lacks {len(missing)} of {len(keys)} asked partitions, e.g. {missing[:3]}: expected a "
                "list of existing ones. Ask Lake.keys which exist."
            )
        if self.storage.is_local:
            paths = [self.location(asset, k) for k in keys]
            return pl.scan_parquet(paths, hive_partitioning=True, hive_schema=_HIVE, glob=False)
        return pl.concat(
            [
                pl.scan_parquet(self._source(asset, k), hive_partitioning=False).with_columns(
                    pl.lit(k.symbol).alias("symbol"), pl.lit(k.timeframe).alias("timeframe")
                )
                for k in keys
            ]
        )

    def write(self, asset: str, key: PartitionKey, frame: pl.DataFrame, facts: Facts) -> bool:
        """Publish a partition atomically; False when the file with these facts is already there.

        Hold the partition's lock while calling. The rows must already be in the table's order.
        """
        schema = digest(repr(list(frame.schema.items())).encode())
        complete = replace(facts, schema_hash=schema)
        if self.facts(asset, key) == complete:
            return False
        self.storage.clean_leftovers(self.folder(asset, key))
        self.storage.write(
            self.path(asset, key), to_parquet(frame, {_FACTS: json.dumps(asdict(complete), sort_keys=True)})
        )
        return True

    @contextmanager
    def lock(self, asset: str, key: PartitionKey) -> Iterator[None]:
        """Hold one partition against every other writer.

        Raises:
            PartitionLockedError: another process held it for longer than the timeout.
        """
        with self._locks.hold(f"{asset}/{key.symbol}/{key.timeframe}"):
            yield

    @contextmanager
    def lock_table(self, table: str) -> Iterator[None]:
        """Hold an unpartitioned table against every other writer.

        Raises:
            PartitionLockedError: another process held it for longer than the timeout.
        """
        with self._locks.hold(table):
            yield

    def _source(self, asset: str, key: PartitionKey) -> str | io.BytesIO:
        """What Polars reads from: a path, or the bytes of an object."""
        if self.storage.is_local:
            return self.location(asset, key)
        return io.BytesIO(self.storage.read(self.path(asset, key)))


def _facts_in(source: str | io.BytesIO, path: str) -> Facts:
    """Read the provenance from a Parquet footer."""
    text = pl.read_parquet_metadata(source).get(_FACTS)
    if text is None:
        raise LakeError(
            f"File {path} holds no provenance: expected a file written by this project. "
            "Delete it and materialize again."
        )
    return Facts(**json.loads(text))
