"""mart__findings: one row per question, from computed tables of two symbols."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from quant_core.bars import Bars
from quant_core.market_stats import compute_market_stats
from quant_core.seasonality import SeasonalityProfileSpec, compute_seasonality, compute_stability
from quant_core.spec import load_research
from quant_core.timeframes import Timeframe
from quant_pipelines.lake.lake import Facts, Lake
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.marts.marts import build_mart, mart_files, mart_settings

RESEARCH = load_research(
    """
folds: {splitter: single_split(train_fraction=0.3)}
cost: {round_trip_bps: 2.0}
market_stats:
  events: [always_true, "k_consecutive(window_bars=1,direction=up)"]
  conditions: [calendar_bin(dimension=turn_of_month), vol_tertile]
  targets: [up_next_bar, "continuation_n(horizon_bars=1,direction=up)", forward_return_n, time_to_touch]
  n_min: 30
""",
    "findings",
)
RISE = "k_consecutive(window_bars=1,direction=up)"
SEASONS = SeasonalityProfileSpec(
    by_hour=False,
    by_third_friday=True,
    dimensions=("turn_of_month",),
    metrics=("next_p_up", "next_ret_mean"),
    min_samples_bin=30,
)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    made = Lake(str(tmp_path_factory.mktemp("findings")))
    for i, symbol in enumerate(("A", "B")):
        close = np.exp(np.cumsum(np.random.default_rng(i).normal(0, 0.01, 1600)))
        opened = np.append(1.0, close[:-1]) * 1.0001
        high, low = np.maximum(opened, close), np.minimum(opened, close)
        bars = Bars.of(open=opened, high=high, low=low, close=close, timeframe=Timeframe.D1, symbol=symbol)
        key, facts = PartitionKey(symbol, "D1"), Facts(symbol, "code")
        made.write("market_stats", key, compute_market_stats(bars, RESEARCH.market_stats), facts)
        made.write("seasonality_profiles", key, compute_seasonality(bars, SEASONS), facts)
        made.write("seasonality_stability", key, compute_stability(bars, SEASONS), facts)
    for name in ("mart__market_stats_top", "mart__seasonality_profiles"):
        _build(name, made)
    return made


def _build(name: str, lake: Lake) -> pl.DataFrame:
    return build_mart(next(f for f in mart_files() if f.name == name), lake, mart_settings(RESEARCH)).frame


def test_every_tested_question_after_an_event_is_one_row_with_its_numbers(lake: Lake) -> None:
    mart = _build("mart__findings", lake).filter(kind="event")
    stats = pl.concat([lake.read("market_stats", k) for k in lake.keys("market_stats")])
    cells = stats.filter(pl.col("split") == "oos_pooled", pl.col("verdict").is_not_null(), pl.col("n") > 0)
    assert mart.height == cells.select("symbol", "hypothesis").n_unique() < cells.height
    assert mart.filter(pl.col("measure").str.contains("time_to_touch")).is_empty()
    assert mart["n_twins"].sum() + mart.height == cells.height
    row = mart.filter(symbol="A", event=RISE, condition="all", form="rate").row(0, named=True)
    cell = cells.filter(symbol="A", event=RISE, condition="all", target="up_next_bar").row(0, named=True)
    assert row["hypothesis"] == cell["hypothesis"]
    named = {"estimate": "p_hat", "lift": "lift_freq", "net_close_bps": "net_mean_bps"}
    same = "n n_eff estimate ci_low ci_high baseline lift p_value q_value mde cost_bps net_close_bps clears_cost"
    for ours in same.split():
        assert row[ours] == cell[named.get(ours, ours)], ours
    best = max(cell["net_open_mean_bps"], cell["net_open_against_bps"])
    assert (row["net_bps"], row["side"]) == (best, "with" if best == cell["net_open_mean_bps"] else "against")


def test_twins_are_named_and_the_rarer_side_speaks(lake: Lake) -> None:
    mart = _build("mart__findings", lake)
    turn = mart.filter(pl.col("condition").str.contains("turn_of_month"), pl.col("form") == "rate", symbol="A")
    everywhere = turn.filter(event="always_true")
    # turn and rest, under two names of one target.
    assert everywhere.select("state", "n_twins").rows() == [("turn", 3)]
    assert everywhere["twins"][0].count("= rest → ") == 2
    # After an event the rest of the month is a question of its own.
    assert sorted(turn.filter(event=RISE).select("state", "n_twins").rows()) == [("rest", 1), ("turn", 1)]
    seasons = mart.filter(kind="season", symbol="B", form="next_p_up")
    flags = seasons.filter(pl.col("n_twins") > 0)
    other = {"1": "0", "turn": "rest"}
    assert sorted(flags["state"]) == sorted(other)
    for row in flags.iter_rows(named=True):
        assert row["twins"] == f"{row['condition']} = {other[row['state']]}"


def test_seasons_without_a_test_are_left_out_and_judged_by_their_own_rate(lake: Lake) -> None:
    mart = _build("mart__findings", lake).filter(kind="season")
    profile = _build("mart__seasonality_profiles", lake).filter(pl.col("verdict").is_not_null())
    assert mart.height == profile.select("symbol", "metric", "hypothesis").n_unique()
    judged = mart.filter(pl.col("q_value_global").is_not_null())
    q_max = mart_settings(RESEARCH)["seasonality_q_max"]
    assert (judged["q_value_global"] <= q_max).equals(judged["verdict_global"] == "significant")
    assert mart["cost_bps"].null_count() == mart.height
