"""Runs: stretches of one-bar moves in one direction, counted at the bar where they start.

Put here: how runs are found, and the values per bar made of them.
Keep out: their summaries (run_len_up_mean.py, p_reversal.py, n_runs.py).

A move at t is the sign of close[t+1] - close[t]; a flat move ends a run and starts none. Moves are one bar
long whatever the horizon of other metrics, so runs never overlap. The first run is left out, because it may
have begun before the data; the last one is censored: it had not ended when the data did.

Differs from: the source system, which counts flat moves as falls, takes overlapping moves for longer horizons,
and counts the censored last run as a reversal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

from quant_core.bars import Bars
from quant_core.block import Count
from quant_core.profile_metrics._samples import BarValue

RunSide = Literal["up", "down", "both"]


def runs(bars: Bars) -> pl.DataFrame:
    """Per bar: ``start`` (a known run starts here), ``side`` (1, -1), ``length`` in moves, ``ended``.

    ``length`` and ``ended`` describe the run that the bar belongs to; the last bar has no move, so a null side.

    Example, by hand: up up | flat | down | up (not over). The first run may be older than the data.

    >>> frame = runs(Bars.of(close=[1.0, 2.0, 3.0, 3.0, 2.0, 4.0]))
    >>> frame["start"].to_list(), frame["length"].to_list(), frame["ended"].to_list()[:5]
    ([False, False, False, True, True, False], [2, 2, 1, 1, 1, 1], [True, True, True, True, False])
    """
    side = (pl.col("close").shift(-1) - pl.col("close")).sign().cast(pl.Int8)
    frame = bars.frame.select(side=side).with_columns(run=pl.col("side").rle_id())
    last_run = frame["run"][-2] if frame.height > 1 else None
    return frame.with_columns(
        length=pl.len().over("run").cast(pl.Int64),
        ended=pl.col("run") != last_run,
        # The first run has number 0; a null side is the last bar, which has no move.
        start=(pl.col("side").fill_null(0) != 0) & (pl.col("run") > 0) & (pl.col("run") != pl.col("run").shift(1)),
    )


@dataclass(frozen=True)
class RunLength(BarValue):
    """Length in bars of the completed run that starts at the bar.

    Look-ahead: to the end of the run. Missing: null where no run of the side starts, and for the censored last run.

    >>> RunLength("both").compute(Bars.of(close=[1.0, 2.0, 1.0, 0.5, 2.0, 3.0])).to_list()
    [None, 2.0, None, None, None, None]
    """

    side: RunSide = "both"

    @property
    def unit(self) -> str:
        return "bars"

    def expression(self, bars: Bars) -> pl.Expr:
        del bars
        wanted = {"up": pl.col("side") == 1, "down": pl.col("side") == -1, "both": pl.lit(value=True)}[self.side]
        return pl.when(pl.col("start") & pl.col("ended") & wanted).then(pl.col("length"))

    def compute(self, bars: Bars) -> pl.Series:
        return runs(bars).select(self.expression(bars).cast(pl.Float64).alias(self.canonical)).to_series()


@dataclass(frozen=True)
class RunReverses(BarValue):
    """1 when the run that starts at the bar lasts at most ``within_bars`` bars, 0 when it is known to last longer.

    The censored last run counts as 0 once it has outlived ``within_bars``; before that its end is unknown and it
    is null. With one censored run this is the Kaplan-Meier estimate of 1 - S(within_bars) up to that run's weight.

    Look-ahead: ``within_bars`` + 1 bars. Missing: null where no run starts.

    >>> bars = Bars.of(close=[1.0, 2.0, 1.0, 0.5, 2.0, 3.0])
    >>> RunReverses(1).compute(bars).to_list(), RunReverses(2).compute(bars).to_list()
    ([None, 0.0, None, 0.0, None, None], [None, 1.0, None, None, None, None])
    """

    within_bars: Count = 1

    @property
    def window_bars(self) -> int:
        return 1

    def expression(self, bars: Bars) -> pl.Expr:
        del bars
        known = pl.col("start") & (pl.col("ended") | (pl.col("length") > self.within_bars))
        return pl.when(known).then(pl.col("length") <= self.within_bars)

    def compute(self, bars: Bars) -> pl.Series:
        return runs(bars).select(self.expression(bars).cast(pl.Float64).alias(self.canonical)).to_series()


@dataclass(frozen=True)
class RunStarts(BarValue):
    """1 where a known run starts, null elsewhere; the censored last run has started too.

    >>> RunStarts().compute(Bars.of(close=[1.0, 2.0, 1.0, 0.5, 2.0])).to_list()
    [None, 1.0, None, 1.0, None]
    """

    @property
    def unit(self) -> str:
        return "count"

    def expression(self, bars: Bars) -> pl.Expr:
        del bars
        return pl.when(pl.col("start")).then(1)

    def compute(self, bars: Bars) -> pl.Series:
        return runs(bars).select(self.expression(bars).cast(pl.Float64).alias(self.canonical)).to_series()
