"""The Calendar: sessions of a market and every question about instants that sessions answer.

Put here: session dates, bar closes, bin bounds, expected bars, bars per year; all over whole columns at once.
Keep out: where the days come from (``_days.py``, ``_exchange.py``), ids (``_ids.py``), aggregation (resample.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime  # noqa: F401  # pyright: ignore[reportUnusedImport]  examples use UTC
from functools import cached_property

import numpy as np
import polars as pl

from quant_core.calendars._columns import dates, day_number, instants, microsecond
from quant_core.calendars._days import (
    FIRST_DATE,
    FIRST_DAY,
    LAST_DATE,
    MINUTE_US,
    DayTable,
    Ints,
    as_int64,
    with_sessions,
)
from quant_core.calendars._spans import Place, Spans
from quant_core.errors import DataContractError
from quant_core.timeframes import Timeframe

YEARS_FROM = date(2005, 1, 1)
YEARS_TO = date(2024, 12, 31)
N_YEARS = 20  # with five leap days: 365.25 days a year exactly


@dataclass(frozen=True, eq=False)
class Calendar:
    """A trading calendar. Instants are UTC, ``Datetime("us", "UTC")``; sessions are dates in ``zone``.

    Every instant from 1800 to 2099 belongs to one session date: inside a session, to that session; inside the
    regular hours of a date without a session (a holiday that a feed has bars for), to that date, where sessions
    stay within one local date; anywhere else, to the next session.

    Attributes:
        id: ``always_open``, ``fx_24_5``, an exchange code (``XNYS``), or one with hours (``XNYS(04:00-20:00)``).
        zone: IANA zone of the session clock.
        days: the table of days behind it.

    Two calendars are equal when their ids are.

    >>> from quant_core.calendars import calendar_of
    >>> xnys = calendar_of("XNYS")
    >>> xnys.sessions(date(2024, 11, 28), date(2024, 11, 29)).rows()  # Thanksgiving is closed, Friday ends at 13:00
    [(datetime.date(2024, 11, 29), datetime.datetime(2024, 11, 29, 14, 30, tzinfo=zoneinfo.ZoneInfo(key='UTC')), \
datetime.datetime(2024, 11, 29, 18, 0, tzinfo=zoneinfo.ZoneInfo(key='UTC')))]
    """

    id: str
    zone: str
    days: DayTable

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Calendar) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"Calendar({self.id!r})"

    def __reduce__(self) -> tuple[object, tuple[str]]:
        from quant_core.calendars._ids import calendar_of  # noqa: PLC0415  a worker looks its own copy up by id

        return calendar_of, (self.id,)

    @cached_property
    def _spans(self) -> Spans:
        return Spans.of(self.days)

    def _place(self, ts: pl.Series) -> Place:
        return self._spans.place(self._microseconds(ts))

    def _microseconds(self, ts: pl.Series) -> Ints:
        """The column as integers, checked: UTC, no null, inside the table of days."""
        if ts.dtype != pl.Datetime("us", "UTC") or ts.null_count():
            raise DataContractError(
                f"Calendar {self.id}: expected a column Datetime('us', 'UTC') without nulls, found {ts.dtype} with "
                f"{ts.null_count()} nulls. Quarantine rows without a time and convert the rest to UTC first."
            )
        values = as_int64(ts.to_physical())
        low, high = self._spans.range
        if len(values) and (values.min() < low or values.max() >= high):
            raise DataContractError(
                f"Calendar {self.id}: expected instants from {FIRST_DATE} to {LAST_DATE}, found {ts.min()} to "
                f"{ts.max()}. Quarantine the rows outside."
            )
        return values

    def session_date(self, ts: pl.Series) -> pl.Series:
        """The session date of each instant, by the rule of the class.

        >>> from quant_core.calendars import calendar_of
        >>> sunday = pl.Series([datetime(2024, 3, 10, 20, 59, tzinfo=UTC), datetime(2024, 3, 10, 21, tzinfo=UTC)])
        >>> calendar_of("fx_24_5").session_date(sunday.cast(pl.Datetime("us", "UTC"))).to_list()
        [datetime.date(2024, 3, 11), datetime.date(2024, 3, 11)]
        """
        return dates("session_date", self._spans.day[self._place(ts).owner])

    def in_session(self, ts: pl.Series) -> pl.Series:
        """True while the market trades: open ≤ ts < close of a session, outside its break."""
        place = self._place(ts)
        return pl.Series("in_session", self._spans.trades(place, self._microseconds(ts)))

    def minutes_from_open(self, ts: pl.Series) -> pl.Series:
        """Minutes from the open of the instant's session; negative before the open. Float64.

        >>> from quant_core.calendars import calendar_of
        >>> ts = pl.Series([datetime(2024, 7, 1, 13, 0, tzinfo=UTC), datetime(2024, 7, 1, 14, tzinfo=UTC)])
        >>> calendar_of("XNYS").minutes_from_open(ts.cast(pl.Datetime("us", "UTC"))).to_list()
        [-30.0, 30.0]
        """
        elapsed = self._microseconds(ts) - self._spans.open[self._place(ts).owner]
        return pl.Series("minutes_from_open", elapsed / MINUTE_US)

    def local_time(self, ts: pl.Series) -> pl.Series:
        """The same instants on the session clock (``zone``)."""
        return ts.dt.convert_time_zone(self.zone)

    def bar_close(self, ts: pl.Series, timeframe: Timeframe) -> pl.Series:
        """The moment a bar that opened at ts is complete.

        Intraday: ts + length, but never past the close of the session the bar opened in, unless the next session
        starts at that very moment. A bar that opened outside a session is not cut. D1: close of the instant's
        session. W1: close of the last session of its week, or the regular
        close of a later one that was called off at short notice: until then nobody knew that the week was over.

        >>> from quant_core.calendars import calendar_of
        >>> ts = pl.Series([datetime(2024, 11, 29, 17, 30, tzinfo=UTC)]).cast(pl.Datetime("us", "UTC"))
        >>> [calendar_of("XNYS").bar_close(ts, Timeframe(t))[0].strftime("%d %H:%M") for t in ("M15", "H1", "D1", "W1")]
        ['29 17:45', '29 18:00', '29 18:00', '29 18:00']
        """
        values, place = self._microseconds(ts), self._place(ts)
        if timeframe.is_intraday:
            return instants("ts_close", self._spans.cut(place, values + timeframe.minutes * MINUTE_US))
        return instants("ts_close", self._spans.bounds(place, values, timeframe)[1])

    def bins(self, ts: pl.Series, timeframe: Timeframe) -> pl.DataFrame:
        """Bounds ts ≤ instant < ts_close of the session-anchored bar each instant falls into.

        Intraday bins count from the session's open and end at its close; instants outside sessions fall into bins
        on the next session's grid that stop at the neighbouring session. D1: the session. W1: from the open of the
        week's first session to the close of its last. An instant outside sessions may lie before its D1 or W1 bin.

        >>> from quant_core.calendars import calendar_of
        >>> ts = pl.Series([datetime(2024, 11, 29, 17, 30, tzinfo=UTC)]).cast(pl.Datetime("us", "UTC"))
        >>> [t.strftime("%H:%M") for t in calendar_of("XNYS").bins(ts, Timeframe.H4).row(0)]
        ['14:30', '18:00']
        """
        low, high = self._spans.bounds(self._place(ts), self._microseconds(ts), timeframe)
        return pl.DataFrame([instants("ts", low), instants("ts_close", high)])

    def n_expected(self, bins: pl.DataFrame, timeframe: Timeframe) -> pl.Series:
        """Bars of ``timeframe`` that a gapless feed has inside each bin (columns ts, ts_close); 0 outside sessions."""
        low = self._microseconds(bins["ts"])
        return pl.Series("n_expected", self._spans.count(low, as_int64(bins["ts_close"].to_physical()), timeframe))

    def sessions(self, start: date, end: date) -> pl.DataFrame:
        """Sessions from start to end inclusive: session_date, open, close (UTC)."""
        spans = self._spans
        keep = spans.is_session & (spans.day >= day_number(start)) & (spans.day <= day_number(end))
        columns = [dates("session_date", spans.day[keep]), instants("open", spans.open[keep])]
        return pl.DataFrame([*columns, instants("close", spans.close[keep])])

    def planned_sessions(self, start: date, end: date) -> pl.DataFrame:
        """Sessions as they were published ahead: session_date, took_place (False: called off at short notice).

        What is known of the days after a date are these rows; of the date and those before, ``sessions``.

        >>> from quant_core.calendars import calendar_of
        >>> calendar_of("XNYS").planned_sessions(date(2001, 9, 10), date(2001, 9, 17))["took_place"].to_list()
        [True, False, False, False, False, True]
        """
        first, last = max(day_number(start), FIRST_DAY) - FIRST_DAY, day_number(end) - FIRST_DAY
        rows = first + np.flatnonzero(self.days.was_planned[first : last + 1])
        took_place = pl.Series("took_place", self.days.is_session[rows])
        return pl.DataFrame([dates("session_date", rows + FIRST_DAY), took_place])

    def foreseen_after(self, day: date) -> Calendar:
        """The calendar as it was known at the end of a day: sessions that were called off later still take place.

        >>> from quant_core.calendars import calendar_of
        >>> on_monday = calendar_of("XNYS").foreseen_after(date(2001, 9, 10))
        >>> on_monday.sessions(date(2001, 9, 10), date(2001, 9, 12)).height
        3
        """
        later = self.days.called_off[self.days.called_off > day_number(day) - FIRST_DAY]
        if not len(later):
            return self
        if (found := self._foreseen.get(int(later[0]))) is None:
            found = self._foreseen[int(later[0])] = Calendar(self.id, self.zone, with_sessions(self.days, later))
        return found

    @cached_property
    def _foreseen(self) -> dict[int, Calendar]:
        """Calendars of ``foreseen_after`` by the row of the first session that was called off later."""
        return {}

    def stretches(self, start: datetime, end: datetime) -> pl.DataFrame:
        """Uninterrupted trading that overlaps start to end, in order: open, close (UTC); a break divides a session.

        >>> from quant_core.calendars import calendar_of
        >>> day = datetime(2024, 1, 4, tzinfo=UTC), datetime(2024, 1, 4, 12, tzinfo=UTC)
        >>> [[t.strftime("%H:%M") for t in row] for row in calendar_of("XTKS").stretches(*day).rows()]
        [['00:00', '02:30'], ['03:30', '06:00']]
        >>> [t.hour for t in calendar_of("XNYS(04:00-20:00)").stretches(*day).row(0)]
        [9, 1]
        """
        low, high = self._spans.stretches(microsecond(start), microsecond(end))
        return pl.DataFrame([instants("open", low), instants("close", high)])

    def touches(self, ts: pl.Series, timeframe: Timeframe) -> pl.Series:
        """True where a bar of nominal length from ts overlaps a session, or the hours of a date without one.

        Anywhere else a bar lies in a pause between sessions and would be counted to the session after it.

        >>> from quant_core.calendars import calendar_of
        >>> ts = pl.Series([datetime(2024, 7, 1, h, 0, tzinfo=UTC) for h in (12, 13, 19, 20)])  # open 13:30 to 20:00
        >>> calendar_of("XNYS").touches(ts.cast(pl.Datetime("us", "UTC")), Timeframe.H1).to_list()
        [False, True, True, False]
        """
        values, place = self._microseconds(ts), self._place(ts)
        return pl.Series("touches", self._spans.open[place.row] < values + timeframe.minutes * MINUTE_US)

    def day_bounds(self, dates: pl.Series) -> pl.DataFrame:
        """Bounds of daily bars known by exchange date: date, ts, ts_close, session_date, is_session.

        A session's date gives its open and close. A date without a session gives the regular open of that date as
        ts; ts_close and session_date follow the rule of the class, so such a bar is never known too early.

        Raises:
            DataContractError: a null, or a date outside 1800 to 2099.

        >>> from quant_core.calendars import calendar_of
        >>> rows = calendar_of("XNYS").day_bounds(pl.Series([date(2024, 7, 3), date(2024, 7, 4)]))
        >>> [(str(r[0]), r[1].hour, r[2].hour, str(r[3]), r[4]) for r in rows.rows()]
        [('2024-07-03', 13, 17, '2024-07-03', True), ('2024-07-04', 13, 20, '2024-07-04', False)]
        """
        if dates.dtype != pl.Date or dates.null_count():
            raise DataContractError(f"Calendar {self.id}: expected dates without nulls, found {dates.dtype}.")
        rows = as_int64(dates.to_physical()) - FIRST_DAY
        if len(rows) and (rows.min() < 0 or rows.max() >= len(self.days.open)):
            raise DataContractError(
                f"Calendar {self.id}: expected dates from {FIRST_DATE} to {LAST_DATE}, found {dates.min()} to "
                f"{dates.max()}. Quarantine the rows outside."
            )
        ts = instants("ts", self.days.open[rows])
        known = pl.Series("is_session", self.days.is_session[rows])
        closes = self.bar_close(ts, Timeframe.D1)
        return pl.DataFrame([dates.alias("date"), ts, closes, self.session_date(ts), known])

    def expected_opens(self, timeframe: Timeframe, start: datetime, end: datetime, shift_minutes: int = 0) -> pl.Series:
        """Opens of the bars that a gapless feed would have, start ≤ ts ≤ end.

        Args:
            timeframe: of the bars.
            start: first instant, UTC.
            end: last instant, UTC.
            shift_minutes: how much later than the sessions' opens the feed's intraday bars begin: 30 where a market
                opens at half past and the bars at full hours. The first one is the bar across the open.

        >>> from quant_core.calendars import calendar_of
        >>> half_day = datetime(2024, 11, 29, tzinfo=UTC), datetime(2024, 11, 30, tzinfo=UTC)
        >>> [t.strftime("%H:%M") for t in calendar_of("XNYS").expected_opens(Timeframe.H1, *half_day)]
        ['14:30', '15:30', '16:30', '17:30']
        """
        opens = self._spans.opens(timeframe, microsecond(start), microsecond(end), shift_minutes * MINUTE_US)
        return instants("ts", opens)

    def periods_per_year(self, timeframe: Timeframe) -> float:
        """Bars per year: bars a gapless feed has from 2005 to 2024, divided by those 20 years.

        A week at the edge of the span counts by the share of its sessions inside. A unit, not a forecast: the same for
        a calendar ``foreseen_after`` any day.

        >>> from quant_core.calendars import calendar_of
        >>> [calendar_of(c).periods_per_year(Timeframe.D1) for c in ("always_open", "fx_24_5", "XNYS")]
        [365.25, 260.85, 251.65]
        """
        from quant_core.calendars._ids import calendar_of  # noqa: PLC0415  the calendar as it is, not as foreseen

        first, last = day_number(YEARS_FROM), day_number(YEARS_TO)
        return calendar_of(self.id)._spans.count_days(first, last, timeframe) / N_YEARS
