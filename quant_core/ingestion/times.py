"""Times: the time columns of a sheet → one label per row, with the format that was found.

Put here: choosing among text formats, epochs and typed times, and joining split date and time columns.
Keep out: zones (clocks.py), what the label means for the bar (bar_stamps.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from quant_core.errors import RefusedInputError
from quant_core.ingestion.dialect import Dialect
from quant_core.ingestion.field_kinds import is_date8
from quant_core.ingestion.time_formats import (
    DAY_US,
    Bools,
    Int64s,
    ParsedTimes,
    moment_formats,
    parse_times,
    pattern_of,
    swapped,
    time_formats,
)

_UNITS_NS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
_MIN_US, _MAX_US = -5_333_126_400_000_000, 4_070_908_800_000_000  # 1801-01-01, 2099-01-01
_PROBES = 200


@dataclass(frozen=True)
class Labels:
    """Labels of the rows in microseconds.

    Attributes:
        label_us: instant when ``is_instant``, else the file's own clock as if UTC.
        valid: False where nothing readable stands.
        is_date: every readable label is a date at midnight of the file's own clock.
    """

    label_us: Int64s
    valid: Bools
    is_instant: bool
    is_date: bool
    resolved: dict[str, Any]


def read_labels(frame: pl.DataFrame, dialect: Dialect, origin: str) -> Labels:
    """Read the column ``ts``, or ``date`` and ``time``.

    Raises:
        RefusedInputError: no format fits any row, or day and month cannot be told apart.
    """
    if "ts" in frame.columns:
        return _labels_of(frame["ts"], dialect, origin)
    dates = _labels_of(frame["date"], dialect, origin)
    times, time_format = _times_of_day(frame["time"], dialect, origin)
    valid = dates.valid & times.valid
    resolved = {**dates.resolved, "time_format": time_format}
    return Labels(dates.label_us + times.label_us, valid, dates.is_instant, is_date=False, resolved=resolved)


def _labels_of(column: pl.Series, dialect: Dialect, origin: str) -> Labels:
    """Labels of one column, by its type."""
    dtype = column.dtype
    if isinstance(dtype, pl.Datetime):
        micros = column.cast(pl.Datetime("us", dtype.time_zone)).to_physical()
        kind = "instants" if dtype.time_zone else "times"
        return _finish(micros, is_instant=bool(dtype.time_zone), resolved={"date_format": f"typed {kind}"})
    if dtype == pl.Date:
        return _finish(
            column.cast(pl.Datetime("us")).to_physical(), is_instant=False, resolved={"date_format": "typed dates"}
        )
    if dtype.is_numeric() or dtype == pl.Null:
        if dialect.date_format is None and not (
            dtype.is_integer() and is_date8(map(str, column.drop_nulls().head(1000)))
        ):
            return _epochs(column, dialect, origin)
        column = column.cast(pl.Int64, strict=False).cast(pl.String)
    if column.dtype != pl.String:
        raise RefusedInputError.at(
            origin, column=column.name, reason=f"the column is {dtype}, not times", fix="columns: {<time column>: ts}"
        )
    return _texts(column, dialect, origin)


def _finish(micros: pl.Series, *, is_instant: bool, resolved: dict[str, Any]) -> Labels:
    """Labels of typed microseconds; null and years outside 1801 to 2098 are not valid."""
    values = micros.fill_null(_MAX_US).to_numpy().astype(np.int64)
    valid = (values >= _MIN_US) & (values < _MAX_US)
    return Labels(values, valid, is_instant, _is_date(values, valid) and not is_instant, resolved)


def _is_date(label_us: Int64s, valid: Bools) -> bool:
    return bool(valid.any()) and not (label_us[valid] % DAY_US).any()


def _epochs(column: pl.Series, dialect: Dialect, origin: str) -> Labels:
    """Numeric epochs; the unit is declared or follows from the size of the median."""
    filled = column.drop_nulls()
    typical = abs(float(filled.cast(pl.Float64).median() or 0.0)) if len(filled) else 0.0  # pyright: ignore[reportArgumentType]
    unit = dialect.epoch_unit
    if unit is None:
        bounds = (("s", 1e8, 1e11), ("ms", 1e11, 1e14), ("us", 1e14, 1e17), ("ns", 1e17, 1e20))
        unit = next((name for name, low, high in bounds if low <= typical < high), None)
    if unit is None:
        raise RefusedInputError.at(
            origin,
            row=1,
            column=column.name,
            value=filled[0] if len(filled) else None,
            reason="the numbers are no epoch of a known unit",
            fix="epoch_unit: s | ms | us | ns, or date_format: '%Y%m%d'",
        )
    nanos = _UNITS_NS[unit]
    if column.dtype.is_integer():
        wide = column.cast(pl.Int64, strict=False)
        limit = 5_333_126_400 * (1_000_000_000 // nanos)
        safe = pl.select(pl.when(wide.abs() <= limit).then(wide)).to_series()
        micros = safe * (nanos // 1000) if nanos >= 1000 else safe // 1000
    else:
        floats = column.cast(pl.Float64) * (nanos / 1000)
        safe = pl.select(pl.when(floats.is_finite() & (floats.abs() < _MAX_US)).then(floats)).to_series()
        micros = safe.round().cast(pl.Int64)
    return _finish(micros, is_instant=True, resolved={"date_format": f"epoch {unit}", "epoch_unit": unit})


def _texts(column: pl.Series, dialect: Dialect, origin: str) -> Labels:
    """Text labels: a declared format, an epoch, or the format that reads the most rows."""
    if dialect.date_format is not None:
        return _with_format(column, parse_times(column, dialect.date_format), dialect.date_format)
    probes = _probes(column)
    if dialect.epoch_unit or _is_epoch(probes):
        ints = column.cast(pl.Int64, strict=False)
        return _epochs(ints if ints.is_not_null().any() else column.cast(pl.Float64, strict=False), dialect, origin)
    chosen, parsed = _best_format(column, probes, list(moment_formats()), origin, "date_format")
    return _with_format(column, parsed, chosen)


def _with_format(column: pl.Series, parsed: ParsedTimes, chosen: str) -> Labels:
    """Labels of parsed text; a written offset makes them instants."""
    label = parsed.label_us if parsed.offset_us is None else parsed.label_us - parsed.offset_us
    is_instant = parsed.offset_us is not None
    return Labels(
        label, parsed.valid, is_instant, _is_date(label, parsed.valid) and not is_instant, {"date_format": chosen}
    )


def _probes(column: pl.Series) -> list[str]:
    """Up to 200 distinct non-empty values spread over the column."""
    filled = column.drop_nulls().str.strip_chars()
    filled = filled.filter(filled != "").unique(maintain_order=True)
    return filled.gather_every(max(1, len(filled) // _PROBES)).head(_PROBES).to_list()


def _is_epoch(probes: list[str]) -> bool:
    """True for nine digits or more that are no written calendar moment."""
    if not probes or not all(p.lstrip("-").replace(".", "", 1).isdigit() and len(p) >= 9 for p in probes):
        return False
    return not any(
        len(probes[0]) == n and parse_times(pl.Series(probes), f).valid.all()
        for n, f in ((12, "%Y%m%d%H%M"), (14, "%Y%m%d%H%M%S"))
    )


def _times_of_day(column: pl.Series, dialect: Dialect, origin: str) -> tuple[ParsedTimes, str]:
    """Microseconds since midnight of a time-of-day column."""
    if column.dtype == pl.Time:
        micros = column.to_physical().fill_null(0).to_numpy() // 1000
        return ParsedTimes(micros.astype(np.int64), None, column.is_not_null().to_numpy()), "typed times"
    if column.dtype.is_integer():
        column = column.cast(pl.String).str.pad_start(6 if (column.max() or 0) > 2359 else 4, "0")  # pyright: ignore[reportOperatorIssue]
    if column.dtype != pl.String:
        raise RefusedInputError.at(
            origin,
            column="time",
            reason=f"the column is {column.dtype}, not times of day",
            fix="columns: {<column>: time}",
        )
    if dialect.time_format is not None:
        return parse_times(column, dialect.time_format), dialect.time_format
    chosen, parsed = _best_format(column, _probes(column), list(time_formats()), origin, "time_format")
    return parsed, chosen


def _best_format(
    column: pl.Series, probes: list[str], formats: list[str], origin: str, key: str
) -> tuple[str, ParsedTimes]:
    """The format that reads the most rows; day and month that cannot be told apart are refused."""
    sample = pl.Series(probes, dtype=pl.String)
    scores = {f: int(parse_times(sample, f).valid.sum()) for f in formats if _fits_any(f, probes)}
    best = max(scores.values(), default=0)
    if best == 0:
        bad = probes[0] if probes else None
        raise RefusedInputError.at(
            origin,
            column=column.name,
            value=bad,
            reason="no known format reads the time",
            fix=f"{key}: '<strptime format>'",
        )
    chosen = next(f for f in formats if scores.get(f) == best)
    parsed = parse_times(column, chosen)
    other = swapped(chosen)
    if other is not None:
        rival = parse_times(column, other)
        if rival.valid.sum() > parsed.valid.sum():
            chosen, other, parsed, rival = other, chosen, rival, parsed
        _refuse_unclear_order(column, parsed, rival, (chosen, other), origin)
    return chosen, parsed


def _fits_any(time_format: str, probes: list[str]) -> bool:
    """True when the format's pattern fits one of a few probes; spares the full parse of hopeless formats."""
    pattern = re.compile(pattern_of(time_format))
    return any(pattern.match(p) for p in (*probes[:10], *probes[-10:]))


def _refuse_unclear_order(
    column: pl.Series, parsed: ParsedTimes, rival: ParsedTimes, formats: tuple[str, str], origin: str
) -> None:
    """Refuse when both orders of day and month read every row, or each reads rows that the other cannot."""
    only_parsed, only_rival = parsed.valid & ~rival.valid, rival.valid & ~parsed.valid
    if only_parsed.any() and not only_rival.any():
        return
    differs = parsed.valid & rival.valid & (parsed.label_us != rival.label_us)
    at = int(np.flatnonzero(only_rival if only_rival.any() else differs if differs.any() else parsed.valid)[0])
    reason = "day-first and month-first dates are mixed" if only_rival.any() else "day and month cannot be told apart"
    raise RefusedInputError.at(
        origin,
        row=at + 1,
        column=column.name,
        value=column[at],
        reason=reason,
        fix=f"date_format: '{formats[0]}' or '{formats[1]}'",
    )
