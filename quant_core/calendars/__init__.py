"""Calendars: when a market trades, which session an instant belongs to, how many bars a year has.

Put here: the Calendar (``_calendar.py``), its ids (``_ids.py``) and where the days come from (``_days.py``,
``_exchange.py``).
Keep out: resampling (resample.py) and gap counting (quality checks).
"""

from quant_core.calendars._calendar import Calendar
from quant_core.calendars._days import FIRST_DATE, LAST_DATE
from quant_core.calendars._ids import calendar_of, with_holidays

__all__ = ["FIRST_DATE", "LAST_DATE", "Calendar", "calendar_of", "with_holidays"]
