"""Times: the time columns of a sheet → one label per row, with the format that was found.

Put here: choosing among text, epochs and typed times, and joining split date and time columns.
Keep out: text formats (format_choice.py), epochs (epochs.py), zones (clocks.py), bars (bar_stamps.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from quant_core.errors import RefusedInputError
from quant_core.ingestion.dialect import Dialect
from quant_core.ingestion.epochs import MAX_US, MIN_US, epoch_numbers, epoch_us, is_epoch_text, refuse_unclear_numbers
from quant_core.ingestion.field_kinds import is_date6, is_date8
from quant_core.ingestion.format_choice import TimeColumn, best_format, few, probes_of, with_second_format
from quant_core.ingestion.time_formats import (
    DAY_US,
    Bools,
    Int64s,
    ParsedTimes,
    clock_formats,
    moment_formats,
    parse_times,
)
from quant_core.ingestion.zone_names import without_zone

_PEEK = 1000


@dataclass(frozen=True)
class Labels:
    """Labels of the rows in microseconds.

    Attributes:
        label_us: instant when ``is_instant``, else the file's own clock as if UTC.
        valid: False where nothing readable stands.
        is_date: every readable label is a date at midnight of the file's own clock.
        ends_day: every readable label is written as 24:00: it is the midnight that ends its date.
        zone: the zone whose name stands behind the times; None: no name does.
        midnight_us: the written times as if UTC where every one is a midnight of the offset behind it, else None.
    """

    label_us: Int64s
    valid: Bools
    is_instant: bool
    is_date: bool
    resolved: dict[str, Any]
    ends_day: bool = False
    zone: str | None = None
    midnight_us: Int64s | None = None

    @property
    def date_us(self) -> Int64s:
        """Midnight of the date every label names; meaningful where ``is_date``."""
        return self.label_us - DAY_US if self.ends_day else self.label_us


def read_labels(frame: pl.DataFrame, origin_row: pl.Series, dialect: Dialect, origin: str) -> Labels:
    """Read the column ``ts``, or ``date`` and ``time``.

    Raises:
        RefusedInputError: no format fits any row, or day and month cannot be told apart.
    """
    columns = {c: TimeColumn(frame[c], origin_row, origin) for c in ("ts", "date", "time") if c in frame.columns}
    if "ts" in columns:
        return _labels_of(columns["ts"], dialect)
    dates = _labels_of(columns["date"], dialect)
    if (dates.label_us[dates.valid] % DAY_US).any() and not dates.is_instant:
        return dates  # the date column holds the time of day too
    times, time_format = _times_of_day(columns["time"], dialect)
    valid = dates.valid & times.valid
    resolved = {**dates.resolved, "time_format": time_format}
    is_date = dates.is_date and (times.ends_day or not times.label_us[valid].any())
    label = dates.label_us + times.label_us
    return Labels(label, valid, dates.is_instant, is_date, resolved, times.ends_day, dates.zone)


def _labels_of(column: TimeColumn, dialect: Dialect) -> Labels:
    """Labels of one column, by its type."""
    values, dtype = column.values, column.values.dtype
    if isinstance(dtype, pl.Datetime):
        micros = values.cast(pl.Datetime("us", dtype.time_zone)).to_physical()
        kind = "instants" if dtype.time_zone else "times"
        return _finish(micros, is_instant=bool(dtype.time_zone), resolved={"date_format": f"typed {kind}"})
    if dtype == pl.Date:
        micros = values.cast(pl.Datetime("us")).to_physical()
        return _finish(micros, is_instant=False, resolved={"date_format": "typed dates"})
    if dtype.is_numeric() or dtype == pl.Null:
        numbers = list(map(str, values.drop_nulls().head(1000))) if dtype.is_integer() else []
        is_day = is_date8(numbers) or is_date6(numbers)
        if dialect.date_format is None and not is_day:
            return _epochs(column, dialect)
        column = TimeColumn(values.cast(pl.Int64, strict=False).cast(pl.String), column.rows, column.origin)
    if column.values.dtype != pl.String:
        raise RefusedInputError.at(
            column.origin,
            column=column.name,
            reason=f"the column is {dtype}, not times",
            fix="columns: {<time column>: ts}",
        )
    return _texts(column, dialect)


def _epochs(column: TimeColumn, dialect: Dialect) -> Labels:
    micros, unit = epoch_us(column, dialect.epoch_unit)
    return _finish(micros, is_instant=True, resolved={"date_format": f"epoch {unit}", "epoch_unit": unit})


def _finish(micros: pl.Series, *, is_instant: bool, resolved: dict[str, Any]) -> Labels:
    """Labels of typed microseconds; null and years outside 1801 to 2098 are not valid."""
    values = micros.fill_null(MAX_US).to_numpy().astype(np.int64, copy=False)
    valid = (values >= MIN_US) & (values < MAX_US)
    return Labels(values, valid, is_instant, _is_date(values, valid) and not is_instant, resolved)


def _is_date(label_us: Int64s, valid: Bools) -> bool:
    if (label_us[:_PEEK][valid[:_PEEK]] % DAY_US).any():
        return False  # spares the whole column
    return bool(valid.any()) and not (label_us[valid] % DAY_US).any()


def _texts(column: TimeColumn, dialect: Dialect) -> Labels:
    """Text labels: a declared format, an epoch, or the format that reads the most rows."""
    if dialect.date_format is not None and "%z" in dialect.date_format:
        return _with_format(parse_times(column.values, dialect.date_format), dialect.date_format)
    probes = probes_of(column.values)
    texts, zone = without_zone(column, few(probes), is_declared=dialect.zone is not None)
    if dialect.date_format is not None:
        return replace(_with_format(parse_times(texts, dialect.date_format), dialect.date_format), zone=zone)
    if dialect.epoch_unit or is_epoch_text(probes):
        return _epochs(TimeColumn(epoch_numbers(column.values), column.rows, column.origin), dialect)
    if texts is not column.values:
        column, probes = TimeColumn(texts, column.rows, column.origin), probes_of(texts)
    formats, sample = moment_formats(few(probes)), pl.Series(few(probes), dtype=pl.String)
    if not any(parse_times(sample, f).valid.any() for f in formats):
        refuse_unclear_numbers(column, probes)
    chosen, parsed = with_second_format(column, *best_format(column, probes, formats, "date_format"))
    return replace(_with_format(parsed, chosen), zone=zone)


def _with_format(parsed: ParsedTimes, chosen: str) -> Labels:
    """Labels of parsed text; a written offset makes them instants."""
    label = parsed.label_us if parsed.offset_us is None else parsed.label_us - parsed.offset_us
    is_date = parsed.offset_us is None and _is_date(label, parsed.valid)
    is_midnight = parsed.offset_us is not None and _is_date(parsed.label_us, parsed.valid) and not parsed.ends_day
    midnight_us = parsed.label_us if is_midnight else None
    is_instant, how = parsed.offset_us is not None, {"date_format": chosen}
    return Labels(label, parsed.valid, is_instant, is_date, how, parsed.ends_day, midnight_us=midnight_us)


def _times_of_day(column: TimeColumn, dialect: Dialect) -> tuple[ParsedTimes, str]:
    """Microseconds since midnight of a time-of-day column."""
    values = column.values
    if values.dtype == pl.Time:
        micros = values.to_physical().fill_null(0).to_numpy() // 1000
        return ParsedTimes(micros.astype(np.int64), None, values.is_not_null().to_numpy()), "typed times"
    values = _padded_clock(values)
    if values.dtype != pl.String:
        raise RefusedInputError.at(
            column.origin,
            column="time",
            reason=f"the column is {values.dtype}, not times of day",
            fix="columns: {<column>: time}",
        )
    if dialect.time_format is not None:
        return parse_times(values, dialect.time_format), dialect.time_format
    texts = TimeColumn(values, column.rows, column.origin)
    probes = probes_of(values)
    chosen, parsed = best_format(texts, probes, clock_formats(few(probes)), "time_format")
    return parsed, chosen


def _padded_clock(values: pl.Series) -> pl.Series:
    """Clock numbers as text of one width: hours where none is above 24, else HHMM, else HHMMSS; others unchanged.

    Texts of four or of six digits throughout are written out already: 000100 is a minute after midnight.
    """
    numbers = values if values.dtype.is_integer() else None
    if values.dtype == pl.String and values.drop_nulls().str.contains(r"^\d{1,6}$").all():
        widths = values.drop_nulls().str.len_chars().unique().to_list()
        numbers = None if widths in ([4], [6]) else values.cast(pl.Int64, strict=False)
    if numbers is None:
        return values
    width = next(w for w, most in ((2, 24), (4, 2400), (20, None)) if most is None or not numbers.gt(most).any())
    return numbers.cast(pl.String).str.pad_start(min(width, 6), "0")
