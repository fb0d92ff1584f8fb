"""Quality counts: how many rows each check found, and what happened to them.

Put here: drawing of the bars.
Keep out: the checks that count (quant_core.quality).
"""

from __future__ import annotations

from typing import cast

import polars as pl

from quant_pipelines.plots._figure import (
    BLUE,
    GRAY,
    GRID,
    MUTED,
    ORANGE,
    RED,
    Render,
    empty_figure,
    new_figure,
    png,
    titled,
)

_SEVERITY_COLORS = {"quarantined": RED, "unreadable": GRAY, "dropped": ORANGE, "flagged": BLUE}
_MAX_ROWS = 25


def quality_counts(quality: pl.DataFrame, *, title: str, render: Render = png) -> bytes:
    """Rows found per check as horizontal bars on a log scale; PNG. Checks that found nothing are counted, not drawn.

    Args:
        quality: columns ``check``, ``severity`` ``n_rows`` [count], ``share`` (fraction of
            the rows in, or null).
        title: what was checked.
        render: PNG for the web UI, or SVG.
    """
    found = quality.filter(pl.col("n_rows") > 0).sort("n_rows", "check", descending=True)
    subtitle = f"{quality.height - found.height} of {quality.height} checks found nothing"
    if found.is_empty():
        return empty_figure(f"{title}\n{subtitle}", "No defect found.", render)
    shown = found.head(_MAX_ROWS).reverse()
    figure, axes = new_figure(height_inches=1.4 + 0.28 * shown.height)
    colors = [_SEVERITY_COLORS[severity] for severity in shown["severity"]]
    axes.barh(shown["check"].to_list(), shown["n_rows"].to_list(), color=colors, height=0.7)
    axes.set_xscale("log")
    axes.set_xlim(0.8, cast("int", shown["n_rows"].max()) * 6)
    for row, (n_rows, share) in enumerate(shown.select("n_rows", "share").iter_rows()):
        label = f"{n_rows:,}" if share is None else f"{n_rows:,} (share {share:.4f})"
        axes.text(n_rows * 1.08, row, label, va="center", fontsize=8)
    axes.grid(axis="x", color=GRID)
    axes.set_xlabel("rows [count, log scale]; share: fraction of the rows in", fontsize=8, color=MUTED)
    for severity, color in _SEVERITY_COLORS.items():
        axes.barh([0], [0], color=color, label=severity)
    figure.legend(loc="outside lower right", fontsize=7, ncols=len(_SEVERITY_COLORS), frameon=False)
    titled(axes, title, subtitle=subtitle)
    return render(figure)


def of_mart(frame: pl.DataFrame) -> bytes:
    """Rows found per check over all partitions."""
    n_partitions = frame.select("symbol", "timeframe").n_unique()
    counts = frame.group_by("check", "severity", maintain_order=True).agg(pl.col("n_rows").sum())
    title = f"What the quality checks found, summed over {n_partitions} partitions"
    return quality_counts(counts.with_columns(share=pl.lit(None, pl.Float64)), title=title)


MART_FIGURE = of_mart
