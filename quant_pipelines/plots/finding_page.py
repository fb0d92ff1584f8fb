"""The page of one finding: when its outcomes came, by year, what its trades paid, and its bars on the price.

Put here: drawing of the four panels.
Keep out: choosing findings and computing their outcomes (report/finding_outcomes.py).
"""

from __future__ import annotations

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure

from quant_pipelines.plots._figure import BLUE, GRAY, GREEN, GRID, INK, MUTED, RED, Render, png
from quant_pipelines.plots.price_chart import thinned

_BINS = 41
_MAX_YEAR_LABELS = 12
_NEAR, _FAR = 0.025, 0.065
"""Where an event's mark begins and ends, from the close, as shares of the price panel's height."""


def finding_page(
    outcomes: pl.DataFrame, years: pl.DataFrame, bars: pl.DataFrame, *, form: str, unit: str, render: Render = png
) -> bytes:
    """Four panels about one finding.

    Args:
        outcomes: the event bars in time order: ``ts``, ``excess`` (outcome less the baseline, summed up to this bar),
            ``value`` (1 or 0, or the number) and ``paid`` [basis points] (null where no trade is meant).
        years: ``year``, ``estimate``, ``baseline``, ``n``; one row per year with events.
        bars: ``ts`` and ``close`` of the stretch in which the events lie.
        form: ``rate`` or ``mean``.
        unit: of the outcome, for the axes.
        render: PNG for the web UI, or SVG.
    """
    figure = Figure(figsize=(11.0, 6.0), dpi=90, layout="constrained")
    FigureCanvasAgg(figure)
    (over_time, by_year), (paid, price) = figure.subplots(2, 2)
    for axes in (over_time, by_year, paid, price):
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        axes.tick_params(colors=INK, labelsize=7)
        axes.set_axisbelow(True)
        axes.grid(axis="y", color=GRID)
    _draw_excess(over_time, outcomes, form, unit)
    _draw_years(by_year, years, form, unit)
    _draw_distribution(paid, outcomes, form, unit)
    _draw_events(price, outcomes, bars, form)
    return render(figure)


def _titled(axes: Axes, title: str, label: str) -> None:
    axes.set_title(title, loc="left", fontsize=9, color=INK)
    axes.set_ylabel(label, fontsize=7.5, color=MUTED)


def _dated(axes: Axes) -> None:
    """Dates along the axis, as few as fit."""
    locator = AutoDateLocator()
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))


def _draw_excess(axes: Axes, outcomes: pl.DataFrame, form: str, unit: str) -> None:
    """The sum of outcomes beyond the baseline: a steady slope is a steady edge, a step is an episode."""
    axes.axhline(0.0, color=MUTED, linewidth=0.8)
    axes.step(outcomes["ts"].to_numpy(), outcomes["excess"].to_numpy(), where="post", color=BLUE, linewidth=1.2)
    what = "true outcomes" if form == "rate" else f"sum [{unit}]"
    _titled(axes, "Outcomes beyond the baseline, added up", f"{what} beyond the baseline")
    _dated(axes)


def _draw_years(axes: Axes, years: pl.DataFrame, form: str, unit: str) -> None:
    """The rate or mean of each year beside that year's baseline; n above each bar."""
    at = np.arange(years.height)
    estimates = years["estimate"].to_numpy()
    axes.bar(at, estimates, width=0.7, color=BLUE, alpha=0.75)
    axes.hlines(years["baseline"].to_numpy(), at - 0.42, at + 0.42, color=INK, linewidth=1.4)
    every = -(-years.height // _MAX_YEAR_LABELS)
    axes.set_xticks(at[::every], [str(y) for y in years["year"].to_list()[::every]])
    axes.margins(y=0.16)
    # In a row of their own, where no bar and no baseline lies.
    for x in at[::every]:
        n = f"{years['n'][int(x)]:,}"
        axes.text(x, 0.99, n, transform=axes.get_xaxis_transform(), ha="center", va="top", fontsize=6, color=MUTED)
    what = "share of true outcomes" if form == "rate" else f"mean [{unit}]"
    _titled(axes, f"By year: {what}; line: all bars; number: events", what)


def _draw_distribution(axes: Axes, outcomes: pl.DataFrame, form: str, unit: str) -> None:
    """What the trades paid; without a trade the numbers themselves, or how many outcomes were true."""
    traded = outcomes["paid"].drop_nulls()
    if traded.is_empty() and form == "rate":
        n_true = int(outcomes["value"].sum())
        axes.bar([0, 1], [outcomes.height - n_true, n_true], width=0.6, color=[GRAY, BLUE])
        axes.set_xticks([0, 1], ["false", "true"])
        _titled(axes, "Outcomes", "events")
        return
    values = (outcomes["value"] if traded.is_empty() else traded).to_numpy()
    low, high = (float(x) for x in np.quantile(values, [0.005, 0.995]))
    # The tails are counted in the outermost bars: an axis that shows every outlier shows little else.
    step = (high - low) / _BINS
    edges = [*(low + i * step for i in range(_BINS)), high] if step > 0 else [low - 0.5, low + 0.5]
    axes.hist(np.clip(values, low, high), bins=edges, color=BLUE, alpha=0.75)
    mean = float(np.mean(values))
    axes.axvline(0.0, color=MUTED, linewidth=0.8)
    axes.axvline(mean, color=RED, linewidth=1.4)
    what = f"outcome [{unit}]" if traded.is_empty() else "net of a trade from the next open [bp]"
    axes.set_xlabel(f"{what}; the outermost bars hold the tails", fontsize=7.5, color=MUTED)
    _titled(axes, f"Distribution; red: the mean, {mean:+.3g}", "events" if traded.is_empty() else "trades")


def _draw_events(axes: Axes, outcomes: pl.DataFrame, bars: pl.DataFrame, form: str) -> None:
    """The close, and a mark at every event bar: green above where the outcome was true or positive, else red below."""
    line = thinned(bars.select("ts", "close"))
    axes.plot(line["ts"].to_numpy(), line["close"].to_numpy(), color=GRAY, linewidth=0.8)
    low, high = (float(x) for x in np.quantile(line["close"].to_numpy(), [0.0, 1.0]))
    height = (high - low) or 1.0
    at = outcomes.join(bars.select("ts", "close"), on="ts", how="left", maintain_order="left")
    for is_good, color, side in ((True, GREEN, 1.0), (False, RED, -1.0)):
        mine = at.filter((pl.col("value") > 0) == is_good)
        # One path for all marks of a color: thousands of them stay small in a document.
        times = mine["ts"].to_numpy().repeat(3)
        center = mine["close"].to_numpy().repeat(3)
        heights = center + np.tile([side * _NEAR * height, side * _FAR * height, np.nan], mine.height)
        axes.plot(times, heights, color=color, linewidth=0.8, alpha=0.8)
    good, bad = ("true", "false") if form == "rate" else ("above 0", "not")
    _titled(
        axes, f"Event bars on the close; green above: outcome {good}, red below: {bad}", "price units of the source"
    )
    _dated(axes)
