"""Coverage heat map: symbol and timeframe against month, colored by the share of expected bars that exist.

Put here: drawing of the map.
Keep out: counting (table ``coverage``).
"""

from __future__ import annotations

from datetime import date
from typing import cast

import numpy as np
import polars as pl
from matplotlib.colors import LinearSegmentedColormap

from quant_pipelines.plots._figure import MUTED, Render, empty_figure, new_figure, png, titled

_MAX_ROWS = 40
_COLORS = LinearSegmentedColormap.from_list("coverage", ["#c23030", "#f2c14e", "#d7ecd9", "#0d8050"])


def coverage_heat_map(coverage: pl.DataFrame, *, render: Render = png) -> bytes:
    """Share of expected bars per month as PNG; white = outside the history, dark green = complete.

    Args:
        coverage: columns ``symbol``, ``timeframe``, ``month`` (date, first day), ``n_bars``, ``share`` (fraction, null
            where nothing was expected).
        render: PNG for the web UI, or SVG.
    """
    title = "Coverage: bars found / bars expected by the calendar [fraction], per month"
    if coverage.is_empty():
        return empty_figure(title, "No coverage rows.", render)
    labeled = coverage.with_columns(row=pl.concat_str("symbol", "timeframe", separator=" "))
    names = labeled["row"].unique(maintain_order=True).to_list()
    shown = names[:_MAX_ROWS]
    first, last = cast("date", labeled["month"].min()), cast("date", labeled["month"].max())
    months = cast("list[date]", pl.date_range(first, last, "1mo", eager=True).to_list())
    grid = _grid(labeled, shown, months)
    figure, axes = new_figure(height_inches=1.5 + 0.2 * len(shown))
    image = axes.imshow(grid, aspect="auto", cmap=_COLORS, vmin=0.0, vmax=1.0, interpolation="nearest")
    axes.set_yticks(range(len(shown)), shown, fontsize=8)
    step = max(len(months) // 10, 1)
    axes.set_xticks(range(0, len(months), step), [f"{m:%Y-%m}" for m in months[::step]], fontsize=8)
    axes.set_xlabel("month (UTC)", fontsize=8, color=MUTED)
    figure.colorbar(image, ax=axes, pad=0.01, label="share").ax.tick_params(labelsize=8)
    hidden = f"; first {_MAX_ROWS} of {len(names)} rows shown" if len(names) > len(shown) else ""
    titled(axes, title, subtitle=f"{coverage['n_bars'].sum():,} bars in {len(names)} partitions{hidden}")
    return render(figure)


def _grid(labeled: pl.DataFrame, rows: list[str], months: list[date]) -> np.ndarray:
    """Rows by months of shares; nan where the partition has no such month or nothing was expected."""
    grid = np.full((len(rows), len(months)), np.nan)
    row_of, column_of = {r: i for i, r in enumerate(rows)}, {m: i for i, m in enumerate(months)}
    for row, month, share in labeled.select("row", "month", "share").iter_rows():
        if row in row_of and share is not None:
            grid[row_of[row], column_of[month]] = share
    return grid


MART_FIGURE = coverage_heat_map
