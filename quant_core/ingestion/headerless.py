"""Files without header: roles from what the fields look like.

Put here: the texts and the time in front of the numbers, and the proposal of a header where something is unclear.
Keep out: the meaning of the numbers (number_layout.py), files with names (columns.py).
"""

from __future__ import annotations

import itertools
from typing import NoReturn

import numpy as np
import polars as pl

from quant_core.errors import RefusedInputError
from quant_core.ingestion.dialect import Dialect
from quant_core.ingestion.field_kinds import NULL_VALUES, is_date6, is_date8, main_kind
from quant_core.ingestion.labels import is_timeframe
from quant_core.ingestion.number_layout import ORDERS, Floats, layout_of
from quant_core.ingestion.number_style import number_style
from quant_core.ingestion.numbers import to_floats

_FIX = "header: [ts, open, high, low, close, volume]  # one name per column, `ignore` for the others"


def roles_of_headerless(sample: list[list[str]], origin: str, dialect: Dialect) -> dict[int, str]:
    """Position → role: an optional symbol and timeframe, the time (whole or split), then numbers by their values.

    Fields behind the numbers are not read where they are times or always the same text.

    Raises:
        RefusedInputError: no time, a tick file, or numbers whose meaning the values do not tell.

    >>> roles_of_headerless([["NIFTY", "20130101", "09:16", "2", "3", "1", "2"]], "a.txt", Dialect())
    {0: 'symbol', 1: 'date', 2: 'time', 3: 'open', 4: 'high', 5: 'low', 6: 'close'}
    """
    if not sample:
        raise RefusedInputError.at(origin, reason="no row could be read", fix=_FIX)
    columns = [[row[i] for row in sample] for i in range(len(sample[0]))]
    kinds: list[str] = [main_kind(c) for c in columns]
    roles: dict[int, str] = {}
    at = _text_roles(columns, kinds, roles)
    first = at
    at = _time_roles(columns, kinds, at, roles, origin)
    last = _end_of_numbers(columns, kinds, at, origin, roles)
    values = _values(columns[at:last], origin, dialect)
    if last - at < 4:
        kind = "a price-only file" if last - at <= 1 else "a tick file (time, price, size)"
        raise RefusedInputError.at(
            origin, reason=f"{kind} without header, not OHLC bars", fix="leave this file out of the feed's pattern"
        )
    found = layout_of(values, is_descending=_is_descending(columns[first]))
    roles |= {at + i: role for i, role in enumerate(found.roles) if role != "ignore"}
    if found.doubt:
        _refuse(origin, found.doubt, roles, len(columns))
    return roles


def check_positions(prices: pl.DataFrame, roles: dict[int, str], width: int, origin: str) -> None:
    """Refuse prices that were told by a sample and are in another order in more than 5 % of the file's bars."""
    o, h, low, c = (pl.col(p) for p in ORDERS[0])
    is_good = (h >= pl.max_horizontal(o, c, low)) & (low <= pl.min_horizontal(o, c))
    is_bar = (h != low) | (o != c) | (o != h)
    n_bars, n_good = prices.select(is_bar.sum(), (is_bar & is_good).sum().alias("good")).row(0)
    if n_good < 0.95 * n_bars:
        reason = f"columns taken as open, high, low, close are consistent in {n_good} of {n_bars} rows only"
        at = [i for i, role in roles.items() if role in ORDERS[0]]
        values = np.column_stack([prices[roles[i]].fill_null(np.nan).to_numpy() for i in at] or [[]])
        found = dict(zip(at, layout_of(values).roles, strict=True)) if len(at) == 4 else {}
        _refuse(origin, reason, roles | found, width)


def _text_roles(columns: list[list[str]], kinds: list[str], roles: dict[int, str]) -> int:
    """Assign symbol and timeframe in front of the time; return the position after them."""
    at = 0
    has_name = kinds[0] == "text" or (kinds[0] == "empty" and any(v.strip() for v in columns[0]))
    if has_name and len(kinds) > 1:
        roles[0], at = "symbol", 1
    if at and at + 1 < len(kinds) and all(is_timeframe(v.strip()) for v in columns[at]):
        follows = kinds[at + 1] == "moment" or is_date8(columns[at + 1]) or is_date6(columns[at + 1])
        if follows:
            roles[at], at = "timeframe", at + 1
    return at


def _time_roles(columns: list[list[str]], kinds: list[str], at: int, roles: dict[int, str], origin: str) -> int:
    """Assign ts, or date and time, from a position on; return the position after them."""
    follows_clock = at + 1 < len(kinds) and (
        kinds[at + 1] == "time_of_day" or _is_clock_of(columns[at + 1], columns[at])
    )
    kind = kinds[at] if at < len(kinds) else "empty"
    if kind == "moment":
        is_split = at + 1 < len(kinds) and kinds[at + 1] == "time_of_day"
    elif kind == "number" and (is_date8(columns[at]) or (is_date6(columns[at]) and follows_clock)):
        is_split = follows_clock
    elif _is_time(columns[at], kind) if at < len(kinds) else False:
        is_split = False
    elif kind == "number" and at == 0 and len(kinds) > 1 and _is_time(columns[1], kinds[1]):
        if not _is_row_number(columns[0]):
            rest = roles_of_headerless([list(row) for row in zip(*columns[1:], strict=True)], origin, Dialect())
            names = {0: "symbol"} | {i + 1: role for i, role in rest.items()}
            _refuse(origin, "numbers without a name stand before the time", names, len(kinds))
        return _time_roles(columns, kinds, 1, roles, origin)
    else:
        raise RefusedInputError.at(origin, reason=f"no time was found in the rows (fields look like {kinds})", fix=_FIX)
    roles[at] = "date" if is_split else "ts"
    if is_split:
        roles[at + 1] = "time"
    return at + 1 + is_split


def _is_time(column: list[str], kind: str) -> bool:
    is_long = kind == "number" and all(len(v.strip().split(".")[0]) >= 9 for v in column if v.strip())
    return kind == "moment" or is_date8(column) or is_long


def _is_row_number(column: list[str]) -> bool:
    """True for 0, 1, 2, … from any start."""
    filled = [v.strip() for v in column]
    if not all(v.isdigit() for v in filled):
        return False
    numbers = np.array([int(v) for v in filled], dtype=np.float64)
    return bool((np.diff(numbers) == 1).all())


def _is_clock_of(values: list[str], dates: list[str]) -> bool:
    """True for times of day in numbers behind dates.

    Numbers of three or four digits may be prices too; then the dates must repeat, or the clock stand still.
    """
    filled = [v.strip() for v in values]
    may_be_prices = all(len(v) < 5 and not v.startswith("0") for v in filled)
    is_usual = len(set(dates)) < len(dates) or len(set(filled)) <= 2
    padded = [v.zfill(4) if len(v) == 3 and may_be_prices else v for v in filled]
    return is_clock(padded) and (is_usual or not may_be_prices)


def is_clock(values: list[str]) -> bool:
    """True for times of day written HHMMSS or HHMM.

    >>> is_clock(["0930", "1600"]), is_clock(["1.5"])
    (True, False)
    """
    filled = [v.strip() for v in values if v.strip()]
    return bool(filled) and all(
        v.isdigit() and len(v) in (4, 6) and int(v[:2]) <= 24 and int(v[2:4]) < 60 for v in filled
    )


def _end_of_numbers(columns: list[list[str]], kinds: list[str], at: int, origin: str, roles: dict[int, str]) -> int:
    """The position after the numbers; what follows them must be times, or one text that never changes."""
    last = next((i for i in range(at, len(kinds)) if kinds[i] not in ("number", "empty")), len(kinds))
    if last - at < 4 and last < len(kinds):
        reason = f"fields after the time are not all numbers ({kinds})"
        raise RefusedInputError.at(origin, reason=reason, fix=_FIX)
    for i in range(last, len(kinds)):
        if kinds[i] == "text" and len({v.strip() for v in columns[i]}) > 1:
            is_short = len(max(columns[i], key=len)) <= 12 and "symbol" not in roles.values()
            names = roles | {at + j: r for j, r in enumerate(ORDERS[0])} | ({i: "symbol"} if is_short else {})
            _refuse(
                origin, f"field {i + 1} is a text without a name (first value {columns[i][0]!r})", names, len(kinds)
            )
    return last


def _values(columns: list[list[str]], origin: str, dialect: Dialect) -> Floats:
    """The sample's numbers, NaN where a field is none."""
    nulls = NULL_VALUES if dialect.null_values is None else dialect.null_values
    texts = [pl.Series(f"field {i + 1}", [None if v.strip() in nulls else v for v in c]) for i, c in enumerate(columns)]
    texts = [t.cast(pl.String) for t in texts]
    style = number_style(texts, dialect, origin)
    read = [to_floats(t.alias("volume") if i > 3 else t, style, origin)[0] for i, t in enumerate(texts)]
    return np.column_stack([r.fill_null(np.nan).to_numpy() for r in read]) if read else np.empty((0, 0))


def _is_descending(column: list[str]) -> bool | None:
    """Whether times that sort as texts of one length fall; None where they do not tell."""
    filled = [v.strip() for v in column if v.strip()]
    if len(filled) < 2 or len({len(v) for v in filled}) > 1 or not (filled[0][:4].isdigit()):
        return None
    rising = sum(a < b for a, b in itertools.pairwise(filled))
    falling = sum(a > b for a, b in itertools.pairwise(filled))
    return None if min(rising, falling) else falling > rising


def _refuse(origin: str, reason: str, roles: dict[int, str], width: int) -> NoReturn:
    """Refuse with the whole header as it would be declared."""
    names = ", ".join(roles.get(i, "ignore") for i in range(width))
    raise RefusedInputError.at(
        origin, reason=reason, fix=f"header: [{names}]  # as the columns are; `ignore` for those that are not read"
    )
