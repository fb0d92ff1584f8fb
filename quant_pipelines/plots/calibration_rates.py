"""Calibration at a glance: coverage of the intervals and size of the tests by horizon.

Put here: drawing.
Keep out: computing the rates (quant_core.calibration).
"""

from __future__ import annotations

import polars as pl

from quant_pipelines.plots._figure import (
    BLUE,
    GRAY,
    GREEN,
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

_COVERAGE = {"coverage_wilson": BLUE, "coverage_jeffreys": GREEN, "coverage_mean": ORANGE, "coverage_plain_n": GRAY}
_SIZE = {"size": RED}


def calibration_rates(table: pl.DataFrame, *, render: Render = png) -> bytes:
    """Rates by horizon, averaged over the worlds without effect, with the range over worlds, as PNG.

    Args:
        table: the table ``calibration``.
        render: PNG for the web UI, or SVG.
    """
    title = "Calibration: what claims to be 95 % and 5 %, by horizon"
    pooled = table.filter(
        pl.col("event") == "any", pl.col("condition") == "any", pl.col("effect").is_null(), pl.col("horizon_bars") > 0
    )
    shown = pooled.filter(pl.col("measure").is_in([*_COVERAGE, *_SIZE]))
    if shown.is_empty():
        return empty_figure(title, "No world without effect was simulated.", render)
    figure, axes = new_figure(height_inches=3.6)
    horizons = shown["horizon_bars"].unique().sort().to_list()
    for offset, (measure, color) in enumerate((_COVERAGE | _SIZE).items()):
        part = shown.filter(pl.col("measure") == measure)
        rates = part.group_by("horizon_bars").agg(
            pl.col("rate").mean().alias("mean"), pl.col("rate").min().alias("low"), pl.col("rate").max().alias("high")
        )
        for row in rates.sort("horizon_bars").iter_rows(named=True):
            x = horizons.index(row["horizon_bars"]) + 0.08 * (offset - 2)
            axes.plot([x, x], [row["low"], row["high"]], color=color, linewidth=2.2)
            axes.plot([x], [row["mean"]], "o", color=color, markersize=4)
        axes.plot([], [], color=color, linewidth=3, label=measure)
    axes.axhspan(0.93, 0.97, color=BLUE, alpha=0.10)
    axes.axhspan(0.0, 0.06, color=RED, alpha=0.10)
    axes.set_ylim(0, 1.01)
    axes.set_xticks(range(len(horizons)), [str(h) for h in horizons])
    axes.set_xlabel("horizon [bars]; shaded: required", fontsize=8, color=MUTED)
    axes.set_ylabel("rate [fraction]", fontsize=8, color=MUTED)
    axes.grid(axis="y", color=GRID)
    figure.legend(loc="outside lower right", fontsize=7, ncols=5, frameon=False)
    n_worlds = shown["n_worlds"].max()
    titled(axes, title, subtitle=f"dot: mean over worlds and targets, line: range; {n_worlds} simulations per world")
    return render(figure)
