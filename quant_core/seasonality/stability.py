"""Whether a seasonal effect is there every year, or was only once.

Put here: profiles per calendar year and per half, and their summary per bin.
Keep out: the train-and-test verdict ``stable`` (_replication.py).
"""

from __future__ import annotations

import polars as pl

from quant_core.bars import Bars
from quant_core.seasonality._bins import dimension_statistics
from quant_core.seasonality._years import Period, years_by_dimension
from quant_core.seasonality.profile import halves, rows_of
from quant_core.seasonality.settings import SeasonalityProfileSpec
from quant_core.tables.seasonality_stability import TABLE


def compute_stability(bars: Bars, spec: SeasonalityProfileSpec, *, n_threads: int = 1) -> pl.DataFrame:
    """The profile of each year and of each half of the bars.

    A bar lies in the year of its bin: ISO weeks in ISO years, the turn from December to January in the year in which
    it ends, all others in the year of their date. A year in which bars lack, such as the first and the last one, is
    marked ``is_partial``. Outcomes end inside their period: the last bars of a year have none. Periods are independent
    of each other, so a sign that holds in most of them is not the work of one of them.

    >>> spec = SeasonalityProfileSpec(metrics=("next_p_up",), by_dow=False)
    >>> rows = compute_stability(Bars.of(close=[1.0, 2.0] * 36), spec)
    >>> rows["period"].unique(maintain_order=True).to_list(), rows.height
    (['2024', 'half_1', 'half_2'], 72)
    >>> rows.select("period", "n_sessions", "n_sessions_scheduled", "is_partial").row(0)
    ('2024', 3, 366, True)
    """
    dimensions = spec.resolved_dimensions()
    if len(bars) == 0 or not dimensions:
        return TABLE.empty()
    halved = [Period(name, half) for name, half in zip(("half_1", "half_2"), halves(bars), strict=True)]
    periods = [(dimensions, half) for half in halved if len(half.bars)]
    if spec.by_year:
        for years, mine in years_by_dimension(bars, dimensions):
            periods += [(mine, year) for year in years]
    parts: list[pl.DataFrame] = []
    for mine, period in periods:
        statistics = dimension_statistics(
            period.bars, mine, spec.resolved_metrics(), confidence=spec.confidence, n_threads=n_threads
        )
        parts.append(_of_period(rows_of(statistics), period))
    rows = TABLE.arranged(pl.concat(parts)).sort(TABLE.order)
    return TABLE.validate(rows, where=f"{bars.symbol} {bars.timeframe.value}")


def _of_period(rows: pl.DataFrame, period: Period) -> pl.DataFrame:
    """Add symbol, timeframe, period, and how much of the year its bars are."""
    added = {
        "symbol": period.bars.symbol,
        "timeframe": period.bars.timeframe.value,
        "period": period.name,
        "n_sessions": period.n_sessions,
        "n_sessions_scheduled": period.n_scheduled,
        "is_partial": period.is_partial,
    }
    return rows.with_columns(**{name: pl.lit(value, dtype=TABLE.schema[name]) for name, value in added.items()})
