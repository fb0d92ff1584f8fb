"""Columns: which position of a file holds which role.

Put here: assigning roles from names, declared aliases and the sample.
Keep out: files without header (headerless.py), the words of a refusal (refusals.py), parsing of values.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from quant_core.errors import RefusedInputError
from quant_core.ingestion.column_names import RANK_OF, ROLE_OF, is_unnamed, last_part, normalize
from quant_core.ingestion.dialect import Dialect
from quant_core.ingestion.field_kinds import is_date8, main_kind
from quant_core.ingestion.headerless import is_clock, roles_of_headerless
from quant_core.ingestion.readers.contract import Preview
from quant_core.ingestion.refusals import refuse_not_ohlc
from quant_core.ingestion.side_by_side import plain_names
from quant_core.ingestion.text_layout import header_line
from quant_core.shown_text import listed

PRICES = ("open", "high", "low", "close")
BID_ASK = tuple(f"{side}_{p}" for side in ("bid", "ask") for p in PRICES)
ADJUSTED = tuple(f"adj_{p}" for p in PRICES)
NUMBER_ROLES = (*PRICES, *BID_ASK, *ADJUSTED, "volume", "adj_volume")
TIME_ROLES = ("ts", "date")
_PART_RANK = 100  # a name known by its last part only comes after every whole name


@dataclass(frozen=True)
class Columns:
    """Position → role for every column that is read, and what people should see about the choice."""

    roles: dict[int, str]
    resolved: dict[str, Any]


@dataclass
class _Choice:
    """Working state: names, sample columns and the roles found so far (role → position)."""

    names: list[str]
    sample: list[list[str]]
    at: dict[str, int]

    def values(self, position: int) -> list[str]:
        return [row[position] for row in self.sample if position < len(row)]


def assign_columns(preview: Preview, dialect: Dialect, origin: str) -> Columns:
    """Give every needed column its role.

    Raises:
        RefusedInputError: the file holds no OHLC bars, or two columns claim one role.
    """
    if preview.names is None:
        found = roles_of_headerless(preview.sample, origin, dialect)
        names = [found.get(i, "ignore") for i in range(len(preview.sample[0]))]
    else:
        names = _names_of_width(list(preview.names), preview, origin)
    choice = _Choice(names, preview.sample, _by_name(names, preview, dialect, origin))
    _choose_symbol(choice)
    _choose_time(choice)
    _choose_volume(choice, dialect, origin)
    _choose_prices(choice, dialect, origin)
    roles = {position: role for role, position in sorted(choice.at.items(), key=lambda item: item[1])}
    resolved: dict[str, Any] = {
        "columns": {role: names[position] or f"column {position + 1}" for position, role in roles.items()},
        "ignored_columns": [n or f"column {i + 1}" for i, n in enumerate(names) if i not in roles],
    }
    return Columns(roles, resolved)


def _names_of_width(names: list[str], preview: Preview, origin: str) -> list[str]:
    """Names for every field when the header is one name short.

    The missing name is that of a split time, of a field that is always empty (a separator at the line's end), or
    of an index in front of the time.
    """
    sample = preview.sample
    if not sample or len(sample[0]) != len(names) + 1:
        return names
    first, second = (main_kind(row[i] for row in sample) for i in (0, 1))
    if second == "time_of_day":
        return [names[0], "Time", *names[1:]]
    if not any(row[-1].strip() for row in sample):
        return [*names, ""]
    if second == "moment" and first != "moment" and ROLE_OF.get(normalize(names[0])) not in NUMBER_ROLES:
        is_named = len(names) > 1 and ROLE_OF.get(normalize(names[1])) in (*TIME_ROLES, "time")
        if not is_named:  # else the second name is that of the times already
            return ["", *names]
    raise RefusedInputError.at(
        origin,
        reason=f"rows have {len(names) + 1} fields, the header has {len(names)} names {listed(names)}",
        fix=header_line(names, len(names) + 1, preview.first_row),
    )


def _by_name(names: list[str], preview: Preview, dialect: Dialect, origin: str) -> dict[str, int]:
    """Role → position by declared and built-in names; the better-known spelling wins."""
    declared = _declared(names, dialect)
    if {"hour", "minute"} <= {normalize(name) for i, name in enumerate(names) if i not in declared}:
        reason = "the time of day stands in several columns (hour and minute)"
        raise RefusedInputError.at(origin, reason=reason, fix="deliver it in one column, such as 09:30")
    plain = names if set(declared.values()) & set(PRICES) else plain_names(names, origin)
    best: dict[str, tuple[int, int]] = {}
    for position, name in enumerate(plain):
        known = normalize(name) if normalize(name) in ROLE_OF else last_part(name)
        role = declared.get(position) or ROLE_OF.get(known)
        if role is None or role == "ignore":
            continue
        rank = -1 if position in declared else RANK_OF[known] + (_PART_RANK if known != normalize(name) else 0)
        if role in best and best[role][0] == rank:
            first = names[best[role][1]]
            if _is_capital_twin(first, name):
                best[role] = min(best[role], (rank, position), key=lambda found: names[found[1]].swapcase())
                continue
            raise RefusedInputError.at(
                origin,
                column=name,
                reason=f"columns {first!r} (number {best[role][1] + 1}) and {name!r} (number {position + 1}) both "
                f"claim the role {role}",
                fix=_one_of_two(names, position, best[role][1], preview.first_row),
            )
        if role not in best or rank < best[role][0]:
            best[role] = (rank, position)
    return {role: position for role, (_, position) in best.items()}


def _declared(names: list[str], dialect: Dialect) -> dict[int, str]:
    """Position → declared role; the name exactly as written, else in any case."""
    exact = {k.strip(): v for k, v in (dialect.columns or {}).items()}
    loose = {normalize(k) or k.strip(): v for k, v in (dialect.columns or {}).items() if k.strip() not in names}
    roles = {i: exact.get(n.strip()) or loose.get(normalize(n) or n.strip()) for i, n in enumerate(names)}
    return {position: role for position, role in roles.items() if role}


def _is_capital_twin(first: str, second: str) -> bool:
    """True for t and T: vendors of one-letter names write other values under the capital ones."""
    return first != second and first.lower() == second.lower() and len(last_part(first) or first) == 1


def _one_of_two(names: list[str], position: int, other: int, first_row: int) -> str:
    """The line that leaves one of two columns unread; columns that are called the same need the whole header."""
    if names[position] != names[other]:
        return f"columns: {{{json.dumps(names[position], ensure_ascii=False)}: ignore}}"
    return header_line(["ignore" if i == position else name for i, name in enumerate(names)], len(names), first_row)


def _choose_symbol(choice: _Choice) -> None:
    """The column T beside t is the ticker where it holds texts."""
    names = choice.names
    if (
        "symbol" not in choice.at
        and "t" in names
        and "T" in names
        and main_kind(choice.values(names.index("T"))) == "text"
    ):
        choice.at["symbol"] = names.index("T")


def _choose_time(choice: _Choice) -> None:
    """Leave either ``ts``, or ``date`` with ``time``; an unnamed first column may be the time."""
    at = choice.at
    if "ts" in at and "date" in at and "time" not in at and _is_time_of_day(choice.values(at["ts"])):
        at["time"] = at.pop("ts")
    if "ts" not in at and "date" not in at and "time" not in at:
        unnamed = (i for i, name in enumerate(choice.names) if is_unnamed(name) and _is_moment(choice.values(i)))
        at.update([("ts", i) for i in list(unnamed)[:1]])
    if "time" in at:
        is_whole_moment = _is_moment(choice.values(at["time"]))
        if "ts" not in at and (is_whole_moment or "date" not in at):
            at["ts"] = at["time"]
        if "ts" in at:
            del at["time"]
    if "ts" not in at and "date" in at and "time" not in at:
        at["ts"] = at.pop("date")
    if "ts" in at:
        at.pop("date", None)


def _is_moment(values: list[str]) -> bool:
    """True for times that hold the day."""
    kind = main_kind(values)
    return kind == "moment" or (kind == "number" and _looks_like_epoch(values))


def _is_time_of_day(values: list[str]) -> bool:
    return main_kind(values) == "time_of_day" or is_clock(values)


def _choose_volume(choice: _Choice, dialect: Dialect, origin: str) -> None:
    """Where the volume is zero or empty in the whole sample, take another column of that name that is not.

    MetaTrader 5 writes both, and the exchange's volume of a currency pair is always zero. Where no column is called
    volume alone, the one in units of what is traded is: Volume BTC before Volume USD, because BTCUSD begins with it.
    """
    if "volume" not in choice.at:
        _volume_of_base(choice, origin)
        return
    declared = {normalize(name) for name, role in (dialect.columns or {}).items() if role == "volume"}
    if normalize(choice.names[choice.at["volume"]]) in declared:
        return

    def is_used(position: int) -> bool:
        return any(v.strip(" 0.,") for v in choice.values(position))

    others = [i for i, name in enumerate(choice.names) if ROLE_OF.get(normalize(name)) == "volume" and is_used(i)]
    if others and not is_used(choice.at["volume"]):
        choice.at["volume"] = others[0]


def _volume_of_base(choice: _Choice, origin: str) -> None:
    """Take the volume column whose unit comes first in the symbol, or in the file's name."""
    symbols = choice.values(choice.at["symbol"]) if "symbol" in choice.at else []
    traded = normalize(symbols[0] if symbols else origin)
    units = {i: normalize(name).removeprefix("volume") for i, name in enumerate(choice.names)}
    found = [i for i, name in enumerate(choice.names) if normalize(name) == f"volume{units[i]}" and units[i]]
    found = [i for i in found if units[i] in traded and i not in choice.at.values()]
    if found:
        choice.at["volume"] = min(found, key=lambda i: traded.index(units[i]))


def _looks_like_epoch(values: list[str]) -> bool:
    """True for numbers of at least nine digits, and for days written YYYYMMDD."""
    filled = [v.strip() for v in values if v.strip()]
    return is_date8(filled) or all(len(v.split(".")[0].lstrip("-")) >= 9 for v in filled)


def _choose_prices(choice: _Choice, dialect: Dialect, origin: str) -> None:
    """Leave one set of prices: plain, bid/ask, or adjusted when declared."""
    at = choice.at
    has_plain, has_quotes = all(p in at for p in PRICES), all(p in at for p in BID_ASK)
    if dialect.price_columns == "adjusted":
        if all(p in at for p in ADJUSTED):
            _keep(at, (*ADJUSTED, "adj_volume" if "adj_volume" in at else "volume"))
        elif has_plain and "adj_close" in at:
            _keep(at, (*PRICES, "adj_close", "volume"))
        else:
            raise RefusedInputError.at(
                origin,
                reason="price_columns: adjusted is declared, but no adjusted close was found among "
                f"{listed(choice.names)}",
                fix="price_columns: raw",
            )
    elif has_plain:
        _keep(at, (*PRICES, "volume"))
    elif has_quotes:
        _keep(at, (*BID_ASK, "volume"))
    if not any(r in at for r in ("ts", "date")) or not (has_plain or has_quotes or dialect.price_columns == "adjusted"):
        refuse_not_ohlc(choice.names, choice.sample, at, origin)


def _keep(at: dict[str, int], wanted: tuple[str, ...]) -> None:
    """Drop every number role that is not wanted."""
    for role in NUMBER_ROLES:
        if role not in wanted:
            at.pop(role, None)
