"""Dates and instants as the numbers that a calendar computes with, and back as columns.

Put here: conversions.
Keep out: questions about sessions (_calendar.py).
"""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import polars as pl

from quant_core.calendars._days import Ints
from quant_core.errors import DataContractError


def day_number(day: date) -> int:
    return (day - date(1970, 1, 1)).days


def microsecond(instant: datetime) -> int:
    if instant.tzinfo is None:
        raise DataContractError(f"Expected an instant with a time zone, found {instant}. Pass tzinfo=UTC.")
    delta = instant - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86400 + delta.seconds) * 1_000_000 + delta.microseconds


def dates(name: str, days: Ints) -> pl.Series:
    return pl.Series(name, days.astype(np.int32)).cast(pl.Date)


def instants(name: str, values: Ints) -> pl.Series:
    return pl.Series(name, values).cast(pl.Datetime("us", "UTC"))
