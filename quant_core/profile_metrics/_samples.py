"""Values per bar that profile metrics summarize: forward return, amplitude, breakouts, runs.

Put here: one frozen class per value, shared by several metrics so that it is computed once.
Keep out: summaries (the metric files) and bins (dimensions/).
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from quant_core.bars import Bars
from quant_core.block import Block, Count

TINY_PRICE = 1e-12
"""A close at or below this in size has no return: dividing by it would invent one."""

Price = Literal["price", "fraction"]
Ties = Literal["exclude", "failure"]
"""What an unchanged price is to a share of rises: no value, or no rise."""


def _rises(move: pl.Expr, ties: Ties) -> pl.Expr:
    return move > 0 if ties == "failure" else pl.when(move != 0).then(move > 0)


@dataclass(frozen=True)
class BarValue(Block):
    """One number per bar, null where it cannot be observed."""

    @property
    def unit(self) -> str:
        """Unit of the number."""
        return "fraction"

    @property
    def window_bars(self) -> int:
        """Bars whose prices enter one value: neighbours within this distance overlap."""
        return 1

    @abstractmethod
    def expression(self, bars: Bars) -> pl.Expr:
        """The value per bar as an expression over the bars' frame."""

    def tied(self, bars: Bars) -> pl.Series | None:
        """Whether each bar has no value because the price did not move (Boolean); None where ties are values.

        >>> Rises().tied(Bars.of(close=[1.0, 2.0, 2.0, 1.0])).to_list()
        [False, True, False, False]
        >>> Rises(ties="failure").tied(Bars.of(close=[1.0])), Amplitude().tied(Bars.of(close=[1.0]))
        (None, None)
        """
        move = self.tied_move()
        if move is None:
            return None
        return bars.frame.select((move.expression(bars) == 0).fill_null(value=False).alias("tied")).to_series()

    def tied_move(self) -> BarValue | None:
        """The move that leaves a bar without a value when it is 0; None where there is none."""
        return None

    def compute(self, bars: Bars) -> pl.Series:
        """One Float64 value per bar."""
        return bars.frame.select(self.expression(bars).cast(pl.Float64).alias(self.canonical)).to_series()


@dataclass(frozen=True)
class ForwardReturn(BarValue):
    """Simple return over the next h bars: close[t+h]/close[t] - 1.

    Look-ahead: exactly ``horizon_bars`` bars. Missing: null in the last h bars and where a close is not above
    1e-12: a return on a price of zero or less has no meaning.

    >>> ForwardReturn().compute(Bars.of(close=[100.0, 110.0, 99.0])).round(6).to_list()
    [0.1, -0.1, None]
    >>> ForwardReturn().compute(Bars.of(close=[-1.0, 110.0])).to_list()
    [None, None]
    """

    horizon_bars: Count = 1

    @property
    def window_bars(self) -> int:
        return self.horizon_bars

    def expression(self, bars: Bars) -> pl.Expr:
        now, later = pl.col("close"), pl.col("close").shift(-self.horizon_bars)
        return pl.when((now > TINY_PRICE) & (later > TINY_PRICE)).then(later / now - 1.0)


@dataclass(frozen=True)
class Rises(BarValue):
    """1 when the forward return over h bars is positive, 0 when it is negative.

    A flat move is neither: null with ``ties=exclude``, so that the share is that among moves; 0 with ``failure``.

    Look-ahead and Missing: as the forward return.

    >>> Rises().compute(Bars.of(close=[1.0, 2.0, 2.0, 1.0])).to_list()
    [1.0, None, 0.0, None]
    >>> Rises(ties="failure").compute(Bars.of(close=[1.0, 2.0, 2.0, 1.0])).to_list()
    [1.0, 0.0, 0.0, None]
    """

    horizon_bars: Count = 1
    ties: Ties = "exclude"

    @property
    def window_bars(self) -> int:
        return self.horizon_bars

    def tied_move(self) -> BarValue | None:
        return ForwardReturn(self.horizon_bars) if self.ties == "exclude" else None

    def expression(self, bars: Bars) -> pl.Expr:
        return _rises(ForwardReturn(self.horizon_bars).expression(bars), self.ties)


@dataclass(frozen=True)
class Amplitude(BarValue):
    """High minus low, in price or as a fraction of the close.

    Look-ahead: none, known at the bar's close. Missing: as a fraction, null where the close is not above 1e-12.

    >>> bars = Bars.of(high=[12.0], low=[9.0], close=[10.0])
    >>> Amplitude("price").compute(bars).to_list(), Amplitude().compute(bars).to_list()
    ([3.0], [0.3])
    """

    of: Price = "fraction"

    @property
    def unit(self) -> str:
        return self.of

    def expression(self, bars: Bars) -> pl.Expr:
        size = pl.col("high") - pl.col("low")
        return size if self.of == "price" else pl.when(pl.col("close") > TINY_PRICE).then(size / pl.col("close"))


@dataclass(frozen=True)
class AbsoluteReturn(BarValue):
    """Size of the move of the bar itself: |close/open - 1|.

    Look-ahead: none, known at the bar's close. Missing: null where a price is not above 1e-12.

    >>> AbsoluteReturn().compute(Bars.of(open=[10.0], close=[9.0])).round(6).to_list()
    [0.1]
    """

    def expression(self, bars: Bars) -> pl.Expr:
        sound = (pl.col("open") > TINY_PRICE) & (pl.col("close") > TINY_PRICE)
        return pl.when(sound).then((pl.col("close") / pl.col("open") - 1.0).abs())


@dataclass(frozen=True)
class BarReturn(BarValue):
    """Return that the bar itself brought: close[t]/close[t-1] - 1.

    Look-ahead: none, known at the bar's close. Missing: null at the first bar and where a close is not above 1e-12.

    >>> BarReturn().compute(Bars.of(close=[100.0, 110.0, 99.0])).round(6).to_list()
    [None, 0.1, -0.1]
    """

    def expression(self, bars: Bars) -> pl.Expr:
        now, before = pl.col("close"), pl.col("close").shift(1)
        return pl.when((now > TINY_PRICE) & (before > TINY_PRICE)).then(now / before - 1.0)


@dataclass(frozen=True)
class BarRises(BarValue):
    """1 when the return that the bar itself brought is positive, 0 when it is negative; ties as in ``Rises``.

    Look-ahead and Missing: as the return of the bar.

    >>> BarRises().compute(Bars.of(close=[1.0, 2.0, 2.0, 1.0])).to_list()
    [None, 1.0, None, 0.0]
    """

    ties: Ties = "exclude"

    def tied_move(self) -> BarValue | None:
        return BarReturn() if self.ties == "exclude" else None

    def expression(self, bars: Bars) -> pl.Expr:
        return _rises(BarReturn().expression(bars), self.ties)


@dataclass(frozen=True)
class BreaksOut(BarValue):
    """1 when the bar reaches the previous session's high (up), its low (down), or neither (none).

    up: high >= previous high. down: low <= previous low. none: neither. A bar may do both.
    The previous session is the last one that has bars before this bar's session.

    Look-ahead: none, known at the bar's close. Missing: null in the first session.

    >>> from quant_core.timeframes import Timeframe
    >>> bars = Bars.of(high=[5.0, 5.0, 6.0], low=[3.0, 4.0, 3.0], close=[4.0, 4.5, 4.0], timeframe=Timeframe.D1)
    >>> [BreaksOut(side).compute(bars).to_list() for side in ("up", "down", "none")]
    [[None, 1.0, 1.0], [None, 0.0, 1.0], [None, 0.0, 0.0]]
    """

    side: Literal["up", "down", "none"] = "up"

    def expression(self, bars: Bars) -> pl.Expr:
        del bars
        above, below = pl.col("high") >= pl.col("_high"), pl.col("low") <= pl.col("_low")
        return {"up": above, "down": below, "none": ~above & ~below}[self.side]

    def compute(self, bars: Bars) -> pl.Series:
        frame = bars.frame.select("session_date", "high", "low")
        if frame.height == 0:
            return pl.Series(self.canonical, [], dtype=pl.Float64)
        session = frame["session_date"].rle_id().to_numpy()
        first = np.flatnonzero(np.diff(session, prepend=-1))
        high = np.maximum.reduceat(frame["high"].to_numpy(), first)
        low = np.minimum.reduceat(frame["low"].to_numpy(), first)
        before = np.append(np.nan, high[:-1])[session], np.append(np.nan, low[:-1])[session]
        frame = frame.with_columns(_high=pl.Series(before[0]).fill_nan(None), _low=pl.Series(before[1]).fill_nan(None))
        return frame.select(self.expression(bars).cast(pl.Float64).alias(self.canonical)).to_series()
