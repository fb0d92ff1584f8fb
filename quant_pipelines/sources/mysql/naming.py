"""Naming: the symbols under which the series of a table are known, and those that cannot have one.

Put here: declared names and aliases, and the refusal of names that are no partition keys.
Keep out: which names the table holds (symbols.py).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from quant_core.errors import RefusedInputError, SymbolError
from quant_core.symbols import MAX_LENGTH, check_symbol, parse_symbol
from quant_pipelines.sources.mysql.config import MysqlConfig

_ILLEGAL = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass(frozen=True)
class Naming:
    """Names of a table's series.

    Attributes:
        symbols: the table's name → ours.
        refused: the table's name → why it has no symbol, with the line that gives it one.
    """

    symbols: dict[str, str] = field(default_factory=dict[str, str])
    refused: dict[str, str] = field(default_factory=dict[str, str])


def name_series(vendors: Iterable[str], config: MysqlConfig, where: str) -> Naming:
    """Our symbols of the series that are wanted; one name that cannot be a symbol costs its own series.

    Args:
        vendors: the names in the table.
        config: declared symbols and aliases.
        where: the source's place in sources.yaml.

    >>> found = name_series(["EURUSD", "EUR/USD", "W 1"], MysqlConfig(symbol_aliases={"W 1": "W1"}), "sources.db")
    >>> found.symbols, found.refused["EUR/USD"].partition("Fix: ")[2]
    ({'EURUSD': 'EURUSD', 'W 1': 'W1'}, 'symbol_aliases: {"EUR/USD": EUR-USD} in sources.yaml: sources.db')
    """
    names = config.vendor_names
    declared = None if names is None else {vendor: ours for ours, vendor in names.items()}
    found = Naming()
    for vendor in dict.fromkeys(vendors):
        if declared is not None and vendor not in declared:
            continue
        symbol = config.symbol_aliases.get(vendor, vendor if declared is None else declared[vendor])
        other = next((v for v, s in found.symbols.items() if s == symbol), None)
        try:
            check_symbol(symbol)
        except SymbolError:
            found.refused[vendor] = _refusal(vendor, "it cannot be a partition key", _proposal(vendor), config, where)
            continue
        if other is None:
            found.symbols[vendor] = symbol
        else:
            reason = f"its symbol {symbol!r} is that of {other!r}, too"
            found.refused[vendor] = _refusal(vendor, reason, f"{symbol[: MAX_LENGTH - 2]}_2", config, where)
    return found


def _proposal(vendor: str) -> str:
    """A legal symbol that is like the table's name."""
    try:
        return parse_symbol(vendor)
    except SymbolError:
        return _ILLEGAL.sub("_", vendor).strip("_")[:MAX_LENGTH] or "A_NAME"


def _refusal(vendor: str, reason: str, proposal: str, config: MysqlConfig, where: str) -> str:
    line = f"symbol_aliases: {{{json.dumps(vendor, ensure_ascii=False)}: {proposal}}}"
    fix = f"{line} in sources.yaml: {where}"
    return str(RefusedInputError.at(config.table, column=config.symbol_col, value=vendor, reason=reason, fix=fix))
