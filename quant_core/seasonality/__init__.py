"""Seasonality: calendar profiles of a symbol, whether they last, and which bins to trade.

Put here: the package's public functions.
Keep out: the calendar bins (dimensions/) and what is measured in them (profile_metrics/).
"""

from quant_core.seasonality.active_bins import ActiveBins, choose_active_bins, seasonal_signal
from quant_core.seasonality.comparison import compare_symbols, lift_correlations
from quant_core.seasonality.profile import compute_seasonality, profile_bars
from quant_core.seasonality.reading import metric_rows, wide_profile
from quant_core.seasonality.spec import SeasonalityProfileSpec, SeasonalitySignalSpec, SeasonalitySpec
from quant_core.seasonality.stability import compute_stability, sign_shares

__all__ = [
    "ActiveBins",
    "SeasonalityProfileSpec",
    "SeasonalitySignalSpec",
    "SeasonalitySpec",
    "choose_active_bins",
    "compare_symbols",
    "compute_seasonality",
    "compute_stability",
    "lift_correlations",
    "metric_rows",
    "profile_bars",
    "seasonal_signal",
    "sign_shares",
    "wide_profile",
]
