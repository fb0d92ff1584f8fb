"""An edge that is real but too dear: significant, and its cost is not cleared; without the cost it is."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from quant_core.conditions.calendar_bin import CalendarBin
from quant_core.events.k_consecutive import KConsecutive
from quant_core.market_stats import compute_market_stats
from quant_core.spec import CostSpec, MarketStatsSpec
from quant_core.targets.forward_return_n import ForwardReturnN
from quant_core.targets.up_next_bar import UpNextBar
from quant_core.worlds.gross_edge import GrossEdge

WORLD = GrossEdge(lift=0.2, cost_bps=3.0)
N_WORLDS = 6


def planted_cells(cost_bps: float) -> pl.DataFrame:
    """The planted cell of the training split in several worlds, for a rate and for a mean."""
    spec = MarketStatsSpec(
        events=(KConsecutive(window_bars=WORLD.window_bars),),
        conditions=(CalendarBin(),),
        targets=(UpNextBar(), ForwardReturnN(horizon_bars=1)),
        n_min=100,
        n_resamples=199,
        cost=CostSpec(cost_bps),
    )
    cells = [compute_market_stats(WORLD.simulate(20_000, seed), spec) for seed in range(N_WORLDS)]
    return pl.concat(cells).filter(split="train", condition_value=str(WORLD.weekday))


def test_an_edge_below_its_cost_is_significant_and_does_not_clear_it() -> None:
    dear, free = planted_cells(WORLD.cost_bps), planted_cells(0.0)
    assert (dear["verdict"] == "significant").all()
    assert not dear["clears_cost"].any()
    assert dear["clears_cost"].null_count() == 0
    assert free["clears_cost"].all()
    assert set(free["cost_side"]) == {"with"}
    # Gains and losses are both E|move|, so the rate that pays the cost is known: ½ + cost/(2·E|move|).
    move_bps = WORLD.bar_vol * np.sqrt(2 / np.pi) * 1e4
    rates = dear.filter(target_kind="binary")
    assert rates["break_even"].mean() == pytest.approx(0.5 + WORLD.cost_bps / (2 * move_bps), abs=0.03)
    assert rates["net_mean_bps"].mean() == pytest.approx(WORLD.net_bps, abs=0.5)
    assert dear.filter(target_kind="numeric")["net_mean_bps"].mean() == pytest.approx(WORLD.net_bps, abs=0.5)
