"""Seasonal profile: the bins of one dimension as bars with intervals, beside their baselines.

Put here: drawing of the bars.
Keep out: choosing dimension and metric (the caller filters).
"""

from __future__ import annotations

import polars as pl

from quant_core.seasonality.reading import reading_words
from quant_pipelines.plots._figure import (
    GRID,
    INK,
    MUTED,
    VERDICT_COLORS,
    Render,
    empty_figure,
    new_figure,
    png,
    titled,
)

_MAX_BINS = 60
_UPRIGHT_BINS = 12
_NO_VERDICT = "#c6d0da"


def seasonal_profile(profile: pl.DataFrame, *, title: str, render: Render = png) -> bytes:
    """One metric in every bin of one dimension as PNG: bar, interval, and the baseline outside the bin as a tick.

    Args:
        profile: rows of ``seasonality_profiles`` of one symbol, timeframe, fold, split, dimension and metric.
        title: what was selected, and from which symbol and timeframe.
        render: PNG for the web UI, or SVG.
    """
    shown = profile.filter(pl.col("value").is_not_null()).sort("bin_order").head(_MAX_BINS)
    if shown.is_empty():
        return empty_figure(title, "No bin with an observable value.", render)
    upright = shown.height > _UPRIGHT_BINS
    figure, axes = new_figure(width_inches=11.0, height_inches=3.9 if upright else 3.3)
    seen: dict[str, str] = {}
    for place, row in enumerate(shown.iter_rows(named=True)):
        verdict = row["verdict"] or "not tested"
        seen[verdict] = color = VERDICT_COLORS.get(verdict, _NO_VERDICT)
        axes.bar([place], [row["value"]], color=color, width=0.72)
        if row["ci_low"] is not None:
            axes.plot([place, place], [row["ci_low"], row["ci_high"]], color=INK, linewidth=1.3)
        if row["baseline"] is not None:
            axes.plot([place - 0.45, place + 0.45], [row["baseline"]] * 2, color="#c23030", linewidth=1.4)
    axes.set_xticks(range(shown.height), [_label(row, upright) for row in shown.iter_rows(named=True)])
    axes.tick_params(axis="x", labelsize=7, rotation=90 if upright else 0)
    axes.set_ylim(*_limits(shown))
    axes.grid(axis="y", color=GRID)
    axes.set_ylabel(f"{shown['metric_name'][0]} [{shown['unit'][0]}]", fontsize=8, color=MUTED)
    for verdict, color in seen.items():
        axes.plot([], [], color=color, linewidth=6, label=verdict)
    axes.plot([], [], color=INK, linewidth=1.3, label="interval")
    axes.plot([], [], color="#c23030", linewidth=1.4, label="baseline outside the bin")
    figure.legend(loc="outside lower right", fontsize=7, ncols=5, frameon=False)
    hidden = f"; first {_MAX_BINS} of {profile.height} bins" if profile.height > _MAX_BINS else ""
    titled(
        axes,
        f"{title} ({reading_words(shown)})",
        subtitle=f"{shown['n'].sum():,} bars with a value; the axis does not start at 0{hidden}",
    )
    return render(figure)


def _label(row: dict[str, object], upright: bool) -> str:
    """The bin with its n and n_eff."""
    n_eff = "–" if row["n_eff"] is None else f"{row['n_eff']:,.0f}"
    return f"{row['bin']}  n {row['n']:,}  n_eff {n_eff}" if upright else f"{row['bin']}\nn {row['n']:,}\nn_eff {n_eff}"


def _limits(shown: pl.DataFrame) -> tuple[float, float]:
    """The range of values, intervals and baselines with a margin."""
    drawn = pl.concat([shown[c].drop_nulls() for c in ("value", "ci_low", "ci_high", "baseline")])
    low, high = float(drawn.min()), float(drawn.max())  # pyright: ignore[reportArgumentType]
    margin = 0.08 * (high - low) or abs(high) * 0.1 or 1.0
    return low - margin, high + margin


def of_mart(frame: pl.DataFrame) -> bytes:
    """The profile that holds the bin with the smallest q-value over all symbols and timeframes."""
    place = ["symbol", "timeframe", "dimension", "metric"]
    best = frame.sort("q_value_global", "p_value", *place, nulls_last=True).head(1).select(place)
    named = " ".join(map(str, best.row(0))) if best.height else "no profile yet"
    return seasonal_profile(frame.join(best, on=place), title=f"Profile with the strongest bin: {named}")


MART_FIGURE = of_mart
