"""The Parquet lake: one file per asset and partition, atomic, with its provenance inside.

Put here: paths, reading, writing and listing of partitions, and which stored schemas are refused.
Keep out: what a file says about itself (facts.py), tables without partitions (unpartitioned.py), raw parts and
manifests (raw_store.py), what a table means (quant_core.tables), bytes on disk (storage.py).
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import polars as pl

from quant_core.errors import DamagedFileError, LakeError
from quant_pipelines.lake.damage import damaged_place, refuse_damage, rows_in
from quant_pipelines.lake.facts import Facts, columns_hash, digest, stored_facts, to_parquet
from quant_pipelines.lake.locks import Locks
from quant_pipelines.lake.partition_folders import partitions_in
from quant_pipelines.lake.partitions import Key, PartitionKey
from quant_pipelines.lake.schemas import Schema, declared_version, refuse_mixed_columns, refuse_other_versions
from quant_pipelines.lake.storage import Storage

_HIVE = {"symbol": pl.String, "timeframe": pl.String}


def holds(facts: Facts, asset: str, stored: Mapping[str, Facts | None]) -> bool:
    """True when stored files are what would be written now: made from these inputs, in today's schemas.

    Args:
        facts: of the rows that would be written.
        asset: the table that carries the facts.
        stored: table → what its file says, None where there is none; the asset's and of those beside it.
    """
    return facts.same_inputs(stored[asset]) and all(
        found is not None and found.schema_version == declared_version(table) for table, found in stored.items()
    )


def _command_for(asset: str, key: Key) -> str:
    """What writes one file anew; tables of other keys than symbol and timeframe belong to jobs of their own."""
    return f"qe launch research '{key}'" if isinstance(key, PartitionKey) else f"the job that makes {asset}, for {key}"


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
        self._locks_beside = Locks(self.storage.root, lock_timeout_s) if self.storage.is_local else self._locks

    def folder(self, asset: str, key: Key) -> str:
        """The folder of one partition, relative to the lake."""
        return f"{asset}/{key.folder}".rstrip("/")

    def path(self, asset: str, key: Key) -> str:
        """The file of one partition, relative to the lake."""
        return f"{self.folder(asset, key)}/data.parquet"

    def location(self, asset: str, key: Key) -> str:
        """The file of one partition, as its file system names it; for other readers, such as DuckDB."""
        return self.storage.locate(self.path(asset, key))

    def exists(self, asset: str, key: Key) -> bool:
        """True when the partition was written."""
        return self.storage.exists(self.path(asset, key))

    def keys(self, asset: str) -> list[PartitionKey]:
        """Every partition of an asset that is in the lake, sorted; foreign folders are named in a warning."""
        return partitions_in(self.storage, asset, "data.parquet")

    def facts(self, asset: str, key: Key) -> Facts | None:
        """The provenance inside a partition's file, or None when there is no file.

        Raises:
            DamagedFileError: the end of the file, which holds it, is not what was written.
        """
        return stored_facts(self.storage, self.path(asset, key)) if self.exists(asset, key) else None

    def is_current(self, asset: str, key: Key, facts: Facts, *, beside: Sequence[str] = ()) -> bool:
        """True when nothing is to be written: the partition's files have these facts and today's schemas.

        Args:
            asset: name of the table.
            key: its partition.
            facts: what the rows depend on.
            beside: tables written for the same partition besides; each must be there in its present schema.
        """
        return holds(facts, asset, {table: self.facts(table, key) for table in (asset, *beside)})

    def check_schemas(self, asset: str, keys: Sequence[PartitionKey]) -> None:
        """Refuse to read partitions together that were written by other declarations, or with other columns.

        Raises:
            LakeError: a listed partition is not there, or the list is empty.
            SchemaVersionError: some were written by another declaration of the table, or their columns differ.
        """
        stored = {key: self.facts(asset, key) for key in keys}
        missing = [str(key) for key, facts in stored.items() if facts is None]
        if missing or not keys:
            raise LakeError(
                f"Table {asset} lacks {len(missing)} of {len(keys)} asked partitions, e.g. {missing[:3]}: expected a "
                "list of existing ones. Ask Lake.keys which exist."
            )
        self._refuse_other_schemas(asset, {key: facts for key, facts in stored.items() if facts is not None})

    def _refuse_other_schemas(self, asset: str, stored: Mapping[Key, Facts]) -> None:
        """Raise unless files of a table have the present schema version and the same columns."""
        keys = {str(key): key for key in stored}
        command = "qe backfill --stale" if len(keys) > 1 else _command_for(asset, next(iter(stored)))

        def schema_of(key: str) -> Schema:
            return pl.read_parquet_schema(self._source(asset, keys[key]))

        versions = {str(key): facts.schema_version for key, facts in stored.items()}
        refuse_other_versions(asset, versions, schema_of, expected=declared_version(asset), command=command)
        columns = {str(key): facts.schema_hash for key, facts in stored.items()}
        refuse_mixed_columns(asset, columns, schema_of, command=command)

    def read(self, asset: str, key: Key) -> pl.DataFrame:
        """One partition's rows, compared with their quick checksum.

        Raises:
            LakeError: the partition was never written; the text says which job writes it.
            DamagedFileError: the file is not what was written.
            SchemaVersionError: it was written by another declaration of the table.
        """
        if not self.exists(asset, key):
            raise LakeError(
                f"Table {asset} of {key} is not in the lake at {self.url}: expected it to be materialized earlier. "
                f"Materialize {asset} for {key}, for example: qe launch research '{key}'"
            )
        path = self.path(asset, key)
        self.refuse_damage(asset, [key])
        self._refuse_other_schemas(asset, {key: stored_facts(self.storage, path)})
        return rows_in(self.location(asset, key) if self.storage.is_local else self.storage.read(path), path)

    def refuse_damage(self, asset: str, keys: Sequence[Key]) -> None:
        """Compare partitions with their quick checksums; for readers that read all of them.

        Raises:
            DamagedFileError: a file is not what was written.
        """
        for path in (self.path(asset, key) for key in keys):
            with self.storage.view(path) as content:
                refuse_damage(content, path)

    def scan(self, asset: str, keys: Sequence[PartitionKey]) -> pl.LazyFrame:
        """The rows of listed partitions, lazily, with columns ``symbol`` and ``timeframe``.

        Raises:
            LakeError: a listed partition is not there, or the list is empty.
            SchemaVersionError: some were written by another declaration of the table, or their columns differ.
        """
        self.check_schemas(asset, keys)
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

    def write(self, asset: str, key: Key, frame: pl.DataFrame, facts: Facts) -> bool:
        """Publish a partition atomically; False when the file with these facts is already there.

        Hold the partition's lock while calling. The rows must already be in the table's order. A file that is found
        damaged is set aside.
        """
        complete = self.complete(asset, facts, frame)
        self.set_aside_unreadable(asset, key)
        if self.facts(asset, key) == complete:
            return False
        self.storage.clean_leftovers(self.folder(asset, key))
        self.storage.write(self.path(asset, key), to_parquet(frame, complete))
        return True

    def set_aside_unreadable(self, asset: str, key: Key) -> str | None:
        """Set a partition's file aside where its facts are damaged; hold the partition's lock while calling.

        Returns:
            Its new place, relative to the lake; None where nothing was damaged.
        """
        try:
            self.facts(asset, key)
        except DamagedFileError as error:
            return self.set_aside(error.path, error.kind)
        return None

    def set_aside(self, path: str, kind: str) -> str:
        """Move a file to ``damaged/``, where nothing reads it; hold its lock while calling.

        Returns:
            Its new place, relative to the lake.
        """
        place = damaged_place(path, kind, self.storage.read(path))
        self.storage.move(path, place)
        return place

    @staticmethod
    def complete(asset: str, facts: Facts, frame: pl.DataFrame) -> Facts:
        """The facts of a table's file that holds these rows."""
        return replace(facts, schema_hash=columns_hash(frame), schema_version=declared_version(asset))

    @contextmanager
    def lock(self, asset: str, key: Key) -> Generator[None, None, None]:
        """Hold one partition against every other writer.

        Raises:
            PartitionLockedError: another process held it for longer than the timeout.
        """
        with self._locks.hold(self.folder(asset, key).replace("symbol=", "").replace("timeframe=", "")):
            yield

    @contextmanager
    def lock_file(self, owner: str, path: str) -> Generator[None, None, None]:
        """Hold the file at a path as :meth:`lock` of its owner or :meth:`lock_table` does.

        Args:
            owner: name of the stage that writes the file, "" for a file without partitions.
            path: relative to the lake.

        Raises:
            PartitionLockedError: another process held it for longer than the timeout.
        """
        folder = path.rpartition("/")[0].partition("/")[2].replace("symbol=", "").replace("timeframe=", "")
        with self._locks.hold(f"{owner}/{folder}".rstrip("/") if owner else path):
            yield

    @contextmanager
    def lock_table(self, table: str) -> Generator[None, None, None]:
        """Hold an unpartitioned table against every other writer.

        Raises:
            PartitionLockedError: another process held it for longer than the timeout.
        """
        with self._locks.hold(table):
            yield

    @contextmanager
    def lock_beside(self, path: str) -> Generator[None, None, None]:
        """Hold a file that only saves time. A local one's lock lies beside it: a mere look leaves nothing elsewhere.

        Raises:
            PartitionLockedError: another process held it for longer than the timeout.
        """
        with self._locks_beside.hold(path):
            yield

    def _source(self, asset: str, key: Key) -> str | io.BytesIO:
        """What Polars reads from: a path, or the bytes of an object."""
        if self.storage.is_local:
            return self.location(asset, key)
        return io.BytesIO(self.storage.read(self.path(asset, key)))
