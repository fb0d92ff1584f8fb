"""Clocks and dates of bars in a named zone.

Put here: the zone parameter of the calendar fields and what it resolves to.
Keep out: the fields themselves (one file each) and the calendars (quant_core/calendars).
"""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl
from pydantic import AfterValidator

from quant_core.bars import Bars


def _clock_zone(value: str) -> str:
    if value == "exchange":
        return value
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("an IANA zone such as America/New_York, UTC, or 'exchange'") from error
    return value


def _date_zone(value: str) -> str:
    return value if value == "session" else _clock_zone(value)


# ``exchange`` is the zone of the bars' calendar; ``session`` takes the date of the trading session, which a
# bar before midnight may share with the next day (a foreign-exchange bar of Sunday evening is Monday's).
ClockZone = Annotated[str, AfterValidator(_clock_zone)]
DateZone = Annotated[str, AfterValidator(_date_zone)]


def local_open(bars: Bars, zone: str) -> pl.Series:
    """The open of each bar on the clock of a zone, daylight saving included.

    >>> local_open(Bars.of(close=[1.0]), "America/New_York").dt.hour().to_list()
    [19]
    """
    return bars.frame["ts"].dt.convert_time_zone(bars.calendar.zone if zone == "exchange" else zone)


def local_date(bars: Bars, zone: str) -> pl.Series:
    """The date each bar belongs to: its session's, or the date of its open in a zone.

    >>> bars = Bars.of(close=[1.0])
    >>> [str(local_date(bars, zone)[0]) for zone in ("America/New_York", "session")]
    ['2023-12-31', '2024-01-01']
    """
    return bars.frame["session_date"] if zone == "session" else local_open(bars, zone).dt.date()


def only_if(keep: bool, values: pl.Series, name: str) -> pl.Series:
    """The values as a named Int32 series, or as many nulls where the field has no meaning.

    >>> only_if(False, pl.Series([1, 2]), "hour").to_list()
    [None, None]
    """
    if not keep:
        return pl.Series(name, [None] * len(values), dtype=pl.Int32)
    return values.cast(pl.Int32).alias(name)
