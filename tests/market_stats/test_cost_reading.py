"""Cost-aware reading: break-even rates by brute force, what costs do to the verdict, and what stays null."""

import math
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from scipy import stats

from quant_core.compute import Compute
from quant_core.conditions.vol_tertile import VolTertile
from quant_core.counting.trades import NO_TRADE, sum_trades
from quant_core.errors import DataContractError
from quant_core.events.bullish_candle import BullishCandle
from quant_core.events.k_consecutive import KConsecutive
from quant_core.features.atr import Atr
from quant_core.market_stats import compute_market_stats
from quant_core.spec import CostSpec, MarketStatsSpec
from quant_core.splitters.single_split import SingleSplit
from quant_core.splitters.walk_forward import WalkForward
from quant_core.targets.continuation_n import ContinuationN
from quant_core.targets.forward_return_n import ForwardReturnN
from quant_core.targets.next_bearish import NextBearish
from quant_core.targets.retracement import Retracement
from quant_core.targets.time_to_touch import TimeToTouch
from quant_core.targets.touch_up_before_down import TouchUpBeforeDown
from quant_core.targets.up_next_bar import UpNextBar
from tests.market_stats.market_worlds import Marked, garch_t

TOUCH = TouchUpBeforeDown(atr_multiple=1.5, horizon_bars=4, ambiguous="loss")
TARGETS = (
    UpNextBar(),
    NextBearish(),
    ContinuationN(horizon_bars=5, direction="down"),
    TOUCH,
    TouchUpBeforeDown(horizon_bars=3),
)
COST_COLUMNS = [
    "cost_bps", "break_even", "net_mean_bps", "net_ci_low_bps", "net_ci_high_bps", "net_open_mean_bps",
    "net_open_ci_low_bps", "net_open_ci_high_bps", "net_open_against_bps",
]  # fmt: skip
SPEC = MarketStatsSpec(
    events=(KConsecutive(window_bars=2), BullishCandle()),
    conditions=(VolTertile(),),
    targets=(*TARGETS, ForwardReturnN(horizon_bars=2), Retracement(), TimeToTouch()),
    splitter=WalkForward("rolling", train_months=30, test_months=24, embargo_days=7),
    n_min=60,
    n_resamples=99,
    cost=CostSpec(10.0),
)


@pytest.fixture(scope="module")
def bars():
    """Opens that are not the closes before them, so that the next open is another entry."""
    generator = np.random.default_rng(8)
    plain = garch_t(2100, generator)
    gapped = pl.Series(plain.frame["open"].to_numpy() * np.exp(generator.normal(0, 0.003, 2100)))
    return plain.with_frame(
        plain.frame.with_columns(
            open=gapped, high=pl.max_horizontal("high", gapped), low=pl.min_horizontal("low", gapped)
        )
    )


@pytest.fixture(scope="module")
def table(bars):
    return compute_market_stats(bars, SPEC)


def payoff_of(target, rows, t, *, at_open=False):
    """What the trade entered at bar t pays, and what the opposite one does, bar by bar; None without a trade."""
    close = rows[t]["close"]
    entry = rows[t + 1]["open"] if at_open else close
    if isinstance(target, UpNextBar):
        move = rows[t + 1]["close"] / entry - 1
        return move, -move
    if isinstance(target, NextBearish):
        move = rows[t + 1]["close"] / rows[t + 1]["open"] - 1
        return -move, move
    if isinstance(target, ContinuationN | ForwardReturnN):
        move = rows[t + target.horizon_bars]["close"] / entry - 1
        return (-move, move) if isinstance(target, ContinuationN) else (move, -move)
    atr = rows[t]["atr"]
    if atr is None:
        return None, None
    upper, lower = close + target.atr_multiple * atr, close - target.atr_multiple * atr
    for bar in rows[t + 1 : t + 1 + target.horizon_bars]:
        up, down = bar["high"] >= upper, bar["low"] <= lower
        if up or down:
            gain, fall = max(upper, bar["open"]) / entry - 1, min(lower, bar["open"]) / entry - 1
            return (fall if down else gain), -(gain if up else fall)
    move = rows[t + target.horizon_bars]["close"] / entry - 1
    return move, -move


def cell_by_loops(bars, event, condition_value, target, pieces):
    """(outcome or None, payoffs of trade and opposite from the close, then from the next open) of a cell's trades."""
    rows = bars.frame.with_columns(atr=Atr(window_bars=14).compute(bars)).to_dicts()
    on, outcome = event.mask(bars).to_list(), target.outcome(bars)["value"].to_list()
    found = []
    for train, (start, stop) in pieces:
        labels = VolTertile().fit(bars.slice(*train)).labels(bars.head(stop)).to_list()
        for t in range(start, stop - target.horizon):
            if on[t] and condition_value in {"all", labels[t]}:
                with_target, against = payoff_of(target, rows, t)
                if with_target is not None:
                    found.append((outcome[t], with_target, against, *payoff_of(target, rows, t, at_open=True)))
    return found


def break_even_by_loops(trades, cost, *, hit):
    """The rate of hits at which all trades together pay their costs; ``hit`` is the outcome that counts as one."""
    gains = [p for outcome, p in trades if outcome is hit]
    losses = [-p for outcome, p in trades if outcome is (not hit)]
    rest = [p for outcome, p in trades if outcome is None]
    gain, loss, n = sum(gains) / len(gains), sum(losses) / len(losses), len(gains) + len(losses)
    return (n * loss + len(trades) * cost - sum(rest)) / (n * (gain + loss))


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_break_even_and_net_mean_equal_a_count_trade_by_trade(bars, table, target):
    folds = SPEC.splitter.folds(bars.frame["session_date"])
    first = [((folds[0].train_start, folds[0].train_stop),) * 2]
    pooled = [((f.train_start, f.train_stop), (f.test_start, f.test_stop)) for f in folds]
    for fold, split, pieces, value in ((0, "train", first, "low"), (-1, "oos_pooled", pooled, "all")):
        row = table.filter(
            fold=fold, split=split, event="bullish_candle", condition_value=value, target=target.canonical
        ).row(0, named=True)
        trades = cell_by_loops(bars, BullishCandle(), value, target, pieces)
        decided = [t for t in trades if t[0] is not None]
        assert len(decided) == row["n"] > 50
        assert (len(trades) > len(decided)) == (target.name == "touch_up_before_down")
        pays = np.array([t[1] for t in trades])
        assert row["net_mean_bps"] == pytest.approx(1e4 * pays.mean() - 10.0, abs=1e-9)
        at_open = [1e4 * np.mean([t[i] for t in trades]) - 10.0 for i in (3, 4)]
        assert [row["net_open_mean_bps"], row["net_open_against_bps"]] == pytest.approx(at_open, abs=1e-9)
        rate = break_even_by_loops([(t[0], t[1]) for t in trades], 10 / 1e4, hit=True)
        assert row["break_even"] == pytest.approx(rate, abs=1e-12)
        # Beyond break-even and a positive net mean are the same statement about the estimates.
        assert (row["p_hat"] > row["break_even"]) == (row["net_mean_bps"] > 0)
        other = break_even_by_loops([(t[0], t[2]) for t in trades], 10 / 1e4, hit=False)
        assert (1 - row["p_hat"] > other) == (-np.mean([t[2] for t in trades]) < -10 / 1e4)
        assert row["clears_cost"] is (None if row["n_blocks"] < 10 else False)


def test_the_interval_of_independent_payoffs_is_the_textbook_one():
    """One trade per block: nothing to cluster, so the bounds are those of Student's t over the trades."""
    bars = garch_t(64 * 60, np.random.default_rng(3))
    marked = bars.with_frame(bars.frame.with_columns(volume=(pl.int_range(pl.len()) % 64 == 0).cast(pl.Float64)))
    spec = MarketStatsSpec(events=(Marked(),), targets=(UpNextBar(),), n_min=10, cost=CostSpec(3.0))
    row = compute_market_stats(marked, spec).filter(split="train").row(0, named=True)
    close = bars.frame["close"].to_numpy()
    at = np.arange(0, row["n"] * 64, 64)
    pays = 1e4 * (close[at + 1] / close[at] - 1)
    low, high = stats.t.interval(0.95, len(at) - 1, pays.mean(), pays.std(ddof=1) / math.sqrt(len(at)))
    assert (row["net_ci_low_bps"] + 3, row["net_ci_high_bps"] + 3) == pytest.approx((low, high), rel=1e-9)
    # These bars open where the one before closed.
    assert (row["net_open_ci_low_bps"] + 3, row["net_open_ci_high_bps"] + 3) == pytest.approx((low, high), rel=1e-9)


def test_a_higher_cost_never_lowers_break_even_and_never_makes_a_cell_clear(bars):
    """On a market with a strong trend, so that some cells clear a small cost on either side."""
    drift = np.exp(0.002 * np.arange(len(bars)))
    rising = bars.with_frame(bars.frame.with_columns([pl.col(c) * drift for c in ("open", "high", "low", "close")]))
    key = ["fold", "split", "event", "condition_value", "target"]
    before, n_clear = None, []
    for cost in (0.0, 2.0, 10.0, 40.0, 400.0):
        rows = compute_market_stats(rising, replace(SPEC, cost=CostSpec(cost))).filter(pl.col("cost_bps").is_not_null())
        n_clear.append(int(rows["clears_cost"].sum()))
        if before is not None:
            both = before.join(rows, on=key, suffix="_dear", validate="1:1")
            assert both.height == rows.height > 100
            assert (both["break_even_dear"] >= both["break_even"]).all()
            assert (both["net_mean_bps_dear"] < both["net_mean_bps"]).all()
            assert not (both["clears_cost_dear"] & ~both["clears_cost"]).any()
            assert both["clears_cost"].is_null().equals(both["clears_cost_dear"].is_null())
        else:
            assert set(rows["cost_side"].drop_nulls()) == {"with", "against"}
        before = rows
    assert n_clear[0] > n_clear[2] > n_clear[-1] == 0


def test_the_opposite_target_clears_on_the_opposite_side(bars):
    drift = np.exp(0.004 * np.arange(len(bars)))
    rising = bars.with_frame(bars.frame.with_columns([pl.col(c) * drift for c in ("open", "high", "low", "close")]))
    targets = (ContinuationN(horizon_bars=5), ContinuationN(horizon_bars=5, direction="down"))
    rows = compute_market_stats(rising, replace(SPEC, targets=targets)).filter(split="train", condition="all")
    up, down = (rows.filter(target=t.canonical) for t in targets)
    assert up["cost_side"].to_list() == ["with"] * up.height
    assert down["cost_side"].to_list() == ["against"] * up.height
    assert down["net_mean_bps"].to_numpy() == pytest.approx(-up["net_mean_bps"].to_numpy() - 20.0, abs=1e-9)


def test_a_mean_must_exceed_the_cost_itself(bars, table):
    rows = table.filter(target_kind="numeric").filter(pl.col("mean_ci_low").is_not_null())
    assert rows.height > 20
    assert set(rows["break_even"]) == {0.001}
    assert rows["net_mean_bps"].to_numpy() == pytest.approx(1e4 * rows["mean"].to_numpy() - 10)
    known = rows["clears_cost"].is_not_null()
    assert known.equals(rows["net_open_ci_low_bps"].is_not_null().alias("clears_cost"))
    beyond = (rows["mean_ci_low"] > 0.001) | (rows["mean_ci_high"] < -0.001)
    assert not (rows["clears_cost"] & ~beyond).any()
    fold = SPEC.splitter.folds(bars.frame["session_date"])[0]
    train, target = (fold.train_start, fold.train_stop), ForwardReturnN(horizon_bars=2)
    trades = cell_by_loops(bars, BullishCandle(), "low", target, [(train, train)])
    row = rows.filter(fold=0, split="train", event="bullish_candle", condition_value="low").row(0, named=True)
    expected = [1e4 * np.mean([t[i] for t in trades]) - 10.0 for i in (1, 3, 4)]
    columns = ("net_mean_bps", "net_open_mean_bps", "net_open_against_bps")
    assert [row[c] for c in columns] == pytest.approx(expected, abs=1e-9)
    assert abs(expected[0] - expected[1]) > 0.1


def test_without_a_cost_or_without_a_trade_nothing_is_said_and_nothing_else_changes(bars, table):
    columns = [*COST_COLUMNS, "clears_cost", "cost_side"]
    free = compute_market_stats(bars, replace(SPEC, cost=None))
    assert all(free[c].is_null().all() for c in columns)
    assert_frame_equal(free.drop(columns), table.drop(columns), check_exact=True)
    meant = pl.col("target").str.contains("retracement|time_to_touch").not_()
    assert (
        table.filter(meant, pl.col("n") > 0)["cost_bps"].to_list()
        == [10.0] * table.filter(meant, pl.col("n") > 0).height
    )
    assert all(table.filter(~meant)[c].is_null().all() for c in columns)


def test_one_thread_gives_the_same_bits(bars, table):
    assert_frame_equal(compute_market_stats(bars, SPEC, Compute(threads=1)), table, check_exact=True)


def test_a_symbol_has_the_cost_of_the_first_pattern_that_fits(bars):
    spec = replace(SPEC, targets=(UpNextBar(),), cost=CostSpec(5.0, ((bars.symbol[:1] + "*", 1.0), ("*", 9.0))))
    assert set(compute_market_stats(bars, spec)["cost_bps"]) == {1.0}


def test_payoffs_that_contradict_the_outcome_are_refused(bars):
    class Wrong(UpNextBar):
        def trade(self, bars):
            return super().trade(bars).with_columns(pl.col("payoff") * -1)

    with pytest.raises(DataContractError, match="expected a finite number, more than 0 where the outcome is true"):
        compute_market_stats(bars, replace(SPEC, targets=(Wrong(),)))


def test_sums_are_equal_bit_for_bit_in_pieces_of_whole_blocks_and_equal_a_plain_loop():
    generator = np.random.default_rng(0)
    n_bars, n_slots, size = 1000, 5, 128
    events = generator.random((3, n_bars)) < [[0.9], [0.1], [0.0]]
    codes = generator.integers(0, n_slots + 1, (2, n_bars))
    pays, state = generator.normal(size=n_bars), generator.integers(0, NO_TRADE + 1, n_bars).astype(np.int8)
    whole = sum_trades(events, codes, n_slots, pays, state, size)
    parts = [
        sum_trades(events[:, a:b], codes[:, a:b], n_slots, pays[a:b], state[a:b], size)
        for a, b in ((0, 512), (512, 1000))
    ]
    added = parts[0] + parts[1]
    assert whole.tt == pytest.approx(added.tt, rel=1e-12)
    assert np.array_equal(whole.nn, added.nn)
    for event in range(3):
        for slot in range(n_slots):
            per_block: dict[int, list[float]] = {}
            for t in range(n_bars):
                for row in range(2):
                    if events[event, t] and state[t] != NO_TRADE and codes[row, t] == slot:
                        per_block.setdefault(t // size, []).append(pays[t])
            sums = [sum(block) for block in per_block.values()]
            assert whole.n[event, slot] == sum(map(len, per_block.values()))
            assert whole.nn[event, slot] == sum(len(block) ** 2 for block in per_block.values())
            assert whole.tt[event, slot] == pytest.approx(sum(s * s for s in sums))
            assert whole.nt[event, slot] == pytest.approx(sum(len(b) * sum(b) for b in per_block.values()))
            assert whole.squares[event, slot] == pytest.approx(sum(x * x for b in per_block.values() for x in b))


@pytest.mark.slow
def test_without_any_edge_few_cells_clear_a_cost_of_nothing_and_the_hit_rate_alone_errs_more():
    """The figures of docs/statistics.md: GARCH returns without edge or cost, 2.5 % of cells intended on either side."""
    targets = (UpNextBar(), *(ContinuationN(horizon_bars=n) for n in (5, 20, 60)))
    spec = replace(SPEC, targets=targets, splitter=SingleSplit(), n_min=100, cost=CostSpec(0.0))
    worlds = [compute_market_stats(garch_t(6000, np.random.default_rng(1000 + i)), spec) for i in range(24)]
    cells = pl.concat(worlds).filter(pl.col("split") == "train", pl.col("n") >= 100)
    by_target = cells.group_by("target").agg(
        (pl.col("cost_side") == "with").fill_null(value=False).mean().alias("both_intervals"),
        (pl.col("ci_low") > pl.col("break_even")).mean().alias("rate_alone"),
        pl.col("net_ci_low_bps").le(0).and_(pl.col("net_ci_high_bps").ge(0)).mean().alias("coverage"),
    )
    assert by_target["both_intervals"].max() < 0.07
    assert by_target["rate_alone"].min() > 0.07
    assert by_target["coverage"].min() > 0.92
