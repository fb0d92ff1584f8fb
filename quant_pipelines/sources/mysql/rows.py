"""From stored values to rows: keys to UTC bar opens, prices to their real scale, the rest to quarantine.

Put here: time zone, bar stamp, epoch unit and price scale of a MySQL source; the two tables it delivers.
Keep out: reading (read.py) and quality rules (quant_core/quality).
"""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from quant_core.tables import quarantine, raw_rows
from quant_core.timeframes import Timeframe
from quant_pipelines.sources.contract import Instrument
from quant_pipelines.sources.mysql.config import MysqlConfig
from quant_pipelines.sources.mysql.query import EPOCH

_PER_MICROSECOND = {"s": (1, 1_000_000), "ms": (1, 1_000), "us": (1, 1), "ns": (1_000, 1)}
_MICROSECOND = timedelta(microseconds=1)
_VALUES = ("open", "high", "low", "close", "volume")
# Outside these years a stamp is a wrong unit or a sentinel, not a bar; in files, too, and calendars end soon after.
_FIRST_US = (datetime(1801, 1, 1) - EPOCH) // _MICROSECOND  # noqa: DTZ001
_END_US = (datetime(2099, 1, 1) - EPOCH) // _MICROSECOND  # noqa: DTZ001


def key_from_instant(instant: datetime, config: MysqlConfig) -> int:
    """The smallest stored key at or after a UTC instant, in the column's zone and unit.

    >>> key_from_instant(datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=UTC), MysqlConfig(ts_unit="ms"))
    1
    >>> key_from_instant(datetime(2020, 1, 1, tzinfo=UTC), MysqlConfig(ts_zone="Asia/Tokyo")) // 1_000_000
    1577869200
    """
    wall = instant.astimezone(UTC if config.ts_unit else ZoneInfo(config.ts_zone)).replace(tzinfo=None)
    us = (wall - EPOCH) // _MICROSECOND
    times, per = _PER_MICROSECOND[config.ts_unit or "us"]
    return -(-us * times // per)


def bound(value: datetime | date, config: MysqlConfig, *, is_end: bool) -> int:
    """A configured inclusive bound as a half-open key: first key inside, or first key after the end.

    >>> day = 86_400_000_000
    >>> [bound(date(1970, 1, 2), MysqlConfig(), is_end=e) // day for e in (False, True)]
    [1, 2]
    >>> bound(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC), MysqlConfig(), is_end=True)
    1000001
    """
    if not isinstance(value, datetime):
        # A date means the stored calendar day, in whatever zone the column is.
        zone = UTC if config.ts_unit else ZoneInfo(config.ts_zone)
        instant = datetime(value.year, value.month, value.day, tzinfo=zone)
        return key_from_instant(instant + timedelta(days=1) if is_end else instant, config)
    instant = value.replace(tzinfo=UTC) if value.tzinfo is None else value
    return key_from_instant(instant + _MICROSECOND if is_end else instant, config)


def keys_of(length: timedelta, config: MysqlConfig) -> int:
    """A length of time in keys, rounded towards minus infinity.

    >>> keys_of(timedelta(minutes=1), MysqlConfig()), keys_of(timedelta(minutes=1), MysqlConfig(ts_unit="ns"))
    (60000000, 60000000000)
    """
    times, per = _PER_MICROSECOND[config.ts_unit or "us"]
    return length // _MICROSECOND * times // per


def chunk_keys(config: MysqlConfig) -> int:
    """Length of a chunk window in keys; 0 = no chunk windows."""
    return keys_of(timedelta(minutes=config.chunk_minutes), config)


def first_open(key: int | None, timeframe: Timeframe, config: MysqlConfig, *, is_end: bool = False) -> datetime:
    """The earliest bar open, UTC, that a row at or after a key can have; spans of keys become spans of bars.

    Key None is open: before the first bar there can be, or (``is_end``) after the last.

    By hand: 2:30 on 2024-03-10 is skipped by New York's clocks; the first bar after it opens at 3:00, 7:00 UTC.

    >>> key = (datetime(2024, 3, 10, 2, 30) - EPOCH) // _MICROSECOND
    >>> configs = MysqlConfig(ts_zone="America/New_York"), MysqlConfig(), MysqlConfig(bar_stamp="close")
    >>> [first_open(key, Timeframe.H1, config).strftime("%d %H:%M") for config in configs]
    ['10 07:00', '10 02:30', '10 01:30']
    """
    times, per = _PER_MICROSECOND[config.ts_unit or "us"]
    us = (_END_US if is_end else _FIRST_US) if key is None else min(max(key * per // times, _FIRST_US), _END_US)
    shift = timeframe.duration if config.bar_stamp == "close" else timedelta(0)
    wall = EPOCH + us * _MICROSECOND - (timedelta(0) if timeframe.is_intraday else shift)
    instant = _first_instant(wall, ZoneInfo(config.ts_zone), fold=1 if config.ambiguous_time == "latest" else 0)
    return instant - (shift if timeframe.is_intraday else timedelta(0))


def _first_instant(wall: datetime, zone: ZoneInfo, fold: int) -> datetime:
    """The first instant at which a zone's clock shows a wall time, or a later one where it skips it."""
    early, late = sorted(wall.replace(tzinfo=zone, fold=f).astimezone(UTC) for f in (0, 1))
    if late.astimezone(zone).replace(tzinfo=None) == wall:
        return late if fold else early
    while late - early > _MICROSECOND:
        middle = early + (late - early) // 2
        early, late = (early, middle) if middle.astimezone(zone).replace(tzinfo=None) >= wall else (middle, late)
    return late


def stable_order(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows in key order; rows with equal keys in order of their values, so that row numbers repeat."""
    if rows["bar_key"].is_sorted() and not bool((rows["bar_key"].diff() == 0).any()):
        return rows
    return rows.sort(rows.columns, maintain_order=True)


def to_tables(
    rows: pl.DataFrame, instrument: Instrument, config: MysqlConfig, *, label: str, first_row: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Readable rows as ``raw_rows`` and the others as ``quarantine``; both numbered by position.

    Look-ahead: none, each row is turned alone.
    Missing rule: a null price or volume stays null; a time that does not exist, is ambiguous or is out of
    range goes to quarantine.
    """
    times, reason = opens(rows["bar_key"], instrument.timeframe, config)
    numbers = pl.Series(np.arange(first_row, first_row + rows.height, dtype=np.int64))
    values = {v: _scaled(rows[f"{v}_value"], 1.0 if v == "volume" else config.price_scale) for v in _VALUES}
    frame = pl.DataFrame({"ts": times, "reason": reason, "origin_row": numbers, "bar_key": rows["bar_key"], **values})
    frame = frame.with_columns(
        pl.lit(instrument.symbol).alias("symbol"),
        pl.lit(instrument.timeframe.value).alias("timeframe"),
        pl.lit(instrument.vendor_symbol or instrument.symbol).alias("vendor_symbol"),
        pl.lit(label).alias("origin"),
        pl.lit(None, dtype=pl.String).alias("raw_text"),
    )
    shown = frame.select((_looks_wrong() | pl.col("reason").is_not_null()).arg_true()).to_series()
    if shown.len():
        # Text is made for these rows only: made for all, it would cost more than the read.
        texts = frame["raw_text"].scatter(shown, frame[shown].select(_as_text()).to_series())
        frame = frame.with_columns(texts.alias("raw_text"))
    is_bad = pl.col("reason").is_not_null()
    good = frame.filter(~is_bad) if reason.null_count() < reason.len() else frame
    bad = frame.filter(is_bad).with_columns(pl.lit(None, dtype=pl.Datetime("us", "UTC")).alias("ts"))
    return good.select(list(raw_rows.TABLE.schema)), bad.select(list(quarantine.TABLE.schema))


def unreadable_table(
    texts: list[tuple[str | None, ...]], instrument: Instrument, *, label: str, first_row: int
) -> pl.DataFrame:
    """Rows whose time the server itself cannot read, as ``quarantine``, numbered on their own.

    They have no place in the time order, so their origin is ``TABLE!unreadable_ts`` and their numbers start at 1.
    """
    names = ("ts", *_VALUES)
    return pl.DataFrame(
        [
            {
                "origin": f"{label}!unreadable_ts",
                "origin_row": number,
                "symbol": instrument.symbol,
                "timeframe": instrument.timeframe.value,
                "ts": None,
                "reason": "missing_ts" if row[0] is None else "unreadable_ts",
                "raw_text": ", ".join(f"{n}={v}" for n, v in zip(names, row, strict=False)),
            }
            for number, row in enumerate(texts, start=first_row)
        ],
        schema=quarantine.TABLE.schema,
    )


def content_hash(rows: pl.DataFrame, *identity: object) -> str:
    """SHA-256 of a piece: the query's identity and every value of its rows."""
    digest = hashlib.sha256(repr(identity).encode())
    for column in rows.get_columns():
        digest.update(np.ascontiguousarray(column.to_numpy()).data)
        # Null and NaN look alike in the values; the mask tells them apart.
        digest.update(column.is_null().to_numpy().tobytes() if column.null_count() else b"-")
    return digest.hexdigest()


def opens(keys: pl.Series, timeframe: Timeframe, config: MysqlConfig) -> tuple[pl.Series, pl.Series]:
    """UTC bar opens of stored keys, and the reason where there is none."""
    times, per = _PER_MICROSECOND[config.ts_unit or "us"]
    us = keys * per if times == 1 else keys // times
    reachable = keys.is_between(_FIRST_US * times // per, _END_US * times // per, closed="left")
    stamps = us.set(~reachable, None).cast(pl.Datetime("us"))
    shift = timeframe.duration if config.bar_stamp == "close" else timedelta(0)
    # A session's bar is one calendar day long on the wall clock; an intraday bar is a span of instants.
    if not timeframe.is_intraday:
        stamps = stamps - shift
    reason = pl.select(pl.when(~reachable).then(pl.lit("ts_out_of_range"))).to_series()
    if config.ts_zone == "UTC":
        opens = stamps.dt.replace_time_zone("UTC")
    else:
        opens, reason = _from_zone(stamps, reason, config)
    if timeframe.is_intraday:
        opens = opens - shift
    return opens, reason


def _from_zone(stamps: pl.Series, reason: pl.Series, config: MysqlConfig) -> tuple[pl.Series, pl.Series]:
    """Wall clock to UTC; hours that do not exist, or (if so declared) occur twice, get a reason."""
    earliest = stamps.dt.replace_time_zone(config.ts_zone, ambiguous="earliest", non_existent="null")
    latest = stamps.dt.replace_time_zone(config.ts_zone, ambiguous="latest", non_existent="null")
    opens = latest if config.ambiguous_time == "latest" else earliest
    found = pl.when(reason.is_not_null()).then(reason)
    found = found.when(earliest.is_null()).then(pl.lit("nonexistent_local_time"))
    if config.ambiguous_time == "quarantine":
        found = found.when(earliest != latest).then(pl.lit("ambiguous_local_time"))
    return opens.dt.convert_time_zone("UTC"), pl.select(found).to_series().cast(pl.String)


def _scaled(values: pl.Series, scale: float) -> pl.Series:
    """Values times the scale; a scale of 1/n divides by n, which rounds once (Polars' own division does not)."""
    if scale == 1.0:
        return values
    n = round(1.0 / scale)
    array = values.to_numpy()
    scaled = array / n if n > 1 and 1.0 / n == scale else array * scale
    return pl.Series(scaled).set(values.is_null(), None)


def _looks_wrong() -> pl.Expr:
    """Rows whose four prices contradict each other or are missing."""
    o, h, low, c = (pl.col(v) for v in ("open", "high", "low", "close"))
    missing = o.is_null() | h.is_null() | low.is_null() | c.is_null()
    return missing | (h < o) | (h < c) | (low > o) | (low > c) | (h < low) | (low <= 0)


def _as_text() -> pl.Expr:
    """The typed values of a row, for people."""
    parts = [pl.format("{}={}", pl.lit(n), pl.col(c).cast(pl.String).fill_null("NULL")) for n, c in _text_columns()]
    return pl.concat_str(parts, separator=", ")


def _text_columns() -> list[tuple[str, str]]:
    return [("ts_key", "bar_key"), *((v, v) for v in _VALUES)]
