"""Bar counts: how many bars each partition holds.

Put here: drawing of the bars.
Keep out: counting (sql/marts).
"""

from __future__ import annotations

import polars as pl

from quant_pipelines.plots._figure import BLUE, empty_figure, new_figure, png, titled


def bar_counts(counts: pl.DataFrame) -> bytes:
    """Bars per partition as horizontal bars; PNG.

    Args:
        counts: columns ``symbol``, ``timeframe``, ``n_bars`` [count].
    """
    title = "Bars per partition [count]"
    if counts.is_empty():
        return empty_figure(title, "No bars.", png)
    figure, axes = new_figure()
    names = counts.select(pl.concat_str("symbol", "timeframe", separator=" ")).to_series()
    axes.barh(names.to_list(), counts["n_bars"].to_list(), color=BLUE)
    titled(axes, title)
    return png(figure)


MART_FIGURE = bar_counts
