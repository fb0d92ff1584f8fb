"""True bars: random bars whose times and prices are known, to be written in a random dialect and read back.

Put here: which bars exist, by the sessions of their market, and their numbers in ticks.
Keep out: how files write them (written_bars.py).
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from quant_core.calendars import calendar_of
from quant_core.timeframes import Timeframe

TIMEFRAMES = ("M1", "M5", "M15", "M30", "H1", "H4", "D1", "D1", "W1")
CALENDARS = ("always_open", "always_open", "XNYS", "fx_24_5", "XNYS(04:00-20:00)")
# Far from the clock changes of New York and Europe: a repeated hour is another test's matter.
_STARTS = ((1, 8), (2, 1), (4, 10), (6, 3), (7, 1), (8, 20), (9, 5))

# Weeks of New York that ended early at short notice: their Monday, and the days until their last session was due.
_LATE_WEEKS = {date(2001, 9, 10): 4, date(2004, 6, 7): 1}


@dataclass(frozen=True)
class TrueBar:
    """One bar: its times, its session, its numbers exactly as decimals.

    ``known`` is when it may be used: its close, or later where the week's last session was called off at short notice.
    """

    opens: datetime
    closes: datetime
    known: datetime
    session: date
    prices: tuple[Decimal, Decimal, Decimal, Decimal]
    volume: Decimal | None


@dataclass(frozen=True)
class TrueSeries:
    """The bars of one symbol."""

    symbol: str
    timeframe: Timeframe
    calendar: str
    bars: tuple[TrueBar, ...]
    has_volume: bool


def true_series(chance: random.Random) -> TrueSeries:
    """Between 6 and 14 bars; a few expected ones are missing, more steps than not are the usual one."""
    timeframe, calendar = Timeframe(chance.choice(TIMEFRAMES)), chance.choice(CALENDARS)
    month, day = chance.choice(_STARTS)
    slots = _slots(calendar, timeframe, date(chance.randint(1995, 2025), month, day))
    begin = chance.randrange(0, 6)
    slots = slots[begin : begin + chance.randint(6, 14)]
    for _ in range(chance.choice((0, 0, 1))):
        slots = [*slots[:2], *slots[3:]]
    kind = chance.choice(("none", "whole", "whole", "fraction", "thousands"))
    digits, level = chance.choice(((2, 100.0), (5, 1.1), (2, 45_000.0), (0, 16_000.0), (2, 990.0), (8, 0.0004)))
    late = _LATE_WEEKS if timeframe is Timeframe.W1 and calendar.startswith("XNYS") else {}
    bars = tuple(
        TrueBar(
            opens,
            closes,
            closes + timedelta(days=late.get(session, 0)),
            session,
            _prices(chance, digits, level),
            _volume(chance, kind),
        )
        for opens, closes, session in slots
    )
    symbol = chance.choice(("EURUSD", "AAPL", "BRK.B", "ES_F", "BTC-USD", "X"))
    return TrueSeries(symbol, timeframe, calendar, bars, kind != "none")


@lru_cache(maxsize=512)
def _slots(calendar: str, timeframe: Timeframe, start: date) -> list[tuple[datetime, datetime, date]]:
    """Open, close and session of the first bars from a date on."""
    days = {Timeframe.W1: 150, Timeframe.D1: 40, Timeframe.H4: 20}.get(timeframe, 10)
    sessions = calendar_of(calendar).sessions(start, start + timedelta(days=days))
    found: list[tuple[datetime, datetime, date]] = []
    weeks: dict[tuple[int, int], list[tuple[date, datetime, datetime]]] = {}
    step = timedelta(minutes=timeframe.minutes)
    for day, opens, closes in sessions.select("session_date", "open", "close").rows():
        weeks.setdefault(day.isocalendar()[:2], []).append((day, opens, closes))
        if timeframe is Timeframe.D1:
            found.append((opens, closes, day))
        at = opens
        while timeframe.is_intraday and at < closes and len(found) < 24:
            found.append((at, min(at + step, closes), day))
            at += step
    if timeframe is Timeframe.W1:  # the first and the last week of the stretch may be cut
        whole = list(weeks.values())[1:-1]
        found = [(week[0][1], week[-1][2], week[0][0]) for week in whole]
    return [(a.astimezone(UTC), b.astimezone(UTC), day) for a, b, day in found]


def _prices(chance: random.Random, digits: int, level: float) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    """Open, high, low, close in whole ticks, consistent and positive."""
    tick = Decimal(1).scaleb(-digits)
    base = max(int(level * 10**digits), 20)
    first, last = (base + chance.randint(-base // 20, base // 20) for _ in range(2))
    high = max(first, last) + chance.randint(0, base // 50 + 1)
    low = min(first, last) - chance.randint(0, base // 50 + 1)
    return tick * first, tick * high, tick * low, tick * last


def _volume(chance: random.Random, kind: str) -> Decimal | None:
    if kind == "none":
        return None
    if kind == "fraction":
        return Decimal(chance.randint(1, 10**7)).scaleb(-4)
    return Decimal(chance.randint(1, 400) * 1000 if kind == "thousands" else chance.randint(1, 5_000_000))
