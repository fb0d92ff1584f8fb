"""Refusals: what a file without OHLC bars holds instead, said in words with the line that would fix it.

Put here: recognizing returns, carry, tick and price-only files.
Keep out: single bad rows (quarantine) and files that hold bars.
"""

from __future__ import annotations

import json
from typing import NoReturn

import numpy as np

from quant_core.errors import RefusedInputError
from quant_core.ingestion.column_names import normalize
from quant_core.ingestion.epochs import is_epoch_text
from quant_core.ingestion.field_kinds import is_date8, main_kind
from quant_core.ingestion.number_layout import layout_of
from quant_core.shown_text import listed

_CARRY = {"nearer", "traded", "carry", "nearmonth", "trademonth", "carrycontract", "forward"}
_SIZES = {"size", "amount", "quantity", "qty", "volume", "side", "tradeid", "bidsize", "asksize"}
_PRICES = ("open", "high", "low", "close")


def refuse_not_ohlc(names: list[str], sample: list[list[str]], at: dict[str, int], origin: str) -> NoReturn:
    """Say why the columns are not OHLC bars.

    Raises:
        RefusedInputError: always.
    """
    if not any(role in at for role in ("ts", "date")):
        times = [n for i, n in enumerate(names) if n and i not in at.values() and _is_moment(sample, i)]
        fix = _columns_line({times[0]: "ts"}) if times else "columns: {<name of the time column>: ts}"
        raise RefusedInputError.at(origin, reason=f"no time column was found among {listed(names)}", fix=fix)
    words = {normalize(n) for n in names}
    missing = [p for p in _PRICES if p not in at]
    numbers = [i for i in _number_columns(sample) if i not in [at.get(r) for r in ("ts", "date", "time")]]
    if words & _CARRY:
        reason = f"a carry file (contract prices and months: {listed(names)}), not OHLC bars"
        fix = "leave this file out of the feed's pattern"
    elif {"bid", "ask"} <= words or (len(missing) >= 3 and words & _SIZES and words & {"price", "last", "rate"}):
        reason = "a tick file (single trades or quotes), not OHLC bars"
        fix = "aggregate it to bars before delivery, or leave it out of the feed's pattern"
    elif len(numbers) >= 3 and _looks_like_returns(sample, numbers):
        reason = (
            f"a wide table of returns ({len(numbers)} columns of small positive and negative fractions), not prices"
        )
        fix = "leave this file out of the feed's pattern"
    elif len(numbers) == 1 or missing == ["open", "high", "low"]:
        reason = f"a price-only file (one price per time, no {', '.join(missing or _PRICES)}): OHLC bars are needed"
        fix = "leave this file out of the feed's pattern"
    else:
        reason = f"no column was found for {', '.join(missing)} among {listed(names)}"
        free = [i for i in numbers if i not in at.values() and names[i]]
        fix = _prices_line(names, sample, free) if len(missing) == 4 else ""
        if not fix and 0 < len(missing) <= len(free) and len(missing) < 4:
            fix = _columns_line(dict(zip([names[i] for i in free], missing, strict=False)))
        fix = fix or f"columns: {{<vendor name>: {missing[0]}}}"
    raise RefusedInputError.at(origin, reason=reason, fix=fix)


def _prices_line(names: list[str], sample: list[list[str]], free: list[int]) -> str:
    """The roles of four columns by their values; "" where those fit no order.

    Highest and lowest are told by the values. Open and close are not: they are proposed as usual around high and low
    between them, and both ways elsewhere.
    """
    rows = [[_number(row[i]) for i in free[:4]] for row in sample if len(row) == len(names)]
    if len(free) < 4 or not rows:
        return ""
    found = layout_of(np.array(rows, dtype=np.float64))
    if set(found.roles) != set(_PRICES) or found.doubt:
        return ""
    shown = [names[i] for i in free[:4]]
    swapped = tuple({"open": "close", "close": "open"}.get(role, role) for role in found.roles)
    orders = [found.roles] if found.roles == _PRICES else [found.roles, swapped]
    return " | ".join(_columns_line(dict(zip(shown, order, strict=True))) for order in orders)


def _number(text: str) -> float:
    """A plain number, NaN for other texts."""
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _columns_line(roles: dict[str, str]) -> str:
    """The line that gives columns their roles."""
    pairs = ", ".join(f"{json.dumps(name, ensure_ascii=False)}: {role}" for name, role in roles.items())
    return f"columns: {{{pairs}}}"


def _is_moment(sample: list[list[str]], position: int) -> bool:
    """True for times that hold the day, written or in numbers."""
    values = [row[position] for row in sample if position < len(row)]
    kind = main_kind(values)
    return kind == "moment" or (kind == "number" and (is_date8(values) or is_epoch_text(values)))


def _number_columns(sample: list[list[str]]) -> list[int]:
    """Positions whose sample is mostly numbers."""
    width = len(sample[0]) if sample else 0
    return [i for i in range(width) if main_kind(row[i] for row in sample if i < len(row)) == "number"]


def _looks_like_returns(sample: list[list[str]], positions: list[int]) -> bool:
    """True when the values are mostly below 1 in size and of both signs."""
    values: list[float] = []
    for row in sample:
        for i in positions:
            try:
                values.append(float(row[i]))
            except ValueError:
                continue  # empty or text: says nothing about returns
    small = sum(abs(v) < 1 for v in values)
    return bool(values) and small > 0.95 * len(values) and min(values) < 0 < max(values)
