"""Whether a seasonal effect is there every year, or was only once.

Put here: profiles per calendar year and per half, and their summary per bin.
Keep out: the train-and-test verdict ``stable`` (profile.py).
"""

from __future__ import annotations

from itertools import pairwise

import polars as pl

from quant_core.bars import Bars
from quant_core.seasonality._bins import dimension_statistics
from quant_core.seasonality.profile import halves, rows_of, with_period_key
from quant_core.seasonality.settings import SeasonalityProfileSpec
from quant_core.tables.seasonality_stability import TABLE


def compute_stability(bars: Bars, spec: SeasonalityProfileSpec, *, n_threads: int = 1) -> pl.DataFrame:
    """The profile of each calendar year of session dates and of each half of the bars.

    Outcomes end inside their period: the last bars of a year have none. Periods are independent of each other, so
    a sign that holds in most of them is not the work of one of them.

    >>> spec = SeasonalityProfileSpec(metrics=("next_p_up",), by_dow=False)
    >>> rows = compute_stability(Bars.of(close=[1.0, 2.0] * 36), spec)
    >>> rows["period"].unique(maintain_order=True).to_list(), rows.height
    (['2024', 'half_1', 'half_2'], 72)
    """
    if len(bars) == 0:
        return TABLE.empty()
    years = bars.frame["session_date"].dt.year()
    periods: dict[str, Bars] = {}
    if spec.by_year:
        first = years.rle_id().to_numpy()
        starts = [0, *(int(i) + 1 for i in (first[1:] != first[:-1]).nonzero()[0]), len(bars)]
        periods = {str(years[a]): bars.slice(a, b) for a, b in pairwise(starts)}
    periods.update(zip(("half_1", "half_2"), halves(bars), strict=True))
    parts: list[pl.DataFrame] = []
    for period, part in periods.items():
        if len(part) == 0:
            continue
        statistics = dimension_statistics(
            part, spec.resolved_dimensions(), spec.resolved_metrics(), confidence=spec.confidence, n_threads=n_threads
        )
        parts.append(with_period_key(rows_of(statistics), bars, period))
    rows = TABLE.arranged(pl.concat(parts)).sort(TABLE.order)
    return TABLE.validate(rows, where=f"{bars.symbol} {bars.timeframe.value}")
