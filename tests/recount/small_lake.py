"""The lake that is counted a second time: symbols on a coarse tick, so that prices often stand still, one for ever.

Put here: its prices, its research file, and running the two stages on it.
Keep out: the recounts and the comparison.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from quant_pipelines.lake.partitions import PartitionKey
from tests.pipelines.small_project import SmallProject

KEYS = tuple(PartitionKey(s, t) for s, t in (("AAA", "H1"), ("BBB", "D1"), ("BBB", "W1"), ("CCC", "H1")))

RESEARCH = """
seed: 7
folds:
  scheme: rolling
  train_months: 48
  test_months: 36
  n_folds: 2
  embargo_days: 3
  by_timeframe:
    H1: {train_fraction: 0.6, embargo_days: 2}
    W1: {train_fraction: 0.5}
cost: {round_trip_bps: 2.0, by_symbol: {BBB*: 6.0}}
market_stats:
  events: [always_true, bullish_candle, k_consecutive(window_bars=1), k_consecutive(window_bars=2)]
  conditions:
    - vol_tertile(window_bars=5)
    - quantile_bin(feature=log_return(window_bars=3),n_bins=2)
    - calendar_bin(dimension=is_month_end)
  targets:
    - up_next_bar
    - up_next_bar(ties=failure)
    - continuation_n(horizon_bars=1,direction=down)
    - continuation_n(horizon_bars=5)
    - touch_up_before_down(window_bars=10,horizon_bars=6)
    - touch_up_before_down(atr_multiple=0.5,window_bars=10,horizon_bars=3,ambiguous=loss)
    - breakout_high_first(window_bars=4,horizon_bars=5)
    - forward_return_n(horizon_bars=1)
    - forward_return_n(horizon_bars=5)
    - time_to_reversal(horizon_bars=8)
  n_min: {default: 40, D1: 10, W1: 25}
  n_resamples: 99
  confidence: 0.9
  fdr: 0.02
  power: 0.75
seasonality:
  profile:
    by_hour: true
    by_dow: true
    dimensions: [is_month_end, is_month(month=3), week_of_year, quarter, dow x quarter]
    metrics: [own_p_up, next_p_up, "next_p_up(horizon_bars=1,ties=failure)", own_ret_mean, next_ret_mean, next_ret_std,
              next_ret_p25, next_ret_p50, amp_mean, amp_std, amp_p90, n_runs, run_len_up_mean, p_reversal,
              p_breakout_up, p_in_range]
    ret_horizon: 3
    min_samples_bin: 30
    confidence: 0.9
    q_max: 0.02
    by_year: false
  min_samples_bin_by_timeframe: {W1: 10}
"""


@dataclass(frozen=True)
class Counted:
    """What the engines stored of one key, and the bars that they stored it of."""

    key: PartitionKey
    bars: list[dict[str, Any]]
    market_stats: list[dict[str, Any]]
    seasonality_profiles: list[dict[str, Any]]


def research() -> dict[str, Any]:
    """The research file as plain lists and mappings."""
    read: dict[str, Any] = yaml.safe_load(RESEARCH)
    return read


def counted_lake(root: Path) -> list[Counted]:
    """Ingest the prices, run both stages, and read the tables of every key."""
    project = SmallProject.at(root)
    (root / "config" / "research.yaml").write_text(RESEARCH)
    project.drop("AAA", prices("AAA", datetime(2022, 1, 3, tzinfo=UTC), timedelta(hours=1), 2600, tick=0.1, seed=3))
    project.drop("BBB", prices("BBB", datetime(2016, 2, 1, tzinfo=UTC), timedelta(days=1), 2700, tick=0.5, seed=5))
    project.drop("CCC", prices("CCC", datetime(2022, 1, 3, tzinfo=UTC), timedelta(hours=1), 1200, tick=0.0, seed=7))
    project.register()
    for key in map(str, KEYS):
        for job in ("ingest", "market_stats", "seasonality"):
            project.run_key(job, key)

    def rows(table: str, key: PartitionKey) -> list[dict[str, Any]]:
        read: list[dict[str, Any]] = project.lake.read(table, key).to_dicts()
        return read

    return [Counted(k, *(rows(t, k) for t in ("bars", "market_stats", "seasonality_profiles"))) for k in KEYS]


def prices(symbol: str, start: datetime, step: timedelta, n_bars: int, *, tick: float, seed: int) -> str:
    """Bars in CSV whose closes move by whole ticks or not at all, rise oftener after two rises, and have holes."""
    draw, lines, at, close, rises = random.Random(seed), ["time,symbol,open,high,low,close,volume"], start, 1000, 0
    while len(lines) <= n_bars:
        # Too few Marches for a test of theirs, many other months.
        is_closed = at.weekday() > 4 or (at.month == 3 and at.year in {2018, 2021})
        if not is_closed and draw.random() > 0.01:
            opened = close + draw.choice((0, 0, 0, 0, 1, -1))
            size = draw.choice((0, 1, 1, 2, 2, 3, 5)) + (at.hour in {8, 14}) * draw.choice((0, 2))
            up = 0.52 if rises < 2 else 0.72
            up += 0.2 * (at.hour == 10) - 0.2 * (at.weekday() == 4 and step.days > 0) - 0.06 * (close > 1000)
            close = max(opened + (size if draw.random() < up else -size), 300)
            rises = rises + 1 if close > opened else 0
            high, low = max(opened, close) + draw.choice((0, 0, 1, 2)), min(opened, close) - draw.choice((0, 0, 1, 2))
            shown = ",".join(f"{x * tick or 100.0:.1f}" for x in (opened, high, low, close))
            lines.append(f"{at:%Y-%m-%d %H:%M:%S},{symbol},{shown},{draw.randint(100, 900)}")
        at += step
    return "\n".join(lines) + "\n"
