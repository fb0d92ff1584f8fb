"""Labels: the symbol and the timeframe of every row, from a declaration, a column or the file name.

Put here: where symbol and timeframe come from, in which order.
Keep out: what a legal symbol is (quant_core/symbols.py), timeframe spellings (quant_core/timeframes.py), and the
    timeframe that the steps between rows show (steps.py).
"""

from __future__ import annotations

import json
import re
from typing import Any

import polars as pl

from quant_core.errors import ConfigError, RefusedInputError, SymbolError
from quant_core.ingestion.archives import Member
from quant_core.ingestion.dialect import Dialect
from quant_core.ingestion.file_names import legal_symbol, names_a_period, symbol_in
from quant_core.ingestion.times import Labels
from quant_core.symbols import parse_symbol
from quant_core.timeframes import Timeframe, parse_timeframe


def from_file_name(member: Member, file_name: str, dialect: Dialect, group: str) -> str | None:
    """A group of ``file_name_regex`` searched in the member's, then the file's name."""
    if dialect.file_name_regex is None or f"?P<{group}>" not in dialect.file_name_regex:
        return None
    for name in (member.name, file_name):
        match = re.search(dialect.file_name_regex, name)
        if match and match.groupdict().get(group):
            return match.group(group)
    raise RefusedInputError.at(
        member.origin,
        reason=f"file_name_regex finds no {group} in {member.name!r}",
        fix=f"{group}: {legal_symbol(member.name) if group == 'symbol' else 'D1'} | file_name_regex: a pattern that "
        "matches",
    )


def symbols_of(
    frame: pl.DataFrame,
    member: Member,
    file_name: str,
    dialect: Dialect,
    *,
    labels: Labels | None = None,
    written: str | None = None,
    inside: str | None = None,
) -> tuple[pl.Series, pl.Series, dict[str, Any]]:
    """Symbol (null where illegal), vendor symbol and how they were found.

    Order: ``symbol``, the symbol column, ``file_name_regex``, the ticker ``written`` in the header, the symbol that a
    document says ``inside`` outside its rows, else the file's name without endings, timeframe and period; of an archive
    with several members, each member's own name. Where document and file name say the same in two spellings, the
    file's counts.

    Raises:
        RefusedInputError: the one symbol of the file is not legal, or two vendor symbols would become the same one.
    """
    if dialect.symbol is None and "symbol" in frame.columns:
        vendor = frame["symbol"].cast(pl.String).str.strip_chars().alias("vendor_symbol")
        known = {v: _symbol_or_none(v, dialect) for v in vendor.unique(maintain_order=True).drop_nulls()}
        _refuse_collisions(known, member.origin)
        symbol = vendor.replace_strict(known, default=None, return_dtype=pl.String).alias("symbol")
        return symbol, vendor.fill_null(""), {"symbol": "column"}
    named = None if dialect.symbol else from_file_name(member, file_name, dialect, "symbol")
    how = "declared" if dialect.symbol else "file_name_regex" if named else "header" if written else "file name"
    is_own = "!" not in member.origin or member.is_one_of_many
    base = member.name if is_own else file_name.replace("\\", "/").rsplit("/", 1)[-1]
    of_file = "" if written else symbol_in(base, *(_span(labels) if names_a_period(base) else ()))
    name = dialect.symbol or named or written or of_file
    if name == of_file and inside is not None and not _is_same(inside, of_file):
        name, how = inside, "document"
    try:
        symbol = parse_symbol(name, dialect.symbol_aliases)
    except SymbolError as error:
        raise RefusedInputError.at(
            member.origin,
            column="symbol",
            value=name,
            reason=str(error).rstrip("."),
            fix=f"symbol: {legal_symbol(name)} | file_name_regex: '(?P<symbol>[A-Za-z0-9._-]+)'",
        ) from error
    return _constant("symbol", symbol, frame.height), _constant("vendor_symbol", name, frame.height), {"symbol": how}


def _is_same(one: str, other: str) -> bool:
    """True where two names differ in case, marks or the vendor's prefix before a colon only.

    >>> _is_same("X:BTCUSD", "btc-usd"), _is_same("AAPL", "response")
    (True, False)
    """
    spelled = [re.sub(r"[^a-z0-9]", "", text.rsplit(":", 1)[-1].lower()) for text in (one, other)]
    return spelled[0] == spelled[1]


def _span(labels: Labels | None) -> tuple[int | None, int | None]:
    """First and last label of a file."""
    if labels is None or not labels.valid.any():
        return None, None
    readable = labels.label_us[labels.valid]
    return int(readable.min()), int(readable.max())


def _constant(name: str, value: str, n: int) -> pl.Series:
    """A column of one value."""
    return pl.repeat(value, n, dtype=pl.String, eager=True).alias(name)


def _symbol_or_none(vendor: str, dialect: Dialect) -> str | None:
    try:
        return parse_symbol(vendor, dialect.symbol_aliases)
    except SymbolError:
        return None  # the row goes to quarantine as bad_symbol


def _refuse_collisions(known: dict[str, str | None], origin: str) -> None:
    """Refuse two vendor symbols that would share one partition."""
    seen: dict[str, str] = {}
    for vendor, symbol in known.items():
        if symbol is not None and seen.setdefault(symbol, vendor) != vendor:
            raise RefusedInputError.at(
                origin,
                column="symbol",
                value=vendor,
                reason=f"{vendor!r} and {seen[symbol]!r} both become the symbol {symbol!r}",
                fix=f"symbol_aliases: {{{json.dumps(vendor, ensure_ascii=False)}: {symbol}_2}}",
            )


def timeframes_of(
    frame: pl.DataFrame, member: Member, file_name: str, dialect: Dialect
) -> pl.Series | Timeframe | None:
    """The declared timeframe, one per row (null where unreadable), or None when it must be measured."""
    if dialect.timeframe is not None:
        return Timeframe(dialect.timeframe)
    if "timeframe" in frame.columns:
        text = frame["timeframe"].cast(pl.String).str.strip_chars()
        known = {v: _timeframe_or_none(v) for v in text.unique(maintain_order=True).drop_nulls()}
        return text.replace_strict(known, default=None, return_dtype=pl.String).alias("timeframe")
    named = from_file_name(member, file_name, dialect, "timeframe")
    return parse_timeframe(named) if named else None


def is_timeframe(text: str) -> bool:
    """True for a timeframe's spelling, a number of minutes or a bare unit.

    >>> [is_timeframe(t) for t in ("D", "60", "1h", "M", "AAPL")]
    [True, True, True, False, False]
    """
    return _timeframe_or_none(text) is not None


def _timeframe_or_none(text: str) -> str | None:
    unit = {"d": "1d", "w": "1w", "h": "1h"}.get(text.lower(), text)
    try:
        return parse_timeframe(f"{unit}min" if unit.isdigit() else unit).value
    except ConfigError:
        return None  # the row goes to quarantine as bad_timeframe
