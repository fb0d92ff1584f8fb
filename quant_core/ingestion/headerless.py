"""Files without header: roles from what the fields look like.

Put here: the layouts that MetaTrader, HistData, NSE, exchange and quote-bar files use without naming their columns.
Keep out: files with names (columns.py).
"""

from __future__ import annotations

from quant_core.errors import RefusedInputError
from quant_core.ingestion.field_kinds import is_date8, main_kind

_FIX = "header: [ts, open, high, low, close, volume]  # one name per column, `ignore` for the others"
_OHLC = ("open", "high", "low", "close")
_BID, _ASK = tuple(f"bid_{p}" for p in _OHLC), tuple(f"ask_{p}" for p in _OHLC)
_BY_COUNT: dict[int, tuple[str, ...]] = {
    4: _OHLC,
    5: (*_OHLC, "volume"),
    6: (*_OHLC, "volume", "ignore"),
    7: (*_OHLC, "volume", "ignore", "ignore"),
    8: (*_BID, *_ASK),
    10: (*_BID, "ignore", *_ASK, "ignore"),
}


def roles_of_headerless(sample: list[list[str]], origin: str) -> dict[int, str]:
    """Position → role: an optional symbol, the time (whole or split), then numbers by their count.

    4 numbers are O, H, L, C; a 5th is volume; a 6th and 7th (open interest, spread) are not read; 8 are bid
    then ask OHLC; 10 are the same with sizes. O, H, L, C must be consistent in 95 % of the sample.

    Raises:
        RefusedInputError: no such layout, a tick file, or inconsistent prices.

    >>> roles_of_headerless([["NIFTY", "20130101", "09:16", "2", "3", "1", "2"]], "a.txt")
    {0: 'symbol', 1: 'date', 2: 'time', 3: 'open', 4: 'high', 5: 'low', 6: 'close'}
    """
    if not sample:
        raise RefusedInputError.at(origin, reason="no row could be read", fix=_FIX)
    columns = [[row[i] for row in sample] for i in range(len(sample[0]))]
    kinds = [main_kind(c) for c in columns]
    roles: dict[int, str] = {}
    at = 0
    if kinds[0] == "text" and len(kinds) > 1:
        roles[0], at = "symbol", 1
    at = _time_roles(columns, list(kinds), at, roles, origin)
    numbers = [k for k in kinds[at:] if k in ("number", "empty")]
    if len(numbers) != len(kinds) - at:
        raise RefusedInputError.at(origin, reason=f"fields after the time are not all numbers ({kinds})", fix=_FIX)
    if len(numbers) in (1, 2, 3):
        kind = "a price-only file" if len(numbers) == 1 else "a tick file (time, price, size)"
        raise RefusedInputError.at(
            origin, reason=f"{kind} without header, not OHLC bars", fix="leave this file out of the feed's pattern"
        )
    if len(numbers) not in _BY_COUNT:
        raise RefusedInputError.at(origin, reason=f"{len(numbers)} numbers per row in an unknown order", fix=_FIX)
    roles |= {at + i: role for i, role in enumerate(_BY_COUNT[len(numbers)]) if role != "ignore"}
    _check_order(sample, {role: i for i, role in roles.items()}, origin)
    return roles


def _time_roles(columns: list[list[str]], kinds: list[str], at: int, roles: dict[int, str], origin: str) -> int:
    """Assign ts, or date and time, from a position on; return the position after them."""
    if at < len(kinds) and kinds[at] == "moment":
        is_split = at + 1 < len(kinds) and kinds[at + 1] == "time_of_day"
    elif at < len(kinds) and kinds[at] == "number" and is_date8(columns[at]):
        is_split = at + 1 < len(kinds) and (kinds[at + 1] == "time_of_day" or _is_clock(columns[at + 1]))
    elif at < len(kinds) and kinds[at] == "number" and all(len(v.strip().split(".")[0]) >= 9 for v in columns[at] if v):
        is_split = False
    else:
        raise RefusedInputError.at(origin, reason=f"no time was found in the rows (fields look like {kinds})", fix=_FIX)
    roles[at] = "date" if is_split else "ts"
    if is_split:
        roles[at + 1] = "time"
    return at + 1 + is_split


def _is_clock(values: list[str]) -> bool:
    """True for times of day written HHMMSS or HHMM."""
    filled = [v.strip() for v in values if v.strip()]
    return bool(filled) and all(
        v.isdigit() and len(v) in (4, 6) and int(v[:2]) < 24 and int(v[2:4]) < 60 for v in filled
    )


def _check_order(sample: list[list[str]], at: dict[str, int], origin: str) -> None:
    """Refuse when high is not the highest and low not the lowest in more than 5 % of the sample."""
    names = _OHLC if "open" in at else _BID
    good = total = 0
    for row in sample:
        try:
            o, h, low, c = (float(row[at[p]].replace(",", ".")) for p in names)
        except ValueError:
            continue  # a row that is no number decides nothing about the order
        total += 1
        good += h >= max(o, c, low) and low <= min(o, c)
    if total and good < 0.95 * total:
        raise RefusedInputError.at(
            origin,
            reason=f"columns taken as open, high, low, close are consistent in {good} of {total} rows only",
            fix=_FIX,
        )
