"""File names: the symbol that a file's name says, without endings, timeframe, period and copy number.

Put here: the parts of names as vendors and browsers write them.
Keep out: declared patterns and columns (labels.py) and what a legal symbol is (quant_core/symbols.py).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from quant_core.ingestion.time_formats import DAY_US

_ENDINGS = re.compile(
    r"(?:\.(?:csv|txt|tsv|tab|prn|asc|dat|xls|json|jsonl|ndjson|parquet|pq|feather|arrow|ipc|zip|gz))+$", re.IGNORECASE
)
_TIMEFRAME = re.compile(
    r"[-_ ]?(?:m1|m5|m15|m30|h1|h4|d1|w1|1min|5min|15min|30min|1m|5m|15m|30m|1h|4h|1d|1w|daily|hourly|weekly)$",
    re.IGNORECASE,
)
_COPY = re.compile(r"\s*\(\d+\)$")
_CHART = re.compile(r"(?P<symbol>.+?), (?:\d+[SDWM]?|[SDWM])(?:_[0-9a-f]{3,8})?")  # "NASDAQ_AAPL, 1D_a1b2c"
_DAY = r"(?P<{0}y>(?:19|20)\d\d)(?:[-_]?(?P<{0}m>0[1-9]|1[0-2])(?:[-_]?(?P<{0}d>0[1-9]|[12]\d|3[01]))?)?"
_PERIOD = re.compile(rf"[-_ ]{_DAY.format('a')}(?:[-_ ]+(?:to[-_ ]+)?{_DAY.format('b')})?$")
_ILLEGAL = re.compile(r"[^A-Za-z0-9._-]+")


def symbol_in(name: str, first_us: int | None = None, last_us: int | None = None) -> str:
    """The symbol in a file's name, as written.

    A period at the end (year, month or day, or two of them) is left out behind a timeframe; without one only where
    it names a month or a day and all rows lie in it, because CL-2024-06 may be a contract.

    Args:
        name: the name with its ending.
        first_us: the first label of the file, microseconds; None when unknown.
        last_us: the last one.

    >>> [symbol_in(n) for n in ("EURUSD_h1.csv", "ETHUSDT-1h-2024-01.csv", "BATS_AAPL, 1D_a1b2c.csv", "X (2).csv.gz")]
    ['EURUSD', 'ETHUSDT', 'BATS_AAPL', 'X']
    >>> june = 1_718_000_000_000_000
    >>> symbol_in("CL-2024-06.csv"), symbol_in("CL-2024-06.csv", june, june), symbol_in("DAX_2019.csv", june, june)
    ('CL-2024-06', 'CL', 'DAX_2019')
    """
    stem = _COPY.sub("", _ENDINGS.sub("", name))
    chart = _CHART.fullmatch(stem)
    if chart:
        return chart.group("symbol")
    period = _PERIOD.search(stem)
    if period:
        before = stem[: period.start()]
        is_period = _TIMEFRAME.search(before) is not None
        if not is_period and period.group("am") and first_us is not None and last_us is not None:
            begin, end = _bounds(period)
            is_period = begin - DAY_US <= first_us and last_us < end + DAY_US
        if is_period and before:
            stem = before
    return _TIMEFRAME.sub("", stem)


def names_a_period(name: str) -> bool:
    """True where the end of a name may be a month or a day, so that the rows decide what it is.

    >>> names_a_period("CL-2024-06.csv"), names_a_period("EURUSD_m1.csv")
    (True, False)
    """
    return _PERIOD.search(_COPY.sub("", _ENDINGS.sub("", name))) is not None


def legal_symbol(text: str) -> str:
    """A text made into a legal symbol, for a proposal.

    >>> legal_symbol("Gold Futures (GC).csv")
    'Gold_Futures_GC'
    """
    return _ILLEGAL.sub("_", _ENDINGS.sub("", text)).strip("_.-").replace("..", ".")[:64] or "SYMBOL"


def _bounds(period: re.Match[str]) -> tuple[int, int]:
    """Begin and end of a named period, microseconds of the file's own clock."""
    last = "b" if period.group("by") else "a"
    begin = _moment(period, "a")
    end = _moment(period, last)
    if period.group(f"{last}d"):
        after = end + timedelta(days=1)
    elif period.group(f"{last}m"):
        after = (end + timedelta(days=32)).replace(day=1)
    else:
        after = end.replace(year=end.year + 1)
    epoch, us = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
    return (begin - epoch) // us, (after - epoch) // us


def _moment(period: re.Match[str], side: str) -> datetime:
    year, month, day = (int(period.group(f"{side}{part}") or 1) for part in "ymd")
    return datetime(year, month, min(day, 28) if month == 2 else min(day, 30), tzinfo=UTC)
