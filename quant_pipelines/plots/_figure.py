"""The shared frame of every figure: size, colors, PNG or SVG bytes, markdown for Dagster metadata.

Put here: what all figures have in common.
Keep out: any particular figure (one file each).
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterable
from typing import Any

import dagster as dg
import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

Render = Callable[[Figure], bytes]
"""What turns a finished figure into bytes: ``png`` for the web UI, ``svg`` for documents."""

MAX_PNG_BYTES = 80_000
"""Largest PNG that goes into the event log: every metadata entry is stored for good."""

INK, MUTED, GRID = "#1f2933", "#7b8794", "#e4e7eb"
BLUE, ORANGE, RED, GREEN, GRAY = "#1f6feb", "#d9822b", "#c23030", "#0d8050", "#9aa5b1"
LIFT_COLORS = "RdBu"
"""Map of lifts: red below the baseline, white at it, blue above."""

VERDICT_COLORS = {
    "significant": GREEN,
    "not_significant": GRAY,
    "underpowered": "#b8a1c9",
    "insufficient": "#d3c5a3",
}
SILENT = ("underpowered", "insufficient")
"""Verdicts of cells that could not have said anything: drawn pale."""


def new_figure(*, width_inches: float = 9.0, height_inches: float = 3.2) -> tuple[Figure, Axes]:
    """An empty figure with one axes; no global pyplot state, so figures never leak into each other."""
    figure = Figure(figsize=(width_inches, height_inches), dpi=90, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(MUTED)
    axes.tick_params(colors=INK, labelsize=8)
    axes.set_axisbelow(True)
    return figure, axes


def titled(axes: Axes, title: str, *, subtitle: str = "") -> None:
    """Left-aligned title, with what was counted in a smaller line below it."""
    axes.set_title(title + (f"\n{subtitle}" if subtitle else ""), loc="left", fontsize=10, color=INK)


def short_count(count: float | None) -> str:
    """A count that fits a small cell; a dash for None.

    >>> [short_count(c) for c in (None, 0, 312.4, 9_999, 12_345, 2_200_000)]
    ['–', '0', '312', '9999', '12k', '2.2M']
    """
    if count is None:
        return "–"
    if count < 10_000:
        return f"{count:.0f}"
    return f"{count / 1e3:.0f}k" if count < 1_000_000 else f"{count / 1e6:.1f}M"


def ink_on(fill: Iterable[float]) -> str:
    """The color of text on a filled cell: white on dark fills, by their relative luminance.

    >>> ink_on((0.02, 0.19, 0.38, 1.0)), ink_on((0.9, 0.9, 1.0, 1.0))
    ('white', '#1f2933')
    """
    red, green, blue, *_ = fill
    return "white" if 0.299 * red + 0.587 * green + 0.114 * blue < 0.5 else INK


def empty_figure(title: str, reason: str, render: Render) -> bytes:
    """A figure that says why there is nothing to draw, instead of an empty frame."""
    figure, axes = new_figure(height_inches=1.2)
    axes.set_axis_off()
    titled(axes, title)
    axes.text(0.0, 0.4, reason, fontsize=9, color=MUTED, transform=axes.transAxes)
    return render(figure)


def png(figure: Figure) -> bytes:
    """The figure as PNG bytes, without timestamps: equal figures give equal bytes.

    A palette of 128 colors is enough for line art and cuts the size to a third.

    Raises:
        ValueError: the picture is larger than MAX_PNG_BYTES.
    """
    drawn, small = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", metadata={"Software": None})
    Image.open(drawn).convert("RGB").quantize(128, Image.Quantize.MAXCOVERAGE).save(small, format="png", optimize=True)
    if small.tell() > MAX_PNG_BYTES:
        raise ValueError(f"Figure too large: {small.tell()} bytes, allowed {MAX_PNG_BYTES}. Draw fewer items.")
    return small.getvalue()


def svg(figure: Figure) -> bytes:
    """The figure as SVG bytes, without dates and random ids: equal figures give equal bytes.

    Text stays text: it is crisp at any size and a third as large as outlines.
    """
    drawn = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "quant-engine", "svg.fonttype": "none"}):
        figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None})
    return drawn.getvalue()


def as_markdown(image: bytes, alternative_text: str) -> str:
    """The PNG as a markdown image with its bytes inside, which Dagster's web UI renders.

    >>> as_markdown(b"abc", "close price")
    '![close price](data:image/png;base64,YWJj)'
    """
    return f"![{alternative_text}](data:image/png;base64,{base64.b64encode(image).decode('ascii')})"


def markdown_entry(image: bytes, alternative_text: str) -> dg.MetadataValue[Any]:
    """The PNG as a metadata entry of the web UI."""
    return dg.MetadataValue.md(as_markdown(image, alternative_text))
