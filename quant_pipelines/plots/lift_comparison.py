"""Lift comparison: the seasonal lifts of two symbols side by side, and the interval of their difference.

Put here: drawing of the comparison.
Keep out: choosing pair, metric and bins (the caller filters and sorts), the difference itself (the mart).
"""

from __future__ import annotations

import polars as pl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from quant_core.seasonality.reading import reading_words
from quant_pipelines.plots._figure import (
    BLUE,
    GRAY,
    GREEN,
    GRID,
    INK,
    MUTED,
    ORANGE,
    Render,
    empty_figure,
    png,
    short_count,
)

_MAX_ROWS = 16


def lift_comparison(comparison: pl.DataFrame, *, title: str, render: Render = png) -> bytes:
    """One line per bin: both lifts at the left, their difference with its interval at the right, n and n_eff of both.

    Args:
        comparison: rows of ``mart__seasonality_compare`` of one pair, timeframe and metric, first row on top.
        title: what was selected.
        render: PNG for the web UI, or SVG.
    """
    shown = comparison.head(_MAX_ROWS)
    if shown.is_empty():
        return empty_figure(title, "No bin that is significant in one symbol and sufficient in both.", render)
    figure = Figure(figsize=(11.0, 1.6 + 0.42 * shown.height), dpi=90, layout="constrained")
    FigureCanvasAgg(figure)
    lifts, differences = figure.subplots(1, 2, sharey=True)
    for place, row in enumerate(shown.iter_rows(named=True)):
        lifts.plot([row["lift_a"], row["lift_b"]], [place, place], color=GRID, linewidth=3, zorder=1)
        lifts.plot([row["lift_a"]], [place], "o", color=BLUE, markersize=6)
        lifts.plot([row["lift_b"]], [place], "o", color=ORANGE, markersize=6)
        apart = row["lift_diff_low"] > 0 or row["lift_diff_high"] < 0
        color = GREEN if apart else GRAY
        differences.plot([row["lift_diff_low"], row["lift_diff_high"]], [place, place], color=color, linewidth=2.4)
        differences.plot([row["lift_diff"]], [place], "o", color=color, markersize=5)
        sizes = [f"{short_count(row[f'n_{s}'])} / {short_count(row[f'n_eff_{s}'])}" for s in ("a", "b")]
        text = f"{sizes[0]}\n{sizes[1]}"
        differences.text(1.02, place, text, transform=differences.get_yaxis_transform(), fontsize=7, va="center")
    labels = [f"{d}\n= {b}" for d, b in shown.select("dimension", "bin").iter_rows()]
    lifts.set_yticks(range(shown.height), labels, fontsize=7)
    lifts.set_ylim(shown.height - 0.5, -0.5)
    unit, a, b = (shown[c][0] for c in ("unit", "symbol_a", "symbol_b"))
    _finish(lifts, f"lift [{unit}]")
    _finish(differences, f"lift of {a} - lift of {b} [{unit}], with interval")
    for name, color in ((a, BLUE), (b, ORANGE)):
        lifts.plot([], [], "o", color=color, label=name)
    figure.legend(loc="outside lower left", fontsize=7, ncols=2, frameon=False)
    note = f"at the right: n / n_eff of {a} above {b}; green: the interval leaves 0 out; symbols taken as independent"
    figure.suptitle(f"{title} ({reading_words(shown)})\n{note}", x=0.005, ha="left", fontsize=10, color=INK)
    return render(figure)


def _finish(axes: Axes, label: str) -> None:
    axes.axvline(0.0, color=MUTED, linewidth=1.0, zorder=0)
    axes.grid(axis="x", color=GRID)
    axes.set_axisbelow(True)
    axes.set_xlabel(label, fontsize=8, color=MUTED)
    axes.tick_params(axis="x", labelsize=7, colors=INK)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def of_mart(frame: pl.DataFrame) -> bytes:
    """The pair and metric whose difference of lifts is largest against its interval; the bins in that order."""
    place = ["symbol_a", "symbol_b", "timeframe", "metric"]
    margin = (pl.col("lift_diff_high") - pl.col("lift_diff_low")) / 2
    ranked = frame.sort((pl.col("lift_diff") / margin).abs(), *place, descending=[True, *[False] * 4], nulls_last=True)
    best = ranked.head(1).select(place)
    named = "{} and {} {}: {}".format(*best.row(0)) if best.height else "no pair yet"
    return lift_comparison(
        ranked.join(best, on=place, maintain_order="left"), title=f"Seasonal lifts side by side: {named}"
    )


MART_FIGURE = of_mart
