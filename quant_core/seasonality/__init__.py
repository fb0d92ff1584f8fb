"""Seasonality: calendar profiles of a symbol, whether they last, and which bins to trade.

Put here: the package's public functions.
Keep out: the calendar bins (dimensions/) and what is measured in them (profile_metrics/).
"""

from quant_core.seasonality.active_bins import ActiveBins, choose_active_bins, seasonal_signal
from quant_core.seasonality.profile import compute_seasonality, profile_bars
from quant_core.seasonality.reading import metric_rows
from quant_core.seasonality.settings import SeasonalityProfileSpec, SeasonalitySignalSpec, SeasonalitySpec
from quant_core.seasonality.stability import compute_stability

__all__ = [
    "ActiveBins",
    "SeasonalityProfileSpec",
    "SeasonalitySignalSpec",
    "SeasonalitySpec",
    "choose_active_bins",
    "compute_seasonality",
    "compute_stability",
    "metric_rows",
    "profile_bars",
    "seasonal_signal",
]
