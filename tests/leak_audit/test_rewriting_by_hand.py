"""Rewritten prices: what stays, what changes, and what engines, folds and calendar bins must not notice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest

from quant_core.bars import Bars
from quant_core.dimensions import Dimension
from quant_core.dimensions.hour import Hour
from quant_core.leak_audit.rewriting import AuditedEngine, embargo_leaks, engine_leaks, price_leaks, rewritten
from quant_core.splitters import Fold
from quant_core.splitters.contract import Splitter
from quant_core.splitters.single_split import SingleSplit
from quant_core.timeframes import Timeframe

PRICES = ["open", "high", "low", "close"]


def market(n: int = 60, timeframe: Timeframe = Timeframe.H1, start: float = 50.0) -> Bars:
    close = start + np.cumsum(np.random.default_rng(5).normal(0, 0.2, n))
    volume = np.arange(1.0, n + 1)
    return Bars.of(close=list(close), volume=list(volume), timeframe=timeframe, start=datetime(2024, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("keep", [(0, 60), (0, 20), (20, 60), (20, 40), (0, 0), (59, 60)])
def test_bars_outside_have_other_prices_and_bars_inside_their_own(keep: tuple[int, int]) -> None:
    bars = market()
    other = rewritten(bars, keep, seed=3).frame
    kept = np.isin(np.arange(60), np.arange(*keep))
    assert other.columns == bars.frame.columns
    assert other.drop(*PRICES, "volume").equals(bars.frame.drop(*PRICES, "volume"))
    for name in PRICES:
        assert ((other[name] == bars.frame[name]).to_numpy() == kept).all(), name
    assert other.filter(kept).equals(bars.frame.filter(kept))


def test_other_prices_are_those_of_a_market_with_twice_the_volatility() -> None:
    bars = market(4000)
    other = rewritten(bars, (0, 0), seed=3).frame
    low, high = (
        other.select(f(c for c in ("open", "close"))).to_series() for f in (pl.min_horizontal, pl.max_horizontal)
    )
    assert (other["low"] < low).all()
    assert (other["high"] > high).all()
    assert (other["low"] > 0).all()
    typical = bars.frame["close"].diff().abs().median() / bars.frame["close"].median()
    moves = other["close"].log().diff().drop_nulls()
    assert moves.std() == pytest.approx(2 * typical, rel=0.1)
    assert other["volume"].sort().to_list() == (bars.frame["volume"].sort() / 2).to_list()
    assert other["volume"].to_list() != (bars.frame["volume"] / 2).to_list()


@pytest.mark.parametrize("close", [[-4.0, -5.0, -4.5, -4.0], [0.0] * 4, [7.0] * 4, [3.0]])
def test_any_market_can_be_rewritten(close: list[float]) -> None:
    other = rewritten(Bars.of(close=close), (0, 0), seed=1).frame
    assert other.select(pl.col(*PRICES).is_finite().all()).row(0) == (True,) * 4
    assert (other["close"] != pl.Series(close)).all()


def test_seeds_give_other_prices_and_equal_seeds_equal_ones() -> None:
    first, again, other = (rewritten(market(), (0, 10), seed=s).frame for s in (1, 1, 2))
    assert first.equals(again)
    assert not first["close"].equals(other["close"])


@dataclass(frozen=True)
class _Rising(Dimension):
    """Whether the bar rises: no bin of a calendar."""

    @property
    def bins(self) -> tuple[str, ...]:
        return ("0", "1")

    def codes(self, bars: Bars) -> pl.Series:
        return self._codes(bars, (pl.col("close") > pl.col("close").shift(1)).fill_null(value=False))


def test_a_calendar_bin_that_reads_prices_is_named() -> None:
    compared = price_leaks(market(), [Hour(), _Rising()], seed=1)
    assert [(leak.block, leak.column) for leak in compared.leaks] == [(_Rising().canonical, _Rising().canonical)]
    assert "when prices of all bars are rewritten" in str(compared.leaks[0])
    assert compared.leaks[0].slice_rows == {"bars": (0, 60)}
    assert compared.leaks[0].cut == market().frame["ts_close"][-1]
    assert compared.n_values == 2 * 60


DAYS = market(20, Timeframe.D1)  # the days from January 1 to 20


@pytest.mark.parametrize(
    ("embargo_days", "test_start", "first_day"),
    [(0, 10, None), (0, 9, 11), (1, 11, None), (1, 10, 12), (3, 12, 14), (3, 13, None), (3, 17, None)],
)
def test_a_test_starts_after_the_days_of_the_embargo(embargo_days: int, test_start: int, first_day: int | None) -> None:
    """Training ends with position 9, January 10."""
    splitter = SingleSplit(embargo_days=embargo_days)
    leaks = embargo_leaks(DAYS, splitter, [Fold(4, 0, 10, test_start, 20)])
    if first_day is None:
        assert leaks == []
        return
    (leak,) = leaks
    assert (leak.block, leak.key) == (splitter.canonical, (4,))
    assert (leak.with_future, leak.without_future) == (date(2024, 1, test_start + 1), date(2024, 1, first_day))
    assert leak.slice_rows == {"bars": (0, 20)}
    assert leak.cut == DAYS.frame["ts_close"][9]
    assert f"starts the test on 2024-01-{test_start + 1:02}" in str(leak)


@dataclass(frozen=True)
class _Halves(Splitter):
    """Two halves: a splitter that knows no embargo."""

    def folds(self, session_dates: pl.Series) -> tuple[Fold, ...]:
        half = len(session_dates) // 2
        return (Fold(0, 0, half, half, len(session_dates)),)


def test_a_splitter_without_an_embargo_tests_on_a_later_day() -> None:
    assert embargo_leaks(DAYS, _Halves(), _Halves().folds(DAYS.frame["session_date"])) == []
    hours = market(60)
    torn = embargo_leaks(hours, _Halves(), _Halves().folds(hours.frame["session_date"]))
    assert [leak.column for leak in torn] == ["embargo"]


FOLD = Fold(0, 0, 30, 40, 55)


def engine(train: tuple[int, int], test: tuple[int, int], back: int = 0) -> AuditedEngine:
    """Mean closes of two stretches, which a split may read ``back`` bars before."""

    def compute(bars: Bars) -> pl.DataFrame:
        close = bars.frame["close"]
        spans = {"train": train, "test": test}
        means = [close.slice(max(a - back, 0), b - max(a - back, 0)).mean() for a, b in spans.values()]
        rows = {"fold": [0, 0], "split": list(spans), "mean": means, "judged": means[::-1]}
        return pl.DataFrame(rows)

    def probe(bars: Bars) -> pl.DataFrame:
        return engine(train, test).compute(bars)

    return AuditedEngine("demo", SingleSplit(), compute, probe, ("fold", "split"), ("judged",))


def test_an_engine_that_reads_its_splits_alone_is_silent_and_may_look_back() -> None:
    """The test side may know the training before it; ``judged`` of the test rows is the mean of the training."""
    honest = engine((0, 30), (40, 55), back=5)
    compared = engine_leaks(market(), honest, [FOLD], seed=1)
    # The probe reads nothing back but the training side's mean in a test row, which is outside.
    assert [leak.column for leak in compared.leaks] == ["judged"]
    assert compared.n_values == 1 + 1 + 2 + 2  # train without what the test decides, twice; test twice


@pytest.mark.parametrize(
    ("train", "test", "split", "where"),
    [
        ((0, 31), (40, 55), "train", "after"),
        ((0, 30), (39, 55), "test", "outside"),
        ((0, 30), (40, 56), "test", "after"),
        ((0, 55), (40, 55), "train", "after"),
    ],
    ids=["train one long", "test in the embargo", "test one long", "train on the test"],
)
def test_a_bar_too_many_is_seen(train: tuple[int, int], test: tuple[int, int], split: str, where: str) -> None:
    leaks = [
        leak for leak in engine_leaks(market(), engine(train, test), [FOLD], seed=1).leaks if leak.column == "mean"
    ]
    assert {leak.key for leak in leaks} == {(0, split)}
    assert leaks[0].block == "demo"
    assert f"{where} this split are rewritten" in str(leaks[0])
    start, stop = (0, 30) if split == "train" else (40, 55)
    assert leaks[0].slice_rows == {"bars": (start, stop)}
    assert leaks[0].cut == market().frame["ts_close"][stop - 1]


def test_a_split_that_ends_with_the_bars_has_nothing_after_it() -> None:
    whole = engine((0, 60), (0, 60))
    assert engine_leaks(market(), whole, [Fold(0, 0, 60, 0, 60)], seed=1).n_values == 0
