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


def epoch_us(column: TimeColumn, declared: str | None) -> tuple[pl.Series, str]:
    """Microseconds since 1970 and the unit: declared, or by the size of the median.

    1e8 to 1e11 are seconds (1973 to 5138), to 1e14 milliseconds, to 1e17 microseconds, to 1e20 nanoseconds.
    Missing: null for null, for a number that is not finite, and outside the years 1801 to 2098.

    Raises:
        RefusedInputError: the numbers have no such size and nothing is declared.

    >>> column = TimeColumn(pl.Series("ts", [1590883200000]), pl.Series([2]), "a.csv")
    >>> epoch_us(column, None)[0].to_list(), epoch_us(column, None)[1]
    ([1590883200000000], 'ms')
    """
    filled = column.values.cast(pl.Float64).drop_nulls().drop_nans()
    median = filled.abs().median()
    typical = median if isinstance(median, float) else 0.0
    unit = declared or next((name for name, low, high in _BOUNDS if low <= typical < high), None)
    if unit is None:
        raise RefusedInputError.at(
            column.origin,
            row=int(column.rows[0]),
            column=column.name,
            value=column.values[0],
            reason="the numbers are no epoch of a known unit",
            fix="epoch_unit: s | ms | us | ns, or date_format: '%Y%m%d'",
        )
    nanos = _UNITS_NS[unit]
    if column.values.dtype.is_integer():
        wide = column.values.cast(pl.Int64, strict=False)
        limit = -MIN_US * 1000 // nanos
        safe = pl.select(pl.when(wide.is_between(-limit, limit)).then(wide)).to_series()
        return safe * (nanos // 1000) if nanos >= 1000 else safe // 1000, unit
    micros = column.values.cast(pl.Float64) * (nanos / 1000)
    safe = pl.select(pl.when(micros.is_finite() & (micros.abs() < MAX_US)).then(micros)).to_series()
    return safe.round().cast(pl.Int64), unit
