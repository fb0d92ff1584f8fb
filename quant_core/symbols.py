"""Symbols: the partition-safe id of an instrument, and how vendor names become one.

Put here: what a legal symbol is and the one rule that turns vendor names into legal ones.
Keep out: which file or table a symbol came from (ingestion, sources).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from quant_core.errors import SymbolError

MAX_LENGTH = 64
_LEGAL = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
_REPLACED = {"/": "-", "=": ".", ":": "_"}


def check_symbol(text: str) -> str:
    """Return a symbol unchanged, or say why it cannot be a partition key.

    Legal: letters, digits, ``.``, ``_``, ``-``; 1 to 64 characters; no leading dot and no ``..``.

    Raises:
        SymbolError: anything else.

    >>> check_symbol("BRK.B")
    'BRK.B'
    >>> check_symbol("../x")
    Traceback (most recent call last):
    quant_core.errors.SymbolError: Symbol '../x' cannot be a partition key: expected letters, digits, '.', '_' or '-', at most 64, not starting with a dot. Declare a legal name under symbol_aliases.
    """  # noqa: E501
    if len(text) > MAX_LENGTH or not _LEGAL.fullmatch(text) or ".." in text:
        shown = text if len(text) <= MAX_LENGTH else text[:40] + f"… ({len(text)} characters)"
        raise SymbolError(
            f"Symbol {shown!r} cannot be a partition key: expected letters, digits, '.', '_' or '-', at most "
            f"{MAX_LENGTH}, not starting with a dot. Declare a legal name under symbol_aliases."
        )
    return text


def parse_symbol(vendor_symbol: str, aliases: Mapping[str, str] | None = None) -> str:
    """Turn a vendor's name into a legal symbol: by declared alias, else by the rule below.

    Rule: outer blanks are removed, one leading ``^`` is dropped, ``/`` becomes ``-``, ``=`` becomes ``.``
    and ``:`` becomes ``_``; nothing else is changed, so free text, SQL and paths stay illegal. The vendor's
    own name is kept beside it as ``vendor_symbol``.

    Raises:
        SymbolError: no alias is declared and the rule gives no legal symbol.

    Source: none, ours.

    >>> [parse_symbol(v) for v in ("^GSPC", "CL=F", "EUR/USD", "NASDAQ:AAPL", "W ")]
    ['GSPC', 'CL.F', 'EUR-USD', 'NASDAQ_AAPL', 'W']
    >>> parse_symbol("a|b", {"a|b": "A_B"})
    'A_B'
    """
    if aliases and vendor_symbol in aliases:
        return check_symbol(aliases[vendor_symbol])
    text = vendor_symbol.strip()
    if aliases and text in aliases:
        return check_symbol(aliases[text])
    changed = text.removeprefix("^")
    for old, new in _REPLACED.items():
        changed = changed.replace(old, new)
    try:
        return check_symbol(changed)
    except SymbolError:
        return check_symbol(text)  # the error shows what the vendor wrote
