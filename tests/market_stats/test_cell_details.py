"""Every number can be opened: the bars behind a cell number its n, and their outcomes are what it counts."""

import numpy as np
import polars as pl
import pytest

from quant_core.bars import Bars
from quant_core.conditions.calendar_bin import CalendarBin
from quant_core.conditions.quantile_bin import QuantileBin
from quant_core.conditions.vol_tertile import VolTertile
from quant_core.errors import ConfigError, UnknownNameError
from quant_core.events.bullish_candle import BullishCandle
from quant_core.events.k_consecutive import KConsecutive
from quant_core.market_stats import compute_market_stats
from quant_core.market_stats.details import CellName, cell_details
from quant_core.spec import CostSpec, MarketStatsSpec
from quant_core.splitters.single_split import SingleSplit
from quant_core.splitters.walk_forward import WalkForward
from quant_core.targets.continuation_n import ContinuationN
from quant_core.targets.forward_return_n import ForwardReturnN
from quant_core.targets.time_to_reversal import TimeToReversal
from quant_core.targets.touch_up_before_down import TouchUpBeforeDown
from quant_core.targets.up_next_bar import UpNextBar
from quant_core.timeframes import Timeframe
from tests.market_stats.market_worlds import Marked, garch_t

SPEC = MarketStatsSpec(
    events=(KConsecutive(window_bars=2), BullishCandle()),
    conditions=(VolTertile(), CalendarBin(), QuantileBin()),
    targets=(
        ContinuationN(horizon_bars=20),
        TouchUpBeforeDown(),
        ForwardReturnN(horizon_bars=5),
        TimeToReversal(horizon_bars=20),
    ),
    splitter=WalkForward("rolling", train_months=24, test_months=12, embargo_days=3),
    n_min=60,
    n_resamples=99,
    cost=CostSpec(1.0),
)


@pytest.fixture(scope="module")
def bars():
    return garch_t(2000, np.random.default_rng(4))


@pytest.fixture(scope="module")
def table(bars):
    return compute_market_stats(bars, SPEC)


@pytest.mark.parametrize("target", SPEC.targets, ids=lambda t: t.name)
@pytest.mark.parametrize(
    ("fold", "split", "condition", "value"),
    [
        (-1, "oos_pooled", "all", "all"),
        (-1, "oos_pooled", "vol_tertile", "high"),
        (0, "train", "quantile_bin", "q2"),
        (1, "test", "calendar_bin", "3"),
        (1, "test", "vol_tertile", "low"),
    ],
)
def test_the_bars_of_a_cell_are_its_numbers(bars, table, target, fold, split, condition, value):
    event = SPEC.events[0]
    cell = CellName(event.canonical, target.canonical, condition, value, fold, split)
    details = cell_details(bars, SPEC, cell)
    row = table.filter(
        pl.col("condition").str.starts_with(condition),
        fold=fold,
        split=split,
        event=event.canonical,
        condition_value=value,
        target=target.canonical,
    ).row(0, named=True)
    assert details.height == row["n"] > 10
    if target.kind == "binary":
        assert details["value"].sum() == row["successes"]
        assert set(details["value"]) <= {0.0, 1.0}
    elif target.kind == "numeric":
        assert details["value"].mean() == pytest.approx(row["mean"], rel=1e-12)
        assert details["value"].median() == pytest.approx(row["median"], rel=1e-12)
    else:
        assert (~details["observed"]).sum() == row["n_censored"]
    on = bars.frame.filter(event.mask(bars))["ts"]
    assert details["ts"].is_in(on.implode()).all()
    assert details["ts"].min() >= row["split_start"]
    assert details["ts_close"].max() < row["split_end"]  # the outcome window ends inside the split
    assert details["bar_fold"].n_unique() == (len(SPEC.splitter.folds(bars.frame["session_date"])) if fold < 0 else 1)
    assert details.select("condition", "target").row(0) == (row["condition"], row["target"])


def test_bars_and_outcomes_of_one_cell_by_hand():
    """Events at bars 0, 1, 2, 4 and 5; the split ends at bar 5, whose outcome is beyond it."""
    bars = Bars.of(close=[1, 2, 3, 2, 3, 4, 3, 4], volume=[1, 1, 1, 0, 1, 1, 0, 0], timeframe=Timeframe.D1)
    spec = MarketStatsSpec(events=(Marked(),), targets=(UpNextBar(),), splitter=SingleSplit(0.75), n_min=1)
    details = cell_details(bars, spec, CellName("marked", "up_next_bar", fold=0, split="train"))
    ts = bars.frame["ts"]
    assert details.select("ts", "value").rows() == [(ts[0], 1.0), (ts[1], 1.0), (ts[2], 0.0), (ts[4], 1.0)]
    assert details["observed"].all()


def test_a_cell_without_bars_has_no_row():
    bars = Bars.of(close=[1, 2, 3, 2, 3, 4, 3, 4], volume=[1, 1, 1, 0, 1, 1, 0, 0], timeframe=Timeframe.D1)
    spec = MarketStatsSpec(events=(Marked(),), targets=(UpNextBar(),), splitter=SingleSplit(0.75), n_min=1)
    assert cell_details(bars, spec, CellName("marked", "up_next_bar")).is_empty()


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"event": "k_consecutiv(window_bars=2)"}, "Did you mean 'k_consecutive'"),
        (
            {"event": "k_consecutive(window_bars=4)"},
            "No event of this spec and timeframe is called 'k_consecutive(window_bars=4,direction=up)'",
        ),
        ({"target": "continuation_n"}, "Did you mean 'continuation_n(horizon_bars=20,direction=up)'"),
        ({"condition": "vol_tertile", "condition_value": "hihg"}, "No value of vol_tertile is called 'hihg'. Did you"),
        ({"condition_value": "high"}, "No value of all is called 'high'. Known: 'all'"),
        ({"fold": 99, "split": "train"}, "No fold is called '99'"),
    ],
)
def test_an_unknown_cell_is_refused_with_a_suggestion(bars, changed, says):
    names = {"event": "k_consecutive(window_bars=2)", "target": "continuation_n(horizon_bars=20)"} | changed
    with pytest.raises(UnknownNameError) as error:
        cell_details(bars, SPEC, CellName(**names))
    assert says in str(error.value)


def test_fold_and_split_must_fit_together():
    with pytest.raises(ConfigError, match="Fold 0 has no split 'oos_pooled'"):
        CellName("e", "t", fold=0)
    with pytest.raises(ConfigError, match="Fold -1 has no split 'train'"):
        CellName("e", "t", split="train")
    with pytest.raises(UnknownNameError, match="Did you mean 'train'"):
        CellName("e", "t", fold=0, split="trian")
