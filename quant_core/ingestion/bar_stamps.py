"""Bar stamps: what a label says about its bar → the bar's open in UTC.

Put here: open- and close-labelled bars, exchange dates of daily and weekly bars, and what labels show by themselves.
Keep out: zones (clocks.py), sessions themselves (quant_core/calendars), the grid of short bars (close_labels.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from quant_core.calendars import Calendar, calendar_of
from quant_core.errors import RefusedInputError
from quant_core.ingestion.clocks import Instants, to_utc
from quant_core.ingestion.close_labels import intraday_opens, is_last_second, snapped
from quant_core.ingestion.dialect import Dialect
from quant_core.ingestion.session_times import SessionTimes, as_series
from quant_core.ingestion.time_formats import DAY_US, Bools, Int64s
from quant_core.ingestion.times import Labels
from quant_core.timeframes import Timeframe


@dataclass(frozen=True)
class BarOpens:
    """The open of every bar, and what the label was taken for: ``stamp`` is open or close, ``shown`` by the labels."""

    instants: Instants
    stamp: str
    shown: bool = False


def bar_opens(labels: Labels, groups: Int64s, timeframe: Timeframe, dialect: Dialect, origin: str) -> BarOpens:
    """The open of every bar of one timeframe; without a calendar by ``always_open``, as if that were written.

    The labels show by themselves that they are closes where every one lies in the last second of a minute
    (23:59:59.999), or D1 and W1 bars all end at a session's close that is not the next one's open.

    Intraday: the instant of the label; of a close, the instant minus the timeframe, but the last bar of a session is
    as short as the session leaves it (close_labels.py). A close in the last second of a minute is that minute's end.
    D1 and W1 written as dates: the session of that date. A date names its session whatever ``bar_stamp`` says.
    D1 and W1 closes: the session that ends there, else the last one that opened before the label; midnights that
    are no session's close are dates. Opens: midnights of the calendar's own zone are dates, others are the open as
    they stand. A few daily labels after the close of their own date's session, among labels inside, belong to it.
    W1: the first session of the ISO week of that date or session. An open on closed days after a week's last session
    belongs to the next week, because no bar opens after its last trade.

    Missing: rows of invalid labels hold meaningless values.

    Raises:
        RefusedInputError: most daily labels lie after the close of their date's session and ``bar_stamp`` is open to
            doubt.
    """
    calendar = calendar_of(dialect.calendar_id)
    stamp = dialect.bar_stamp or "open"
    if not timeframe.is_intraday and labels.is_date:
        is_close = stamp == "close"
        opens = _open_of_date(labels.date_us, labels.valid, calendar, timeframe, is_close=is_close)
        return BarOpens(_as_instants(opens), stamp)
    if not timeframe.is_intraday and labels.midnight_us is not None and stamp == "open":
        own = _open_of_date(labels.midnight_us, labels.valid, calendar, timeframe, is_close=False)
        if (own > labels.label_us)[labels.valid].any():
            return BarOpens(_as_instants(own), stamp)
    found = _as_instants(labels.label_us) if labels.is_instant else to_utc(labels.label_us, groups, dialect)
    valid = labels.valid & ~found.nonexistent & ~found.ambiguous
    shown = dialect.bar_stamp is None and is_last_second(found.utc_us, valid)
    if stamp == "close" or shown:
        found, stamp = replace(found, utc_us=snapped(found.utc_us)), "close"
    if timeframe.is_intraday:
        if stamp == "open":
            return BarOpens(found, stamp)
        return BarOpens(replace(found, utc_us=intraday_opens(found.utc_us, valid, calendar, timeframe)), stamp, shown)
    days = _Days(found.utc_us, valid, calendar, timeframe, origin)
    if dialect.bar_stamp is None and stamp == "open" and days.end_at_closes:
        stamp, shown = "close", True
    opens = days.of_closes() if stamp == "close" else days.of_opens(declared=dialect.bar_stamp is not None)
    return BarOpens(replace(found, utc_us=opens), stamp, shown)


class _Days:
    """D1 and W1 bars of one calendar that are labelled by instants."""

    def __init__(self, utc_us: Int64s, valid: Bools, calendar: Calendar, timeframe: Timeframe, origin: str) -> None:
        self._utc_us, self._valid, self._calendar, self._timeframe = utc_us, valid, calendar, timeframe
        self._origin = origin
        self._sessions = SessionTimes.around(calendar, utc_us, valid)

    @property
    def end_at_closes(self) -> bool:
        """True where every label is a session's close, and one at least no session's open."""
        times, sessions = self._utc_us[self._valid], self._sessions
        return len(times) > 0 and bool(sessions.at_close(times).all()) and not sessions.at_open(times).all()

    def of_closes(self) -> Int64s:
        """Opens of bars that end at their labels."""
        if not self._sessions.at_close(self._utc_us[self._valid]).all():
            for midnights in (self._local(), self._utc_us):
                if not (midnights[self._valid] % DAY_US).any():
                    return _open_of_date(midnights, self._valid, self._calendar, self._timeframe, is_close=True)
        return self._of_sessions(self._sessions.last_opened_before(self._utc_us))

    def of_opens(self, *, declared: bool) -> Int64s:
        """Opens of bars that begin at their labels."""
        local = self._local()
        if not (local[self._valid] % DAY_US).any():
            return _open_of_date(local, self._valid, self._calendar, self._timeframe, is_close=False)
        if self._timeframe is Timeframe.W1 or not (self._utc_us[self._valid] % DAY_US).any():
            return self._utc_us
        self._refuse_days_of_another_clock(declared=declared)
        if declared:
            return self._utc_us
        late = self._valid & self._sessions.after_close_of_date(self._utc_us, local // DAY_US)
        if not late.any():
            return self._utc_us
        if 2 * late.sum() >= self._valid.sum():
            at = int(np.flatnonzero(late)[0])
            raise RefusedInputError.at(
                self._origin,
                column="ts",
                value=as_series(self._utc_us, self._valid)[at],
                reason=f"most daily stamps lie after the close of their date's session of {self._calendar.id}: "
                "nothing says whether they are the close of that session or the open of the next one",
                fix="bar_stamp: close (or open, where a bar begins in the evening)",
            )
        own = _open_of_date(local // DAY_US * DAY_US, late, self._calendar, self._timeframe, is_close=False)
        return np.where(late, own, self._utc_us)

    def _refuse_days_of_another_clock(self, *, declared: bool) -> None:
        """Where sessions follow each other without a pause, a day that opens late in one completes in the next.

        Raises:
            RefusedInputError: most days do: closing them with their session would tell what comes hours later.
        """
        late = self._valid & self._sessions.reach_into_next(self._utc_us)
        if 2 * late.sum() <= self._valid.sum():
            return
        raise RefusedInputError.at(
            self._origin,
            column="ts",
            value=as_series(self._utc_us, self._valid)[int(np.flatnonzero(late)[0])],
            reason=f"most daily stamps lie in the last third of a session of {self._calendar.id}: a bar that opens "
            "there completes in the next one"
            + ("" if declared else ", and nothing says whether the stamp is not the bar's close"),
            fix="calendar: <one whose days begin at that hour, such as fx_24_5>"
            if declared
            else "bar_stamp: close (or, where a bar begins there, calendar: fx_24_5 or another whose days begin then)",
        )

    def _local(self) -> Int64s:
        """The labels on the calendar's clock."""
        column = self._calendar.local_time(as_series(self._utc_us, self._valid))
        return column.dt.replace_time_zone(None).to_physical().to_numpy()

    def _of_sessions(self, opens: Int64s) -> Int64s:
        """Opens of sessions; of their weeks for W1."""
        if self._timeframe is not Timeframe.W1:
            return opens
        every: Bools = np.ones(len(opens), dtype=bool)
        return self._calendar.bins(as_series(opens, every), self._timeframe)["ts"].to_physical().to_numpy()


def resolved_stamp(labels: Labels, dialect: Dialect, opens: BarOpens) -> dict[str, Any]:
    """What was used, for people to see; ``assumed`` lists what neither the file nor a declaration said."""
    assumed = [] if dialect.bar_stamp or opens.shown else ["bar_stamp"]
    if not labels.is_instant and dialect.zone is None:
        assumed.append("zone")
    if dialect.calendar is None:
        assumed.append("calendar")
    zone = "UTC (written in the file)" if labels.is_instant else dialect.model_dump(mode="json")["zone"] or "UTC"
    return {"zone": zone, "bar_stamp": opens.stamp, "calendar": dialect.calendar or "always_open", "assumed": assumed}


def _as_instants(utc_us: Int64s) -> Instants:
    """Labels that are instants already."""
    none: Bools = np.zeros(len(utc_us), dtype=bool)
    return Instants(utc_us, none, none, 0)


def _open_of_date(
    label_us: Int64s, valid: Bools, calendar: Calendar, timeframe: Timeframe, *, is_close: bool
) -> Int64s:
    """Session open of every date; of the first session of its ISO week for W1.

    An open dated on a weekday that never trades, after the week's sessions, is the eve of the next week; a holiday is
    no such day.
    """
    dates = as_series(label_us, valid).dt.date()
    if timeframe is not Timeframe.W1:
        return calendar.day_bounds(dates)["ts"].to_physical().to_numpy()
    days = SessionTimes.around(calendar, label_us, valid).day
    trades = dates.dt.weekday().is_in(np.unique((days + 3) % 7 + 1).tolist())  # 1970-01-01 was a Thursday
    weeks = dates.dt.truncate("1w")
    starts = weeks if is_close else pl.select(pl.when(trades).then(weeks).otherwise(dates)).to_series()
    opens = calendar.bins(calendar.day_bounds(starts)["ts"], timeframe)["ts"]
    return opens.to_physical().to_numpy()
