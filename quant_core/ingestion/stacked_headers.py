"""Stacked headers: names, tickers and the index's own name in lines of their own, as data frames write them.

Put here: recognizing such lines above the data, and the refusal of several instruments side by side.
Keep out: headers of one line (text_layout.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from quant_core.errors import RefusedInputError
from quant_core.ingestion.column_names import ROLE_OF, normalize
from quant_core.ingestion.field_kinds import kind_of

_PRICES = {"open", "high", "low", "close"}
_TIMES = ("ts", "date", "time")
_TICKER_WORDS = ("ticker", "tickers", "symbol", "symbols", "")
_MAX_LINES = 4


@dataclass(frozen=True)
class StackedHeader:
    """Names of the columns, the one ticker they are of, and how many lines it took."""

    names: tuple[str, ...]
    symbol: str | None
    n_lines: int


def stacked_header(lines: Sequence[Sequence[str]], origin: str) -> StackedHeader | None:
    """Read a header of two to four lines; None when the lines are no such header.

    Raises:
        RefusedInputError: the tickers differ.

    >>> lines = [["Price", "Close", "High", "Low", "Open"], ["Ticker", *["AAPL"] * 4], ["Date", "", "", "", ""]]
    >>> stacked_header([*lines, ["2024-01-02", "1", "2", "1", "1"]], "a.csv")
    StackedHeader(names=('Date', 'Close', 'High', 'Low', 'Open'), symbol='AAPL', n_lines=3)
    """
    head: list[Sequence[str]] = []
    for line in lines[: _MAX_LINES + 1]:
        if kind_of(line[0]) in ("number", "moment") or any(kind_of(f) == "number" for f in line[1:]):
            break
        head.append(line)
    named = [line for line in head if {ROLE_OF.get(normalize(f)) for f in line[1:]} >= _PRICES]
    tickers = [line for line in head if line not in named and _is_ticker_line(line)]
    if named and head.index(named[0]) == 0 and ROLE_OF.get(normalize(named[0][0])) in _TIMES:
        tickers = [line for line in tickers if line[0].strip()]  # below names that are complete: units
    labels = [line for line in head if line not in named and _is_label_line(line)]
    if len({len(line) for line in head}) > 1 or len(head[0] if head else ()) <= len(_PRICES):
        return None
    if len(head) < 2 or len(named) != 1 or len(tickers) + len(labels) + 1 != len(head) or len(tickers) > 1:
        return None
    symbols = dict.fromkeys(f.strip() for f in tickers[0][1:]) if tickers else {}
    if len(symbols) > 1:
        shown = ", ".join(list(symbols)[:5])
        raise RefusedInputError.at(
            origin,
            reason=f"{len(symbols)} instruments stand side by side ({shown})",
            fix="deliver a file per instrument, or the rows below each other with a column Ticker",
        )
    index_name = labels[0][0].strip() if labels else named[0][0].strip()
    first = index_name if ROLE_OF.get(normalize(index_name)) in _TIMES else ""
    return StackedHeader((first, *(f.strip() for f in named[0][1:])), next(iter(symbols), None), len(head))


def _is_ticker_line(line: Sequence[str]) -> bool:
    rest = [f.strip() for f in line[1:]]
    return bool(rest) and normalize(line[0]) in _TICKER_WORDS and all(rest)


def _is_label_line(line: Sequence[str]) -> bool:
    return bool(line[0].strip()) and not any(f.strip() for f in line[1:])
