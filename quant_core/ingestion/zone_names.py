"""Zone names: the name or the abbreviation of a zone that is written behind every time.

Put here: taking it off, and what it stands for.
Keep out: numeric offsets (time_formats.py) and the rules of zones (clocks.py).
"""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl

from quant_core.errors import RefusedInputError
from quant_core.ingestion.format_choice import TimeColumn

_NAME = r"\s+([A-Z][A-Za-z]+(?:/[A-Z][A-Za-z_+\-0-9]*)+)$"
_SHORT = r"\d\s+([A-Z]{3,4})$"
_OFFSETS = {
    **{"EST": "-05:00", "EDT": "-04:00", "CDT": "-05:00", "MST": "-07:00", "MDT": "-06:00", "PST": "-08:00"},
    **{"PDT": "-07:00", "WET": "+00:00", "WEST": "+01:00", "CET": "+01:00", "CEST": "+02:00", "EET": "+02:00"},
    **{"EEST": "+03:00", "MSK": "+03:00", "HKT": "+08:00", "SGT": "+08:00", "JST": "+09:00", "KST": "+09:00"},
    **{"AEST": "+10:00", "AEDT": "+11:00", "UTC": "+00:00", "GMT": "+00:00"},
}
_UNCLEAR = {
    "CST": ("America/Chicago", "Asia/Shanghai"),
    "IST": ("Asia/Kolkata", "Europe/Dublin"),
    "BST": ("Europe/London", "Asia/Dhaka"),
    "AST": ("America/Halifax", "Asia/Riyadh"),
}


def without_zone(column: TimeColumn, probes: list[str], *, is_declared: bool) -> tuple[pl.Series, str | None]:
    """Times without the zone's name, and the name where it is one of the time zone database.

    An abbreviation that stands for one offset becomes that offset. One with several meanings is taken off where a
    zone is declared.

    Args:
        column: the times as text.
        probes: some of them.
        is_declared: a zone is declared.

    Raises:
        RefusedInputError: several zones in one column, or an abbreviation with several meanings.

    >>> column = TimeColumn(pl.Series(["2024-01-02 09:30:00 US/Eastern"]), pl.Series([2]), "a.csv")
    >>> texts, zone = without_zone(column, column.values.to_list(), is_declared=False)
    >>> texts.to_list(), zone
    (['2024-01-02 09:30:00'], 'US/Eastern')
    """
    if any(re.search(_NAME, p) for p in probes):
        return _without_name(column)
    if any(re.search(_SHORT, p) for p in probes):
        return _with_offsets(column, is_declared=is_declared), None
    return column.values, None


def _without_name(column: TimeColumn) -> tuple[pl.Series, str]:
    """Take off a name that all rows share."""
    names = column.values.str.extract(_NAME, 1)
    found = names.drop_nulls().unique(maintain_order=True).to_list()
    try:
        zones = [ZoneInfo(name).key for name in found]
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise _refused(column, f"the times name a zone that does not exist: {found}", "Europe/Paris") from error
    if len(zones) != 1:
        raise _refused(column, f"the times name several zones: {found}", zones[0])
    return column.values.str.replace(_NAME, ""), zones[0]


def _with_offsets(column: TimeColumn, *, is_declared: bool) -> pl.Series:
    """Put offsets in the place of abbreviations."""
    short = column.values.str.extract(_SHORT, 1)
    found = short.drop_nulls().unique(maintain_order=True).to_list()
    unclear = [name for name in found if name not in _OFFSETS]
    if is_declared and unclear:
        return column.values.str.replace(r"\s+[A-Z]{3,4}$", "")
    if unclear == ["CST"] and "CDT" in found:
        unclear = []
    if unclear:
        choices = _UNCLEAR.get(unclear[0], ("Europe/Paris",))
        reason = f"the zone {unclear[0]!r} behind the times has no single meaning"
        raise _refused(column, reason, *choices)
    offset = short.replace_strict({**_OFFSETS, "CST": "-06:00"}, default="", return_dtype=pl.String).fill_null("")
    bare = column.values.str.replace(r"(\d)\s+[A-Z]{3,4}$", "$1")
    return pl.select(pl.when(offset != "").then(bare + offset).otherwise(column.values)).to_series()


def _refused(column: TimeColumn, reason: str, *zones: str) -> RefusedInputError:
    value = column.values.drop_nulls().first()
    fix = " | ".join(f"zone: {zone}" for zone in zones)
    return RefusedInputError.at(column.origin, column=column.name, value=value, reason=reason, fix=fix)
