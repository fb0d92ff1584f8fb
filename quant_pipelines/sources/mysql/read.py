"""Keyset pieces of a span of keys: bounded memory, no gap, no repeat, ties kept together.

Put here: how a span is cut into statements, which driver reads each of them, and the check of a bulk answer.
Keep out: connections (connection.py), which spans are read (plan.py) and what the values mean (rows.py).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from time import perf_counter
from typing import Literal

import polars as pl

from quant_pipelines.sources.mysql.config import MysqlConfig
from quant_pipelines.sources.mysql.connection import MysqlConnection
from quant_pipelines.sources.mysql.plan import Batch
from quant_pipelines.sources.mysql.query import BoundValues, LiteralValues, Series
from quant_pipelines.sources.mysql.row_hash import row_hashes
from quant_pipelines.sources.mysql.windows import Totals, ask_totals, totals_of

_LOG = logging.getLogger(__name__)
_STORED = {
    "bar_key": pl.Int64,
    "open_value": pl.Float64,
    "high_value": pl.Float64,
    "low_value": pl.Float64,
    "close_value": pl.Float64,
    "volume_value": pl.Float64,
}
SCHEMA = {**_STORED, "row_hash": pl.UInt64}
Route = Literal["connectorx", "pymysql"]


@dataclass(frozen=True)
class Piece:
    """Rows of one statement: everything the table had of a span of keys at that moment.

    Attributes:
        rows: bar_key, the five values as stored, and the row's hash, in key order; rows of unreadable time left out.
        lower, upper: the span, half-open; None = open.
        route: driver that read it.
        asked_at: when the statement was sent, UTC: what was not complete then may still change.
        seconds: time the statement took.
        is_last: nothing of the batch is left behind it.
    """

    rows: pl.DataFrame
    lower: int | None
    upper: int | None
    route: Route
    asked_at: datetime
    seconds: float
    is_last: bool


@dataclass(frozen=True)
class Reader:
    """Reads batches of one series, piece by piece.

    The statement of a piece is ``key >= lower [AND key < upper] ORDER BY key LIMIT n``. Of a full answer the last
    key's rows are left to the next piece, which starts at that key: rows that share a time stay together, and no
    key is skipped, however fine its resolution. A piece is either delivered whole or read again whole, so a lost
    connection repeats nothing. Each statement sees one state of the table, whatever its storage engine.

    Attributes:
        bulk: whether connectorx may be used; a batch of few rows goes through PyMySQL anyway.
        hashes_sent: the server sends the hash of each row, because it computes another one than we.
        chunk_keys: > 0 = no statement spans more than one chunk of that many keys.
        now: the clock that stamps what is fetched, UTC.
    """

    connection: MysqlConnection
    series: Series
    config: MysqlConfig
    bulk: bool
    hashes_sent: bool
    chunk_keys: int
    now: Callable[[], datetime]

    def pieces(self, batch: Batch) -> Iterator[Piece]:
        """The pieces of a batch in time order; at least one, and the last one ends where the batch does."""
        lower, bulk = batch.lower, self.bulk and batch.expected.n_rows > self.config.increment_rows
        while self.chunk_keys > 0 and (first := self._first_key(lower, batch.upper)) is not None:
            end = (first // self.chunk_keys + 1) * self.chunk_keys
            is_within = batch.upper is None or end < batch.upper
            if not is_within or self._first_key(end, batch.upper) is None:
                break
            yield from self._span(lower, end, None, bulk=bulk, is_last=False)
            lower = end
        expected = batch.expected if lower == batch.lower else None
        yield from self._span(lower, batch.upper, expected, bulk=bulk, is_last=True)

    def _first_key(self, lower: int | None, upper: int | None) -> int | None:
        values = BoundValues()
        key = self.connection.scalar(self.series.first_readable(values, lower, upper), values.parameters)
        return None if key is None else int(key)

    def _span(
        self, lower: int | None, upper: int | None, expected: Totals | None, *, bulk: bool, is_last: bool
    ) -> Iterator[Piece]:
        """Pieces of one span, by number of rows."""
        is_whole = True
        while True:
            piece = self._piece(lower, upper, "connectorx" if bulk else "pymysql")
            if piece.route == "connectorx" and not self._agrees(piece, expected if is_whole else None):
                _LOG.warning(
                    "%s changed while it was read, or a bulk read ended early (%d rows); read again through PyMySQL",
                    self.series.table.label, piece.rows.height,
                )  # fmt: skip
                piece = self._piece(lower, upper, "pymysql")
            yield replace(piece, is_last=is_last and piece.is_last)
            if piece.is_last:
                return
            lower, is_whole = piece.upper, False

    def _piece(self, lower: int | None, upper: int | None, route: Route) -> Piece:
        """One statement's rows; ``is_last`` where they reach the end of the span."""
        # One row more than a piece holds: the row that shows where the next one starts.
        limit, asked_at, begun = 1 + self.config.rows_per_window, self.now(), perf_counter()
        while True:
            frame = self._fetch(lower, upper, limit, route)
            seconds, rows = perf_counter() - begun, self._hashed(frame)
            if rows.height < limit:
                readable = rows.filter(pl.col("bar_key").is_not_null())
                return Piece(readable, lower, upper, route, asked_at, seconds, is_last=True)
            complete, end = _without_last_key(rows)
            if complete is not None:
                return Piece(complete, lower, end, route, asked_at, seconds, is_last=False)
            # More rows share one key than fit: read them with a larger limit rather than tear them apart.
            limit = 2 * limit - 1

    def _fetch(self, lower: int | None, upper: int | None, limit: int, route: Route) -> pl.DataFrame:
        if route == "connectorx":
            statement = self.series.rows(LiteralValues(), lower, upper, limit, with_hash=self.hashes_sent)
            return self.connection.bulk(statement)
        values = BoundValues()
        statement = self.series.rows(values, lower, upper, limit, with_hash=self.hashes_sent)
        wanted = {**_STORED, **({"row_hash": pl.UInt64} if self.hashes_sent else {})}
        columns = [c for c in wanted if c != "volume_value" or self._has_volume]
        found = self.connection.run(statement, values.parameters)
        return pl.DataFrame(found, schema={c: SCHEMA[c] for c in columns}, orient="row")

    def _hashed(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The fixed schema, with the hash of each row."""
        rows = _typed(frame)
        if self.hashes_sent:
            return rows.with_columns(frame["row_hash"].cast(pl.UInt64))
        return rows.with_columns(row_hashes(rows, has_volume=self._has_volume))

    @property
    def _has_volume(self) -> bool:
        return "volume" in self.series.table.columns

    def _agrees(self, piece: Piece, expected: Totals | None) -> bool:
        """Whether the server has as many rows as a bulk answer, and the same: connectorx may end early in silence."""
        found = totals_of(piece.rows)
        if piece.is_last and expected is not None and found == expected:
            return True
        return found == ask_totals(self.connection, self.series, piece.lower, piece.upper)


def _without_last_key(rows: pl.DataFrame) -> tuple[pl.DataFrame | None, int]:
    """Cut a full answer before its last key; None where no complete key would remain."""
    last = rows["bar_key"].max()
    if not isinstance(last, int):
        return None, 0
    position = int((rows["bar_key"] == last).arg_max() or 0)
    complete = rows.head(position).filter(pl.col("bar_key").is_not_null())
    return (None, 0) if complete.is_empty() else (complete, last)


def _typed(frame: pl.DataFrame) -> pl.DataFrame:
    """The fixed schema of a piece; an integer key beyond 64 signed bits counts as unreadable."""
    if "volume_value" not in frame.columns:
        frame = frame.with_columns(pl.lit(None, dtype=pl.Float64).alias("volume_value"))
    return frame.select(pl.col(c).cast(t, strict=c != "bar_key") for c, t in _STORED.items())
