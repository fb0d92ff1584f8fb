"""Correlation matrix: how alike the seasonal profiles of the symbols are, with values and sample sizes.

Put here: drawing of the matrix.
Keep out: choosing timeframe, dimension and metric (the caller filters), the correlations (the mart).
"""

from __future__ import annotations

from typing import Any

import polars as pl
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle

from quant_core.seasonality.reading import reading_words
from quant_pipelines.plots._figure import INK, LIFT_COLORS, MUTED, Render, empty_figure, ink_on, new_figure, png

_MAX_SYMBOLS = 24
_WITH_INTERVAL = 10
"""Up to so many symbols a cell also holds the interval and the number of bins."""


def correlation_matrix(correlations: pl.DataFrame, *, title: str, render: Render = png) -> bytes:
    """Symbols by symbols, blue for alike and red for opposite; a cell holds the correlation, its interval and the bins.

    Args:
        correlations: rows of ``mart__seasonality_correlation`` of one timeframe, dimension and metric.
        title: what was selected.
        render: PNG for the web UI, or SVG.
    """
    known = correlations.filter(pl.col("correlation").is_not_null())
    if known.is_empty():
        return empty_figure(title, "No pair of symbols with three bins in common.", render)
    symbols = sorted(known["symbol_a"].unique())
    shown = symbols[:_MAX_SYMBOLS]
    side, is_wide = (1.15, True) if len(shown) <= _WITH_INTERVAL else (0.42, False)
    figure, axes = new_figure(width_inches=max(6.5, 2.6 + side * len(shown)), height_inches=1.4 + side * len(shown))
    colors = ScalarMappable(Normalize(-1.0, 1.0), LIFT_COLORS)
    for row in known.filter(pl.col("symbol_a").is_in(shown) & pl.col("symbol_b").is_in(shown)).iter_rows(named=True):
        x, y = shown.index(row["symbol_b"]), shown.index(row["symbol_a"])
        fill = colors.to_rgba(row["correlation"])
        axes.add_patch(Rectangle((x, y), 1, 1, facecolor=fill, edgecolor="white", linewidth=1.0))
        text = _cell_text(row) if is_wide else f"{row['correlation']:+.1f}"
        size = 8 if is_wide else 6
        axes.text(x + 0.5, y + 0.5, text, ha="center", va="center", fontsize=size, color=ink_on(fill))
    axes.set_xlim(0, len(shown))
    axes.set_ylim(len(shown), 0)
    axes.set_aspect("equal")
    ticks = [i + 0.5 for i in range(len(shown))]
    axes.set_xticks(ticks, shown, fontsize=8, rotation=0 if is_wide else 90)
    axes.set_yticks(ticks, shown, fontsize=8)
    for edge in axes.spines.values():
        edge.set_visible(False)
    axes.tick_params(length=0)
    low, high = known["n_bins"].min(), known["n_bins"].max()
    hidden = f"; first {_MAX_SYMBOLS} of {len(symbols)} symbols" if len(symbols) > len(shown) else ""
    what = (
        "Pearson correlation of lifts [Fisher's interval], bins"
        if is_wide
        else f"Pearson correlation, {low}–{high} bins"
    )
    figure.suptitle(f"{title} ({reading_words(known)})", x=0.005, ha="left", fontsize=10, color=INK)
    axes.set_xlabel(f"{what}{hidden}", fontsize=8, color=MUTED)
    return render(figure)


def _cell_text(row: dict[str, Any]) -> str:
    """Correlation, interval where there is one, bins."""
    interval = "" if row["ci_low"] is None else f"\n[{row['ci_low']:+.2f}, {row['ci_high']:+.2f}]"
    return f"{row['correlation']:+.2f}{interval}\n{row['n_bins']} bins"


def of_mart(frame: pl.DataFrame) -> bytes:
    """The timeframe, dimension and metric with the most symbols, then the most bins."""
    place = ["timeframe", "dimension", "metric"]
    known = frame.filter(pl.col("correlation").is_not_null())
    sizes = known.group_by(place).agg(n_symbols=pl.col("symbol_a").n_unique(), n_bins=pl.col("n_bins").max())
    best = sizes.sort("n_symbols", "n_bins", *place, descending=[True, True, *[False] * 3]).head(1).select(place)
    named = " ".join(best.row(0)) if best.height else "no pair yet"
    return correlation_matrix(frame.join(best, on=place), title=f"Likeness of seasonal profiles: {named}")


MART_FIGURE = of_mart
