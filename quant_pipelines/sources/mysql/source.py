"""The MySQL source: bars of a table, delivered in bounded windows, resumable at any of them.

Put here: the Source itself: instruments, fingerprint, deliveries.
Keep out: options (config.py), SQL (query.py), connections (connection.py), values (rows.py).
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import polars as pl

from quant_core.errors import UnknownNameError
from quant_core.tables import raw_rows
from quant_pipelines.sources.contract import Delivery, Instrument
from quant_pipelines.sources.mysql.config import NOT_IDENTITY, MysqlConfig
from quant_pipelines.sources.mysql.connection import MysqlConnection
from quant_pipelines.sources.mysql.naming import Naming, name_series
from quant_pipelines.sources.mysql.progress import Progress, Tail
from quant_pipelines.sources.mysql.query import BoundValues, Series
from quant_pipelines.sources.mysql.read import Window, WindowReader
from quant_pipelines.sources.mysql.rows import (
    bound,
    chunk_keys,
    content_hash,
    key_from_instant,
    stable_order,
    to_tables,
    unreadable_table,
)
from quant_pipelines.sources.mysql.schema import live_lookup, live_table
from quant_pipelines.sources.mysql.symbols import Directory

_LOG = logging.getLogger(__name__)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class _Span:
    """What one call reads: half-open keys, the first row's number, and notes for its deliveries."""

    lower: int
    upper: int | None
    first_row: int
    updated_at: str | None
    notes: dict[str, Any]


class MysqlSource:
    """Bars of one MySQL or MariaDB table.

    Args:
        config: the source's section of sources.yaml.
        dsn: SQLAlchemy URL with the secret, from the environment; never stored elsewhere, logged or raised.
        name: key of the source in sources.yaml.
    """

    def __init__(self, config: MysqlConfig, dsn: str, name: str) -> None:
        self._config = config
        self._name = name
        self._connection = MysqlConnection(dsn, config, name)
        self._naming = Naming()

    def __repr__(self) -> str:
        return f"MysqlSource(name={self._name!r}, table={self._config.table!r})"

    @property
    def name(self) -> str:
        """Key of the source in sources.yaml."""
        return self._name

    def close(self) -> None:
        """Close pooled connections."""
        self._connection.close()

    def instruments(self) -> list[Instrument]:
        """Symbols × native timeframes of the table (or the declared ones), sorted.

        Raises:
            UnknownNameError: a symbol named in the configuration is not in the table; all such are listed.
        """
        config, names = self._config, self._config.vendor_names
        if config.discover:
            series = self._directory.series_of_table()
        else:
            declared = config.timeframes or ([config.timeframe] if config.timeframe else [])
            series = [(vendor, timeframe) for vendor in (names or {}).values() for timeframe in declared]
        if names is not None and config.discover:
            self._directory.symbol_values(names.values())
        self._naming = name_series((vendor for vendor, _ in series), config, f"sources.{self._name}")
        ours = self._naming.symbols
        found = [
            self._instrument(ours[vendor], vendor, timeframe)
            for vendor, timeframe in series
            if vendor in ours and (config.timeframes is None or timeframe in config.timeframes)
        ]
        return sorted(found, key=lambda i: (i.symbol, i.timeframe.minutes))

    def refused(self) -> dict[str, str]:
        """Names of the table that cannot be symbols, as the last listing found them, and the line that mends each."""
        return dict(self._naming.refused)

    def fingerprint(self, instrument: Instrument) -> str:
        """SHA-256 of the newest finished bar, the number of bars and the newest update, as far as configured."""
        series, upper = self._series(instrument), self._upper(instrument)
        values = BoundValues()
        parts: list[Any] = self._connection.run(series.newest(values, series.first_key, upper), values.parameters)
        if self._config.fingerprint_count:
            values = BoundValues()
            parts.append(self._connection.scalar(series.count(values, None, upper), values.parameters))
        parts.append(self._newest_update(series))
        text = json.dumps([self._identity(series, instrument), parts], default=str)
        return hashlib.sha256(text.encode()).hexdigest()

    def deliveries(self, instrument: Instrument, watermark: dict[str, Any] | None) -> Iterator[Delivery]:
        """Windows of raw rows since a watermark, the overlap first; each one's watermark is safe to resume from.

        ``origin_row`` is the row's 1-based position in the series, by time (rows of equal time by their values). An
        increment starts at the stored position of the overlap, so a row that is read again has the number it had.

        Look-ahead: none; a bar is held back until its close has passed on the server's clock (if so configured).
        Missing rule: null prices stay null; rows whose time cannot be read come last, as quarantine.

        Raises:
            SourceError: the server could not be reached in all attempts; earlier deliveries stay valid.
        """
        series = self._series(instrument)
        progress, reread = Progress.read(watermark, self._identity(series, instrument))
        if reread:
            _LOG.warning("%s %s is read from its start: %s", self._name, instrument.symbol, reread)
        span = self._span(series, instrument, progress, reread)
        config, known, row, tail = self._config, progress.last_key, span.first_row, Tail(self._config.overlap_bars)
        bulk = self._connection.bulk_available()
        reader = WindowReader(self._connection, series, config, is_increment=known is not None, bulk=bulk)
        for window in reader.windows(span.lower, span.upper, chunk_keys(config)):
            rows = stable_order(window.rows.filter(pl.col("bar_key").is_not_null()))
            if rows.height < window.rows.height:
                progress = replace(progress, unreadable_pending=True)
            if rows.height:
                keys = rows["bar_key"].to_numpy()
                tail.push(keys, row)
                progress = progress.advanced(int(keys[-1]), tail, span.updated_at)
                yield self._delivery(rows, window, series, instrument, progress, row, known, span)
                row += rows.height
        yield from self._unreadable(series, instrument, progress, span)

    @cached_property
    def _directory(self) -> Directory:
        """The live table, validated on first use."""
        table = self._connection.with_connection(lambda c: live_table(c, self._config), "look at the schema")
        lookup = self._connection.with_connection(lambda c: live_lookup(c, self._config), "look at the schema")
        if not table.has_series_index:
            _LOG.warning(
                "%s has no index on symbol (and timeframe), then time; every window sorts the whole series. "
                "Add one, e.g. on (%s, %s).", table.label, table["symbol"].name, table["ts"].name,
            )  # fmt: skip
        return Directory(self._connection, self._config, table, lookup)

    def _instrument(self, symbol: str, vendor: str, timeframe: Any) -> Instrument:
        config = self._config
        allowed = config.allow_non_positive_prices
        return Instrument(
            symbol=symbol,
            timeframe=timeframe,
            calendar=config.calendars.get(symbol, config.calendar),
            source=self._name,
            vendor_symbol=vendor,
            allow_non_positive_prices=symbol in allowed if isinstance(allowed, list) else allowed,
        )

    def _series(self, instrument: Instrument) -> Series:
        """The series of an instrument, in the table's own values."""
        directory, table = self._directory, self._directory.table
        vendor = instrument.vendor_symbol or instrument.symbol
        value = directory.symbol_values([vendor])[vendor]
        if self._config.timeframe not in (None, instrument.timeframe):
            raise UnknownNameError.among(
                "timeframe", instrument.timeframe.value, [str(self._config.timeframe)], where=table.label
            )
        filters = tuple((table[f"filter:{f.column}"], f) for f in self._config.filters)
        return Series(table, value, directory.timeframe_value(value, instrument.timeframe), filters)

    def _identity(self, series: Series, instrument: Instrument) -> str:
        """Hash of what decides which rows exist and how they are numbered."""
        declared = self._config.model_dump(mode="json", exclude=set(NOT_IDENTITY))
        what = [series.table.label, instrument.symbol, instrument.vendor_symbol, instrument.timeframe.value, declared]
        return hashlib.sha256(json.dumps(what, sort_keys=True, default=str).encode()).hexdigest()

    def _newest_update(self, series: Series) -> str | None:
        if "updated_at" not in series.table.columns:
            return None
        values = BoundValues()
        newest = self._connection.scalar(series.newest_update(values), values.parameters)
        return None if newest is None else str(newest)

    def _upper(self, instrument: Instrument) -> int | None:
        """First key not delivered: after the configured end, or not finished on the server's clock."""
        config = self._config
        uppers = [] if config.end is None else [bound(config.end, config, is_end=True)]
        if config.hold_back_unfinished:
            now: datetime = self._connection.scalar("SELECT UTC_TIMESTAMP(6)")
            length = instrument.timeframe.duration if config.bar_stamp == "open" else timedelta(0)
            uppers.append(key_from_instant(now.replace(tzinfo=UTC) - length + _MICROSECOND, config))
        return min(uppers, default=None)

    def _span(self, series: Series, instrument: Instrument, progress: Progress, reread: str | None) -> _Span:
        """Where this call starts and ends."""
        upper, updated_at = self._upper(instrument), self._newest_update(series)
        start = (
            series.first_key if self._config.start is None else bound(self._config.start, self._config, is_end=False)
        )
        notes: dict[str, Any] = {"index": series.table.has_series_index}
        if reread:
            notes["read_from_start_because"] = reread
        end = None if self._config.end is None else bound(self._config.end, self._config, is_end=True)
        if upper is not None and upper != end:
            values = BoundValues()
            notes["n_unfinished_held_back"] = self._connection.scalar(
                series.count(values, upper, end), values.parameters
            )
        if progress.overlap_key is None:
            return _Span(start, upper, 1, updated_at, notes)
        lower, row = progress.overlap_key, progress.overlap_row
        if progress.updated_at is not None and updated_at != progress.updated_at:
            values = BoundValues()
            statement = series.first_updated(values, progress.updated_at, start, lower)
            rewritten = self._connection.scalar(statement, values.parameters)
            if rewritten is not None:
                values = BoundValues()
                lower = int(rewritten)
                row = 1 + int(self._connection.scalar(series.count(values, start, lower), values.parameters))
                notes["n_rows_before_rewrite"] = row - 1
        return _Span(lower, upper, row, updated_at, notes)

    def _delivery(
        self,
        rows: pl.DataFrame,
        window: Window,
        series: Series,
        instrument: Instrument,
        progress: Progress,
        first_row: int,
        known: int | None,
        span: _Span,
    ) -> Delivery:
        """One window as the raw store takes it."""
        label = series.table.label
        good, bad = to_tables(rows, instrument, self._config, label=label, first_row=first_row)
        n_overlap = 0 if known is None else int((rows["bar_key"] <= known).sum())
        details = {
            "route": window.route,
            "n_rows": rows.height,
            "n_overlap_rows": n_overlap,
            "n_without_time": window.rows.height - rows.height,
            "read_seconds": round(window.seconds, 6),
            **span.notes,
        }
        content = content_hash(rows, progress.identity)
        return Delivery(good, bad, rows.height, label, content, datetime.now(UTC), progress.watermark(), details)

    def _unreadable(
        self, series: Series, instrument: Instrument, progress: Progress, span: _Span
    ) -> Iterator[Delivery]:
        """Rows whose time cannot be read, all of them again whenever their number has changed."""
        anywhere = progress.unreadable_pending
        n_head, n_all = self._n_unreadable(series, anywhere=False), progress.n_unreadable
        if anywhere:
            n_all = self._n_unreadable(series, anywhere=True)
        elif n_head != progress.n_unreadable_head:
            n_all = n_head + progress.n_unreadable - progress.n_unreadable_head
        if (n_head, n_all) == (progress.n_unreadable_head, progress.n_unreadable):
            return
        anywhere = n_all > n_head
        done = replace(progress, n_unreadable_head=n_head, n_unreadable=n_all, unreadable_pending=False)
        label, size = f"{series.table.label}!unreadable_ts", self._config.rows_per_window
        for offset in range(0, n_all, size):
            values = BoundValues()
            texts = self._connection.run(
                series.unreadable(values, anywhere=anywhere, page=(size, offset)), values.parameters
            )
            bad = unreadable_table(texts, instrument, label=series.table.label, first_row=offset + 1)
            after = done if offset + size >= n_all else progress
            content = hashlib.sha256(repr((progress.identity, texts)).encode()).hexdigest()
            now, details = datetime.now(UTC), {"route": "pymysql", "n_rows": bad.height, **span.notes}
            yield Delivery(raw_rows.TABLE.empty(), bad, bad.height, label, content, now, after.watermark(), details)

    def _n_unreadable(self, series: Series, *, anywhere: bool) -> int:
        values = BoundValues()
        statement = series.unreadable(values, anywhere=anywhere, page=None)
        return int(self._connection.scalar(statement, values.parameters))
