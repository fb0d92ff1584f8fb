"""The family contract of dimensions.

Put here: the abstract Dimension, the dimensions that read a named clock, and the two clocks they read.
Keep out: any particular dimension.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

import polars as pl

from quant_core.bars import Bars
from quant_core.block import Block
from quant_core.errors import ConfigError

Cycle = Literal["day", "week", "month", "year"]
"""The calendar period in which every bin of a dimension comes round once."""

CALENDAR_ZONE = "calendar"
"""The zone value that means: the clock, or the trading session, of the bars' own calendar."""

FLAG_BINS = ("0", "1")


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
        zone: IANA zone of the clock, daylight saving included; ``calendar`` takes the calendar's zone.
    """

    zone: str = "UTC"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_zone(self.zone, self.name)

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

    Intraday bars: the date of ``ts`` in ``zone``. Bars of a session or longer, and ``zone = calendar``: the
    session date, because the open of a session may lie on the evening before.

    Attributes:
        zone: IANA zone of the date; ``calendar`` takes the trading session.
    """

    zone: str = "UTC"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_zone(self.zone, self.name)

    @abstractmethod
    def code_of(self, day: pl.Expr) -> pl.Expr:
        """The code as a function of the date."""

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


def check_zone(zone: str, where: str) -> None:
    """Refuse a zone that is neither ``calendar`` nor an IANA name.

    Raises:
        ConfigError: the name is unknown.

    >>> check_zone("America/New_York", "hour")
    >>> check_zone("EST5", "hour")
    Traceback (most recent call last):
    quant_core.errors.ConfigError: Wrong value at hour: zone: expected an IANA zone or 'calendar', found 'EST5'. \
Write a name such as UTC or America/New_York.
    """
    if zone == CALENDAR_ZONE:
        return
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as error:
        raise ConfigError.at(
            f"{where}: zone",
            expected=f"an IANA zone or {CALENDAR_ZONE!r}",
            found=zone,
            next_step="Write a name such as UTC or America/New_York.",
        ) from error


def clock_of(bars: Bars, zone: str) -> pl.Expr:
    """Local date and time of the bar's open."""
    return pl.col("ts").dt.convert_time_zone(bars.calendar.zone if zone == CALENDAR_ZONE else zone)


def day_of(bars: Bars, zone: str) -> pl.Expr:
    """Date of the bar: the session's for bars of a session or longer, else the local date of its open."""
    if zone == CALENDAR_ZONE or not bars.timeframe.is_intraday:
        return pl.col("session_date")
    return clock_of(bars, zone).dt.date()
