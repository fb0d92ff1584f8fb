"""Written bars: true bars as a file in a random dialect, and what a person who knows the dialect would declare.

Put here: times, numbers, headers and containers as vendors write them.
Keep out: the bars themselves (true_bars.py) and reading (the tests).
"""

from __future__ import annotations

import gzip
import io
import json
import random
import zipfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from quant_core.timeframes import Timeframe
from tests.ingestion.true_bars import TrueBar, TrueSeries

_DAYS = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%d-%b-%Y", "%b %d, %Y")
_CLOCKS = ("%H:%M:%S", "%H:%M", "%H%M%S", "%I:%M %p", "%I:%M:%S %p")
_ZONES = ("UTC", "UTC", "America/New_York", "Europe/Berlin", "+05:30", "-03:00")
_EPOCHS = {"s": 10**6, "ms": 10**3, "us": 1, "ns": 1}
_NAMES = (
    ("Date", "Open", "High", "Low", "Close", "Volume"),
    ("timestamp", "open", "high", "low", "close", "volume"),
    ("<DATE>", "<OPEN>", "<HIGH>", "<LOW>", "<CLOSE>", "<VOL>"),
    ("t", "o", "h", "l", "c", "v"),
    ("Open time", "Open", "High", "Low", "Close", "Volume"),
    ("Gmt time", "Open", "High", "Low", "Close", "Volume"),
    ("", "open", "high", "low", "close", "volume"),
)
_ROLES = ("ts", "open", "high", "low", "close", "volume")
_MARKS = ((".", ""), (".", ""), (".", ""), (",", ""), (".", ","), (",", "."), (".", "'"), (".", " "), (",", " "))


@dataclass
class Written:
    """A file of true bars.

    Attributes:
        declared: what the file cannot say and is declared from the start.
        known: everything a person knows about the dialect, to be declared where a refusal asks for it.
    """

    series: TrueSeries
    data: bytes
    name: str
    declared: dict[str, Any] = field(default_factory=dict)
    known: dict[str, Any] = field(default_factory=dict)


def written(series: TrueSeries, chance: random.Random) -> Written:
    """The bars in a random dialect."""
    file = Written(
        series, b"", f"{series.symbol}.csv", {"symbol": series.symbol}, {"timeframe": series.timeframe.value}
    )
    if series.calendar != "always_open" or chance.random() < 0.5:
        file.declared["calendar"] = series.calendar
    stamps = _stamps(file, chance)
    if chance.random() < 0.75:
        _as_text(file, stamps, chance)
    else:
        _as_values(file, stamps, chance)
    if chance.random() < 0.5 or any(
        b.closes - b.opens != timedelta(minutes=series.timeframe.minutes) for b in series.bars
    ):
        file.declared["timeframe"] = series.timeframe.value
    return file


@dataclass(frozen=True)
class _Stamps:
    """What the times say: instants on a clock, or dates."""

    times: list[datetime]
    is_date: bool


def _stamps(file: Written, chance: random.Random) -> _Stamps:
    """Opens or closes on the file's clock; dates for days and weeks, of a week its first or its last day."""
    series, is_close = file.series, chance.random() < 0.4
    if not series.timeframe.is_intraday and chance.random() < 0.7:
        file.known["bar_stamp"] = "close" if is_close else "open"
        if chance.random() < 0.5:
            file.declared["bar_stamp"] = file.known["bar_stamp"]
        days = [b.session for b in series.bars]
        if series.timeframe is Timeframe.W1:
            last = chance.choice((4, 6)) if is_close else 0
            if last == 6:  # without a word, a Sunday is taken for the eve of a week's first session
                file.declared["bar_stamp"] = "close"
            days = [d - timedelta(days=d.weekday() - last) for d in days]
        return _Stamps([datetime(d.year, d.month, d.day) for d in days], is_date=True)  # noqa: DTZ001
    file.declared.pop("bar_stamp", None)
    if is_close:
        file.declared["bar_stamp"] = "close"
    zone = chance.choice(_ZONES)
    file.known |= {"zone": zone, "bar_stamp": "close" if is_close else "open"}
    clock = _zone(zone)
    times = [(b.closes if is_close else b.opens).astimezone(clock) for b in series.bars]
    if is_close and not series.timeframe.is_intraday and not any(t.hour or t.minute for t in times):
        return _stamps(file, chance)  # midnights are dates, so they name the session and cannot mark its end
    return _Stamps(times, is_date=False)


def _zone(name: str) -> Any:
    if name[0] in "+-":
        sign = 1 if name[0] == "+" else -1
        return datetime.strptime(f"{name}", "%z").tzinfo if sign else UTC
    return ZoneInfo(name)


def _time_columns(file: Written, stamps: _Stamps, chance: random.Random) -> list[list[str]]:
    """The column of times as text, or two of them."""
    day = chance.choice(_DAYS)
    if stamps.is_date:
        file.known["date_format"] = day
        return [[t.strftime(day) for t in stamps.times]]
    if chance.random() < 0.25:
        unit = chance.choice(tuple(_EPOCHS))
        file.known["epoch_unit"] = unit
        micros = [_micros(t) for t in stamps.times]
        return [[str(m * 1000 if unit == "ns" else m // _EPOCHS[unit]) for m in micros]]
    clock = chance.choice(_CLOCKS)
    if chance.random() < 0.2 and "%d, " not in day:
        file.declared["zone"] = file.known["zone"]
        file.known |= {"date_format": day, "time_format": clock}
        return [[t.strftime(day) for t in stamps.times], [t.strftime(clock) for t in stamps.times]]
    joint, offset = chance.choice((" ", " ", "T")), chance.choice(("", "", "%z", " %z"))
    if joint == "T" and "%b" in day:
        joint = " "
    if offset and chance.random() < 0.5 and day[:2] == "%Y":
        texts = [t.strftime(f"{day}{joint}{clock}") + _colon_offset(t, offset) for t in stamps.times]
    else:
        texts = [t.strftime(f"{day}{joint}{clock}{offset}") for t in stamps.times]
    file.known["date_format"] = f"{day}{joint}{clock}{offset}"
    if not offset:
        file.declared["zone"] = file.known["zone"]
    return [texts]


def _colon_offset(moment: datetime, offset: str) -> str:
    text = moment.strftime("%z")
    return f"{' ' if offset[0] == ' ' else ''}{text[:3]}:{text[3:]}"


def _micros(moment: datetime) -> int:
    return round((moment - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))


def _number(value: Decimal, decimal: str, thousands: str) -> str:
    text = f"{value:,f}" if thousands else f"{value:f}"
    return text.translate({ord(","): thousands, ord("."): decimal})


def _as_text(file: Written, stamps: _Stamps, chance: random.Random) -> None:
    """Delimited text."""
    columns = _time_columns(file, stamps, chance)
    decimal, thousands = chance.choice(_MARKS)
    file.known |= {"decimal": decimal, "thousands": thousands or None}
    if thousands == "." and all(p % 1 == 0 for b in file.series.bars for p in b.prices):
        file.declared |= {"decimal": decimal, "thousands": thousands}  # 16.008 says nothing else than 16.008
    separator = chance.choice([s for s in (",", ",", ";", "\t", "|") if s != decimal or chance.random() < 0.2])
    sign = chance.choice(("", "", "", "", "$", "%"))
    for i in range(4):
        texts = [_number(b.prices[i], decimal, thousands) for b in file.series.bars]
        columns.append([f"${t}" if sign == "$" else f"{t}{sign}" for t in texts])
    if file.series.has_volume:
        columns.append([_volume_text(b, decimal, thousands, chance) for b in file.series.bars])
    rows = [list(row) for row in zip(*columns, strict=True)]
    names = _header(file, len(columns), chance)
    quote = chance.choice(("never", "never", "needed", "always"))
    order = list(range(len(columns)))
    if names and chance.random() < 0.3:
        chance.shuffle(order)
    table = ([names] if names else []) + rows[:: chance.choice((1, 1, 1, -1))]
    lines = [separator.join(_field(row[i], separator, quote) for i in order) for row in table]
    ending = chance.choice(("\n", "\n", "\r\n"))
    text = ending.join(lines) + chance.choice(("", ending, ending * 2))
    file.data = _packed(file, text.encode(chance.choice(("utf-8", "utf-8", "utf-8-sig", "utf-16"))), chance)


def _volume_text(bar: TrueBar, decimal: str, thousands: str, chance: random.Random) -> str:
    assert bar.volume is not None
    if bar.volume % 1000 == 0 and chance.random() < 0.5:
        return f"{bar.volume / 1000:f}K"
    return _number(bar.volume, decimal, thousands)


def _field(text: str, separator: str, quote: str) -> str:
    return f'"{text}"' if quote == "always" or separator in text or (quote == "needed" and " " in text) else text


def _header(file: Written, width: int, chance: random.Random) -> list[str]:
    """Names, or none."""
    names = list(chance.choice(_NAMES))
    n_times = width - 4 - file.series.has_volume
    if n_times == 2:
        names[:1] = chance.choice((("Date", "Time"), ("<DATE>", "<TIME>")))
    roles = (["date", "time"] if n_times == 2 else ["ts"]) + list(_ROLES[1:])
    roles, names = roles[:width], names[:width]
    file.known["header"] = roles
    if chance.random() < 0.25:
        return []
    file.known["columns"] = dict(zip(names, roles, strict=True))
    return names


def _packed(file: Written, data: bytes, chance: random.Random) -> bytes:
    packing = chance.choice(("none", "none", "none", "none", "gzip", "zip"))
    if packing == "gzip":
        file.name += ".gz"
        return gzip.compress(data)
    if packing == "zip":
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr(file.name, data)
        file.name = f"{file.series.symbol}.zip"
        return out.getvalue()
    return data


def _as_values(file: Written, stamps: _Stamps, chance: random.Random) -> None:
    """JSON, Parquet or Feather with typed numbers, or numbers as strings."""
    columns = _time_columns(file, stamps, chance)
    n_prices = 4 + file.series.has_volume
    names = [*(["Date", "Time"] if len(columns) == 2 else ["time"]), *_ROLES[1 : n_prices + 1]]
    roles = [*(["date", "time"] if len(columns) == 2 else ["ts"]), *_ROLES[1 : n_prices + 1]]
    file.known |= {"columns": dict(zip(names, roles, strict=True)), "header": roles}
    as_text = chance.random() < 0.3
    times: list[list[Any]] = list(columns)
    if "epoch_unit" in file.known and not as_text:
        times = [[int(t) for t in columns[0]]]
    bars = file.series.bars
    numbers = [[b.prices[i] for b in bars] for i in range(4)]
    numbers += [[b.volume for b in bars]] if file.series.has_volume else []
    values: list[list[Any]] = [[f"{v:f}" if as_text else float(v) for v in column] for column in numbers]
    table = dict(zip(names, [*times, *values], strict=True))
    kind = chance.choice(("objects", "arrays", "lines", "columns", "parquet", "feather"))
    if kind in ("parquet", "feather"):
        out = io.BytesIO()
        (pl.DataFrame(table).write_parquet if kind == "parquet" else pl.DataFrame(table).write_ipc)(out)
        file.name, file.data = f"{file.series.symbol}.{kind}", out.getvalue()
        return
    rows = [dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True)]
    shapes = {
        "objects": lambda: json.dumps(rows),
        "arrays": lambda: json.dumps([list(r.values()) for r in rows]),
        "lines": lambda: "\n".join(json.dumps(r) for r in rows),
        "columns": lambda: json.dumps(table),
    }
    file.name, file.data = f"{file.series.symbol}.json", _packed(file, shapes[kind]().encode(), chance)
