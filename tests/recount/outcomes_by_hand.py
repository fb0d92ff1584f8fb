"""What happened at and after every bar, read off lists of prices: events, states, outcomes, trades.

Put here: the few blocks that the research file of the small lake names, each as loops over bars.
Keep out: counting and estimating (market_stats_by_hand.py); anything of quant_core.
"""

from __future__ import annotations

import calendar
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

Maybe = float | None


@dataclass(frozen=True)
class Prices:
    """Columns of the table ``bars`` as lists."""

    opens: list[float]
    high: list[float]
    low: list[float]
    close: list[float]
    day: list[date]
    is_weekly: bool

    @classmethod
    def of(cls, bars: list[dict[str, Any]], timeframe: str) -> Prices:
        columns = ([b[name] for b in bars] for name in ("open", "high", "low", "close", "session_date"))
        return cls(*columns, is_weekly=timeframe == "W1")  # type: ignore[misc]

    def __len__(self) -> int:
        return len(self.close)

    def part(self, start: int, stop: int) -> Prices:
        """The bars start … stop − 1 as if there were no others."""
        columns = (x[start:stop] for x in (self.opens, self.high, self.low, self.close, self.day))
        return Prices(*columns, is_weekly=self.is_weekly)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Trade:
    """Payoffs in fractions of the entry price: with the target and against it, from its own entry and the next open."""

    meant: list[Maybe]
    against: list[Maybe]
    at_open: list[Maybe]
    against_at_open: list[Maybe]


@dataclass(frozen=True)
class Outcomes:
    """A target's outcome after every bar; None where there is none."""

    kind: str
    horizon: int
    value: list[Maybe]
    observed: list[bool]
    tied: list[bool] | None = None
    trade: Trade | None = None
    is_geometric: bool = False
    first_spelling: str = ""


@dataclass(frozen=True)
class Condition:
    """States of a condition; ``cuts`` are learned on training bars where it has any."""

    states: list[str]
    first_spelling: str
    measure: Callable[[Prices], list[Maybe]] | None = None
    label: Callable[[Prices], list[str | None]] | None = None

    def labels(self, prices: Prices, train: tuple[int, int], stop: int) -> list[str | None]:
        """The state of the bars 0 … stop − 1, by the cuts of the training bars."""
        seen = prices.part(0, stop)
        if self.label is not None:
            return self.label(seen)
        assert self.measure is not None
        known = sorted(x for x in self.measure(prices.part(*train)) if x is not None)
        n = len(self.states)
        cuts = [linear_quantile(known, k / n) for k in range(1, n)] if len(known) >= n else None
        return [
            None if x is None or cuts is None else self.states[sum(x > c for c in cuts)] for x in self.measure(seen)
        ]


def linear_quantile(ordered: list[float], share: float) -> float:
    """Linear interpolation between the order statistics."""
    at = share * (len(ordered) - 1)
    below = math.floor(at)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (at - below)


def true_ranges(p: Prices) -> list[Maybe]:
    """Of every bar but the first."""
    return [None] + [max(p.high[t], p.close[t - 1]) - min(p.low[t], p.close[t - 1]) for t in range(1, len(p))]


def _relative_range(p: Prices) -> list[Maybe]:
    ranges = true_ranges(p)
    return [None if t < 5 else sum(ranges[t - 4 : t + 1]) / 5 / p.close[t] for t in range(len(p))]  # type: ignore[arg-type]


def _log_return(p: Prices) -> list[Maybe]:
    return [None if t < 3 else math.log(p.close[t]) - math.log(p.close[t - 3]) for t in range(len(p))]


def _is_month_end(p: Prices) -> list[str | None]:
    if p.is_weekly:
        return [None] * len(p)
    return [str(int(d.day == calendar.monthrange(d.year, d.month)[1])) for d in p.day]


CONDITIONS = {
    "vol_tertile(window_bars=5,relative=true)": Condition(
        ["low", "mid", "high"], "vol_tertile(window=5,relative=true)", _relative_range
    ),
    "quantile_bin(feature=log_return(window_bars=3),n_bins=2)": Condition(
        ["q1", "q2"], "quantile_bin(feature=log_return(n=3),n_bins=2)", _log_return
    ),
    "calendar_bin(dimension=is_month_end(zone=session))": Condition(
        ["0", "1"], "calendar_bin(dimension=is_month_end(zone=session))", label=_is_month_end
    ),
}


def _rising(p: Prices, t: int) -> bool:
    return p.close[t] > p.opens[t]


EVENTS: dict[str, tuple[str, Callable[[Prices, int], bool]]] = {
    "always_true": ("always_true", lambda _p, _t: True),
    "bullish_candle": ("bullish_candle", _rising),
    "k_consecutive(window_bars=1,direction=up)": ("k_consecutive(k=1,direction=up)", _rising),
    "k_consecutive(window_bars=2,direction=up)": (
        "k_consecutive(k=2,direction=up)",
        lambda p, t: t >= 1 and _rising(p, t) and _rising(p, t - 1),
    ),
}
"""Of every event: how the bootstrap's seeds spell it, and whether it happens at a bar."""


def _paid(entry: float, leave: float, sign: int) -> float:
    return sign * (leave / entry - 1)


def _held(p: Prices, horizon: int, sign: int) -> Trade:
    """Bought (or sold) at this close or the next open, closed ``horizon`` bars later."""
    seen = range(len(p) - horizon)
    none: list[Maybe] = [None] * (len(p) - len(seen))
    meant = [_paid(p.close[t], p.close[t + horizon], sign) for t in seen]
    at_open = [_paid(p.opens[t + 1], p.close[t + horizon], sign) for t in seen]
    return Trade(meant + none, [-x for x in meant] + none, at_open + none, [-x for x in at_open] + none)


def direction(p: Prices, horizon: int, sign: int, *, ties_fail: bool = False) -> Outcomes:
    """Does the close move to a side? An unchanged one is no outcome, or a failure."""
    value: list[Maybe] = [None] * len(p)
    tied = [False] * len(p)
    for t in range(len(p) - horizon):
        move = sign * (p.close[t + horizon] - p.close[t])
        tied[t] = move == 0
        value[t] = None if tied[t] and not ties_fail else float(move > 0)
    observed = [True] * len(p)
    return Outcomes("binary", horizon, value, observed, None if ties_fail else tied, _held(p, horizon, sign))


def forward_return(p: Prices, horizon: int) -> Outcomes:
    trade = _held(p, horizon, 1)
    spelled = f"forward_return_n(n={horizon})"
    return Outcomes("numeric", horizon, trade.meant, [True] * len(p), trade=trade, first_spelling=spelled)


def _atr(p: Prices, window: int) -> list[Maybe]:
    """Wilder's average of the true range."""
    ranges, found = true_ranges(p), [None] * len(p)
    last: Maybe = None
    for t in range(window, len(p)):
        here: float = ranges[t]  # type: ignore[assignment]
        last = sum(ranges[1 : window + 1]) / window if last is None else ((window - 1) * last + here) / window  # type: ignore[arg-type]
        found[t] = last  # type: ignore[call-overload]
    return found


def touch(p: Prices, multiple: float, window: int, horizon: int, *, both_is_loss: bool) -> Outcomes:
    """The level ``multiple`` ATR above before the one as far below, and the trade that holds until either."""
    n, atr = len(p), _atr(p, window)
    value: list[Maybe] = [None] * n
    paid: list[list[Maybe]] = [[None] * n for _ in range(4)]
    for t in range(n - horizon):
        if not atr[t]:
            continue
        upper, lower = p.close[t] + multiple * atr[t], p.close[t] - multiple * atr[t]  # type: ignore[operator]
        leave = leave_against = p.close[t + horizon]
        for j in range(t + 1, t + horizon + 1):
            up, down = p.high[j] >= upper, p.low[j] <= lower
            if not (up or down):
                continue
            if up != down or both_is_loss:
                value[t] = float(up and not down)
            at_upper, at_lower = max(upper, p.opens[j]), min(lower, p.opens[j])
            # A bar that touches both is a loss for the buyer and for the seller.
            leave, leave_against = at_lower if down else at_upper, at_upper if up else at_lower
            break
        for i, (entry, end, sign) in enumerate(
            ((p.close[t], leave, 1), (p.close[t], leave_against, -1), (p.opens[t + 1], leave, 1))
        ):
            paid[i][t] = _paid(entry, end, sign)
        paid[3][t] = _paid(p.opens[t + 1], leave_against, -1)
    return Outcomes("binary", horizon, value, [True] * n, trade=Trade(*paid))


def breakout(p: Prices, window: int, horizon: int) -> Outcomes:
    """Above the recent high before below the recent low; both in one bar is a failure."""
    value: list[Maybe] = [None] * len(p)
    for t in range(window - 1, len(p) - horizon):
        top, bottom = max(p.high[t - window + 1 : t + 1]), min(p.low[t - window + 1 : t + 1])
        for j in range(t + 1, t + horizon + 1):
            if p.high[j] > top or p.low[j] < bottom:
                value[t] = float(p.low[j] >= bottom)
                break
    return Outcomes("binary", horizon, value, [True] * len(p), is_geometric=True)


def reversal(p: Prices, horizon: int) -> Outcomes:
    """Bars until a close moves against the next bar's move, as far as the bars and the horizon reach."""
    n = len(p)
    value: list[Maybe] = [None] * n
    observed = [True] * n
    for t in range(n - 1):
        first = p.close[t + 1] - p.close[t]
        if first == 0:
            continue
        last = min(t + horizon, n - 1)
        turns = (j for j in range(t + 2, last + 1) if (p.close[j] - p.close[j - 1]) * first < 0)
        turn = next(turns, None)
        observed[t] = turn is not None
        value[t] = float((last if turn is None else turn) - t)
    return Outcomes("time_to_event", horizon, value, observed)


TARGETS: dict[str, Callable[[Prices], Outcomes]] = {
    "up_next_bar": lambda p: direction(p, 1, 1),
    "up_next_bar(ties=failure)": lambda p: direction(p, 1, 1, ties_fail=True),
    "continuation_n(horizon_bars=1,direction=down)": lambda p: direction(p, 1, -1),
    "continuation_n(horizon_bars=5,direction=up)": lambda p: direction(p, 5, 1),
    "touch_up_before_down(atr_multiple=1.0,window_bars=10,horizon_bars=6,ambiguous=null)": lambda p: touch(
        p, 1.0, 10, 6, both_is_loss=False
    ),
    "touch_up_before_down(atr_multiple=0.5,window_bars=10,horizon_bars=3,ambiguous=loss)": lambda p: touch(
        p, 0.5, 10, 3, both_is_loss=True
    ),
    "breakout_high_first(window_bars=4,horizon_bars=5)": lambda p: breakout(p, 4, 5),
    "forward_return_n(horizon_bars=1)": lambda p: forward_return(p, 1),
    "forward_return_n(horizon_bars=5)": lambda p: forward_return(p, 5),
    "time_to_reversal(horizon_bars=8)": lambda p: reversal(p, 8),
}
