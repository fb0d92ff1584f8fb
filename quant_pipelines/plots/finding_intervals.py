"""Intervals of findings: lift of each cell with its confidence interval, colored by verdict.

Put here: drawing of the intervals.
Keep out: choosing which findings are worth showing (the caller sorts and cuts).
"""

from __future__ import annotations

from itertools import accumulate, pairwise
from textwrap import wrap

import polars as pl

from quant_pipelines.marts.questions import one_per_question
from quant_pipelines.plots._figure import (
    GRID,
    INK,
    MUTED,
    VERDICT_COLORS,
    Render,
    empty_figure,
    new_figure,
    png,
)

_MAX_ROWS = 16
_LABEL_CHARACTERS = 76
_FONT_POINTS = 7
_LINE_INCHES, _GAP_INCHES = 1.35 * _FONT_POINTS / 72, 0.11


def finding_intervals(findings: pl.DataFrame, *, title: str, render: Render = png) -> bytes:
    """Lift (p_hat - baseline) with its Wilson interval as PNG, one line per finding; n and n_eff at the right.

    Args:
        findings: rows in the order to be drawn, first row on top: ``label``, ``p_hat``, ``baseline``, ``ci_low``,
            ``ci_high`` [fraction], ``n``, ``n_eff`` [count], ``verdict``.
        title: what was selected, and from which symbol and timeframe.
        render: PNG for the web UI, or SVG.
    """
    shown = findings.filter(pl.col("p_hat").is_not_null() & pl.col("ci_low").is_not_null()).head(_MAX_ROWS)
    if shown.is_empty():
        return empty_figure(title, "No finding with an observable outcome.", render)
    labels = [_wrapped(label) for label in shown["label"]]
    # Every label has the room that its lines take: labels of many lines would run into their neighbors.
    heights = [_LINE_INCHES * (label.count("\n") + 1) + _GAP_INCHES for label in labels]
    ends = list(accumulate(heights, initial=0.0))
    middles = [(a + b) / 2 for a, b in pairwise(ends)]
    figure, axes = new_figure(width_inches=11.0, height_inches=1.3 + ends[-1])
    for row, f in zip(middles, shown.to_dicts(), strict=True):
        color = VERDICT_COLORS.get(f["verdict"], MUTED)
        low, high, lift = (f[k] - f["baseline"] for k in ("ci_low", "ci_high", "p_hat"))
        axes.plot([low, high], [row, row], color=color, linewidth=2.4, solid_capstyle="butt")
        axes.plot([lift], [row], "o", color=color, markersize=5)
        label = f"n {f['n']:,}  n_eff {f['n_eff']:,.0f}"
        axes.text(1.01, row, label, transform=axes.get_yaxis_transform(), fontsize=7.5, va="center", color=INK)
    axes.axvline(0.0, color=MUTED, linewidth=1.0)
    axes.set_yticks(middles, labels, fontsize=_FONT_POINTS)
    axes.set_ylim(ends[-1], 0.0)
    axes.grid(axis="x", color=GRID)
    axes.set_xlabel("lift = p_hat - baseline [fraction]; bar: Wilson interval on n_eff", fontsize=8, color=MUTED)
    for verdict, color in VERDICT_COLORS.items():
        axes.plot([], [], color=color, linewidth=3, label=verdict)
    figure.legend(loc="outside lower right", fontsize=7, ncols=3, frameon=False)
    figure.suptitle(title, x=0.005, ha="left", fontsize=10, color=INK)
    return render(figure)


def _wrapped(label: str) -> str:
    """A label whose long lines break after commas, so that the intervals keep most of the width."""
    lines = [wrap(line.replace(",", ", "), _LABEL_CHARACTERS) for line in label.split("\n")]
    return "\n".join(part for parts in lines for part in parts)


def finding_labels(findings: pl.DataFrame, *, with_symbol: bool = True) -> pl.DataFrame:
    """The findings with ``label`` in two lines: symbol, timeframe and event; condition and target."""
    condition = (
        pl.when(pl.col("condition") == "all")
        .then(pl.lit("any state"))
        .otherwise(pl.format("{} = {}", "condition", "condition_value"))
    )
    place = pl.format("{} {}  ", "symbol", "timeframe") if with_symbol else pl.lit("")
    label = pl.format("{}{}\n{}  →  {}", place, "event", condition, "target")
    return findings.with_columns(label.alias("label"))


def of_mart(frame: pl.DataFrame) -> bytes:
    """The strongest out-of-sample cells of binary targets."""
    pooled = frame.filter(pl.col("split") == "oos_pooled").with_columns(verdict=pl.col("verdict_global"))
    return finding_intervals(
        finding_labels(one_per_question(pooled)), title="Strongest findings, all out-of-sample folds pooled"
    )


MART_FIGURE = of_mart
