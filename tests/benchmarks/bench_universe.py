"""A universe in one run: 100 symbols x 50 events x 60 bins x 10 targets x 20 years of daily bars, with peak memory.

Run: ``python -m tests.benchmarks.bench_universe [--symbols 100] [--years 20]``. Computes ``compute_market_stats`` of
simulated daily bars symbol by symbol, with folds of five years and one year, and prints seconds, cells per second and
the peak memory of the process. Exit status 1 when the spec is not 50 x 60 x 10 or a symbol lacks rows.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time

from quant_core.bars import Bars
from quant_core.market_stats import compute_market_stats
from quant_core.spec import MarketStatsSpec, load_research
from quant_core.timeframes import Timeframe
from quant_core.worlds.garch_t import GarchT

CONDITIONS = """
    - calendar_bin(dimension=dow)
    - calendar_bin(dimension=month)
    - calendar_bin(dimension=turn_of_month)
    - vol_tertile
    - htf_trend
    - quantile_bin(feature=rsi(window_bars=14),n_bins=10)
    - quantile_bin(feature=rsi(window_bars=5),n_bins=10)
    - quantile_bin(feature=realized_vol,n_bins=10)
    - quantile_bin(feature=gap,n_bins=4)
"""
TARGETS = """
    - up_next_bar
    - next_bullish
    - next_bearish
    - continuation_n(horizon_bars=5,direction=up)
    - continuation_n(horizon_bars=20,direction=up)
    - touch_up_before_down
    - forward_return_n(horizon_bars=5)
    - forward_return_n(horizon_bars=20)
    - time_to_reversal
    - time_to_touch
"""
EVENTS = (
    *(f"k_consecutive(window_bars={k},direction={d})" for k in (2, 3, 4, 5, 6) for d in ("up", "down")),
    *(f"breakout_hhll(window_bars={n},type={t})" for n in (5, 10, 20, 50, 100) for t in ("hh", "ll")),
    *(f"rsi_extreme(window_bars={n},side={s})" for n in (5, 9, 14, 21) for s in ("oversold", "overbought")),
    *(f"shock_atr(atr_multiple={m})" for m in (1.5, 2.0, 2.5, 3.0)),
    *(f"new_high_n(window_bars={n})" for n in (10, 20, 50, 100, 250)),
    *(f"ema_cross(fast_bars={f},slow_bars={s},direction=up)" for f, s in ((5, 20), (12, 26), (20, 50))),
    "always_true", "bullish_candle", "bearish_candle", "bullish_engulfing", "bearish_engulfing", "gap_up", "gap_down",
    "inside_bar", "outside_bar", "nr7",
)  # fmt: skip


def universe_spec() -> MarketStatsSpec:
    """50 events, 60 condition states, 10 targets; walk-forward over twenty years."""
    events = "".join(f"\n    - {event}" for event in EVENTS)
    text = (
        f"market_stats:\n  events:{events}\n  conditions:{CONDITIONS}\n  targets:{TARGETS}\n"
        "  n_min: 100\n  n_resamples: 499\n"
        "folds: {scheme: anchored, train_months: 60, test_months: 36, embargo_days: 5}\n"
    )
    return load_research(text, "benchmark").market_stats


def daily_bars(symbol: int, n_bars: int) -> Bars:
    """Daily bars of a market whose volatility clusters."""
    path = GarchT(bar_vol=3e-3).simulate(n_bars, seed=symbol).frame
    prices = {name: path[name].to_list() for name in ("open", "high", "low", "close")}
    return Bars.of(**prices, symbol=f"S{symbol:03}", timeframe=Timeframe.D1)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--symbols", type=int, default=100)
    parser.add_argument("--years", type=int, default=20)
    options = parser.parse_args()
    spec = universe_spec()
    n_bins = sum(len(c.values) for c in spec.conditions)
    shape = (len(spec.events), n_bins, len(spec.targets))
    n_bars = round(options.years * 365.25)
    compute_market_stats(daily_bars(0, n_bars), spec)  # compile
    start, n_rows, complete = time.perf_counter(), 0, True
    for symbol in range(options.symbols):
        rows = compute_market_stats(daily_bars(symbol, n_bars), spec)
        n_rows += rows.height
        complete &= rows.height % (shape[0] * (n_bins + 1) * shape[2]) == 0 and rows.height > 0
    seconds = time.perf_counter() - start
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sizes = f"{shape[0]} events x {shape[1]} bins x {shape[2]} targets"
    print(f"{options.symbols} symbols x {sizes}, {n_bars:,} daily bars")
    print(f"  {n_rows:,} rows with intervals and tests in {seconds:.1f} s: {n_rows / seconds:,.0f} rows/s")
    print(f"  {seconds / options.symbols:.2f} s per symbol, peak memory {peak_mb:,.0f} MB")
    return 0 if shape == (50, 60, 10) and complete else 1


if __name__ == "__main__":
    sys.exit(main())
