"""The family contract of dimensions.

Put here: the abstract Dimension, the dimensions that read a named clock, the word for the clock and what it reads.
Keep out: any particular dimension.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import polars as pl
from pydantic import AfterValidator

from quant_core.bars import Bars
from quant_core.block import Block

Cycle = Literal["day", "week", "month", "year"]
"""The calendar period in which every bin of a dimension comes round once."""

SESSION = "session"
"""The zone that belongs to the trading session: its date, and the clock of its market (the calendar's zone)."""
UTC = "utc"
"""The one word for UTC in ids."""
ZONE_WORDS = {"zone": {"calendar": SESSION, "exchange": SESSION}}
"""Earlier words for a zone: parameter → word → the word now."""

FLAG_BINS = ("0", "1")


def zone_of(text: str) -> str:
    """A zone as ids spell it: ``session``, ``utc`` or an IANA name.

    >>> zone_of("UTC"), zone_of("America/New_York")
    ('utc', 'America/New_York')
    >>> zone_of("EST5")
    Traceback (most recent call last):
    ValueError: session, utc or an IANA zone such as America/New_York
    """
    if text in {SESSION, UTC}:
        return text
    if text == "UTC":
        return UTC
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("session, utc or an IANA zone such as America/New_York") from error
    return text


Zone = Annotated[str, AfterValidator(zone_of)]


@dataclass(frozen=True)
class Dimension(Block):
    """A partition of bars by the calendar: every bar has exactly one bin, or null where the docstring says so.

    Contract, proved for every block: codes are null or within ``0 … len(bins) - 1``, one per bar; bins are
    unique; a bar's bin depends on its time and on the calendar's schedule alone, never on prices or on
    which other bars are present (``is_rollover_day`` also reads the contract id of earlier bars).

    ``bins`` are labels in display order; results store the label (String) and its position (``bin_order``).
    """

    @property
    @abstractmethod
    def bins(self) -> tuple[str, ...]:
        """Every label that can occur, in display order."""

    @property
    def cycle(self) -> Cycle:
        """The period that holds each bin about once: the unit of independent repetition in tests."""
        return "day"

    def cycle_day(self, bars: Bars) -> pl.Series:
        """A date inside the cycle that each bar belongs to (Date): the year, month or week of this date is the bar's.

        The session's date, unless a bin reaches over the border of a month or year: then all bars of one such bin have
        the cycle in which it ends.
        """
        return bars.frame["session_date"]

    @abstractmethod
    def codes(self, bars: Bars) -> pl.Series:
        """Position of each bar's bin in ``bins`` (Int32), null where the bar has no bin."""

    def labels(self, bars: Bars) -> pl.Series:
        """Label of each bar's bin (String), null where the bar has no bin."""
        names = pl.Series(list(self.bins), dtype=pl.String)
        return names.gather(self.codes(bars)).alias(self.canonical)

    def _codes(self, bars: Bars, code: pl.Expr) -> pl.Series:
        """Evaluate an expression over ``bars.frame`` as codes named by the canonical id."""
        return bars.frame.select(code.cast(pl.Int32).alias(self.canonical)).to_series()

    def _none(self, bars: Bars) -> pl.Series:
        """No bar has a bin."""
        return pl.Series(self.canonical, [None] * len(bars), dtype=pl.Int32)


@dataclass(frozen=True)
class ClockDimension(Dimension):
    """A dimension read from the time of day of the bar's open; null for bars of a session or longer.

    Attributes:
        zone: ``utc``, an IANA zone (daylight saving included), or ``session`` for the clock of the session's market.
    """

    zone: Zone = UTC
    renamed_values = ZONE_WORDS

    @abstractmethod
    def code_of(self, clock: pl.Expr) -> pl.Expr:
        """The code as a function of the local date and time of the bar's open."""

    def codes(self, bars: Bars) -> pl.Series:
        if not bars.timeframe.is_intraday:
            return self._none(bars)
        return self._codes(bars, self.code_of(clock_of(bars, self.zone)))


@dataclass(frozen=True)
class DayDimension(Dimension):
    """A dimension read from the bar's date.

    Bars of a session or longer, and every bar with ``zone = session``: the session's date, because the open of a
    session may lie on the evening before (a foreign-exchange bar of Sunday 22:00 UTC is Monday's). Otherwise the date
    of the bar's open in the zone.

    Attributes:
        zone: ``session``, ``utc`` or an IANA zone.
    """

    zone: Zone = SESSION
    renamed_values = ZONE_WORDS

    @abstractmethod
    def code_of(self, day: pl.Expr) -> pl.Expr:
        """The code as a function of the date."""

    def cycle_day(self, bars: Bars) -> pl.Series:
        return bars.frame.select(day_of(bars, self.zone).alias("session_date")).to_series()

    def codes(self, bars: Bars) -> pl.Series:
        return self._codes(bars, self.code_of(day_of(bars, self.zone)))


@dataclass(frozen=True)
class WeekdayDimension(DayDimension):
    """A dimension that needs the day itself: null for weekly bars, which cover five of them."""

    def codes(self, bars: Bars) -> pl.Series:
        if bars.timeframe.minutes > DAY_MINUTES:
            return self._none(bars)
        return super().codes(bars)


DAY_MINUTES = 1440


def clock_of(bars: Bars, zone: str) -> pl.Expr:
    """Local date and time of the bar's open."""
    named = {SESSION: bars.calendar.zone, UTC: "UTC"}
    return pl.col("ts").dt.convert_time_zone(named.get(zone, zone))


def day_of(bars: Bars, zone: str) -> pl.Expr:
    """Date of the bar: the session's for bars of a session or longer, else the local date of its open."""
    if zone == SESSION or not bars.timeframe.is_intraday:
        return pl.col("session_date")
    return clock_of(bars, zone).dt.date()
