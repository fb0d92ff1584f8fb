"""One question is one test: yes and no of a flag, and a bin that another dimension has too."""

import numpy as np
import polars as pl
import pytest

from quant_core.bars import Bars
from quant_core.inference.benjamini_hochberg import BenjaminiHochberg
from quant_core.seasonality.profile import profile_bars
from quant_core.seasonality.settings import SeasonalityProfileSpec
from quant_core.timeframes import Timeframe
from tests.seasonality.worlds import bars_from_returns, garch_returns

SPEC = SeasonalityProfileSpec(
    dimensions=("month", "is_month(month=3)", "holiday_eve", "dow"),
    metrics=("next_p_up", "next_ret_mean", "amp_std", "next_ret_p50"),
    by_hour=False,
    by_dow=False,
    min_samples_bin=100,
)


@pytest.fixture(scope="module")
def bars() -> Bars:
    return bars_from_returns(garch_returns(4000, np.random.default_rng(4)), timeframe=Timeframe.D1, wick=0.001)


@pytest.fixture(scope="module")
def profile(bars: Bars) -> pl.DataFrame:
    return profile_bars(bars, SPEC)


def test_yes_no_and_the_same_month_are_one_test_of_each_metric(profile: pl.DataFrame) -> None:
    march = pl.col("dimension").str.contains("is_month") | (
        pl.col("dimension").str.starts_with("month") & (pl.col("bin") == "3")
    )
    for rows in profile.filter(march).partition_by("metric"):
        assert rows.height == 3
        shared = rows.select("hypothesis", "p_value", "q_value", "verdict").unique()
        assert shared.height == 1
        assert shared["hypothesis"][0].startswith("is_month(")
        assert shared["hypothesis"][0].endswith(" | 0")
        assert shared["q_value"].null_count() == 0
    others = profile.filter(pl.col("dimension").str.starts_with("dow"))
    assert others["hypothesis"].equals(others.select(pl.concat_str("dimension", "bin", separator=" | ")).to_series())


def test_a_family_counts_each_question_once(profile: pl.DataFrame) -> None:
    tested = profile.filter(pl.col("q_value").is_not_null())
    for rows in tested.partition_by("metric"):
        once = rows.unique("hypothesis", keep="first", maintain_order=True)
        # Twelve months and seven days, the flag adds nothing; no bar of an always open market is a holiday's eve.
        assert once.height == 19 < rows.height
        q = dict(zip(once["hypothesis"], BenjaminiHochberg().adjust(once["p_value"].to_numpy()), strict=True))
        assert rows["q_value"].to_list() == pytest.approx([q[h] for h in rows["hypothesis"]], rel=1e-12)


def test_the_smaller_part_decides_whether_there_is_enough(bars: Bars) -> None:
    spec = SPEC.model_copy(update={"dimensions": ("is_month(month=3)", "dow"), "min_samples_bin": 400})
    rows = profile_bars(bars, spec).filter(pl.col("dimension").str.starts_with("is_month"))
    assert rows.filter(bin="1")["n"].max() < 400 < rows.filter(bin="0")["n"].min()  # type: ignore[operator]
    assert rows["verdict"].unique().to_list() == ["insufficient"]
    assert rows["q_value"].null_count() == rows.height


def test_a_bin_that_holds_every_bar_has_no_verdict(profile: pl.DataFrame) -> None:
    alone = profile.filter(dimension="holiday_eve")
    assert alone["bin"].unique().to_list() == ["0"]
    assert alone["p_value"].null_count() == alone["verdict"].null_count() == alone.height


def test_no_bin_is_worth_more_than_its_bars(profile: pl.DataFrame) -> None:
    assert (profile["n_eff"].drop_nulls() <= profile.filter(pl.col("n_eff").is_not_null())["n"]).all()


@pytest.mark.parametrize("timeframe", [Timeframe.M15, Timeframe.H1])
def test_cells_of_any_length_give_the_same_question_the_same_name(timeframe: Timeframe) -> None:
    """Half hours and minutes from the session's open are cut in different cells, the hour in half-hour ones."""
    bars = bars_from_returns(garch_returns(6000, np.random.default_rng(5)), timeframe=timeframe, wick=0.001)
    spec = SeasonalityProfileSpec(
        dimensions=("hour(zone=utc)", "hour(zone=session)"), metrics=("next_p_up",), by_hour=False, by_dow=False
    )
    rows = profile_bars(bars, spec)
    assert rows.height == 48
    assert rows.group_by("hypothesis").len()["len"].to_list() == [2] * 24
    assert rows["bin"].equals(rows["hypothesis"].str.split(" | ").list.last().alias("bin"))
