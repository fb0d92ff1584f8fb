"""Numbers as texts: how values look in a report.

Put here: formats; a dash stands for null.
Keep out: computing.
"""

from __future__ import annotations

from datetime import datetime

NONE = "–"


def count(value: float | None) -> str:
    """A count with thousands separators.

    >>> count(12345), count(80.4), count(None)
    ('12,345', '80', '–')
    """
    return NONE if value is None else f"{value:,.0f}"


def fraction(value: float | None, *, sign: str = "") -> str:
    """A fraction with three decimals.

    >>> fraction(0.52149), fraction(0.031, sign="+"), fraction(None)
    ('0.521', '+0.031', '–')
    """
    return NONE if value is None else f"{value:{sign}.3f}"


def number(value: float | None, *, sign: str = "") -> str:
    """Any number with three significant digits.

    >>> number(0.000512, sign="+"), number(1234.5), number(0.0), number(None)
    ('+0.000512', '1,230', '0', '–')
    """
    if value is None:
        return NONE
    rounded = float(f"{value:.3g}")
    return f"{rounded:{sign},.0f}" if abs(rounded) >= 100 else f"{rounded:{sign}g}"


def interval(low: float | None, high: float | None, *, digits: int | None = 3) -> str:
    """A closed interval; ``digits`` decimals, or three significant digits for None.

    >>> interval(0.45, 0.55), interval(-0.0012, 0.003, digits=None), interval(None, None)
    ('[0.450, 0.550]', '[-0.0012, 0.003]', '–')
    """
    if low is None or high is None:
        return NONE
    if digits is None:
        return f"[{number(low)}, {number(high)}]"
    return f"[{low:.{digits}f}, {high:.{digits}f}]"


def probability(value: float | None) -> str:
    """A p- or q-value with three decimals; smaller ones by their bound.

    >>> probability(0.0321), probability(0.00004), probability(1.0), probability(None)
    ('0.032', '< 0.001', '1.000', '–')
    """
    if value is None:
        return NONE
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def yes_no(value: bool | None) -> str:
    """A truth value in words."""
    return NONE if value is None else "yes" if value else "no"


def moment(value: datetime | None, *, intraday: bool = True) -> str:
    """A moment in UTC, without the time of day where it says nothing."""
    if value is None:
        return NONE
    return f"{value:%Y-%m-%d %H:%M}" if intraday else f"{value:%Y-%m-%d}"
