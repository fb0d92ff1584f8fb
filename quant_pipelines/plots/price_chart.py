"""Price chart: closes of one symbol with the calendar gaps marked.

Put here: drawing of the chart and its thinning to the screen's width.
Keep out: finding the gaps (quality report) and cleaning.
"""

from __future__ import annotations

import polars as pl
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

from quant_pipelines.plots._figure import BLUE, GRID, RED, Render, empty_figure, new_figure, png, titled

_MAX_POINTS = 1_500


def price_chart(bars: pl.DataFrame, gaps: pl.DataFrame, *, symbol: str, timeframe: str, render: Render = png) -> bytes:
    """Close over time as PNG; a red band for each gap, so that a missing week is seen at a glance.

    Long histories are cut into equal runs of bars and each run is drawn by its lowest and highest close:
    no spike disappears by thinning.

    Args:
        bars: table ``bars``.
        gaps: columns ``start``, ``end`` (UTC, open of the first and of the last missing bar), ``n_missing`` (bars).
        symbol: for the title.
        timeframe: for the title.
        render: PNG for the web UI, or SVG.
    """
    title = f"{symbol} {timeframe}: close [price units of the source]"
    if bars.is_empty():
        return empty_figure(title, "No bars.", render)
    figure, axes = new_figure()
    thin = _broken(thinned(bars.select("ts", "close")), gaps)
    axes.plot(thin["ts"].to_numpy(), thin["close"].fill_null(float("nan")).to_numpy(), color=BLUE, linewidth=0.8)
    for start, end in gaps.select("start", "end").iter_rows():
        axes.axvspan(start, end, color=RED, alpha=0.35, linewidth=1.2)
    first, last = bars["ts"][0], bars["ts"][-1]
    missing = int(gaps["n_missing"].sum()) if gaps.height else 0
    named = "gap" if gaps.height == 1 else "gaps"
    span = f"{bars.height:,} bars, {first:%Y-%m-%d} … {last:%Y-%m-%d} UTC"
    titled(axes, title, subtitle=f"{span}; {gaps.height:,} {named} (red), {missing:,} bars missing")
    axes.grid(axis="y", color=GRID)
    locator = AutoDateLocator()
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    return render(figure)


def thinned(series: pl.DataFrame) -> pl.DataFrame:
    """At most ``_MAX_POINTS`` points that keep every run's extremes, in time order."""
    if series.height <= _MAX_POINTS:
        return series
    run = series.height // (_MAX_POINTS // 2) + 1
    runs = series.with_row_index("row").with_columns(run=pl.col("row") // run)
    low = runs.group_by("run").agg(pl.all().sort_by("close").first())
    high = runs.group_by("run").agg(pl.all().sort_by("close").last())
    return pl.concat([low, high]).unique("row").sort("row").select("ts", "close")


def _broken(series: pl.DataFrame, gaps: pl.DataFrame) -> pl.DataFrame:
    """The points with an empty one at the start of each gap, so that no line crosses what is missing."""
    holes = gaps.select(ts=pl.col("start").cast(series.schema["ts"]), close=pl.lit(None, dtype=pl.Float64))
    return pl.concat([series, holes]).sort("ts")
