"""What a close reading earns on paper only: the world of Roll, where every price is a bid or an ask."""

import numpy as np
import polars as pl

from quant_core.events.k_consecutive import KConsecutive
from quant_core.market_stats import compute_market_stats
from quant_core.spec import CostSpec, MarketStatsSpec
from quant_core.targets.continuation_n import ContinuationN
from quant_core.targets.forward_return_n import ForwardReturnN
from quant_core.targets.next_bullish import NextBullish
from quant_core.targets.up_next_bar import UpNextBar
from tests.market_stats.market_worlds import bid_ask_bounce


def test_what_bid_and_ask_bounce_back_clears_at_the_close_and_not_at_the_next_open():
    """After a fall the close was at the bid more often: the next close is higher on paper, and no trade gets it."""
    bars = bid_ask_bounce(6000, np.random.default_rng(11))
    targets = (UpNextBar(), NextBullish(), ContinuationN(horizon_bars=5), ForwardReturnN(horizon_bars=2))
    events = (KConsecutive(window_bars=1, direction="down"), KConsecutive(window_bars=1, direction="up"))
    spec = MarketStatsSpec(events=events, targets=targets, n_resamples=199, cost=CostSpec(1.0))
    rows = compute_market_stats(bars, spec).filter(split="train")
    fallen = rows.filter(pl.col("event").str.contains("down"), pl.col("target") != "next_bullish")
    # The close reading alone: half a spread of 10 bp and more is earned on every trade, far beyond the cost.
    assert (fallen["net_ci_low_bps"] > 1.0).all()
    assert (fallen.filter(target_kind="binary")["ci_low"] > fallen.filter(target_kind="binary")["break_even"]).all()
    risen = rows.filter(pl.col("event").str.contains("up", literal=True), pl.col("target") != "next_bullish")
    assert (risen["net_ci_high_bps"] + 2 < -1.0).all()
    # The next open is a toss of its own: nothing is left but the cost.
    assert (rows["net_open_ci_low_bps"] < -1.0).all()
    assert (rows["net_open_ci_high_bps"] > -1.0).all()
    assert rows["clears_cost"].to_list() == [False] * rows.height
