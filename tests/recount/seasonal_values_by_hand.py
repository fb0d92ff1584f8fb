"""What the profiles of the small lake measure at every bar, and the bin that the calendar puts the bar into.

Put here: the few metrics and dimensions that its research file names, as loops over bars, and calendar clusters.
Keep out: statistics of bins (seasonality_by_hand.py); anything of quant_core.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from tests.recount.outcomes_by_hand import Maybe, Prices

Values = list[Maybe]


@dataclass(frozen=True)
class Metric:
    """A number per bar, and how the numbers of a bin are summarized."""

    values: Callable[[Prices], Values]
    kind: str
    name: str
    reading: str
    window: int = 1
    unit: str = "fraction"
    probability: float = 0.5
    is_geometric: bool = False
    moves: Callable[[Prices], Values] | None = None  # bars that stand still are left out


def _ahead(p: Prices, horizon: int) -> Values:
    return [p.close[t + horizon] / p.close[t] - 1 if t + horizon < len(p) else None for t in range(len(p))]


def _own(p: Prices) -> Values:
    return [None, *(p.close[t] / p.close[t - 1] - 1 for t in range(1, len(p)))]


def _rises(moves: Values) -> Values:
    """Among moves: where price stands still there is no value."""
    return [None if not x else float(x > 0) for x in moves]


def _rises_or_not(moves: Values) -> Values:
    return [None if x is None else float(x > 0) for x in moves]


def _amplitude(p: Prices) -> Values:
    return [(high - low) / close for high, low, close in zip(p.high, p.low, p.close, strict=True)]


def _breakouts(p: Prices) -> list[tuple[bool, bool] | None]:
    """Does the bar reach the high, and the low, of the session before?"""
    found: list[tuple[bool, bool] | None] = []
    before: tuple[float, float] | None = None
    for _, group in groupby(range(len(p)), key=lambda t: p.day[t]):
        session = list(group)
        found += [before and (p.high[t] >= before[0], p.low[t] <= before[1]) for t in session]
        before = max(p.high[t] for t in session), min(p.low[t] for t in session)
    return found


def _runs(p: Prices) -> list[tuple[int, int, bool, int]]:
    """Start, length in moves, whether it ended, and side of every run; the first may be older than the bars.

    Bars where price stands still belong to no run and interrupt none.
    """
    moves = [(t, b > a) for t, (a, b) in enumerate(zip(p.close, p.close[1:], strict=False)) if a != b]
    grouped = [(rises, [t for t, _ in group]) for rises, group in groupby(moves, key=lambda move: move[1])]
    return [
        (at[0], len(at), i + 1 < len(grouped), 1 if rises else -1) for i, (rises, at) in enumerate(grouped) if i > 0
    ]


def _at_starts(p: Prices, value: Callable[[int, bool, int], Maybe]) -> Values:
    values: Values = [None] * len(p)
    for start, length, ended, side in _runs(p):
        values[start] = value(length, ended, side)
    return values


def _reverses_within(p: Prices, bars: int) -> Values:
    return _at_starts(p, lambda length, ended, _: float(length <= bars) if ended or length > bars else None)


METRICS: dict[str, Metric] = {
    "own_p_up": Metric(lambda p: _rises(_own(p)), "rate", "own_p_up", "own", moves=_own),
    "next_p_up(horizon_bars=3)": Metric(
        lambda p: _rises(_ahead(p, 3)), "rate", "next_p_up", "next", 3, moves=lambda p: _ahead(p, 3)
    ),
    "next_p_up(horizon_bars=1,ties=failure)": Metric(
        lambda p: _rises_or_not(_ahead(p, 1)), "rate", "next_p_up", "next"
    ),
    "own_ret_mean": Metric(_own, "mean", "own_ret_mean", "own"),
    "next_ret_mean(horizon_bars=3)": Metric(lambda p: _ahead(p, 3), "mean", "next_ret_mean", "next", 3),
    "next_ret_std(horizon_bars=3)": Metric(lambda p: _ahead(p, 3), "std", "next_ret_std", "next", 3),
    "next_ret_quantile(q=0.25,horizon_bars=3)": Metric(
        lambda p: _ahead(p, 3), "quantile", "next_ret_p25", "next", 3, probability=0.25
    ),
    "next_ret_quantile(q=0.5,horizon_bars=3)": Metric(lambda p: _ahead(p, 3), "quantile", "next_ret_p50", "next", 3),
    "amp_mean(of=fraction)": Metric(_amplitude, "mean", "amp_mean", "own"),
    "amp_std(of=fraction)": Metric(_amplitude, "std", "amp_std", "own"),
    "amp_quantile(q=0.9,of=fraction)": Metric(_amplitude, "quantile", "amp_p90", "own", probability=0.9),
    "n_runs": Metric(lambda p: _at_starts(p, lambda *_: 1.0), "count", "n_runs", "next", unit="count"),
    "run_len_up_mean": Metric(
        lambda p: _at_starts(p, lambda length, ended, side: float(length) if ended and side > 0 else None),
        "mean",
        "run_len_up_mean",
        "next",
        unit="bars",
    ),
    "p_reversal(horizon_bars=3)": Metric(lambda p: _reverses_within(p, 3), "rate", "p_reversal", "next"),
    "p_breakout_up": Metric(
        lambda p: [x and float(x[0]) for x in _breakouts(p)], "rate", "p_breakout_up", "own", is_geometric=True
    ),
    "p_in_range": Metric(
        lambda p: [x and float(not any(x)) for x in _breakouts(p)], "rate", "p_in_range", "own", is_geometric=True
    ),
}


@dataclass(frozen=True)
class Dimension:
    """Bins in display order, the bin of a bar (None for none), and the cycle in which bins come round."""

    bins: list[str]
    of: Callable[[date, int], str]
    cycle: str
    timeframes: str = "H1 D1 W1"


QUARTERS, WEEKDAYS = [str(i) for i in range(1, 5)], [str(i) for i in range(7)]


def _quarter(day: date) -> str:
    return str((day.month + 2) // 3)


DIMENSIONS = {
    "hour(zone=utc)": Dimension([str(h) for h in range(24)], lambda _, hour: str(hour), "day", "H1"),
    "dow(zone=session)": Dimension(WEEKDAYS, lambda day, _: str(day.weekday()), "week", "H1 D1"),
    "is_month_end(zone=session)": Dimension(
        ["0", "1"], lambda day, _: str(int((day + timedelta(days=1)).day == 1)), "month", "H1 D1"
    ),
    "is_month(zone=session,month=3)": Dimension(["0", "1"], lambda day, _: str(int(day.month == 3)), "year"),
    "week_of_year(zone=session)": Dimension(
        [str(w) for w in range(1, 54)], lambda day, _: str(day.isocalendar()[1]), "iso_year"
    ),
    "quarter(zone=session)": Dimension(QUARTERS, lambda day, _: _quarter(day), "year"),
    "cross(first=dow(zone=session),second=quarter(zone=session))": Dimension(
        [f"{d}|{q}" for d in WEEKDAYS for q in QUARTERS],
        lambda day, _: f"{day.weekday()}|{_quarter(day)}",
        "year",
        "H1 D1",
    ),
}


def clusters(days: list[date], cycle: str, window: int) -> list[int]:
    """The number of every bar's cluster: its cycle, or as many in a row as hold four windows on average."""
    names: dict[str, Callable[[date], Any]] = {
        "day": lambda d: d,
        "week": lambda d: d.isocalendar()[:2],
        "month": lambda d: (d.year, d.month),
        "year": lambda d: d.year,
        "iso_year": lambda d: d.isocalendar()[0],
    }
    order = list(dict.fromkeys(names[cycle](d) for d in days))
    joined = max(math.ceil(4 * window * len(order) / len(days)), 1)
    number = {name: i // joined for i, name in enumerate(order)}
    return [number[names[cycle](d)] for d in days]


def batches(numbers: list[int]) -> list[int]:
    """About max(20, √G) stretches of the G clusters; fewer than 20 stay as they are."""
    n = numbers[-1] + 1
    wanted = min(n, max(20, math.isqrt(n)))
    return [number // math.ceil(n / wanted) for number in numbers]
