"""SQL over the lake: runs one SELECT on the lake's Parquet files in a private, read-only DuckDB.

Put here: binding of table names to files, execution, and the promises of a SQL file's header.
Keep out: parsing of SQL files (sql_files.py), storing of results (marts.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cache
from typing import Any, cast

import duckdb
import polars as pl

from quant_core.errors import DataContractError, LakeError
from quant_core.tables import TABLES
from quant_pipelines.lake.facts import Facts
from quant_pipelines.lake.lake import Lake
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.lake.sql_files import FACTS_TABLE, SqlFile, mart_file
from quant_pipelines.lake.sql_functions import add_core_functions
from quant_pipelines.lake.unpartitioned import read_table

_HIVE_OPTIONS = "hive_partitioning = true, hive_types_autocast = false"


def run_select(
    file: SqlFile,
    lake: Lake,
    keys: Mapping[str, list[PartitionKey]] | None = None,
    settings: Mapping[str, float] | None = None,
) -> pl.DataFrame:
    """Run the SELECT of a file over the lake.

    Partition columns come from the paths as text (``symbol=007`` stays ``007``). A table without files is an
    empty table with its declared columns, so that a result has its right schema from the first day. The files
    are listed one by one: a file written meanwhile cannot half-appear.

    Args:
        file: the statement.
        lake: where the tables are.
        keys: partitions to read per table; a table that is not named here is read whole.
        settings: numbers of the research spec that the SELECT reads by ``getvariable('name')``.

    Raises:
        LakeError: a table is neither in the lake nor declared, or DuckDB refuses the statement.
        SchemaVersionError: files of a table were written by another declaration of it.
    """
    with duckdb.connect(config={"autoinstall_known_extensions": "false"}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        add_core_functions(connection)
        for name, value in (settings or {}).items():
            connection.execute(f"SET VARIABLE {name} = ?", [value])
        if file.reads_facts:
            _register(connection, FACTS_TABLE, facts_table(lake, file.tables))
        for name in file.tables:
            asked = (keys or {}).get(name)
            if name.startswith("mart__"):
                _bind_mart(connection, name, lake)
            else:
                _bind_partitions(connection, name, lake, lake.keys(name) if asked is None else asked)
        return _selected(connection, file)


def read_mart(name: str, lake: Lake) -> pl.DataFrame:
    """The rows of a mart.

    Raises:
        LakeError: the mart was never built.
        SchemaVersionError: it was built from another declaration of its columns.
        UnknownNameError: no file of ``sql/marts`` declares it.
    """
    return read_table(lake, name, schema_version=mart_file(name).schema_version, command="qe launch marts")


def _selected(connection: duckdb.DuckDBPyConnection, file: SqlFile) -> pl.DataFrame:
    """The rows of the SELECT, its tables being bound."""
    try:
        rows: Any = connection.sql(file.select).to_arrow_table()
    except duckdb.Error as error:
        raise LakeError(f"{file.name}.sql failed: {error}. Fix the SELECT.") from error
    return pl.DataFrame(pl.from_arrow(rows))


def run_select_on(file: SqlFile, frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Run the SELECT of a file over frames in hand instead of files.

    Args:
        file: the statement.
        frames: table → rows, for every table that the statement names.

    Raises:
        LakeError: DuckDB refuses the statement.
    """
    # A new connection takes ten times as long as a small SELECT; a cursor sees the same settings.
    with _in_memory().cursor() as connection:
        for name, frame in frames.items():
            _register(connection, name, frame)
        return _selected(connection, file)


@cache
def _in_memory() -> duckdb.DuckDBPyConnection:
    """An empty database of this process."""
    connection = duckdb.connect(config={"autoinstall_known_extensions": "false"})
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def _bind_mart(connection: duckdb.DuckDBPyConnection, name: str, lake: Lake) -> None:
    """Make the name of a mart stand for its file."""
    _register(connection, name, read_mart(name, lake))


def _bind_partitions(connection: duckdb.DuckDBPyConnection, name: str, lake: Lake, keys: list[PartitionKey]) -> None:
    """Make the name of a partitioned table stand for its files."""
    if not keys:
        _register(connection, name, empty_table(name))
    elif lake.storage.is_local:
        # DuckDB would fill a column that a file lacks with nulls, or fail in words of its own.
        lake.check_schemas(name, keys)
        _create_view(connection, name, [lake.location(name, key) for key in keys])
    else:
        _register(connection, name, lake.scan(name, keys).collect())


def _register(connection: duckdb.DuckDBPyConnection, name: str, frame: pl.DataFrame) -> None:
    """Make a name stand for rows in memory."""
    connection.register(name, cast("Any", frame.to_arrow()))


def facts_table(lake: Lake, tables: Sequence[str]) -> pl.DataFrame:
    """The provenance of every partition of some tables, marts left out."""
    rows = [
        {
            "table_name": name,
            "symbol": key.symbol,
            "timeframe": key.timeframe,
            **asdict(facts),
            "provenance": facts.provenance,
        }
        for name in tables
        if not name.startswith("mart__")
        for key in lake.keys(name)
        if (facts := lake.facts(name, key)) is not None
    ]
    types = {name: pl.Int64 if name == "seed" else pl.String for name in [*Facts.__dataclass_fields__, "provenance"]}
    return pl.DataFrame(rows, schema={"table_name": pl.String, "symbol": pl.String, "timeframe": pl.String, **types})


def empty_table(name: str) -> pl.DataFrame:
    """A table with its partition columns and no row.

    Raises:
        LakeError: the table is not declared in quant_core.tables.

    >>> empty_table("coverage").columns[-2:]
    ['symbol', 'timeframe']
    """
    if name not in TABLES:
        raise LakeError(
            f"Table {name} has no partition in the lake and no declaration in quant_core/tables. Declare it."
        )
    own = {column: dtype for column, dtype in TABLES[name].schema.items() if column not in ("symbol", "timeframe")}
    return pl.DataFrame(schema={**own, "symbol": pl.String, "timeframe": pl.String})


def _create_view(connection: duckdb.DuckDBPyConnection, name: str, files: list[str]) -> None:
    paths = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
    # Names come from the parse tree of our own SQL files and paths from the lake; a view takes no parameters.
    connection.execute(f'CREATE VIEW "{name}" AS SELECT * FROM read_parquet([{paths}], {_HIVE_OPTIONS})')  # noqa: S608


def check_promises(file: SqlFile, frame: pl.DataFrame) -> pl.DataFrame:
    r"""Return the frame unchanged if its columns and key are those of the header.

    Raises:
        DataContractError: a column is missing, undocumented or out of order, or the key is not unique.

    >>> from quant_pipelines.lake.sql_files import parse_sql_file
    >>> file = parse_sql_file("mart__x", "-- One row is one a.\n-- Key: a\n--   a | id | Name.\nSELECT 1 AS a")
    >>> check_promises(file, pl.DataFrame({"a": [1, 1]}))
    Traceback (most recent call last):
    quant_core.errors.DataContractError: Table mart__x breaks its contract: key ('a',) is not unique, e.g. [(1,)].
    """
    promised = [column.name for column in file.columns]
    if frame.columns != promised:
        raise DataContractError(
            f"Table {file.name} breaks its contract: the header promises {promised}, found {frame.columns}. "
            f"Fix the header's column lines or the SELECT of {file.name}.sql."
        )
    repeated = frame.filter(pl.struct(file.key).is_duplicated()).select(file.key)
    if repeated.height:
        sample = repeated.unique().head(2).rows()
        raise DataContractError(f"Table {file.name} breaks its contract: key {file.key} is not unique, e.g. {sample}.")
    return frame
