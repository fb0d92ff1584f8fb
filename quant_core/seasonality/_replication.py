"""Whether a bin that the earlier part of the bars found shows on the later part, or why that cannot be said.

Put here: stability and replication of rows from two parts of the bars.
Keep out: profiles of the parts (profile.py) and those of single years (stability.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from quant_core.bars import Bars
from quant_core.dimensions import Dimension
from quant_core.estimators.cluster_robust_test import ClusterRobustTest
from quant_core.seasonality._years import n_whole_years

REPLICATION_LEVEL = 0.05
_PLACE = ("dimension", "bin", "metric")


@dataclass(frozen=True)
class Part:
    """A stretch of bars with its profile."""

    rows: pl.DataFrame
    bars: Bars


def with_replication(rows: pl.DataFrame, earlier: Part, later: Part, dimensions: Sequence[Dimension]) -> pl.DataFrame:
    """Set ``stability``, ``stable`` and ``replicated`` of rows of ``seasonality_profiles``.

    A bin is chosen on the earlier part alone: where it was significant there, the later part says whether the sign
    held. Bins that come round once a year need as many full years in the earlier part as a test needs clusters, and one
    in the later: a partial year would count as a repetition that it is not.

    Args:
        rows: to be completed; every row is kept.
        earlier: the part of the bars that chooses.
        later: the part that is looked at afterwards; it shares no bar with the earlier one.
        dimensions: of the profile.
    """
    first = earlier.rows.select(*_PLACE, _verdict="verdict", _lift="lift")
    second = later.rows.select(*_PLACE, _later_lift="lift", _later_p="p_value")
    joined = rows.join(first, on=_PLACE, how="left", maintain_order="left")
    joined = joined.join(second, on=_PLACE, how="left", maintain_order="left")
    short = _short_of_years([d for d in dimensions if d.cycle == "year"], earlier.bars, later.bars)
    same = pl.col("_lift").sign() == pl.col("_later_lift").sign()
    stability = (
        pl.when(pl.col("verdict").is_null())
        .then(None)
        .when(pl.col("dimension").is_in(short))
        .then(pl.lit("too_few_years"))
        .when(pl.col("_verdict").is_null() | (pl.col("_verdict") == "insufficient") | pl.col("_later_lift").is_null())
        .then(pl.lit("too_few_bars"))
        .when(pl.col("_verdict") == "underpowered")
        .then(pl.lit("underpowered"))
        .when(pl.col("_verdict") != "significant")
        .then(pl.lit("not_found"))
        .when(same)
        .then(pl.lit("stable"))
        .otherwise(pl.lit("unstable"))
    )
    is_stable = pl.col("stability") == "stable"
    checked = joined.with_columns(stability=stability).with_columns(
        stable=pl.when(pl.col("stability").is_in(["stable", "unstable"])).then(is_stable)
    )
    replicated = pl.when(pl.col("stable").is_not_null()).then(is_stable & (pl.col("_later_p") <= REPLICATION_LEVEL))
    # Without a later p-value "false" would be a finding of its own; an opposite sign is one without a test too.
    known = pl.col("_later_p").is_not_null() | ~is_stable
    return checked.with_columns(replicated=pl.when(known).then(replicated)).select(rows.columns)


def _short_of_years(dimensions: Sequence[Dimension], earlier: Bars, later: Bars) -> list[str]:
    """Those whose full years, as they count them, are too few to find a bin on one part and see it on the other.

    >>> from datetime import UTC, datetime
    >>> from quant_core.dimensions.month import Month
    >>> from quant_core.timeframes import Timeframe
    >>> days = Bars.of(close=[1.0] * 4100, start=datetime(2001, 1, 1, tzinfo=UTC), timeframe=Timeframe.D1)
    >>> [_short_of_years([Month()], days.head(n), days.slice(n, 4100)) for n in (3652, 3500)]
    [[], ['month(zone=session)']]
    """
    before, after = (n_whole_years(part, dimensions) for part in (earlier, later))
    least = ClusterRobustTest().min_blocks
    return [d.canonical for d in dimensions if before[d] < least or after[d] < 1]
