"""Plots for the web UI: small PNG figures, each with title, units and sample sizes.

Put here: one file per figure; a frame in, PNG bytes out.
Keep out: reading the lake, and numbers of their own (a plot draws columns, it computes none).
"""

from quant_pipelines.plots._figure import MAX_PNG_BYTES, as_markdown
from quant_pipelines.plots.calibration_rates import calibration_rates
from quant_pipelines.plots.coverage_heat_map import coverage_heat_map
from quant_pipelines.plots.finding_intervals import finding_intervals
from quant_pipelines.plots.price_chart import price_chart
from quant_pipelines.plots.quality_counts import quality_counts
from quant_pipelines.plots.seasonal_profile import seasonal_profile
from quant_pipelines.plots.stability_map import stability_map

__all__ = [
    "MAX_PNG_BYTES",
    "as_markdown",
    "calibration_rates",
    "coverage_heat_map",
    "finding_intervals",
    "price_chart",
    "quality_counts",
    "seasonal_profile",
    "stability_map",
]
