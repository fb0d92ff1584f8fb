"""The contract of every profile metric: observable values only, and none that later bars could change."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from quant_core.bars import Bars
from quant_core.profile_metrics import PROFILE_METRICS, ProfileMetric
from quant_core.seasonality.entries import CONDITIONAL_METRICS, DIRECTION_METRICS, RETURN_METRICS, resolve_metric


def random_bars(n: int, *, scale: float = 1.0, seed: int = 1) -> Bars:
    """A walk of 3-hour days with flat bars in it."""
    if n == 0:
        return random_bars(1).head(0)
    rng = np.random.default_rng(seed)
    close = scale * 100 * np.exp(np.cumsum(rng.choice([-0.02, -0.01, 0.0, 0.01, 0.02], n)))
    open_ = np.append(100 * scale, close[:-1])
    high = np.maximum(open_, close) * 1.01
    return Bars.of(open=list(open_), high=list(high), low=list(np.minimum(open_, close) * 0.98), close=list(close))


@pytest.fixture(params=sorted(PROFILE_METRICS))
def metric(request: pytest.FixtureRequest) -> ProfileMetric:
    return PROFILE_METRICS[request.param]()


@pytest.mark.parametrize("n", [0, 1, 2, 3, 100])
def test_gives_one_float_per_bar(metric: ProfileMetric, n: int) -> None:
    values = metric.bar_value.compute(random_bars(n))
    assert (values.dtype, len(values)) == (pl.Float64, n)
    assert not values.is_nan().any()
    assert not values.is_infinite().any()


def test_a_rate_is_made_of_zeros_and_ones(metric: ProfileMetric) -> None:
    values = set(metric.bar_value.compute(random_bars(300)).drop_nulls().to_list())
    assert values
    if metric.kind == "rate":
        assert values == {0.0, 1.0}


def test_a_known_value_never_changes_when_bars_arrive(metric: ProfileMetric) -> None:
    bars = random_bars(200)
    whole = metric.bar_value.compute(bars)
    for n in (7, 50, 51, 52, 199):
        prefix = metric.bar_value.compute(bars.head(n))
        known = prefix.is_not_null()
        assert prefix.filter(known).to_list() == whole.head(n).filter(known).to_list()


def test_fractions_counts_and_bars_do_not_depend_on_the_price_scale(metric: ProfileMetric) -> None:
    assert metric.unit != "price"  # the default of every metric compares across symbols
    one, ten = (metric.bar_value.compute(random_bars(200, scale=s)) for s in (1.0, 10.0))
    assert one.is_null().equals(ten.is_null())
    np.testing.assert_allclose(one.drop_nulls().to_numpy(), ten.drop_nulls().to_numpy(), rtol=1e-9)


def test_leaves_its_input_alone(metric: ProfileMetric) -> None:
    bars = random_bars(50)
    before = bars.frame.clone()
    metric.bar_value.compute(bars)
    assert bars.frame.equals(before)


def test_prices_of_zero_and_less_have_no_return() -> None:
    bars = Bars.of(close=[1.0, 0.0, -37.63, 10.0, 11.0])
    assert resolve_metric("next_ret_mean").bar_value.compute(bars).round(6).to_list() == [None, None, None, 0.1, None]
    assert resolve_metric("amp_mean").bar_value.compute(bars).null_count() == 2


def test_every_metric_of_the_source_system_resolves_to_its_short_name() -> None:
    for name in (*DIRECTION_METRICS, *RETURN_METRICS, *CONDITIONAL_METRICS):
        assert resolve_metric(name).short_name == name


def test_both_spellings_of_a_quantile_are_one_metric() -> None:
    assert resolve_metric("next_ret_q25") == resolve_metric("next_ret_p25")
    assert resolve_metric("amp_q90") == resolve_metric("amp_p90")
    assert resolve_metric("next_ret_median") == resolve_metric("next_ret_p50")


def test_a_horizon_of_three_bars_gives_runs_of_single_bars_all_the_same() -> None:
    bars = random_bars(200)
    one, three = (resolve_metric("run_len_up_mean", h).bar_value.compute(bars) for h in (1, 3))
    assert one.equals(three)
    assert resolve_metric("p_reversal", 3).canonical == "p_reversal(horizon_bars=3)"
