"""Bar stamps: what a label says about its bar → the bar's open in UTC.

Put here: open- and close-labelled bars, exchange dates of daily and weekly bars.
Keep out: zones (clocks.py) and sessions themselves (quant_core/calendars).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from quant_core.calendars import Calendar, calendar_of
from quant_core.ingestion.clocks import Instants, to_utc
from quant_core.ingestion.dialect import Dialect
from quant_core.ingestion.time_formats import DAY_US, Bools, Int64s
from quant_core.ingestion.times import Labels
from quant_core.timeframes import Timeframe


def bar_opens(labels: Labels, groups: Int64s, timeframe: Timeframe, dialect: Dialect) -> Instants:
    """The open of every bar of one timeframe.

    Intraday: the instant of the label, minus the timeframe where ``bar_stamp`` is close.
    D1 and W1 written as dates: the session (or the week's first session) of the declared calendar; without a
    calendar local midnight. A date names its session whatever ``bar_stamp`` says; only a week labelled by its
    last day without a calendar is moved back by six days.
    D1 and W1 written as instants: midnights of the calendar's own zone are dates; close labels belong to the
    session that ends there; others are the open as they stand.

    Missing: rows of invalid labels hold meaningless values.
    """
    is_close = dialect.bar_stamp == "close"
    calendar = calendar_of(dialect.calendar) if dialect.calendar else None
    if not timeframe.is_intraday and labels.is_date and calendar is not None:
        opens = _open_of_date(labels.label_us, labels.valid, calendar, timeframe)
        return _moved(_as_instants(labels.label_us), opens)
    found = _as_instants(labels.label_us) if labels.is_instant else to_utc(labels.label_us, groups, dialect)
    if timeframe.is_intraday or (calendar is None and not labels.is_date):
        return _moved(found, found.utc_us - timeframe.minutes * 60_000_000) if is_close else found
    if calendar is None:
        back = 6 * DAY_US if is_close and timeframe is Timeframe.W1 else 0
        return _moved(found, found.utc_us - back)
    return _moved(found, _session_opens(found.utc_us, labels.valid, calendar, timeframe, is_close=is_close))


def _session_opens(utc_us: Int64s, valid: Bools, calendar: Calendar, timeframe: Timeframe, *, is_close: bool) -> Int64s:
    """Opens of D1 and W1 bars that are labelled by instants."""
    local = calendar.local_time(_series(utc_us, valid)).dt.replace_time_zone(None).to_physical().to_numpy()
    if not (local[valid] % DAY_US).any():
        return _open_of_date(local, valid, calendar, timeframe)
    if is_close:
        return calendar.bins(_series(utc_us - 1, valid), timeframe)["ts"].to_physical().to_numpy()
    return utc_us


def resolved_stamp(labels: Labels, dialect: Dialect) -> dict[str, Any]:
    """What was used, for people to see; ``assumed`` lists what neither the file nor a declaration said."""
    assumed = [] if dialect.bar_stamp else ["bar_stamp"]
    if not labels.is_instant and dialect.zone is None:
        assumed.append("zone")
    zone = "UTC (written in the file)" if labels.is_instant else dialect.model_dump(mode="json")["zone"] or "UTC"
    return {"zone": zone, "bar_stamp": dialect.bar_stamp or "open", "calendar": dialect.calendar, "assumed": assumed}


def _as_instants(utc_us: Int64s) -> Instants:
    """Labels that are instants already."""
    none: Bools = np.zeros(len(utc_us), dtype=bool)
    return Instants(utc_us, none, none, 0)


def _moved(found: Instants, utc_us: Int64s) -> Instants:
    """The same rows at other instants."""
    return Instants(utc_us, found.nonexistent, found.ambiguous, found.n_resolved_by_order)


def _series(utc_us: Int64s, valid: Bools) -> pl.Series:
    """Instants as a column; invalid rows become the epoch so that calendars accept them."""
    return pl.Series("ts", np.where(valid, utc_us, 0)).cast(pl.Datetime("us", "UTC"))


def _open_of_date(label_us: Int64s, valid: Bools, calendar: Calendar, timeframe: Timeframe) -> Int64s:
    """Session open of every date; of the week's first session for W1."""
    dates = pl.Series("date", np.where(valid, label_us, 0)).cast(pl.Datetime("us")).dt.date()
    opens = calendar.day_bounds(dates)["ts"]
    if timeframe is Timeframe.W1:
        opens = calendar.bins(opens, timeframe)["ts"]
    return opens.to_physical().to_numpy()
