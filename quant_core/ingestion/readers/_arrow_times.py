"""Times of Arrow tables: those that no calendar has become null, before a library without such dates meets them.

Put here: the range of times per unit, and lengths of time as plain numbers.
Keep out: which times are plausible for bars (times.py), and decoding (_arrow.py).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from quant_core.ingestion.arrow_library import pa, pa_compute

_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_DAY_S = 86_400
_FIRST_S = int(datetime(1, 1, 2, tzinfo=UTC).timestamp())  # a day inside, so that no zone leaves the calendar
_LAST_S = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp())
_MAX_INT = 2**63 - 1


def with_possible_times(table: Any) -> Any:
    """A table whose times and dates lie in the years 1 to 9999; the others are null: their rows go to quarantine.

    Polars panics at later dates, and wraps around where it turns seconds into milliseconds. Lengths of time are
    numbers.
    """
    for i, field in enumerate(table.schema):
        column, kind = table.column(i), field.type
        if pa.types.is_duration(kind):
            table = table.set_column(i, field.name, column.cast(pa.int64()))
        elif pa.types.is_timestamp(kind):
            table = table.set_column(i, field.name, _within(column, pa.int64(), _PER_SECOND[kind.unit]))
        elif pa.types.is_date64(kind):
            table = table.set_column(i, field.name, _within(column, pa.int64(), _PER_SECOND["ms"]))
        elif pa.types.is_date32(kind):
            table = table.set_column(i, field.name, _within(column, pa.int32(), 1 / _DAY_S))
    return table


def _within(column: Any, number: Any, per_second: float) -> Any:
    """A column without the values outside the calendar."""
    first, last = max(-_MAX_INT, int(_FIRST_S * per_second)), min(_MAX_INT, int(_LAST_S * per_second))
    numbers = pa.chunked_array([chunk.view(number) for chunk in column.chunks], number)
    found = pa_compute.min_max(numbers)
    least, most = found["min"].as_py(), found["max"].as_py()
    if least is None or (first <= least and most <= last):
        return column
    is_possible = pa_compute.and_(
        pa_compute.greater_equal(numbers, pa.scalar(first, number)),
        pa_compute.less_equal(numbers, pa.scalar(last, number)),
    )
    return pa_compute.if_else(is_possible, column, pa.scalar(None, column.type))
