"""Quality counts: what the quality checks found, by check and partition.

Put here: choosing rows of ``mart__quality``.
Keep out: the checks (quant_core.quality) and how counts look.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from quant_pipelines.lake.lake import Lake
from quant_pipelines.lake.query import read_mart
from quant_pipelines.reading.partitions import of_partitions


def quality_counts(lake: Lake, symbols: Sequence[str] = ()) -> pl.DataFrame:
    """One row per partition and check that found something; a partition without findings has a row that says so.

    Raises:
        LakeError: the mart was never built, or from another schema.
    """
    mart = of_partitions(read_mart("mart__quality", lake), symbols, ())
    found = mart.filter(pl.col("n_rows") > 0).select("symbol", "timeframe", "check", "severity", "n_rows", "share")
    clean = mart.select("symbol", "timeframe").unique().join(found, on=["symbol", "timeframe"], how="anti")
    quiet = clean.with_columns(
        check=pl.lit("nothing found"), severity=pl.lit(""), n_rows=pl.lit(0, pl.Int64), share=pl.lit(0.0)
    )
    return pl.concat([found, quiet]).sort("symbol", "timeframe", "check")
