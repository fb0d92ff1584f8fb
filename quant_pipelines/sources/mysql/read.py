"""Keyset windows over one series: bounded memory, no gap, no repeat, ties kept together.

Put here: how a series is cut into statements, and which driver reads each of them.
Keep out: connections (connection.py) and what the values mean (rows.py).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import Literal

import polars as pl

from quant_core.errors import SourceError
from quant_pipelines.sources.mysql.config import MysqlConfig
from quant_pipelines.sources.mysql.connection import MysqlConnection
from quant_pipelines.sources.mysql.query import BoundValues, LiteralValues, Series

_LOG = logging.getLogger(__name__)
_MAX_REREADS = 3
_SCHEMA = {
    "bar_key": pl.Int64,
    "open_value": pl.Float64,
    "high_value": pl.Float64,
    "low_value": pl.Float64,
    "close_value": pl.Float64,
    "volume_value": pl.Float64,
}
Route = Literal["connectorx", "pymysql"]


@dataclass(frozen=True)
class Window:
    """Rows of one statement, in key order; equal keys are never split over two windows.

    Attributes:
        rows: bar_key (null = unreadable time) and the five values, as stored.
        route: driver that read it.
        seconds: time the statement took.
    """

    rows: pl.DataFrame
    route: Route
    seconds: float


@dataclass
class WindowReader:
    """Reads one series window after window.

    The statement of a window is ``key >= lower [AND key < upper] ORDER BY key LIMIT n``. Of a full answer the last
    key's rows are left to the next window, which starts at that key: rows that share a time stay together, and no
    key is skipped, however fine its resolution. A window is either delivered whole or read again whole, so a lost
    connection repeats nothing. Each statement sees one snapshot; two windows may see two. Rows appended meanwhile
    only make the tail longer; a rewrite behind the cursor shows in the next fingerprint and overlap.
    """

    connection: MysqlConnection
    series: Series
    config: MysqlConfig
    is_increment: bool
    bulk: bool

    def windows(self, lower: int, upper: int | None, chunk_keys: int) -> Iterator[Window]:
        """All windows of ``lower ≤ key < upper``; ``chunk_keys`` > 0 also bounds the span of each."""
        if chunk_keys <= 0:
            yield from self._span(lower, upper)
            return
        while True:
            first = self._first_key(lower, upper)
            if first is None:
                # Only rows without a readable time can be left; they must still be seen.
                yield from self._span(lower, upper)
                return
            end = (first // chunk_keys + 1) * chunk_keys
            end = end if upper is None else min(end, upper)
            yield from self._span(lower, end)
            lower = end

    def _first_key(self, lower: int, upper: int | None) -> int | None:
        values = BoundValues()
        key = self.connection.scalar(self.series.first_readable(values, lower, upper), values.parameters)
        return None if key is None else int(key)

    def _span(self, lower: int, upper: int | None) -> Iterator[Window]:
        """Windows of one span, by number of rows."""
        growth = 1
        while True:
            limit = growth * self._limit()
            begun = perf_counter()
            rows, route = self._fetch(lower, upper, limit)
            seconds = perf_counter() - begun
            if rows.height < limit:
                if route == "connectorx":
                    rows = self._verified(rows, lower, upper, limit)
                if rows.height < limit:
                    yield Window(rows, route, seconds)
                    return
            complete, next_lower = _without_last_key(rows)
            if complete is None:
                # More rows share one key than fit: read them with a larger limit rather than tear them apart.
                growth *= 2
                continue
            growth = 1
            self.is_increment = False
            yield Window(complete, route, seconds)
            lower = next_lower

    def _limit(self) -> int:
        """One row more than a window holds: the row that shows where the next window starts."""
        most = self.config.rows_per_window
        return 1 + (min(most, self.config.increment_rows) if self.is_increment else most)

    def _fetch(self, lower: int, upper: int | None, limit: int) -> tuple[pl.DataFrame, Route]:
        """Read one window: bulk through connectorx, increments (and without connectorx everything) through PyMySQL."""
        if self.bulk and not self.is_increment:
            frame = self.connection.bulk(self.series.rows(LiteralValues(), lower, upper, limit))
            return _typed(frame), "connectorx"
        values = BoundValues()
        found = self.connection.run(self.series.rows(values, lower, upper, limit), values.parameters)
        columns = [c for c in _SCHEMA if c != "volume_value" or "volume" in self.series.table.columns]
        frame = pl.DataFrame(found, schema={c: _SCHEMA[c] for c in columns}, orient="row")
        return _typed(frame), "pymysql"

    def _verified(self, rows: pl.DataFrame, lower: int, upper: int | None, limit: int) -> pl.DataFrame:
        """A short answer counted against the server, so that a stream that ended early cannot pass as complete."""
        for _ in range(_MAX_REREADS):
            values = BoundValues()
            n_expected = int(self.connection.scalar(self.series.count(values, lower, upper), values.parameters))
            if rows.height >= min(n_expected, limit):
                return rows
            _LOG.warning("Bulk read returned %d of %d rows; the window is read again", rows.height, n_expected)
            rows, _route = self._fetch(lower, upper, limit)
        raise SourceError(
            f"Bulk read of {self.series.table.label} keeps returning fewer rows than the server counts. "
            "Set bulk_reader: pymysql and report the driver version."
        )


def _without_last_key(rows: pl.DataFrame) -> tuple[pl.DataFrame | None, int]:
    """Cut a full answer before its last key; None where no complete key would remain."""
    last = rows["bar_key"].max()
    if not isinstance(last, int):
        return None, 0
    position = int((rows["bar_key"] == last).arg_max() or 0)
    complete = rows.head(position)
    return (None, 0) if complete["bar_key"].null_count() == complete.height else (complete, last)


def _typed(frame: pl.DataFrame) -> pl.DataFrame:
    """The fixed schema of a window; an integer key beyond 64 signed bits counts as unreadable."""
    if "volume_value" not in frame.columns:
        frame = frame.with_columns(pl.lit(None, dtype=pl.Float64).alias("volume_value"))
    return frame.select(pl.col(c).cast(t, strict=c != "bar_key") for c, t in _SCHEMA.items())
