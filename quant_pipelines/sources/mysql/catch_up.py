"""Catch-up: one call of a source for one series, until what was delivered is what the server has.

Put here: the rounds of comparing and reading, deliveries with their watermarks, and the end of a table that moves.
Keep out: comparison (plan.py), statements (query.py), reading (read.py) and what the values mean (rows.py).

Every round asks the server for the totals of all windows, in one statement, and reads those that differ. The call
ends when a look finds nothing to read: then one state of the whole table, that of the last look, is what was
delivered. Bars appended while it read are left to the next call; any other change is read again, a few times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from quant_core.calendars import calendar_of
from quant_core.errors import SourceError
from quant_core.tables import raw_rows
from quant_pipelines.sources.contract import Delivery, Instrument
from quant_pipelines.sources.mysql.config import MysqlConfig
from quant_pipelines.sources.mysql.connection import MysqlConnection
from quant_pipelines.sources.mysql.plan import Batch, batches, differing
from quant_pipelines.sources.mysql.progress import Held, Progress
from quant_pipelines.sources.mysql.query import BoundValues, Series
from quant_pipelines.sources.mysql.read import SCHEMA, Piece, Reader
from quant_pipelines.sources.mysql.rows import (
    chunk_keys,
    content_hash,
    first_open,
    stable_order,
    to_tables,
    unreadable_table,
)
from quant_pipelines.sources.mysql.windows import (
    NOTHING,
    Grid,
    Totals,
    WindowTable,
    ask_totals,
    ask_windows,
    latest_start,
    totals_by_window,
)

_MAX_READS = 3
"""Rounds of reading before a table that differs each time is refused."""
_LONGEST_BAR = timedelta(days=31)
"""No bar that opened earlier than this is incomplete."""


@dataclass
class CatchUp:
    """The state of one call.

    Attributes:
        series: None = the table has no row of the series any more.
        limits: first key and first key after the last of what is delivered; None = open.
        progress: what was delivered so far.
        notes: what people want to see with every delivery.
        seen: what a look a moment ago found; it saves the first one.
        now: the clock that stamps what is fetched, UTC.
    """

    connection: MysqlConnection
    config: MysqlConfig
    instrument: Instrument
    label: str
    series: Series | None
    grid: Grid
    limits: tuple[int | None, int | None]
    progress: Progress
    notes: dict[str, Any]
    bulk: bool
    hashes_sent: bool
    now: Callable[[], datetime]
    seen: WindowTable | None = None
    _tails: dict[int, tuple[int, Totals]] = field(default_factory=dict[int, tuple[int, Totals]])

    def deliveries(self) -> Iterator[Delivery]:
        """Read until a look at the table finds nothing to read.

        Raises:
            SourceError: the table differs after every round of reading; what was delivered stays valid.
        """
        for n_reads in range(_MAX_READS + 1):
            table = self._look() if self.seen is None else self.seen
            self.seen = None
            windows = differing(table, self.progress, _us(self.now()))
            if n_reads:
                windows = [w for w in windows if not self._is_appended(w)]
            todo = batches(
                windows, table, self.progress, self.grid, rows_per_window=self.config.rows_per_window,
                limits=self.limits,
            )  # fmt: skip
            if not todo and table.unreadable == self.progress.unreadable:
                return
            if n_reads == _MAX_READS:
                raise self._keeps_changing(len(windows), todo)
            for batch in todo:
                yield from self._batch(batch)
            if table.unreadable != self.progress.unreadable:
                yield from self._unreadable()

    def _look(self) -> WindowTable:
        if self.series is None:
            return WindowTable(unreadable=self.progress.unreadable)
        return ask_windows(self.connection, self.series, self.grid, *self.limits)

    def _batch(self, batch: Batch) -> Iterator[Delivery]:
        """Read a batch; its windows count as delivered with its last piece, and are read again whole before that."""
        totals: dict[int, Totals] = dict.fromkeys(batch.windows, NOTHING)
        finishes: dict[int, int] = {}
        row, is_known = batch.first_row, self.progress.is_restart or bool(self.progress.windows.keys() & totals.keys())
        for piece in self._pieces(batch):
            rows = stable_order(piece.rows)
            self._note_tails(rows, totals)
            for window, found in totals_by_window(rows, self.grid).items():
                totals[window] = totals.get(window, NOTHING) + found
            good, bad = to_tables(rows, self.instrument, self.config, label=self.label, first_row=row)
            for window, us in self._finishes(rows, good, row, piece.asked_at).items():
                finishes[window] = min(us, finishes.get(window, us))
            if piece.is_last:
                self.progress = self.progress.after({w: Held(t, finishes.get(w)) for w, t in totals.items()})
                if not batch.windows:
                    self.progress = replace(self.progress, is_restart=False)
            if is_known or rows.height or row > batch.first_row:
                yield self._delivery(piece, rows, good, bad)
            row += rows.height

    def _pieces(self, batch: Batch) -> Iterator[Piece]:
        if self.series is None:
            nothing = pl.DataFrame(schema=SCHEMA)
            yield Piece(nothing, batch.lower, batch.upper, "pymysql", self.now(), 0.0, is_last=True)
            return
        bulk, chunks = self.bulk, chunk_keys(self.config)
        reader = Reader(self.connection, self.series, self.config, bulk, self.hashes_sent, chunks, self.now)
        yield from reader.pieces(batch)

    def _delivery(self, piece: Piece, rows: pl.DataFrame, good: pl.DataFrame, bad: pl.DataFrame) -> Delivery:
        """One piece as the raw store takes it."""
        timeframe, config = self.instrument.timeframe, self.config
        span = (
            first_open(piece.lower, timeframe, config),
            first_open(piece.upper, timeframe, config, is_end=True),
        )
        details = {"route": piece.route, "n_rows": rows.height, "read_seconds": round(piece.seconds, 6), **self.notes}
        return Delivery(
            rows=good,
            quarantine=bad,
            n_rows_in=rows.height,
            origin=self.label,
            origin_hash=content_hash(rows, self.progress.identity, piece.lower, piece.upper),
            fetched_at=piece.asked_at,
            watermark=self.progress.watermark(),
            details=details,
            is_snapshot=True,
            span=span,
        )

    def _note_tails(self, rows: pl.DataFrame, before: dict[int, Totals]) -> None:
        """Remember the newest bar of each window and the totals of what lies before it."""
        with_window = rows.with_columns(self.grid.column())
        newest = pl.col("bar_key").max().over("window_index")
        earlier = totals_by_window(with_window.filter(pl.col("bar_key") < newest), self.grid)
        for window, key in with_window.group_by("window_index").agg(pl.col("bar_key").max()).iter_rows():
            self._tails[window] = (key, before.get(window, NOTHING) + earlier.get(window, NOTHING))

    def _is_appended(self, window: int) -> bool:
        """Whether a window that differs after it was read only grew, or changed its newest bar."""
        if self.series is not None and window in self._tails:
            newest, before = self._tails[window]
            lower = latest_start(self.grid.bounds(window)[0], self.limits[0])
            return ask_totals(self.connection, self.series, lower, newest) == before
        return window not in self.progress.windows and window > max(self.progress.windows, default=-1)

    def _finishes(self, rows: pl.DataFrame, good: pl.DataFrame, first_row: int, asked_at: datetime) -> dict[int, int]:
        """Window → when its first incomplete bar completes, microseconds since 1970."""
        late = good.filter(pl.col("ts") >= asked_at - _LONGEST_BAR)
        if late.is_empty():
            return {}
        keys = rows["bar_key"].gather(late["origin_row"] - first_row)
        closes = calendar_of(self.instrument.calendar).bar_close(late["ts"], self.instrument.timeframe)
        open_bars = pl.DataFrame({"bar_key": keys, "close": closes}).filter(pl.col("close") > asked_at)
        found = open_bars.group_by(self.grid.column()).agg(pl.col("close").dt.epoch("us").min())
        return dict(found.iter_rows())

    def _unreadable(self) -> Iterator[Delivery]:
        """Rows whose time cannot be read, all of them again whenever they changed."""
        if self.series is None:
            return
        done, offset, found, size = 0, 0, NOTHING, self.config.rows_per_window
        while True:
            values = BoundValues()
            statement = self.series.unreadable(values, *self.limits, page=(size + 1, offset))
            groups = self.connection.run(statement, values.parameters)
            is_last, groups = len(groups) <= size, groups[:size]
            texts = [tuple(g[:-2]) for g in groups for _ in range(int(g[-2]))]
            for *_texts, n_rows, checksum in groups:
                found += Totals(int(n_rows), int(checksum) % 2**64)
            bad = unreadable_table(texts, self.instrument, label=self.label, first_row=done + 1)
            if is_last:
                self.progress = replace(self.progress, unreadable=found)
            yield self._refused(bad, texts)
            if is_last:
                return
            done, offset = done + len(texts), offset + size

    def _refused(self, bad: pl.DataFrame, texts: list[tuple[str | None, ...]]) -> Delivery:
        return Delivery(
            rows=raw_rows.TABLE.empty(),
            quarantine=bad,
            n_rows_in=bad.height,
            origin=f"{self.label}!unreadable_ts",
            origin_hash=content_hash(pl.DataFrame(), self.progress.identity, texts),
            fetched_at=self.now(),
            watermark=self.progress.watermark(),
            details={"route": "pymysql", "n_rows": bad.height, **self.notes},
        )

    def _keeps_changing(self, n_windows: int, todo: list[Batch]) -> SourceError:
        first = first_open(todo[0].lower, self.instrument.timeframe, self.config) if todo else None
        return SourceError(
            f"{self.label} keeps changing while {self.instrument.symbol} is read: expected what was read to be what "
            f"the table has, within {_MAX_READS} rounds, found {n_windows} window(s) that differ again"
            + (f", the first from {first:%Y-%m-%d}. " if first else ". ")
            + "What was read is kept, and the next run reads the rest; run it again when the table's loader is done."
        )


def _us(instant: datetime) -> int:
    return (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
