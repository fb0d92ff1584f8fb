"""The MySQL source: bars of a table, delivered in bounded pieces, resumable at any of them.

Put here: the Source itself: instruments, fingerprint, deliveries.
Keep out: options (config.py), SQL (query.py), connections (connection.py), what one call reads (catch_up.py).
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cached_property
from time import monotonic
from typing import Any

import polars as pl

from quant_core.calendars import calendar_of
from quant_core.errors import UnknownNameError
from quant_pipelines.sources.contract import Delivery, Instrument
from quant_pipelines.sources.mysql.catch_up import CatchUp
from quant_pipelines.sources.mysql.config import NOT_IDENTITY, MysqlConfig
from quant_pipelines.sources.mysql.connection import MysqlConnection
from quant_pipelines.sources.mysql.naming import Naming, name_series
from quant_pipelines.sources.mysql.progress import Progress
from quant_pipelines.sources.mysql.query import BoundValues, Series
from quant_pipelines.sources.mysql.row_hash import is_computed_alike
from quant_pipelines.sources.mysql.rows import bound, key_from_instant, opens
from quant_pipelines.sources.mysql.schema import live_lookup, live_table
from quant_pipelines.sources.mysql.symbols import Directory
from quant_pipelines.sources.mysql.windows import Grid, WindowTable, ask_windows, earliest_end, latest_start

_LOG = logging.getLogger(__name__)
_MICROSECOND = timedelta(microseconds=1)
_SAME_MOMENT_S = 0.001
"""Shorter than any round trip to a server: nothing that the caller did since can be missing."""


class MysqlSource:
    """Bars of one MySQL or MariaDB table.

    Args:
        config: the source's section of sources.yaml.
        dsn: SQLAlchemy URL with the secret, from the environment; never stored elsewhere, logged or raised.
        name: key of the source in sources.yaml.
        now: the clock that stamps what is fetched and says which bars are complete, UTC.
    """

    def __init__(
        self, config: MysqlConfig, dsn: str, name: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._config = config
        self._name, self._now = name, now
        self._connection = MysqlConnection(dsn, config, name)
        self._naming = Naming()
        self._last_look: tuple[Instrument, tuple[int | None, int | None], WindowTable, float] | None = None

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
        """SHA-256 of the totals of all windows (or the last ``fingerprint_days``) and of the newest bar's completeness.

        It changes with every row that is added, changed or deleted, whenever it was written, and when a bar completes.
        """
        series, grid = self._series(instrument, may_be_gone=True), Grid.of(instrument.timeframe, self._config)
        limits = lower, upper = self._limits(instrument)
        if self._config.fingerprint_days is not None:
            since = self._now() - timedelta(days=self._config.fingerprint_days)
            recent = grid.bounds(grid.index(key_from_instant(since, self._config)))[0]
            lower = latest_start(lower, recent)
        table = WindowTable()
        if series is not None:
            table = ask_windows(self._connection, series, grid, lower, upper)
        windows = [[w, t.n_rows, t.checksum] for w, t in sorted(table.windows.items())]
        unreadable = [table.unreadable.n_rows, table.unreadable.checksum]
        content = [self._identity(instrument), windows, unreadable, self._is_incomplete(series, instrument)]
        self._last_look = None if (lower, upper) != limits else (instrument, limits, table, monotonic())
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()

    def deliveries(self, instrument: Instrument, watermark: dict[str, Any] | None) -> Iterator[Delivery]:
        """What differs from what a watermark says was delivered; each delivery's own is safe to resume from.

        Every delivery holds all that the table has of its span of time, so that rows it lost are noticed.
        ``origin_row`` is the row's 1-based position in the series when it was read, by time (rows of equal time by
        their values).

        Look-ahead: none; a bar is held back until its close has passed on the server's clock (if so configured).
        Missing rule: null prices stay null; rows whose time cannot be read come last, as quarantine.

        Raises:
            SourceError: the server could not be reached in all attempts, or the table never stood still; earlier
                deliveries stay valid.
            UnknownNameError: the table does not know the symbol or timeframe, and nothing was delivered of it before.
        """
        seen = self._just_seen(instrument)
        progress, reread = Progress.read(watermark, self._identity(instrument))
        series = self._series(instrument, may_be_gone=bool(progress.windows))
        notes: dict[str, Any] = {"index": self._directory.table.has_series_index}
        if reread:
            _LOG.warning("%s %s is read from its start: %s", self._name, instrument.symbol, reread)
            notes["read_from_start_because"] = reread
        limits = self._limits(instrument)
        if self._config.hold_back_unfinished and series is not None:
            values, end = BoundValues(), self._end()
            held_back = self._connection.scalar(series.count(values, limits[1], end), values.parameters)
            notes["n_unfinished_held_back"] = held_back
        yield from CatchUp(
            connection=self._connection,
            config=self._config,
            instrument=instrument,
            label=self._directory.table.label,
            series=series,
            grid=Grid.of(instrument.timeframe, self._config),
            limits=limits,
            progress=progress,
            notes=notes,
            bulk=self._connection.bulk_available(),
            hashes_sent=self._hashes_sent,
            seen=seen.get(limits),
            now=self._now,
        ).deliveries()

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
            quality=config.quality,
        )

    def _just_seen(self, instrument: Instrument) -> dict[tuple[int | None, int | None], WindowTable]:
        """Limits → what the fingerprint of the same call saw: an ingest asks for both, one right after the other."""
        last, self._last_look = self._last_look, None
        if last is None or last[0] != instrument or monotonic() - last[3] > _SAME_MOMENT_S:
            return {}
        return {last[1]: last[2]}

    @cached_property
    def _hashes_sent(self) -> bool:
        """Whether the server has to send the hash of each row, said loudly."""
        is_alike = is_computed_alike(self._connection.scalar)
        if not is_alike:
            _LOG.warning(
                "Source %r: the server hashes rows in another way than we do, so it has to send the hashes; reads take "
                "about half as long again. Report its version.", self._name,
            )  # fmt: skip
        return not is_alike

    def _series(self, instrument: Instrument, *, may_be_gone: bool) -> Series | None:
        """The series of an instrument, in the table's own values; None where it has no row and that may be."""
        directory, table = self._directory, self._directory.table
        vendor = instrument.vendor_symbol or instrument.symbol
        if self._config.timeframe not in (None, instrument.timeframe):
            raise UnknownNameError.among(
                "timeframe", instrument.timeframe.value, [str(self._config.timeframe)], where=table.label
            )
        try:
            value = directory.symbol_values([vendor])[vendor]
            timeframe_value = directory.timeframe_value(value, instrument.timeframe)
        except UnknownNameError:
            if may_be_gone:
                return None
            raise
        filters = tuple((table[f"filter:{f.column}"], f) for f in self._config.filters)
        return Series(table, value, timeframe_value, filters)

    def _identity(self, instrument: Instrument) -> str:
        """Hash of what decides which rows exist, how they are numbered and into which windows they fall."""
        declared = self._config.model_dump(mode="json", exclude=set(NOT_IDENTITY))
        grid = Grid.of(instrument.timeframe, self._config)
        names = [instrument.symbol, instrument.vendor_symbol, instrument.timeframe.value]
        what = [self._directory.table.label, *names, [grid.first, grid.end, grid.length], declared]
        return hashlib.sha256(json.dumps(what, sort_keys=True, default=str).encode()).hexdigest()

    def _end(self) -> int | None:
        """First key after the configured end."""
        return None if self._config.end is None else bound(self._config.end, self._config, is_end=True)

    def _limits(self, instrument: Instrument) -> tuple[int | None, int | None]:
        """First key that is delivered, and the first behind: after the end, or not finished on the server's clock."""
        config, end = self._config, self._end()
        start = None if config.start is None else bound(config.start, config, is_end=False)
        if not config.hold_back_unfinished:
            return start, end
        now: datetime = self._connection.scalar("SELECT UTC_TIMESTAMP(6)")
        length = instrument.timeframe.duration if config.bar_stamp == "open" else timedelta(0)
        unfinished = key_from_instant(now.replace(tzinfo=UTC) - length + _MICROSECOND, config)
        return start, earliest_end(end, unfinished)

    def _is_incomplete(self, series: Series | None, instrument: Instrument) -> bool:
        """Whether the newest bar that has begun is not complete: when it is, it is delivered again, changed or not."""
        if series is None:
            return False
        now, values = self._now(), BoundValues()
        shift = instrument.timeframe.duration if self._config.bar_stamp == "close" else timedelta(0)
        statement = series.newest_key(values, key_from_instant(now + shift + _MICROSECOND, self._config))
        newest = self._connection.scalar(statement, values.parameters)
        if newest is None:
            return False
        stamps, _reason = opens(pl.Series([int(newest)], dtype=pl.Int64), instrument.timeframe, self._config)
        closes = calendar_of(instrument.calendar).bar_close(stamps.drop_nulls(), instrument.timeframe)
        return bool((closes > now).any())
