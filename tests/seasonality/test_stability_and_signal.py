"""What is chosen on train holds no test data, and a signal is long and short by exactly the chosen bins."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from quant_core.bars import Bars
from quant_core.errors import ConfigError
from quant_core.seasonality import (
    ActiveBins,
    SeasonalityProfileSpec,
    SeasonalitySignalSpec,
    choose_active_bins,
    compute_seasonality,
    compute_stability,
    profile_bars,
    seasonal_signal,
)
from quant_core.seasonality.profile import halves
from quant_core.splitters import Fold
from quant_core.splitters.single_split import SingleSplit
from quant_core.tables.seasonality_profiles import TABLE
from quant_core.timeframes import Timeframe
from tests.seasonality.worlds import bars_from_returns, garch_returns

N = 24 * 500
SPEC = SeasonalityProfileSpec(by_dow=False, metrics=("next_ret_mean", "next_p_up"), min_samples_bin=50)


def planted(first: float, second: float, *, hour: int = 15, seed: int = 4) -> Bars:
    """An hour that pays ``first`` per bar in the first half of the time and ``second`` in the second."""
    effect = np.zeros(N)
    effect[hour::24] = np.where(np.arange(N)[hour::24] < N // 2, first, second)
    return bars_from_returns(garch_returns(N, np.random.default_rng(seed)) / 2 + effect, timeframe=Timeframe.H1)


def hour_row(profile: pl.DataFrame, hour: str, **where: object) -> dict[str, object]:
    rows = profile.filter((pl.col("bin") == hour) & (pl.col("metric_name") == "next_ret_mean"))
    return rows.filter(**where).row(0, named=True)


def test_an_effect_that_lasts_is_stable_and_one_that_dies_or_turns_is_not() -> None:
    stable = [hour_row(compute_seasonality(planted(*e), SPEC), "14") for e in ((2e-3, 2e-3), (2e-3, -2e-3))]
    assert [(r["stable"], r["replicated"]) for r in stable] == [(True, True), (False, False)]
    dead = hour_row(compute_seasonality(planted(2e-3, 0.0), SPEC), "14")
    assert dead["replicated"] is False


def test_a_bin_that_was_not_chosen_early_has_no_stability() -> None:
    late = hour_row(compute_seasonality(planted(0.0, 3e-3), SPEC), "14")
    assert (late["verdict"], late["stable"], late["replicated"]) == ("significant", None, None)


def test_train_rows_never_see_test_bars() -> None:
    bars = planted(2e-3, 2e-3)
    (fold,) = SingleSplit(train_fraction=0.6).folds(bars.frame["session_date"])
    wrecked = bars.with_frame(
        pl.concat(
            [bars.frame.head(fold.test_start), bars.frame.tail(N - fold.test_start).with_columns(pl.col("close") * 9)]
        )
    )
    train, other = (
        compute_seasonality(b, SPEC, [fold]).filter(pl.col("split") == "train").drop("stable", "replicated")
        for b in (bars, wrecked)
    )
    assert train.equals(other)


def test_outcomes_end_inside_their_split() -> None:
    bars = planted(0.0, 0.0)
    fold = Fold(0, 0, 2400, 2400, 4800)
    spec = SPEC.model_copy(update={"ret_horizon": 7})
    rows = compute_seasonality(bars, spec, [fold])
    for split, n in (("train", 2400), ("test", 2400), ("all", N)):
        own = rows.filter((pl.col("split") == split) & (pl.col("metric_name") == "next_ret_mean"))
        assert (own["n"].sum(), own["n_bars"].sum()) == (n - 7, n)


def test_the_table_keeps_its_contract_with_folds_and_without_bars() -> None:
    bars = planted(0.0, 0.0)
    folds = [Fold(0, 0, 2400, 2400, 4800), Fold(1, 2400, 4800, 4800, 7200)]
    rows = compute_seasonality(bars, SPEC, folds)
    assert rows.select("fold", "split").unique().height == 5
    assert TABLE.validate(rows).equals(rows)
    assert compute_seasonality(bars.head(0), SPEC).equals(TABLE.empty())
    assert compute_stability(bars.head(0), SPEC).height == 0


@pytest.mark.parametrize("n", [1, 2, 3, 30])
def test_a_handful_of_bars_gives_insufficient_rows_not_errors(n: int) -> None:
    spec = SeasonalityProfileSpec(by_month=True, dimensions=("hour x dow", "turn_of_month"))
    rows = compute_seasonality(planted(0.0, 0.0).head(n), spec)
    assert set(rows["verdict"].drop_nulls()) <= {"insufficient"}
    assert compute_stability(planted(0.0, 0.0).head(n), spec).height > 0


def test_halves_meet_at_a_session_boundary() -> None:
    early, late = halves(planted(0.0, 0.0).head(24 * 4 + 5))
    assert len(early) + len(late) == 24 * 4 + 5
    assert early.frame["session_date"][-1] < late.frame["session_date"][0]


def test_years_are_profiled_apart() -> None:
    bars = planted(1e-3, 1e-3)
    rows = compute_stability(bars, SPEC)
    assert rows["period"].unique().sort().to_list() == ["2015", "2016", "half_1", "half_2"]
    year = bars.frame["session_date"].dt.year()
    first = profile_bars(bars.head(int((year == 2015).sum())), SPEC).select("bin", "metric", "value", "lift", "p_value")
    same = rows.filter(pl.col("period") == "2015").select(first.columns)
    assert same.equals(first)


def test_chooses_long_and_short_bins_by_threshold_and_rank() -> None:
    bars = planted(3e-3, 3e-3)
    bars = bars.with_frame(bars.frame)
    profile = profile_bars(bars, SPEC.model_copy(update={"measure": "return"}))
    spec = SPEC.model_copy(update={"measure": "return"})
    by_threshold = choose_active_bins(profile, spec, SeasonalitySignalSpec(threshold_bps=15, dims=("hour",)))
    assert (by_threshold.long, by_threshold.short) == ((("14",),), ((),))
    top = choose_active_bins(profile, spec, SeasonalitySignalSpec(method="topk", topk=2, dims=("hour",)))
    scores = profile.filter(pl.col("metric_name") == "next_ret_mean").sort("value", descending=True)
    assert top.long[0] == tuple(scores["bin"].head(2))
    assert top.short[0] == tuple(scores["bin"].tail(2).reverse())
    sure = SeasonalitySignalSpec(method="topk", topk=9, dims=("hour",), significant_only=True)
    assert choose_active_bins(profile, spec, sure).long == (("14",),)


def test_direction_chooses_falls_as_well_as_rises() -> None:
    profile = profile_bars(planted(-3e-3, -3e-3), SPEC)
    chosen = choose_active_bins(profile, SPEC, SeasonalitySignalSpec(threshold=0.6, dims=("hour",)))
    assert (chosen.long, chosen.short) == (((),), (("14",),))


def test_refuses_to_choose_from_test_rows_or_several_folds() -> None:
    bars = planted(0.0, 0.0)
    rows = compute_seasonality(bars, SPEC, [Fold(0, 0, 2400, 2400, 4800)])
    signal = SeasonalitySignalSpec(dims=("hour",))
    for bad in (rows, rows.filter(pl.col("split") == "test")):
        with pytest.raises(ConfigError, match="train rows of one fold"):
            choose_active_bins(bad, SPEC, signal)
    with pytest.raises(ConfigError, match="dimension and a score"):
        choose_active_bins(rows.filter(pl.col("split") == "train"), SPEC, SeasonalitySignalSpec(dims=("month",)))


@pytest.mark.parametrize(
    ("combine", "threshold", "expected"),
    [
        ("and", 1, [1, 0, 0, 0, -1]),
        ("or", 1, [1, 1, 0, 0, -1]),
        ("sum", 1, [1, 1, 0, 0, -1]),
        ("sum", 2, [1, 0, 0, 0, -1]),
    ],
)
def test_votes_combine_by_hand(combine: str, threshold: int, expected: list[int]) -> None:
    # hours 0..4 of a Monday; hour: long 0, 1; short 2, 4. dow would vote on every bar, so half hours vote instead.
    spec = SeasonalityProfileSpec(dimensions=("half_hour",))
    dimensions = tuple(d for d in spec.resolved_dimensions() if d.name in {"hour", "half_hour"})
    active = ActiveBins(
        dimensions,
        long=(("0", "1"), ("00:00", "02:00")),
        short=(("2", "4"), ("04:00",)),
        metric="next_p_up",
        cutoffs=((None, None), (None, None)),
    )
    signal = SeasonalitySignalSpec(combine=combine, sum_threshold=threshold)
    assert seasonal_signal(Bars.of(close=[1.0] * 5), active, signal).to_list() == expected


def test_a_dimension_without_active_bins_keeps_and_flat() -> None:
    spec = SeasonalityProfileSpec()
    active = ActiveBins(
        spec.resolved_dimensions(), long=(("0",), ()), short=((), ()), metric="next_p_up", cutoffs=((None, None),) * 2
    )
    assert set(seasonal_signal(Bars.of(close=[1.0] * 48), active, SeasonalitySignalSpec())) == {0}


def test_every_dimension_gives_a_signal_news_and_expiry_too() -> None:
    names = ("is_news_hour", "is_third_friday")
    dimensions = SeasonalityProfileSpec(by_hour=False, by_dow=False, dimensions=names).resolved_dimensions()
    for dimension in dimensions:
        active = ActiveBins((dimension,), (("1",),), ((),), "next_p_up", ((None, None),))
        assert set(seasonal_signal(planted(0.0, 0.0), active, SeasonalitySignalSpec())) == {0, 1}


def test_the_signal_never_looks_ahead() -> None:
    bars = planted(1e-3, 1e-3)
    active = choose_active_bins(profile_bars(bars, SPEC), SPEC, SeasonalitySignalSpec(method="topk", dims=("hour",)))
    signal = SeasonalitySignalSpec(dims=("hour",))
    whole = seasonal_signal(bars, active, signal)
    assert seasonal_signal(bars.head(777), active, signal).equals(whole.head(777))
