"""Quality counts: how many rows of which kind were kept, dropped, quarantined or flagged.

Put here: drawing of the bars.
Keep out: the rules that count (quant_core.quality).
"""

from __future__ import annotations

from collections.abc import Mapping

from quant_pipelines.plots._figure import BLUE, GRID, MUTED, ORANGE, empty_figure, new_figure, png, titled


def quality_counts(counts: Mapping[str, int], *, title: str, n_rows_in: int) -> bytes:
    """Counts per quality rule as horizontal bars on a log scale; PNG. Zero counts are listed below, not drawn.

    Args:
        counts: rule → number of rows.
        title: what was checked.
        n_rows_in: rows delivered, for the share behind each count.
    """
    found = sorted(((rule, n) for rule, n in counts.items() if n > 0), key=lambda item: item[1])
    clean = sorted(rule for rule, n in counts.items() if n == 0)
    subtitle = f"{n_rows_in:,} rows in; nothing found by {len(clean)} of {len(counts)} rules"
    if not found:
        return empty_figure(f"{title}\n{subtitle}", "No defect found.")
    figure, axes = new_figure(height_inches=1.2 + 0.28 * len(found))
    names, values = [rule for rule, _ in found], [n for _, n in found]
    colors = [ORANGE if n / max(n_rows_in, 1) > 0.01 else BLUE for n in values]
    axes.barh(names, values, color=colors, height=0.7)
    axes.set_xscale("log")
    axes.set_xlim(0.8, max(values) * 6)
    for row, n in enumerate(values):
        axes.text(n * 1.08, row, f"{n:,} ({n / max(n_rows_in, 1):.2%})", va="center", fontsize=8)
    axes.grid(axis="x", color=GRID)
    axes.set_xlabel("rows [count, log scale]; orange: more than 1 % of the rows", fontsize=8, color=MUTED)
    titled(axes, title, subtitle=subtitle)
    return png(figure)
