"""Column names: the spellings vendors use for each role.

Put here: the alias table and the rule that normalizes a name.
Keep out: choosing among columns (columns.py).
"""

from __future__ import annotations

import re

_ALIASES: dict[str, tuple[str, ...]] = {
    # Where a file has times of several clocks, those of UTC come first; where it has several times of a bar, its begin.
    "ts": (
        *("ts", "timestamputc", "datetimeutc", "timeutc", "gmttime", "utctime", "snapshottimeutc", "timestamp"),
        *("timestampms", "timestampmilliseconds", "unixtimestamp", "datetime", "dateandtime", "unix", "unixtime"),
        *("epoch", "opentime", "localtime", "candletime", "bartime", "tsevent", "dt", "mts", "timeperiodstart"),
        *("periodstart", "starttime", "timeopen", "snapshottime"),
    ),
    # Names with accents stand without the accented letter, as `normalize` leaves them: Eröffnung, Clôture, Máximo.
    "date": ("dateutc", "date", "tradedate", "day", "tradingday", "dtyyyymmdd", "observationdate", "datum", "fecha"),
    "time": ("time", "timeofday", "hour", "minute", "t"),
    "open": (
        *("open", "o", "openprice", "op", "pxopen", "midopen", "openmid", "mido"),
        *("erffnung", "erffn", "ouverture", "ouv", "apertura", "abertura"),
    ),
    "high": (
        *("high", "h", "highprice", "hi", "max", "pxhigh", "midhigh", "highmid", "midh"),
        *("hoch", "plushaut", "haut", "massimo", "mximo", "mxima", "mx"),
    ),
    "low": (
        *("low", "l", "lowprice", "lo", "min", "pxlow", "midlow", "lowmid", "midl"),
        *("tief", "plusbas", "bas", "minimo", "mnimo", "mnima", "mn"),
    ),
    "close": (
        *("close", "c", "closeprice", "cl", "last", "closelast", "pxlast", "midclose", "closemid", "midc"),
        *("schluss", "schlusskurs", "clture", "chiusura", "cierre", "fechamento"),
        *("zuletzt", "dernier", "ultimo", "ltimo", "price"),
    ),
    "volume": (
        "volume",
        "vol",
        "v",
        "tickvolume",
        "tickvol",
        "qty",
        "totalvolume",
        "basevolume",
        "size",
        "lasttradedvolume",
        *("volumefrom", "pxvolume", "volumen", "quantity", "tradedquantity", "totaltradedquantity", "sharestraded"),
        *("tottrdqty", "ttltrdqnty", "noofshares", "sharevolume", "volumetraded", "contracts"),
    ),
    "symbol": ("symbol", "ticker", "instrument", "sym", "pair", "code", "instrumentid", "ric", "product"),
    "timeframe": ("timeframe", "tf", "interval", "period", "per", "granularity", "resolution", "barsize"),
    "complete": ("complete", "iscomplete", "completed", "confirm", "confirmed", "isfinal", "isclosed", "barclosed"),
    **{
        f"{s}_{p}": (f"{s}{p}", f"{p}{s}", f"{s}{p[0]}", f"{p}price{s}")
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


PAIR = re.compile(r"""\(\s*['"](.*?)['"],\s*['"](.*?)['"]\s*\)""")
"""A column of two names, as data frames write it."""

_OTHER_VALUES = ("prev", "previous", "avg", "average", "chg", "change", "yest", "settle")


def normalize(name: str) -> str:
    """Lower case, letters and digits only, without a number in front of it.

    >>> normalize(" Adj. Close "), normalize("<DTYYYYMMDD>"), normalize("Unnamed: 0"), normalize("5. adjusted close")
    ('adjclose', 'dtyyyymmdd', 'unnamed0', 'adjustedclose')
    """
    return re.sub(r"[^a-z0-9]", "", re.sub(r"^\s*\d+[a-z]?[.:)] ", "", name.lower()))


def last_part(name: str) -> str:
    """What stands behind the last dot, normalized: ``mid.o`` and ``AAPL.Open`` say what they are at their end.

    >>> last_part("quote.USD.open"), last_part("open"), last_part("Prev. Close")
    ('open', '', '')
    """
    match = re.fullmatch(r"\s*([^\s.]\S*)\.([A-Za-z]\w*)\s*", name)
    return normalize(match.group(2)) if match and normalize(match.group(1)) not in _OTHER_VALUES else ""


def is_unnamed(name: str) -> bool:
    """True for a missing name, or the name a data frame writes for an unnamed index.

    >>> is_unnamed(""), is_unnamed("Unnamed: 0"), is_unnamed("Date")
    (True, True, False)
    """
    return (
        normalize(name) in ("", "index", "level0", "indexlevel0")
        or re.fullmatch(r"unnamed\d+", normalize(name)) is not None
    )
