"""Marts: small unpartitioned tables over all symbols, one per file of ``sql/marts``.

Put here: computing, storing and reading of a mart.
Keep out: the SELECTs (sql/marts) and the Dagster assets (assets/sql_marts.py).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from statistics import NormalDist

import polars as pl

from quant_core.errors import LakeError
from quant_core.spec import ResearchSpec
from quant_pipelines.lake.lake import Facts, Lake, digest, to_parquet
from quant_pipelines.lake.query import check_promises, run_select
from quant_pipelines.lake.sql_files import SQL_FOLDER, SqlFile, read_sql_files


@dataclass(frozen=True)
class BuiltMart:
    """What one build of a mart gave.

    Attributes:
        frame: the rows.
        is_written: False when the file already held exactly these rows.
        empty_inputs: tables the SELECT reads that have no partition yet.
    """

    frame: pl.DataFrame
    is_written: bool
    empty_inputs: tuple[str, ...]


def mart_files() -> list[SqlFile]:
    """Every mart, alphabetical."""
    return read_sql_files(SQL_FOLDER / "marts")


def mart_settings(research: ResearchSpec) -> dict[str, float]:
    """The numbers of a spec that marts read by ``getvariable``.

    ``fdr``: rate of false discoveries, fraction. ``seasonality_z``: normal quantile of the seasonal intervals.

    >>> from quant_core.spec import load_research
    >>> settings = mart_settings(load_research("market_stats: {fdr: 0.1}", "a.yaml"))
    >>> settings["fdr"], round(settings["seasonality_z"], 2)
    (0.1, 1.96)
    """
    confidence = research.seasonality.spec.profile.confidence
    return {"fdr": research.market_stats.fdr, "seasonality_z": NormalDist().inv_cdf(0.5 + confidence / 2)}


def build_mart(file: SqlFile, lake: Lake, settings: Mapping[str, float]) -> BuiltMart:
    """Compute a mart and publish it atomically; nothing is written when nothing changed.

    Args:
        file: the SELECT.
        lake: where its tables are.
        settings: numbers of the research spec for ``getvariable``, see ``mart_settings``.

    Raises:
        LakeError, DataContractError: see ``run_select`` and ``check_promises``; the old file stays.
    """
    empty = tuple(t for t in file.tables if not t.startswith("mart__") and not lake.keys(t))
    frame = check_promises(file, run_select(file, lake, settings=settings))
    content = to_parquet(
        frame, {"quant_engine": json.dumps(asdict(_facts(file, lake, frame, settings)), sort_keys=True)}
    )
    path = f"{file.name}/data.parquet"
    with lake.lock_table(file.name):
        changed = not lake.storage.exists(path) or lake.storage.read(path) != content
        if changed:
            lake.storage.clean_leftovers(file.name)
            lake.storage.write(path, content)
    return BuiltMart(frame, changed, empty)


def read_mart(name: str, lake: Lake) -> pl.DataFrame:
    """The rows of a mart.

    Raises:
        LakeError: the mart was never built.
    """
    path = f"{name}/data.parquet"
    if not lake.storage.exists(path):
        raise LakeError(f"Mart {name} is not in the lake at {lake.url}: expected it earlier. Run: qe launch marts")
    return pl.read_parquet(lake.storage.read(path))


def _facts(file: SqlFile, lake: Lake, frame: pl.DataFrame, settings: Mapping[str, float]) -> Facts:
    """Provenance of a mart: all partitions it read, and the text of its SELECT."""
    inputs: list[object] = [sorted(settings.items())]
    for table in file.tables:
        if table.startswith("mart__"):
            inputs.append((table, digest(lake.storage.read(f"{table}/data.parquet"))))
        for key in [] if table.startswith("mart__") else lake.keys(table):
            facts = lake.facts(table, key)
            inputs.append((table, str(key), facts.provenance if facts else ""))
    schema = digest(repr(list(frame.schema.items())).encode())
    return Facts(digest(json.dumps(inputs).encode()), file.version, schema_hash=schema)
