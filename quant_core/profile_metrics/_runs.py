"""Runs: stretches of one-bar moves in one direction, counted at the bar where they start.

Put here: how runs are found, and the values per bar made of them.
Keep out: their summaries (run_len_up_mean.py, p_reversal.py, n_runs.py).

A move at t is the sign of close[t+1] - close[t]. A flat move is neither: it ends no run, starts none and is not
counted, so that a run goes on until the price turns; otherwise runs would be short wherever prices often stand still.
Moves are one bar long whatever the horizon of other metrics, so runs never overlap. The first run is left out, because
it may have begun before the data; the last one is censored: it had not ended when the data did.

Differs from: the source system, which counts flat moves as falls, takes overlapping moves for longer horizons,
and counts the censored last run as a reversal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from quant_core.bars import Bars
from quant_core.block import Count
from quant_core.profile_metrics._samples import BarValue

RunSide = Literal["up", "down", "both"]


def runs(bars: Bars) -> pl.DataFrame:
    """Per bar: ``start`` (a known run starts here), ``side`` (1, 0, -1), ``length`` in moves, ``ended``.

    ``length`` and ``ended`` describe the run of the bar's move; a bar without a move has side 0, length 0 and False.

    Example, by hand: up, up, flat, up | down | up (not over). The first run may be older than the data.

    >>> frame = runs(Bars.of(close=[1.0, 2.0, 3.0, 3.0, 4.0, 2.0, 4.0]))
    >>> frame["start"].to_list(), frame["length"].to_list()
    ([False, False, False, False, True, True, False], [3, 3, 0, 3, 1, 1, 0])
    >>> frame["ended"].to_list()
    [True, True, False, True, True, False, False]
    """
    close = bars.frame["close"].to_numpy()
    side, length = np.zeros(len(close), dtype=np.int8), np.zeros(len(close), dtype=np.int64)
    start, ended = (np.zeros(len(close), dtype=np.bool_) for _ in range(2))
    if len(close) > 1:
        side[:-1] = np.sign(np.diff(close))
    moving = np.flatnonzero(side)
    if len(moving):
        moves = side[moving]
        first = np.flatnonzero(np.append(True, moves[1:] != moves[:-1]))
        lengths = np.diff(np.append(first, len(moves)))
        start[moving[first[1:]]] = True  # the first run may have begun before the data
        length[moving] = np.repeat(lengths, lengths)
        ended[moving[: first[-1]]] = True
    return pl.DataFrame({"start": start, "side": side, "length": length, "ended": ended})


@dataclass(frozen=True)
class RunLength(BarValue):
    """Length of the completed run that starts at the bar, in bars that moved.

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
    """1 when the run that starts at the bar lasts at most ``within_bars`` moves, 0 when it is known to last longer.

    The censored last run counts as 0 once it has outlived ``within_bars``; before that its end is unknown and it
    is null. With one censored run this is the Kaplan-Meier estimate of 1 - S(within_bars) up to that run's weight.

    Look-ahead: ``within_bars`` + 1 bars that move. Missing: null where no run starts.

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
