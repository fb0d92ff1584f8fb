"""Stability map: the lift of every bin of one dimension, year by year.

Put here: drawing of the map.
Keep out: the numbers (table ``seasonality_stability``) and choosing dimension and metric (the caller filters).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from quant_core.seasonality.reading import reading_words
from quant_pipelines.plots._figure import LIFT_COLORS, MUTED, Render, empty_figure, new_figure, png, titled

_MAX_BINS = 32


def stability_map(
    stability: pl.DataFrame, *, title: str, n_eff: Mapping[str, float | None], render: Render = png
) -> bytes:
    """Lift per bin and year as PNG; blue above the baseline of the year, red below, white without a value.

    Args:
        stability: rows of ``seasonality_stability`` of one symbol, timeframe, dimension and metric.
        title: what was selected, and from which symbol and timeframe.
        n_eff: bin → effective sample size over all years; a dash is drawn where it is None or unknown.
        render: PNG for the web UI, or SVG.
    """
    yearly = stability.filter(~pl.col("period").str.starts_with("half")).sort("bin_order", "period")
    if yearly["lift"].drop_nulls().is_empty():
        return empty_figure(title, "No year with a lift.", render)
    bins = yearly["bin"].unique(maintain_order=True).to_list()[:_MAX_BINS]
    years = sorted(yearly["period"].unique())
    grid = np.full((len(bins), len(years)), np.nan)
    for name, year, lift in yearly.select("bin", "period", "lift").iter_rows():
        if name in bins and lift is not None:
            grid[bins.index(name), years.index(year)] = lift
    largest = float(np.nanmax(np.abs(grid))) or 1.0
    n_of = dict(yearly.group_by("bin").agg(pl.col("n").sum()).iter_rows())
    figure, axes = new_figure(width_inches=11.0, height_inches=1.5 + 0.26 * len(bins))
    image = axes.imshow(grid, aspect="auto", cmap=LIFT_COLORS, vmin=-largest, vmax=largest, interpolation="nearest")
    sizes = ["–" if n_eff.get(b) is None else f"{n_eff[b]:,.0f}" for b in bins]
    labels = [f"{b}  n {n_of[b]:,}  n_eff {size}" for b, size in zip(bins, sizes, strict=True)]
    axes.set_yticks(range(len(bins)), labels, fontsize=8)
    partial = set(yearly.filter("is_partial")["period"])
    axes.set_xticks(
        range(len(years)),
        [f"{y}*" if y in partial else y for y in years],
        fontsize=8,
        rotation=90 if len(years) > 20 else 0,
    )
    marked = f"; * bars lack in more than 2 % of its sessions: {counts_of(yearly)}" if partial else ""
    axes.set_xlabel(f"year of the bin{marked}", fontsize=8, color=MUTED)
    figure.colorbar(image, ax=axes, pad=0.01, label="lift").ax.tick_params(labelsize=8)
    titled(axes, f"{title} ({reading_words(yearly)})", subtitle="lift = value in the bin - value outside it, same year")
    return render(figure)


def counts_of(yearly: pl.DataFrame) -> str:
    """Sessions with bars, of those scheduled, of each partial year.

    >>> counts_of(pl.DataFrame({"period": ["2019", "2020"], "n_sessions": [40, 252],
    ...                         "n_sessions_scheduled": [252, 253], "is_partial": [True, False]}))
    '2019 has 40 of 252'
    """
    partial = yearly.filter("is_partial").select("period", "n_sessions", "n_sessions_scheduled").unique()
    shown = [f"{year} has {n:,} of {scheduled:,}" for year, n, scheduled in partial.sort("period").iter_rows()]
    more = f" and {len(shown) - 4} more years" if len(shown) > 4 else ""
    return ", ".join(shown[:4]) + more
