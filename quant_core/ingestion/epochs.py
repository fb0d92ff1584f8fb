"""Epochs: numbers since 1970 → microseconds, with the unit that their size tells.

Put here: recognizing and converting numeric times.
Keep out: written calendar times (format_choice.py).
"""

from __future__ import annotations

import polars as pl

from quant_core.errors import RefusedInputError
from quant_core.ingestion.format_choice import TimeColumn
from quant_core.ingestion.time_formats import parse_times

MIN_US, MAX_US = -5_333_126_400_000_000, 4_070_908_800_000_000  # 1801-01-01, 2099-01-01
_UNITS_NS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
_BOUNDS = (("s", 1e8, 1e11), ("ms", 1e11, 1e14), ("us", 1e14, 1e17), ("ns", 1e17, 1e20))
_LATEST_OF_SMALLEST = 40.7  # 2099 over 1973-03-03, in units since 1970: how far numbers of a smaller unit can reach
_SERIAL_DAYS = (10_000, 80_000)  # 1927 to 2119
_SHARE = 0.9


def is_epoch_text(probes: list[str]) -> bool:
    """True when most texts are numbers of nine digits or more that are no written calendar moment.

    >>> is_epoch_text(["1590883200000", "1590969600000"]), is_epoch_text(["201901011706", "201901011707"])
    (True, False)
    """
    long = [p for p in probes if len(p.split(".")[0]) >= 9 and p.lstrip("-").replace(".", "", 1).isdigit()]
    if not long or len(long) < _SHARE * len(probes):
        return False
    written = {12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}.get(len(long[0]))
    return written is None or not parse_times(pl.Series(long), written).valid.all()


def epoch_numbers(texts: pl.Series) -> pl.Series:
    """Integers where most texts are integers, else floats; null where a text is no number.

    >>> epoch_numbers(pl.Series(["1590883200", "x"])).to_list(), epoch_numbers(pl.Series(["1590883200.5"])).to_list()
    ([1590883200, None], [1590883200.5])
    """
    whole = texts.cast(pl.Int64, strict=False)
    number = texts.cast(pl.Float64, strict=False)
    return whole if whole.count() >= _SHARE * number.count() and whole.count() else number


def refuse_unclear_numbers(column: TimeColumn, probes: list[str]) -> None:
    """Refuse plain numbers that no rule reads, by what they most likely are; other texts pass.

    Raises:
        RefusedInputError: scientific notation, serial days of a spreadsheet, or epochs too small to tell their unit.
    """
    numbers = pl.Series(probes, dtype=pl.String).cast(pl.Float64, strict=False)
    if not probes or numbers.count() < _SHARE * len(probes):
        return
    if any("e" in p.lower() for p in probes):
        reason = "the times are numbers in scientific notation, which may have lost their last digits"
        fix = "deliver the times with all their digits (in a spreadsheet: format the column as a number)"
    elif numbers.drop_nulls().is_between(*_SERIAL_DAYS).all():
        reason = "the times look like serial days of a spreadsheet, counted from 1899-12-30"
        fix = "deliver written dates (format the column as a date), or epoch_unit: s | ms | us | ns"
    else:
        reason = "the times are numbers too small to tell the unit of an epoch, and no written date"
        fix = "epoch_unit: s | ms | us | ns, or date_format: '<strptime format>'"
    raise RefusedInputError.at(column.origin, column=column.name, value=probes[0], reason=reason, fix=fix)


def epoch_us(column: TimeColumn, declared: str | None) -> tuple[pl.Series, str]:
    """Microseconds since 1970 and the unit: declared, or by the size of every number.

    1e8 to 1e11 are seconds (1973 to 5138), to 1e14 milliseconds, to 1e17 microseconds, to 1e20 nanoseconds. The
    median tells the column's unit. A larger number is read in its own unit, because in the column's it would lie
    beyond the year 5000. A smaller one is too where no number lies between the two sizes; else the column reaches
    back to the years around 1970 in one unit.
    Missing: null for null, for a number that is not finite, and outside the years 1801 to 2098.

    Returns:
        The times, and the units used, smallest numbers first: ``ms``, or ``ms, us`` where a file changes over.

    Raises:
        RefusedInputError: the numbers have no such size and nothing is declared.

    >>> column = TimeColumn(pl.Series("ts", [1590883200000, 1590883260000, 1590883320000000]), pl.Series([2]), "a.csv")
    >>> micros, unit = epoch_us(column, None)
    >>> unit, [m - 1590883200000000 for m in micros]
    ('ms, us', [0, 60000000, 120000000])
    """
    sizes = column.values.cast(pl.Float64).abs()
    median = sizes.drop_nulls().drop_nans().median()
    typical = median if isinstance(median, float) else 0.0
    unit = declared or _unit_of(typical)
    if unit is None:
        raise RefusedInputError.at(
            column.origin,
            row=int(column.rows[0]),
            column=column.name,
            value=column.values[0],
            reason="the numbers are no epoch of a known unit",
            fix="epoch_unit: s | ms | us | ns, or date_format: '%Y%m%d'",
        )
    micros = _micros(column.values, unit)
    others = [] if declared else _other_units(sizes, unit)
    for other in others:
        low, high = _bounds(other)
        own = pl.select(pl.when(sizes.is_between(low, high, closed="left")).then(_micros(column.values, other)))
        is_own = sizes.is_between(low, high, closed="left").fill_null(value=False)
        micros = pl.select(pl.when(is_own).then(own.to_series()).otherwise(micros)).to_series().alias(micros.name)
    used = [name for name, _, _ in _BOUNDS if name == unit or name in others]
    return micros, ", ".join(used)


def _unit_of(size: float) -> str | None:
    return next((name for name, low, high in _BOUNDS if low <= size < high), None)


def _bounds(unit: str) -> tuple[float, float]:
    return next((low, high) for name, low, high in _BOUNDS if name == unit)


def _other_units(sizes: pl.Series, unit: str) -> list[str]:
    """Units besides the column's own in which some of its numbers are written."""
    smallest, largest = sizes.min(), sizes.max()
    low, high = _bounds(unit)
    if not isinstance(smallest, float) or not isinstance(largest, float) or (low <= smallest and largest < high):
        return []
    found: list[str] = []
    for name, floor, ceiling in _BOUNDS:
        n = sizes.is_between(floor, ceiling, closed="left").sum()
        if name == unit or not n:
            continue
        last = floor * _LATEST_OF_SMALLEST
        if floor > low or not sizes.is_between(last, low, closed="left").any():
            found.append(name)
    return found


def _micros(values: pl.Series, unit: str) -> pl.Series:
    """Numbers of one unit as microseconds."""
    nanos = _UNITS_NS[unit]
    if values.dtype.is_integer():
        wide = values.cast(pl.Int64, strict=False)
        limit = -MIN_US * 1000 // nanos
        safe = pl.select(pl.when(wide.is_between(-limit, limit)).then(wide)).to_series()
        return safe * (nanos // 1000) if nanos >= 1000 else safe // 1000
    micros = values.cast(pl.Float64) * (nanos / 1000)
    safe = pl.select(pl.when(micros.is_finite() & (micros.abs() < MAX_US)).then(micros)).to_series()
    return safe.round().cast(pl.Int64)
