"""Heat map of conditions: lift by the ordered states of one condition, train beside test, one row per event.

Put here: drawing of the map.
Keep out: choosing symbol, timeframe, condition and target (the caller filters), the order of states (the mart).
"""

from __future__ import annotations

from textwrap import wrap
from typing import Any

import polars as pl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.collections import PatchCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from quant_pipelines.plots._figure import (
    GRID,
    INK,
    LIFT_COLORS,
    MUTED,
    SILENT,
    Render,
    empty_figure,
    ink_on,
    png,
    short_count,
)

_SPLITS = {"train": "train", "test": "test", "oos_pooled": "tests of all folds pooled"}
_MAX_EVENTS = 12
_MAX_STATES = 24
_MAX_CELLS = 290
"""Each cell holds text: more of them would not fit into MAX_PNG_BYTES."""

_LINE_INCHES, _LETTER_INCHES = 1.35 * 7 / 72, 0.6 * 7 / 72
"""Room of a label's line and letter at its size of 7 points."""

_PANELS_INCHES = 8.4
_COLUMNS_OF_TWO_LINES = 15
_STATES_SIDE_BY_SIDE = 7
"""Up to so many states the splits stand side by side; more states stand below each other."""


def market_stats_heat_map(cells: pl.DataFrame, *, title: str, render: Render = png) -> bytes:
    """Lift per event and state with n and n_eff in every cell; pale cells are insufficient, framed ones significant.

    Args:
        cells: rows of ``mart__market_stats_heatmap`` of one symbol, timeframe, condition and target.
        title: what was selected, and from which symbol and timeframe.
        render: PNG for the web UI, or SVG.
    """
    shown = cells.filter(pl.col("lift").is_not_null() & (pl.col("n") > 0))
    if shown.is_empty():
        return empty_figure(title, "No cell with an observable outcome.", render)
    events = shown.group_by("event").agg(pl.col("q_value").min()).sort("q_value", "event", nulls_last=True)["event"]
    states = shown.sort("bin_order")["condition_value"].unique(maintain_order=True).to_list()[:_MAX_STATES]
    splits = [s for s in _SPLITS if s in set(shown["split"])]
    names = events.to_list()[: min(_MAX_EVENTS, _MAX_CELLS // (len(states) * len(splits)))]
    shown = shown.filter(pl.col("event").is_in(names) & pl.col("condition_value").is_in(states))
    beside = len(states) <= _STATES_SIDE_BY_SIDE
    rows, columns = (1, len(splits)) if beside else (len(splits), 1)
    is_narrow = columns * len(states) > _COLUMNS_OF_TWO_LINES
    n_lines = max((_wrapped(name).count("\n") + 1 for name in names), default=1)
    row_inches = max(0.46 if is_narrow else 0.42, _LINE_INCHES * n_lines + 0.06)
    figure = Figure(figsize=(11.0, 1.5 + rows * (0.5 + row_inches * len(names))), dpi=90, layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(rows, columns, sharey=True, squeeze=False).ravel()
    scale = Normalize(*_limits(shown))
    for axes, split in zip(panels, splits, strict=True):
        _draw_split(axes, shown.filter(split=split), names, states, scale, is_narrow=is_narrow)
        # Names that are wider than their column stand upright instead of running into each other.
        if _LETTER_INCHES * max(map(len, states)) > _PANELS_INCHES / (columns * len(states)):
            axes.tick_params(axis="x", labelrotation=90)
        fold = cells.filter(split=split)["fold"][0]
        axes.set_title(_SPLITS[split] + (f" (fold {fold})" if fold >= 0 else ""), loc="left", fontsize=9, color=INK)
    bar = figure.colorbar(ScalarMappable(scale, LIFT_COLORS), ax=list(panels), pad=0.01, fraction=0.03)
    bar.ax.tick_params(labelsize=7)
    bar.set_label("lift = estimate - baseline of the split", fontsize=8, color=MUTED)
    hidden = f"; {len(names)} of {len(events)} events" if len(events) > len(names) else ""
    sizes = "n, n_eff" if is_narrow else "n / n_eff"
    note = f"in a cell: lift, {sizes}; pale: insufficient or underpowered; framed: significant in its split{hidden}"
    figure.suptitle(f"{title}\n{note}", x=0.005, ha="left", fontsize=10, color=INK)
    return render(figure)


def _limits(shown: pl.DataFrame) -> tuple[float, float]:
    """A symmetric color range over the cells with enough observations, else over all."""
    sufficient = shown.filter(~pl.col("verdict").is_in(SILENT))
    lifts = (sufficient if sufficient.height else shown)["lift"]
    largest = float(lifts.abs().max() or 0.0) or 1.0  # pyright: ignore[reportArgumentType]
    return -largest, largest


def _draw_split(
    axes: Axes, cells: pl.DataFrame, events: list[str], states: list[str], scale: Normalize, *, is_narrow: bool
) -> None:
    """The cells of one split."""
    colors, squares, fills = ScalarMappable(scale, LIFT_COLORS), list[Rectangle](), list[Any]()
    for cell in cells.iter_rows(named=True):
        x, y = states.index(cell["condition_value"]), events.index(cell["event"])
        pale, strong = cell["verdict"] in SILENT, cell["verdict"] == "significant"
        fill = colors.to_rgba(cell["lift"], alpha=0.18 if pale else 1.0)
        squares.append(Rectangle((x, y), 1, 1))
        fills.append(fill)
        if strong:
            axes.add_patch(Rectangle((x + 0.03, y + 0.04), 0.94, 0.92, fill=False, edgecolor=INK, linewidth=1.6))
        # What is pale is nearly white, whatever its hue: only ink can be read on it.
        color = INK if pale else ink_on(fill)
        text = axes.text(x + 0.5, y + 0.5, _cell_text(cell, is_narrow=is_narrow), fontsize=6, color=color)
        text.set(ha="center", va="center", linespacing=1.05)
        text.set_in_layout(False)  # it lies inside its cell; measuring hundreds of texts costs most of the time
    axes.add_collection(PatchCollection(squares, facecolor=fills, edgecolor=GRID, linewidth=0.8, zorder=0.5))
    axes.set_xlim(0, len(states))
    axes.set_ylim(len(events), 0)
    axes.set_xticks([i + 0.5 for i in range(len(states))], states, fontsize=7)
    axes.set_yticks([i + 0.5 for i in range(len(events))], [_wrapped(e) for e in events], fontsize=7)
    axes.tick_params(length=0, colors=INK)
    for side in axes.spines.values():
        side.set_visible(False)


def _cell_text(cell: dict[str, Any], *, is_narrow: bool) -> str:
    """Lift, and n / n_eff below it, in one line or in two."""
    lift = f"{cell['lift']:+.3f}" if cell["target_kind"] == "binary" else f"{cell['lift']:+.2g}"
    between = "\n" if is_narrow else " / "
    return f"{lift}\n{short_count(cell['n'])}{between}{short_count(cell['n_eff'])}"


def _wrapped(name: str) -> str:
    """A long canonical id in lines: name, then parameters."""
    return "\n".join(wrap(name.replace("(", " (", 1).replace(",", ", "), 26)) if len(name) > 22 else name


def of_mart(frame: pl.DataFrame) -> bytes:
    """The condition and target that hold the pooled cell with the smallest q-value of its own family."""
    place = ["symbol", "timeframe", "condition", "target"]
    pooled = frame.filter(split="oos_pooled").sort("q_value", *place, nulls_last=True)
    best = pooled.head(1).select(place)
    title = "{0} {1}: lift of {3} by {2}".format(*best.row(0)) if best.height else "no condition yet"
    return market_stats_heat_map(frame.join(best, on=place), title=title)


MART_FIGURE = of_mart
