"""Findings: the strongest cells of market_stats over all symbols and timeframes.

Put here: choosing and ordering rows of ``mart__market_stats_top``.
Keep out: ranking and correction (the mart's SELECT), and how findings look.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from quant_pipelines.lake.lake import Lake
from quant_pipelines.lake.query import read_mart
from quant_pipelines.reading.partitions import of_partitions

Order = Literal["q_value", "lift_freq", "lift_bayes"]

RANKS: Mapping[Order, str] = {"q_value": "rank", "lift_freq": "rank_lift_freq", "lift_bayes": "rank_lift_bayes"}
"""What findings are ordered by → the column of the mart that holds this order."""


@dataclass(frozen=True)
class Findings:
    """The binary cells that were asked for, strongest first.

    Attributes:
        rows: of ``mart__market_stats_top``.
        n_cells: binary cells of the split and the partitions, whatever their verdict.
        n_by_verdict: the same by global verdict, most frequent first; "" for cells without one.
        n_tested: cells in a family of tests.
        n_detectable: those that could have been found at all: some possible lift is, with the spec's power, at the
            first step of their family.
        median_mde: half of the detectable cells show lifts of this size or smaller; None without any.
    """

    rows: pl.DataFrame
    n_cells: int
    n_by_verdict: Mapping[str, int]
    n_tested: int
    n_detectable: int
    median_mde: float | None


def strongest_findings(
    lake: Lake,
    *,
    by: Order = "q_value",
    split: str = "oos_pooled",
    significant_only: bool = False,
    symbols: Sequence[str] = (),
    timeframes: Sequence[str] = (),
) -> Findings:
    """The cells of binary targets, smallest corrected q-value or largest absolute lift first.

    Args:
        lake: where the mart is.
        by: what they are ordered by.
        split: of the cells.
        significant_only: leaves out cells that are not significant over all symbols.
        symbols: all where empty.
        timeframes: all where empty.

    Raises:
        LakeError: the mart was never built, or from another schema.
    """
    mart = of_partitions(read_mart("mart__market_stats_top", lake), symbols, timeframes)
    cells = mart.filter(pl.col("split") == split, pl.col("target_kind") == "binary")
    counts = cells["verdict_global"].value_counts(sort=True)
    rows = cells.filter(pl.col("verdict_global") == "significant") if significant_only else cells
    tested = cells.filter(pl.col("q_value").is_not_null())
    detectable = tested["mde"].drop_nulls().to_numpy()
    return Findings(
        rows.sort(RANKS[by]),
        cells.height,
        {verdict or "": n for verdict, n in counts.iter_rows()},
        n_tested=tested.height,
        n_detectable=len(detectable),
        median_mde=float(np.median(detectable)) if len(detectable) else None,
    )
