"""Asset checks: what is found in the rows that a run writes, shown per key in the web UI.

Put here: the checks that every table has, and those that no SQL can say.
Keep out: rules for single tables (one file each in sql/checks), and cleaning: a check reports, it changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import polars as pl

from quant_core.errors import DataContractError, SchemaVersionError
from quant_core.tables import TABLES
from quant_pipelines.lake.partitions import Key, PartitionKey
from quant_pipelines.lake.query import run_select_on
from quant_pipelines.lake.sql_files import SQL_FOLDER, SqlFile, read_sql_files
from quant_pipelines.stages.check import Check, Finding
from quant_pipelines.stages.key_tables import KeyTables

_SHOWN_ROWS = 5


def discover_checks(assets: Sequence[str]) -> list[Check]:
    """The checks of the named assets: the contract of each, and every file of ``sql/checks``."""
    contracts = [contract_check(asset) for asset in assets if asset in TABLES]
    rules = [sql_check(file) for file in read_sql_files(SQL_FOLDER / "checks")]
    return sorted((c for c in [*contracts, *rules, REFUSED_ROWS] if c.asset in assets), key=lambda c: (c.asset, c.name))


def contract_check(asset: str) -> Check:
    """Hold the rows of an asset against its table contract."""
    table = TABLES[asset]
    return Check(
        asset,
        "satisfies_its_contract",
        f"Columns, types, nulls, bounds, the key {table.key} and the order of table `{asset}`.",
        partial(_breach, asset),
    )


def _breach(asset: str, tables: KeyTables, key: Key) -> Finding:
    if asset in tables.published:  # these very rows were validated before they were written
        return Finding(0, {"n_rows": tables.rows(asset).height})
    try:
        n_rows = TABLES[asset].validate(tables.rows(asset), where=str(key)).height
    except (DataContractError, SchemaVersionError) as error:
        return Finding(1, {"breach": str(error)})
    return Finding(0, {"n_rows": n_rows})


def sql_check(file: SqlFile) -> Check:
    """A file of ``sql/checks``: its SELECT names the offending rows of the asset in front of the double underscore."""
    asset, _, rule = file.name.partition("__")
    return Check(asset, rule, file.meaning, partial(_offenders, file))


def _offenders(file: SqlFile, tables: KeyTables, key: Key) -> Finding:
    names = {"symbol": key.symbol, "timeframe": key.timeframe} if isinstance(key, PartitionKey) else {}
    frames = {name: tables.rows(name).with_columns(**{k: pl.lit(v) for k, v in names.items()}) for name in file.tables}
    rows = run_select_on(file, frames)
    if not rows.height:
        return Finding(0)
    shown = rows.head(_SHOWN_ROWS).with_columns(pl.selectors.temporal().cast(pl.String)).to_dicts()
    return Finding(rows.height, {"first_rows": shown})


def _refused(tables: KeyTables, key: Key) -> Finding:
    reasons = tables.rows("quarantine")["reason"].value_counts(sort=True)
    counts = tables.rows("quality").filter(pl.col("n_rows") > 0).select("check", "n_rows")
    facts = {"quarantined_by_reason": dict(reasons.iter_rows()), "found_by_check": dict(counts.iter_rows())}
    return Finding(int(reasons["count"].sum()), facts)


REFUSED_ROWS = Check(
    "bars",
    "no_row_was_refused",
    "Rows of the source in `quarantine`, by reason, and everything the quality checks counted (`quality`). Refused "
    "rows are not in `bars`; look at them before trusting the rest of the file.",
    _refused,
    is_warning=True,
)
