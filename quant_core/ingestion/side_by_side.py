"""Side by side: column names that hold an instrument and a field, such as AAPL_Open or ('Open', 'AAPL').

Put here: taking such names apart, and the refusal of several instruments in one row.
Keep out: names and tickers in lines of their own (stacked_headers.py), roles of plain names (columns.py).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from quant_core.errors import RefusedInputError
from quant_core.ingestion.column_names import PAIR, ROLE_OF, normalize

_PRICES = {"open", "high", "low", "close"}
_FIELDS = {*_PRICES, "volume"}
_JOINED = re.compile(r"(?P<first>.*\S)[\s_.:-]+(?P<last>[A-Za-z]+)")
_SHOWN = 5


def plain_names(names: Sequence[str], origin: str) -> list[str]:
    """Names without the one instrument that all prices share; unchanged where prices have names of their own.

    Raises:
        RefusedInputError: prices of several instruments stand in one row.

    >>> plain_names(["Date", "AAPL_Open", "AAPL_High", "AAPL_Low", "AAPL_Close", "AAPL_Volume"], "a.csv")
    ['Date', 'Open', 'High', 'Low', 'Close', 'Volume']
    >>> plain_names(["t", "o", "h", "l", "c", "EMA_Close"], "a.csv")
    ['t', 'o', 'h', 'l', 'c', 'EMA_Close']
    """
    if {ROLE_OF.get(normalize(name)) for name in names} >= _PRICES:
        return list(names)
    parts = [_parts(name) for name in names]
    fields: dict[str, set[str]] = {}
    for owner, field in filter(None, parts):
        fields.setdefault(owner, set()).add(ROLE_OF[normalize(field)])
    owners = [owner for owner, known in fields.items() if known >= _PRICES]
    if len(owners) > 1:
        raise RefusedInputError.at(
            origin,
            reason=f"{len(owners)} instruments stand side by side ({', '.join(owners[:_SHOWN])})",
            fix="deliver a file per instrument, or the rows below each other with a column Ticker",
        )
    return [part[1] if part and part[0] in owners else name for part, name in zip(parts, names, strict=True)]


def _parts(name: str) -> tuple[str, str] | None:
    """Instrument and field of a name; None where it does not hold both, or where both together have a role."""
    if normalize(name) in ROLE_OF:
        return None
    pair = PAIR.fullmatch(name.strip())
    joined = _JOINED.fullmatch(name.strip())
    ends = pair.groups() if pair else (joined["first"], joined["last"]) if joined else ("", "")
    for owner, field in (ends, ends[::-1]) if pair else (ends,):
        if ROLE_OF.get(normalize(field)) in _FIELDS and normalize(owner):
            return owner.strip(), field
    return None
