"""Two symbols side by side, correlation matrices, and reading under known names."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy import stats

from quant_core.errors import ConfigError, UnknownNameError
from quant_core.seasonality import (
    SeasonalityProfileSpec,
    SeasonalitySpec,
    compare_symbols,
    lift_correlations,
    metric_rows,
    profile_bars,
    wide_profile,
)
from quant_core.seasonality.spec import resolve_dimension, resolve_metric
from quant_core.timeframes import Timeframe
from tests.seasonality.worlds import bars_from_returns, garch_returns

SPEC = SeasonalityProfileSpec(metrics=("amp_mean", "ret_mean", "ret_p25", "p_up"), min_samples_bin=50)


def symbol(name: str, seed: int, pattern: np.ndarray) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    bars = bars_from_returns(garch_returns(24 * 200, rng, pattern=pattern), timeframe=Timeframe.H1, symbol=name)
    return profile_bars(bars, SPEC)


@pytest.fixture(scope="module")
def profiles() -> dict[str, pl.DataFrame]:
    day = 1 + np.sin(np.arange(24) / 24 * 2 * np.pi) / 2
    return {"A": symbol("A", 1, day), "B": symbol("B", 2, day), "C": symbol("C", 3, 2 - day)}


def test_differences_of_lifts_are_differences(profiles: dict[str, pl.DataFrame]) -> None:
    rows = compare_symbols(profiles["A"], profiles["C"])
    assert rows.select((pl.col("lift_diff") - (pl.col("lift_a") - pl.col("lift_b"))).abs().max()).item() == 0
    inside = rows.filter(pl.col("metric_name").is_in(["amp_mean", "ret_mean", "p_up"]))
    assert inside.select(pl.col("lift_diff").is_between("lift_diff_low", "lift_diff_high").all()).item()
    hour = (pl.col("metric_name") == "amp_mean") & (pl.col("bin") == "6") & pl.col("dimension").str.starts_with("hour")
    assert rows.filter(hour)["lift_diff_low"].item() > 0
    assert rows.filter(pl.col("metric_name") == "ret_p25")["lift_diff_low"].null_count() > 0


def test_comparing_the_other_way_round_turns_the_sign(profiles: dict[str, pl.DataFrame]) -> None:
    there, back = compare_symbols(profiles["A"], profiles["C"]), compare_symbols(profiles["C"], profiles["A"])
    assert there["lift_diff"].to_list() == (-back["lift_diff"]).to_list()


def test_refuses_mixed_profiles(profiles: dict[str, pl.DataFrame]) -> None:
    with pytest.raises(ConfigError, match="one symbol"):
        compare_symbols(pl.concat([profiles["A"], profiles["B"]]), profiles["C"])
    other = profiles["B"].with_columns(timeframe=pl.lit("D1"))
    with pytest.raises(ConfigError, match="equal timeframes"):
        compare_symbols(profiles["A"], other)
    with pytest.raises(ConfigError, match="one fold"):
        lift_correlations(pl.concat([profiles["A"], profiles["B"].with_columns(split=pl.lit("train"))]))


def test_the_matrix_equals_scipy_and_is_symmetric(profiles: dict[str, pl.DataFrame]) -> None:
    matrix = lift_correlations(pl.concat(profiles.values()))
    rows = matrix.filter((pl.col("metric_name") == "amp_mean") & pl.col("dimension").str.starts_with("hour"))
    found = {(a, b): r for a, b, r in rows.select("symbol_a", "symbol_b", "correlation").iter_rows()}
    assert len(found) == 9
    lifts = {
        name: p.filter((pl.col("metric_name") == "amp_mean") & pl.col("dimension").str.starts_with("hour"))["lift"]
        for name, p in profiles.items()
    }
    for a, b in (("A", "B"), ("A", "C")):
        expected = stats.pearsonr(lifts[a], lifts[b])
        row = rows.filter((pl.col("symbol_a") == a) & (pl.col("symbol_b") == b)).row(0, named=True)
        assert row["correlation"] == pytest.approx(expected.statistic, rel=1e-12)
        low, high = expected.confidence_interval(0.95)
        assert (row["ci_low"], row["ci_high"]) == (pytest.approx(low), pytest.approx(high))
        assert found[a, b] == found[b, a]
    assert found["A", "A"] == 1.0
    assert found["A", "B"] > 0.8
    assert found["A", "C"] < -0.8


def test_both_spellings_of_quantiles_read_the_same_rows(profiles: dict[str, pl.DataFrame]) -> None:
    assert metric_rows(profiles["A"], "ret_q25").equals(metric_rows(profiles["A"], "ret_p25"))
    assert metric_rows(profiles["A"], "p_hat").equals(metric_rows(profiles["A"], "p_up"))
    with pytest.raises(UnknownNameError, match="ret_mean"):
        metric_rows(profiles["A"], "ret_meann")


def test_the_wide_form_has_one_row_per_bin_and_the_promised_names(profiles: dict[str, pl.DataFrame]) -> None:
    wide = wide_profile(profiles["A"], ["amp_mean", "ret_q25", "p_up"])
    assert wide.height == 24 + 7
    assert {"baseline_amp", "lift_amp", "ret_q25", "ret_q25_ci_low", "p_up_ci_high", "p_up_q_value"} <= set(
        wide.columns
    )
    assert wide["lift_amp"].to_list() == metric_rows(profiles["A"], "amp_mean")["lift"].to_list()


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: resolve_dimension("hours"), "Did you mean 'hour'"),
        (lambda: resolve_dimension({"name": "hour", "tz": "UTC"}), "found 'tz'"),
        (lambda: resolve_dimension({"zone": "UTC"}), "with 'name'"),
        (lambda: resolve_metric({"name": "ret_mean", "horizon": 2}), "found 'horizon'"),
        (lambda: resolve_metric("ret_p0"), "greater than 0"),
    ],
)
def test_wrong_names_and_parameters_are_refused_with_a_hint(call: object, match: str) -> None:
    with pytest.raises((ConfigError, UnknownNameError), match=match):
        call()


def test_the_spec_refuses_unknown_keys() -> None:
    with pytest.raises(ValueError, match="by_hours"):
        SeasonalitySpec.model_validate({"profile": {"by_hours": True}})
    everything = SeasonalitySpec.model_validate(
        {"profile": {flag: True for flag in SeasonalityProfileSpec.model_fields if flag.startswith("by_")}}
    )
    assert len(everything.profile.resolved_dimensions()) == 12 + 5 + 12
