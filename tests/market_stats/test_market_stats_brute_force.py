"""The engine against a second implementation that shares nothing but the blocks: loops, pandas and statsmodels."""

import math

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import stats
from statsmodels.duration.survfunc import SurvfuncRight
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from quant_core.conditions.calendar_bin import CalendarBin
from quant_core.conditions.vol_tertile import VolTertile
from quant_core.events.bullish_candle import BullishCandle
from quant_core.events.k_consecutive import KConsecutive
from quant_core.market_stats import compute_market_stats
from quant_core.spec import MarketStatsSpec
from quant_core.splitters.walk_forward import WalkForward
from quant_core.targets.continuation_n import ContinuationN
from quant_core.targets.forward_return_n import ForwardReturnN
from quant_core.targets.time_to_reversal import TimeToReversal
from quant_core.targets.up_next_bar import UpNextBar
from tests.market_stats.market_worlds import garch_t

SPEC = MarketStatsSpec(
    events=(KConsecutive(window_bars=2), BullishCandle()),
    conditions=(VolTertile(), CalendarBin()),
    targets=(
        UpNextBar(),
        ContinuationN(horizon_bars=20),
        ForwardReturnN(horizon_bars=5),
        TimeToReversal(horizon_bars=20),
    ),
    splitter=WalkForward("rolling", train_months=30, test_months=24, embargo_days=7),
    n_min=60,
    n_resamples=99,
)


@pytest.fixture(scope="module")
def bars():
    return garch_t(2100, np.random.default_rng(8))


@pytest.fixture(scope="module")
def table(bars):
    return compute_market_stats(bars, SPEC)


def splits_of(bars):
    """(fold, split, train range, ranges); the pooled split has one range per fold."""
    folds = SPEC.splitter.folds(bars.frame["session_date"])
    for f in folds:
        yield f.index, "train", [((f.train_start, f.train_stop), (f.train_start, f.train_stop))]
        yield f.index, "test", [((f.train_start, f.train_stop), (f.test_start, f.test_stop))]
    yield -1, "oos_pooled", [((f.train_start, f.train_stop), (f.test_start, f.test_stop)) for f in folds]


def long_frame(bars, event, condition, target, pieces):
    """One row per bar with a known outcome: block, whether the event is on, the state, the outcome."""
    close, parts = bars.frame["close"].to_numpy(), []
    h = target.horizon
    size = 64 * math.ceil(max(64, 4 * h) / 64)
    for number, (train, (start, stop)) in enumerate(pieces):
        on = event.mask(bars).to_list()
        state = ["all"] * len(close)
        if condition is not None:
            state = condition.fit(bars.slice(*train)).labels(bars.head(stop)).to_list()
        for t in range(start, stop):
            if t + h >= stop:
                continue
            change = close[t + h] / close[t] - 1
            y = change if target.kind == "numeric" else float(change > 0)
            parts.append((number, t, (number, (t - start) // size), bool(on[t]), state[t], y))
    return pd.DataFrame(parts, columns=["piece", "t", "block", "on", "state", "y"])


def by_loops(frame, value, horizon):
    """n, mean, baseline, n_eff and p of one cell, block by block."""
    cell = frame[frame.on & (frame.state == value)]
    n, N = len(cell), len(frame)
    if n == 0:
        return 0, None, frame.y.mean(), None, None
    rest = frame.drop(cell.index)
    p, p0, share, r = cell.y.mean(), frame.y.mean(), n / N, rest.y.mean()
    u_test, u_own, sizes, expected, with_event = [], [], [], [], 0
    for block in frame.block.unique():
        c, o = cell[cell.block == block].y, rest[rest.block == block].y
        u_test.append((1 - share) * (c.sum() - p * len(c)) - share * (o.sum() - r * len(o)))
        u_own.append(c.sum() - p * len(c))
        sizes.append(len(c))
        expected.append((1 - share) ** 2 * len(c) + share**2 * len(o))
        with_event += len(c) > 0
    n_eff = by_loops_n_eff(cell, horizon, sum(u * u for u in u_own), sizes)
    if with_event < 10:
        return n, p, p0, n_eff, None
    g = sum(expected) ** 2 / sum(v * v for v in expected)
    error = math.sqrt(sum(u * u for u in u_test) * g / (g - 1)) / n
    by_t = 2 * stats.t.sf(abs(p - p0) / error, g - 1)
    if not frame.y.isin([0.0, 1.0]).all():
        return n, p, p0, n_eff, by_t
    alone = ((1 - share) ** 2 * p * (1 - p) + share * (1 - share) * r * (1 - r)) / n
    inflation = error**2 / alone if 0 < p < 1 else n / n_eff
    return n, p, p0, n_eff, max(by_t, by_binomial_tails(p, n / max(1, inflation) / (1 - share), p0))


def by_binomial_tails(p, trials, p0):
    """Twice the smaller tail of so many trials, through the beta distribution: trials need not be whole."""
    k = p * trials
    upper = stats.beta.cdf(p0, k, trials - k + 1) if k > 0 else 1.0
    lower = stats.beta.sf(p0, k + 1, trials - k) if k < trials else 1.0
    return min(1.0, 2 * min(upper, lower))


def by_loops_n_eff(cell, horizon, own, sizes):
    """Effective sample size from the block sums of one cell."""
    n = len(cell)
    covered = {(i, t + j) for i, t in zip(cell.piece, cell.t, strict=True) for j in range(1, horizon + 1)}
    unique = min(n, len(covered) / horizon)
    same_block_pairs = sum(k * (k - 1) for k in sizes)
    if n * n == sum(k * k for k in sizes) or own < 1e-12:
        return unique
    deff = own / (n * cell.y.var(ddof=0)) * (1 - 1 / n) / (1 - sum(k * k for k in sizes) / n**2)
    degrees = n * n / same_block_pairs - 1 if same_block_pairs else math.inf
    block = 64 * math.ceil(max(64, 4 * horizon) / 64)
    cluster = n / deff * (1 - horizon / (3 * block) * (1 - unique / n))
    return min(n, cluster * (1 - 2 / degrees)) if degrees > 4 else min(unique, cluster)


@pytest.mark.parametrize("target", [t for t in SPEC.targets if t.kind != "time_to_event"], ids=lambda t: t.name)
def test_every_cell_equals_the_loops(bars, table, target):
    checked = 0
    for fold, split, pieces in splits_of(bars):
        for event in SPEC.events:
            for condition in (None, *SPEC.conditions):
                frame = long_frame(bars, event, condition, target, pieces)
                for value in condition.values if condition else ("all",):
                    row = table.row(
                        by_predicate=(pl.col("fold") == fold)
                        & (pl.col("split") == split)
                        & (pl.col("event") == event.canonical)
                        & (pl.col("condition") == (condition.canonical if condition else "all"))
                        & (pl.col("condition_value") == value)
                        & (pl.col("target") == target.canonical),
                        named=True,
                    )
                    n, mean, baseline, n_eff, p = by_loops(frame, value, target.horizon)
                    numeric = target.kind == "numeric"
                    assert row["n"] == n
                    assert row["mean" if numeric else "p_hat"] == (pytest.approx(mean, abs=1e-12) if n else None)
                    assert row["baseline_mean" if numeric else "baseline"] == pytest.approx(baseline, abs=1e-12)
                    assert row["n_eff"] == (pytest.approx(n_eff, rel=1e-9) if n else None)
                    assert row["p_value"] == (None if p is None else pytest.approx(p, rel=1e-9))
                    if n and not numeric:
                        low, high = proportion_confint(mean * n_eff, n_eff, method="wilson")
                        assert (row["ci_low"], row["ci_high"]) == pytest.approx((low, high), abs=1e-9)
                    checked += n > 0
    assert checked > 60


def test_q_values_and_verdicts_follow_from_the_p_values_of_the_family(table):
    for _, part in table.group_by("fold", "split", "target_kind"):
        tested = part.filter(pl.col("p_value").is_not_null(), pl.col("n") >= SPEC.n_min)
        assert set(part["n_tests"]) == {len(tested)}
        outside = part.join(tested, on=["event", "condition", "condition_value", "target"], how="anti")
        assert outside["q_value"].is_null().all()
        if len(tested):
            q = multipletests(tested["p_value"], method="fdr_bh")[1]
            np.testing.assert_allclose(tested["q_value"], q, atol=1e-12)
            found, reachable = q <= SPEC.fdr, tested["mde"].is_not_null() | (tested["target_kind"] == "numeric")
            silent = np.where(reachable, "not_significant", "underpowered")
            assert tested["verdict"].to_list() == np.where(found, "significant", silent).tolist()


def test_replication_is_what_the_test_split_says(table):
    key = ("fold", "event", "condition", "condition_value", "target")
    test = {tuple(r[k] for k in key): r for r in table.filter(split="test").to_dicts()}
    seen = set()
    for row in table.filter(split="train").to_dicts():
        other = test[tuple(row[k] for k in key)]
        lift, other_lift = (r["lift_freq"] if r["lift_freq"] is not None else r["lift_mean"] for r in (row, other))
        if row["p_value"] is None or other["p_value"] is None:
            assert row["replicated"] is None
        else:
            assert row["replicated"] == (np.sign(lift) == np.sign(other_lift) and other["p_value"] <= 0.05)
        seen.add(row["replicated"])
    assert {None, False} <= seen
    assert table.filter(pl.col("split") != "train")["replicated"].is_null().all()


def test_survival_columns_equal_statsmodels_on_truncated_bars(bars, table):
    target = SPEC.targets[-1]
    for fold, split, pieces in splits_of(bars):
        times, observed = [], []
        for _, (start, stop) in pieces:
            # Bars after the split are cut off before the outcome is computed at all.
            seen = target.outcome(bars.head(stop)).slice(start)
            on = SPEC.events[1].mask(bars).slice(start, stop - start)
            kept = seen.filter(on, pl.col("value").is_not_null())
            times += kept["value"].to_list()
            observed += kept["observed"].to_list()
        row = table.row(
            by_predicate=(pl.col("fold") == fold)
            & (pl.col("split") == split)
            & (pl.col("event") == SPEC.events[1].canonical)
            & (pl.col("condition") == "all")
            & (pl.col("target") == target.canonical),
            named=True,
        )
        oracle = SurvfuncRight(times, np.array(observed).astype(int))
        first = oracle.surv_times[oracle.surv_prob <= 0.5 + 1e-12][0]
        assert (row["n"], row["n_censored"]) == (len(times), len(times) - sum(observed))
        assert row["km_median"] == first
        curve = [1.0, *oracle.surv_prob]
        area = sum(curve[int(np.searchsorted(oracle.surv_times, t, side="right"))] for t in range(int(max(times))))
        assert row["km_rmean"] == pytest.approx(area, abs=1e-9)
