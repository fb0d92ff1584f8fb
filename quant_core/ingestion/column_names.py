"""Column names: the spellings vendors use for each role.

Put here: the alias table and the rule that normalizes a name.
Keep out: choosing among columns (columns.py).
"""

from __future__ import annotations

import re

_ALIASES: dict[str, tuple[str, ...]] = {
    "ts": (
        *(
            "ts",
            "timestamp",
            "timestamputc",
            "timestampms",
            "datetime",
            "datetimeutc",
            "dateandtime",
            "unix",
            "unixtime",
        ),
        *("epoch", "opentime", "timeutc", "gmttime", "localtime", "utctime", "candletime", "bartime", "tsevent", "dt"),
        *("unixtimestamp", "timeopen", "starttime"),
    ),
    "date": ("date", "tradedate", "day", "dateutc", "tradingday", "dtyyyymmdd"),
    "time": ("time", "timeofday", "hour", "t"),
    "open": ("open", "o", "openprice", "op", "1open"),
    "high": ("high", "h", "highprice", "hi", "max", "2high"),
    "low": ("low", "l", "lowprice", "lo", "min", "3low"),
    "close": ("close", "c", "closeprice", "cl", "last", "closelast", "4close"),
    "volume": ("volume", "vol", "v", "tickvolume", "tickvol", "qty", "totalvolume", "basevolume", "5volume", "size"),
    "symbol": ("symbol", "ticker", "instrument", "sym", "pair", "code", "instrumentid", "ric", "product"),
    "timeframe": ("timeframe", "tf", "interval", "period", "per", "granularity", "resolution", "barsize"),
    **{
        f"{s}_{p}": (f"{s}{p}", f"{p}{s}", f"{s}{p[0]}")
        for s in ("bid", "ask")
        for p in ("open", "high", "low", "close")
    },
    **{
        f"adj_{p}": (f"adj{p}", f"adjusted{p}", f"{p}adj", f"{p}adjusted")
        for p in ("open", "high", "low", "close", "volume")
    },
}
ROLE_OF = {alias: role for role, aliases in _ALIASES.items() for alias in aliases}
"""Normalized name → role."""

RANK_OF = {alias: rank for aliases in _ALIASES.values() for rank, alias in enumerate(aliases)}
"""Normalized name → preference inside its role; smaller wins."""


def normalize(name: str) -> str:
    """Lower case, letters and digits only.

    >>> normalize(" Adj. Close "), normalize("<DTYYYYMMDD>"), normalize("Unnamed: 0")
    ('adjclose', 'dtyyyymmdd', 'unnamed0')
    """
    return re.sub(r"[^a-z0-9]", "", name.lower())


def is_unnamed(name: str) -> bool:
    """True for a missing name, or the name a data frame writes for an unnamed index.

    >>> is_unnamed(""), is_unnamed("Unnamed: 0"), is_unnamed("Date")
    (True, True, False)
    """
    return normalize(name) in ("", "index", "level0") or re.fullmatch(r"unnamed\d+", normalize(name)) is not None
