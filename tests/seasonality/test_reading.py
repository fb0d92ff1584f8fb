"""Profiles are read under the names people know, and wrong names are refused with a hint."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from quant_core.errors import ConfigError, UnknownNameError
from quant_core.seasonality import (
    SeasonalityProfileSpec,
    SeasonalitySpec,
    metric_rows,
    profile_bars,
)
from quant_core.seasonality.entries import resolve_dimension, resolve_metric
from quant_core.timeframes import Timeframe
from tests.seasonality.worlds import bars_from_returns, garch_returns

SPEC = SeasonalityProfileSpec(metrics=("amp_mean", "next_ret_mean", "next_ret_p25", "next_p_up"), min_samples_bin=50)


@pytest.fixture(scope="module")
def profile() -> pl.DataFrame:
    rng = np.random.default_rng(1)
    return profile_bars(
        bars_from_returns(garch_returns(24 * 200, rng, pattern=np.ones(24)), timeframe=Timeframe.H1), SPEC
    )


def test_both_spellings_of_quantiles_read_the_same_rows(profile: pl.DataFrame) -> None:
    assert metric_rows(profile, "next_ret_q25").equals(metric_rows(profile, "next_ret_p25"))
    assert metric_rows(profile, "p_hat").equals(metric_rows(profile, "next_p_up"))
    with pytest.raises(UnknownNameError, match="next_ret_mean"):
        metric_rows(profile, "ret_meann")


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: resolve_dimension("hours"), "Did you mean 'hour'"),
        (lambda: resolve_dimension({"name": "hour", "tz": "UTC"}), "No parameter of Hour is called 'tz'"),
        (lambda: resolve_dimension({"zone": "UTC"}), "expected a block such as"),
        (lambda: resolve_metric({"name": "next_ret_mean", "bars": 2}), "No parameter of NextRetMean is called 'bars'"),
        (lambda: resolve_metric("next_ret_p0"), "greater than 0"),
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
