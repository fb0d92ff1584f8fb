"""Plots for the web UI and the reports: small figures, each with title, units and sample sizes.

Put here: one file per figure; a frame in, PNG or SVG bytes out. What is shown of a mart is in mart_entries.py.
Keep out: reading the lake, and numbers of their own (a plot draws columns, it computes none).
"""

from quant_pipelines.plots._figure import MAX_PNG_BYTES, as_markdown, markdown_entry, svg
from quant_pipelines.plots.calibration_rates import calibration_rates
from quant_pipelines.plots.correlation_matrix import correlation_matrix
from quant_pipelines.plots.coverage_heat_map import coverage_heat_map
from quant_pipelines.plots.finding_intervals import finding_intervals, finding_labels
from quant_pipelines.plots.finding_page import finding_page
from quant_pipelines.plots.lift_comparison import lift_comparison
from quant_pipelines.plots.market_stats_heat_map import market_stats_heat_map
from quant_pipelines.plots.price_chart import price_chart
from quant_pipelines.plots.quality_counts import quality_counts
from quant_pipelines.plots.seasonal_profile import seasonal_profile
from quant_pipelines.plots.stability_map import stability_map

__all__ = [
    "MAX_PNG_BYTES",
    "as_markdown",
    "calibration_rates",
    "correlation_matrix",
    "coverage_heat_map",
    "finding_intervals",
    "finding_labels",
    "finding_page",
    "lift_comparison",
    "markdown_entry",
    "market_stats_heat_map",
    "price_chart",
    "quality_counts",
    "seasonal_profile",
    "stability_map",
    "svg",
]
