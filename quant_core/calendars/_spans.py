"""Spans: the sessions of a calendar in order, with the arithmetic on integers that answers for whole columns.

Put here: placing instants among sessions, bin bounds and bar counts, in microseconds since 1970.
Keep out: dates, zones and frames (``_calendar.py``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from quant_core.calendars._days import FIRST_DAY, MINUTE_US, DayTable, Flags, Ints, all_days
from quant_core.timeframes import Timeframe


@dataclass(frozen=True, eq=False)
class Place:
    """Where instants lie.

    Attributes:
        row: the first span that ends after the instant.
        owner: the span the instant belongs to: ``row`` when inside it, else the next session.
        inside: True where the instant is inside span ``row``.
    """

    row: Ints
    owner: Ints
    inside: Flags


@dataclass(frozen=True, eq=False)
class Spans:
    """Non-overlapping spans in order: sessions, and regular hours of dates without a session (off days).

    Overnight markets have no off-day spans: the hours of Saturday would reach into Friday.

    Attributes:
        next_session: row of the first session at or after each row.
        first_of_week: row of the first session of the row's trading week (ISO week of the session date).
        last_of_week: row of the last one. An off day after the week's last session belongs to the next week.
        week_close: when the row's week is complete: the close of its last session, or of a later one of the week that
            was planned and called off, before which nobody knew that the week had ended.
    """

    day: Ints
    open: Ints
    close: Ints
    break_open: Ints
    break_close: Ints
    is_session: Flags
    next_session: Ints
    first_of_week: Ints
    last_of_week: Ints
    week_close: Ints

    @classmethod
    def of(cls, days: DayTable) -> Spans:
        """Choose the spans out of a day table."""
        keep = np.flatnonzero(_spans_kept(days))
        is_session = days.is_session[keep]
        sessions = np.flatnonzero(is_session)
        day = all_days()[keep]
        rank = np.searchsorted(sessions, np.arange(len(keep)))
        next_session = sessions[rank]
        weeks = (day[sessions] + 3) // 7
        week = (day[next_session] + 3) // 7
        last_of_week = sessions[np.searchsorted(weeks, week, side="right") - 1]
        return cls(
            day=day,
            open=days.open[keep],
            close=days.close[keep],
            break_open=days.break_open[keep],
            break_close=days.break_close[keep],
            is_session=is_session,
            next_session=next_session,
            first_of_week=sessions[np.searchsorted(weeks, week, side="left")],
            last_of_week=last_of_week,
            week_close=_week_closes(days, week, days.close[keep][last_of_week]),
        )

    @property
    def range(self) -> tuple[int, int]:
        """First and one-past-last instant that can be placed."""
        return int(self.open[0]), int(self.close[-1])

    def place(self, values: Ints) -> Place:
        """Find each instant among the spans."""
        row = np.searchsorted(self.close, values, side="right").astype(np.int64, copy=False)
        inside = values >= self.open[row]
        return Place(row, np.where(inside, row, self.next_session[row]), inside)

    def trades(self, place: Place, values: Ints) -> Flags:
        """True inside a session and outside its break."""
        paused = (values >= self.break_open[place.row]) & (values < self.break_close[place.row])
        return place.inside & self.is_session[place.row] & ~paused

    def cut(self, place: Place, ends: Ints) -> Ints:
        """Cut ends at the close of the session the bar opened in, where the market pauses after it."""
        following = np.minimum(place.row + 1, len(self.open) - 1)
        pauses = self.open[following] != self.close[place.row]
        cuts = place.inside & self.is_session[place.row] & pauses
        return np.where(cuts, np.minimum(ends, self.close[place.row]), ends)

    def bounds(self, place: Place, values: Ints, timeframe: Timeframe) -> tuple[Ints, Ints]:
        """Start and end of the bin of each instant."""
        owner = place.owner
        if timeframe is Timeframe.W1:
            return self.open[self.first_of_week[owner]], self.week_close[owner]
        if not timeframe.is_intraday:
            return self.open[owner], self.close[owner]
        step = timeframe.minutes * MINUTE_US
        anchor = self.open[owner]
        low = anchor + (values - anchor) // step * step
        # A gap reaches from the previous span's close to this span's open; a span from its open to its close.
        floor = np.where(place.inside, self.open[place.row], self.close[np.maximum(place.row - 1, 0)])
        ceiling = np.where(place.inside, self.close[place.row], self.open[place.row])
        return np.maximum(low, floor), np.minimum(low + step, ceiling)

    def count(self, low: Ints, high: Ints, timeframe: Timeframe) -> Ints:
        """Bars of a timeframe inside bins low … high; a bin is inside one session, or is one session or week."""
        first, last = self.place(low), self.place(high - 1)
        if not timeframe.is_intraday:
            whole = self.is_session
            if timeframe is Timeframe.W1:
                whole = whole & (self.first_of_week == np.arange(len(whole)))
            upto = np.cumsum(whole)
            return upto[last.row] - upto[first.row] + whole[first.row]
        one = self._slots(first.row, low, np.minimum(high, self.close[first.row]), timeframe)
        one = np.where(first.inside & self.is_session[first.row], one, 0)
        per_span = self._per_span(timeframe)
        upto = np.cumsum(per_span)
        return np.where(first.row == last.row, one, upto[last.row] - upto[first.row] + one)

    def _per_span(self, timeframe: Timeframe) -> Ints:
        """Bars of an intraday timeframe in every whole span; none on off days."""
        rows = np.arange(len(self.open))
        return np.where(self.is_session, self._slots(rows, self.open, self.close, timeframe), 0)

    def _slots(self, row: Ints, low: Ints, high: Ints, timeframe: Timeframe) -> Ints:
        """Grid bars starting in low … high of span row, without those that lie wholly in its break."""
        step, anchor = timeframe.minutes * MINUTE_US, self.open[row]
        first, stop = -((anchor - low) // step), -((anchor - high) // step)
        break_first = -((anchor - self.break_open[row]) // step)
        break_stop = (self.break_close[row] - anchor) // step
        paused = np.maximum(np.minimum(stop, break_stop) - np.maximum(first, break_first), 0)
        return stop - first - paused

    def opens(self, timeframe: Timeframe, start: int, end: int, shift: int) -> Ints:
        """Opens of the bars of a gapless feed, start ≤ open ≤ end.

        ``shift`` is how much later than the sessions' opens the feed's grid lies; the bar across the open comes first.
        """
        rows = np.flatnonzero(self.is_session & (self.close > start) & (self.open <= end))
        if timeframe is Timeframe.W1:
            rows = np.unique(self.first_of_week[rows])
        if not timeframe.is_intraday:
            found = self.open[rows]
            return found[(found >= start) & (found <= end)]
        step = timeframe.minutes * MINUTE_US
        anchor = self.open[rows] - (step - shift if shift else 0)
        n = -((anchor - self.close[rows]) // step)
        owner = np.repeat(rows, n)
        slot = np.arange(len(owner)) - np.repeat(np.cumsum(n) - n, n)
        found = np.repeat(anchor, n) + slot * step
        ends = np.minimum(found + step, self.close[owner])
        paused = (found >= self.break_open[owner]) & (ends <= self.break_close[owner])
        kept = found[~paused & (found >= start) & (found <= end)]
        return np.unique(kept) if shift else kept  # one bar may lie across the close of one session and the next open

    def stretches(self, start: int, end: int) -> tuple[Ints, Ints]:
        """Opens and closes of the parts of sessions between breaks that overlap start … end."""
        rows = np.flatnonzero(self.is_session & (self.close > start) & (self.open < end))
        end_of_day, pauses = self.close[rows], self.break_open[rows] < self.break_close[rows]
        opens = np.stack([self.open[rows], np.where(pauses, self.break_close[rows], end_of_day)], axis=1).ravel()
        closes = np.stack([np.where(pauses, self.break_open[rows], end_of_day), end_of_day], axis=1).ravel()
        exists = opens < closes
        return opens[exists], closes[exists]

    def count_days(self, first_day: int, last_day: int, timeframe: Timeframe) -> float:
        """Bars of a gapless feed in the sessions first_day … last_day; a session is its share of its week."""
        rows = np.flatnonzero(self.is_session & (self.day >= first_day) & (self.day <= last_day))
        if timeframe is Timeframe.W1:
            upto = np.cumsum(self.is_session)
            sessions_of_week = upto[self.last_of_week[rows]] - upto[self.first_of_week[rows]] + 1
            return float((1.0 / sessions_of_week).sum())
        return float(self._per_span(timeframe)[rows].sum()) if timeframe.is_intraday else float(len(rows))


def _spans_kept(days: DayTable) -> Flags:
    """Sessions, and off days of markets whose hours of neighbouring dates never touch (checked since 1970).

    Around a skipped or repeated local date of the 19th century single off days may overlap: those are left out.
    Nothing follows the last session.
    """
    apart = days.open[1:] > days.close[:-1]
    stand_alone = np.concatenate(([False], apart)) & np.concatenate((apart, [False]))
    off_days = stand_alone if bool(apart[-FIRST_DAY:].all()) else np.zeros(len(stand_alone), dtype=np.bool_)
    exists = np.concatenate((days.open[:-1] < days.open[1:], [True]))  # a date that a country skipped has no hours
    keep = (days.is_session | off_days) & exists
    keep[np.flatnonzero(days.is_session)[-1] + 1 :] = False
    return keep


def _week_closes(days: DayTable, week: Ints, close: Ints) -> Ints:
    """Per span, the close of its week's last session, or the later regular one of a session that was called off."""
    called_off = days.called_off
    if not len(called_off):
        return close
    its_week = (all_days()[called_off] + 3) // 7
    # The last row at or before the week; row -1, where there is none, is of a later week.
    at = np.searchsorted(its_week, week, side="right") - 1
    return np.where(its_week[at] == week, np.maximum(close, days.regular_close[called_off[at]]), close)
