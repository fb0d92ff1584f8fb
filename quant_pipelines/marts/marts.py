"""Marts: small unpartitioned tables over all symbols, one per file of ``sql/marts``.

Put here: computing and storing of a mart.
Keep out: the SELECTs (sql/marts), reading of marts (lake/query.py) and the Dagster assets (assets/sql_marts.py).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist

import polars as pl

from quant_core.spec import ResearchSpec
from quant_pipelines.lake.facts import Facts, digest
from quant_pipelines.lake.lake import Lake
from quant_pipelines.lake.query import check_promises, run_select
from quant_pipelines.lake.sql_files import SQL_FOLDER, SqlFile, read_sql_files
from quant_pipelines.lake.unpartitioned import content_digest, publish_table, table_path


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

    ``fdr``, ``seasonality_q_max``: rates of false discoveries, fractions. ``seasonality_z``: normal quantile of the
    seasonal intervals.

    >>> from quant_core.spec import load_research
    >>> settings = mart_settings(load_research("market_stats: {fdr: 0.1}", "a.yaml"))
    >>> settings["fdr"], round(settings["seasonality_z"], 2)
    (0.1, 1.96)
    """
    profile = research.seasonality.spec.profile
    return {
        "fdr": research.market_stats.fdr,
        "seasonality_q_max": profile.q_max,
        "seasonality_z": NormalDist().inv_cdf(0.5 + profile.confidence / 2),
    }


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
    facts = _facts(file, lake, settings)
    is_written = publish_table(lake, file.name, frame, facts, schema_version=file.schema_version)
    return BuiltMart(frame, is_written, empty)


def _facts(file: SqlFile, lake: Lake, settings: Mapping[str, float]) -> Facts:
    """Provenance of a mart: all partitions it read, and the text of its SELECT."""
    inputs: list[object] = [sorted(settings.items())]
    for table in file.tables:
        if table.startswith("mart__"):
            inputs.append((table, content_digest(lake, table_path(table))))
        for key in [] if table.startswith("mart__") else lake.keys(table):
            facts = lake.facts(table, key)
            inputs.append((table, str(key), facts.provenance if facts else ""))
    return Facts(digest(json.dumps(inputs).encode()), file.version)
