"""One question is one test: found by the bars themselves, whatever the blocks are called."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import pytest

from quant_core.bars import Bars
from quant_core.conditions.contract import Condition
from quant_core.conditions.vol_tertile import VolTertile
from quant_core.events.always_true import AlwaysTrue
from quant_core.events.bullish_candle import BullishCandle
from quant_core.events.k_consecutive import KConsecutive
from quant_core.inference.benjamini_hochberg import BenjaminiHochberg
from quant_core.market_stats import compute_market_stats
from quant_core.spec import MarketStatsSpec
from quant_core.splitters.walk_forward import WalkForward
from quant_core.targets._outcomes import known_outcome
from quant_core.targets.continuation_n import ContinuationN
from quant_core.targets.contract import Target
from quant_core.targets.forward_return_n import ForwardReturnN
from quant_core.targets.time_to_touch import TimeToTouch
from quant_core.targets.up_next_bar import UpNextBar
from tests.market_stats.market_worlds import garch_t

KEY = ["fold", "split", "event", "condition", "condition_value", "target"]
SHARED = ["hypothesis", "p_value", "q_value", "verdict", "n_tests"]
BASE = MarketStatsSpec(
    events=(KConsecutive(window_bars=2), BullishCandle()),
    conditions=(VolTertile(),),
    targets=(UpNextBar(), ForwardReturnN(horizon_bars=2), TimeToTouch()),
    splitter=WalkForward("rolling", train_months=30, test_months=24, embargo_days=7),
    n_min=60,
    n_resamples=99,
)


@dataclass(frozen=True)
class NotUpNextBar(Target):
    """The complement of ``up_next_bar`` on the same bars."""

    @property
    def horizon(self) -> int:
        return 1

    def outcome(self, bars: Bars) -> pl.DataFrame:
        value = pl.col("close").shift(-1) <= pl.col("close")
        return known_outcome(bars.frame.select(value.alias("value")).to_series(), 1)


@dataclass(frozen=True)
class Parity(Condition):
    """Whether the number of the day is a multiple of ``every``: two states that part all bars."""

    every: int = 2

    @property
    def values(self) -> tuple[str, ...]:
        return ("no", "yes")

    def labels(self, bars: Bars) -> pl.Series:
        number = pl.col("ts").dt.epoch("d")
        return bars.frame.select(
            pl.when(number % self.every == 0).then(pl.lit("yes")).otherwise(pl.lit("no"))
        ).to_series()


@dataclass(frozen=True)
class Rising(Condition):
    """A condition of another name that is true exactly at bullish candles."""

    @property
    def values(self) -> tuple[str, ...]:
        return ("yes",)

    def labels(self, bars: Bars) -> pl.Series:
        return bars.frame.select(pl.when(pl.col("close") > pl.col("open")).then(pl.lit("yes"))).to_series()


@pytest.fixture(scope="module")
def bars() -> Bars:
    return garch_t(2100, np.random.default_rng(8))


@pytest.fixture(scope="module")
def plain(bars: Bars) -> pl.DataFrame:
    return compute_market_stats(bars, BASE)


def the_same(table: pl.DataFrame, first: dict[str, str], second: dict[str, str]) -> pl.DataFrame:
    """Two cells of every fold and split, side by side."""
    one, other = (table.filter(**cell).sort("fold", "split") for cell in (first, second))
    assert one.height == other.height > 2
    assert one.select("fold", "split", *SHARED).equals(other.select("fold", "split", *SHARED))
    return other


def test_cells_without_twins_are_their_own_hypothesis(plain: pl.DataFrame) -> None:
    own = plain.select(pl.concat_str(KEY[2:], separator=" | ")).to_series()
    empty = plain["n"] == 0
    assert plain.filter(~empty)["hypothesis"].equals(own.filter(~empty).alias("hypothesis"))
    assert plain.filter(empty)["hypothesis"].null_count() == int(empty.sum())


def test_a_renamed_and_a_complementary_target_ask_nothing_new(bars: Bars, plain: pl.DataFrame) -> None:
    twins = (ContinuationN(horizon_bars=1), NotUpNextBar())
    table = compute_market_stats(bars, replace(BASE, targets=(*BASE.targets, *twins)))
    cell = {"event": "bullish_candle", "condition": "all"}
    for twin in twins:
        found = the_same(table, {**cell, "target": "up_next_bar"}, {**cell, "target": twin.canonical})
        # The first name in the table's order speaks.
        assert found["hypothesis"][0] == "bullish_candle | all | all | continuation_n(horizon_bars=1,direction=up)"
    kept = table.join(plain.select(KEY), on=KEY, how="semi")
    shared = ["p_value", "q_value", "verdict", "n_tests", "mde"]
    for name in shared:
        if plain.schema[name] == pl.Float64:
            np.testing.assert_allclose(kept[name].to_numpy(), plain[name].to_numpy(), rtol=1e-9)
        else:
            assert kept[name].equals(plain[name]), name


def test_conditions_that_choose_the_same_bars_are_one_test(bars: Bars, plain: pl.DataFrame) -> None:
    table = compute_market_stats(bars, replace(BASE, conditions=(VolTertile(), Rising())))
    target = {"target": "up_next_bar"}
    under = {"event": "bullish_candle", "condition": "rising", **target}
    found = the_same(table, {"event": "bullish_candle", "condition": "all", **target}, under)
    assert found["hypothesis"].unique().to_list() == ["bullish_candle | all | all | up_next_bar"]
    # Bars open where the one before closed: two closes up in a row end in a bullish candle, and nothing new is asked.
    assert table.filter(condition="rising")["hypothesis"].str.contains("rising").sum() == 0
    assert table.filter(fold=0)["n_tests"].unique().to_list() == plain.filter(fold=0)["n_tests"].unique().to_list()
    volatile = replace(BASE, conditions=(VolTertile(), Rising()), events=(*BASE.events, AlwaysTrue()))
    new = compute_market_stats(bars, volatile).filter(event="always_true", condition="rising", **target)
    # Without an event the condition says what bullish candles said.
    assert new["hypothesis"].unique().to_list() == ["always_true | rising | yes | up_next_bar"]
    assert new.height > 3


def test_yes_and_no_are_one_test_and_the_smaller_part_decides(bars: Bars) -> None:
    spec = replace(BASE, events=(AlwaysTrue(),), targets=(UpNextBar(), ForwardReturnN(horizon_bars=2)))
    for every, tested in ((2, True), (40, False)):
        # A test split of these folds has fewer than ten time blocks.
        table = compute_market_stats(bars, replace(spec, conditions=(Parity(every),))).filter(pl.col("split") != "test")
        parity = {"condition": Parity(every).canonical, "target": "up_next_bar"}
        found = the_same(table, {**parity, "condition_value": "no"}, {**parity, "condition_value": "yes"})
        assert found["hypothesis"].str.contains("no").all()
        assert set(found["verdict"]) <= ({"significant", "not_significant"} if tested else {"insufficient"})
        assert found["n_tests"].unique().to_list() == [int(tested)]
        assert (table.filter(condition_value="yes")["n"] >= spec.n_min).all() is tested
        assert (table.filter(condition_value="no")["n"] >= spec.n_min).all()


def test_a_family_counts_each_hypothesis_once(bars: Bars) -> None:
    targets = (UpNextBar(), NotUpNextBar(), ContinuationN(horizon_bars=1), ContinuationN(horizon_bars=5))
    events = (*BASE.events, AlwaysTrue())
    table = compute_market_stats(
        bars, replace(BASE, targets=targets, events=events, conditions=(VolTertile(), Rising(), Parity()))
    )
    for part in table.filter(pl.col("split") != "test").partition_by("fold", "split"):
        tested = part.filter(pl.col("q_value").is_not_null())
        once = tested.unique("hypothesis", keep="first", maintain_order=True)
        assert part["n_tests"].unique().to_list() == [once.height]
        assert once.height < tested.height
        q = dict(zip(once["hypothesis"], BenjaminiHochberg().adjust(once["p_value"].to_numpy()), strict=True))
        assert tested["q_value"].to_list() == [q[h] for h in tested["hypothesis"]]


def test_untestable_rows_have_no_verdict_and_no_cell_is_worth_more_than_its_bars(bars: Bars) -> None:
    table = compute_market_stats(bars, replace(BASE, events=(AlwaysTrue(), *BASE.events)))
    baseline = table.filter(event="always_true", condition="all")
    assert baseline.height > 0
    assert baseline["verdict"].null_count() == baseline.height
    assert table.filter(target_kind="time_to_event")["verdict"].null_count() == table.height // 3
    judged = table.filter(pl.col("verdict").is_in(["significant", "not_significant"]))
    assert judged["q_value"].null_count() == 0
    assert (table["n_eff"] <= table["n"]).all()
