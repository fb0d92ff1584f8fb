"""Generated inputs: files of bars as vendors could write them, and the ways in which they get broken."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from datetime import datetime, timedelta
from typing import Any

import polars as pl
from hypothesis import strategies as st

FORMATS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d", "%Y.%m.%d %H:%M", "%m/%d/%Y %H:%M", "%d/%m/%Y", "%Y%m%d %H%M%S", "%s")
HEADERS = (
    "ts,open,high,low,close,volume",
    "Date,Open,High,Low,Close",
    ",o,h,l,c,v",
    "symbol,time,open,high,low,close",
    "",
)
SYMBOLS = ("EURUSD", "^GSPC", "CL=F", "../x", "a|b", "x,y", "A" * 300, "'; DROP TABLE bars; --", "", "ü", "..")
ODD_FIELDS = (
    *("", "NaN", "inf", "-", "1e400", "1_000", "0x10", "1,5", '"', '""', '"1', "\x00", "\ufeff", "=1+1", "9" * 400),
    *("2024-02-30", "24:00", "null", "None", "true", "[1]", "{}", "é", "\u2028", "1.5.5", "- 1", "+1", "1e", ".", "१"),
)


def _times(n: int, start: datetime, step_minutes: int, time_format: str) -> list[str]:
    moments = [start + timedelta(minutes=step_minutes * i) for i in range(n)]
    if time_format == "%s":
        return [str(int((m - datetime(1970, 1, 1)).total_seconds())) for m in moments]  # noqa: DTZ001
    return [m.strftime(time_format) for m in moments]


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    """Names (empty for none) and rows of text fields, mostly of plausible bars."""
    names = draw(st.sampled_from(HEADERS))
    names = names.split(",") if names else []
    n = draw(st.sampled_from((0, 1, 3, 6, 9, 12)))
    start = datetime(1990, 1, 1) + timedelta(minutes=draw(st.integers(0, 20_000_000)))  # noqa: DTZ001
    times = _times(n, start, draw(st.sampled_from((1, 1, 5, 60, 1440, 1440, 7))), draw(st.sampled_from(FORMATS)))
    rows: list[list[str]] = []
    for i in range(n):
        price = 100 + i * 0.25
        numbers = [f"{p:g}" for p in (price, price + 1, price - 1, price + 0.5)]
        row = [times[i], *numbers]
        if names and names[0] == "symbol":
            row = [draw(st.sampled_from(SYMBOLS)), *row]
        if not names or names[-1] in ("volume", "v"):
            row.append(str(i))
        rows.append(row)
    return names, rows


@st.composite
def broken_tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    """A table with some fields replaced, rows cut, repeated, swapped or made longer."""
    names, rows = draw(tables())
    for _ in range(draw(st.sampled_from((0, 0, 1, 2, 4)))):
        if not rows:
            break
        at = draw(st.integers(0, len(rows) - 1))
        kind = draw(st.sampled_from(("field", "cut", "repeat", "swap", "longer", "text")))
        if kind == "field" and rows[at]:
            rows[at][draw(st.integers(0, len(rows[at]) - 1))] = draw(st.sampled_from(ODD_FIELDS))
        elif kind == "cut":
            rows[at] = rows[at][: draw(st.integers(0, len(rows[at])))]
        elif kind == "repeat":
            rows.append(list(rows[at]))
        elif kind == "swap":
            rows[0], rows[at] = rows[at], rows[0]
        elif kind == "longer":
            rows[at] = [*rows[at], "1", "2"]
        else:
            rows[at] = [draw(st.text(max_size=20))]
    return names, rows


@st.composite
def csv_files(draw: st.DrawFn) -> bytes:
    """Delimited text in some encoding, maybe packed, maybe with bytes changed."""
    names, rows = draw(broken_tables())
    separator, end = draw(st.sampled_from((",", ",", ";", "\t", "|", " "))), draw(st.sampled_from(("\n", "\r\n", "\r")))
    lines = [separator.join(r) for r in ([names] if names else []) + rows]
    if draw(st.booleans()):
        lines.insert(0, draw(st.sampled_from(("Data from a vendor", "", "#", "a,b"))))
    text = end.join(lines) + draw(st.sampled_from(("", end, end * 3)))
    encoding = draw(st.sampled_from(("utf-8", "utf-8", "utf-8-sig", "utf-16", "latin-1", "utf-16-le")))
    return draw(_mutated(text.encode(encoding, errors="replace")))


def _value(text: str) -> Any:
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        return text


@st.composite
def json_files(draw: st.DrawFn) -> bytes:
    """JSON rows: arrays or objects, whole, under a key, or one per line; sometimes any JSON at all."""
    if draw(st.integers(0, 9)) == 0:
        leaves = st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5)
        anything = st.recursive(leaves, lambda c: st.lists(c, max_size=4) | st.dictionaries(st.text(max_size=4), c))
        return draw(_mutated(json.dumps(draw(anything)).encode()))
    names, rows = draw(broken_tables())
    values: list[Any] = [[_value(f) for f in r] for r in rows]
    if names:
        values = [dict(zip(names, r, strict=False)) for r in values]
    shape = draw(st.sampled_from(("array", "key", "lines")))
    if shape == "lines":
        return draw(_mutated("\n".join(json.dumps(v) for v in values).encode()))
    return draw(_mutated(json.dumps(values if shape == "array" else {"meta": 1, "values": values}).encode()))


@st.composite
def columnar_files(draw: st.DrawFn) -> bytes:
    """Parquet or Feather of typed or text columns."""
    names, rows = draw(broken_tables())
    width = max((len(r) for r in rows), default=len(names) or 5)
    names = (names + [f"x{i}" for i in range(width)])[:width]
    names = [n or f"unnamed{i}" for i, n in enumerate(names)]
    columns = {
        name: [_value(r[i]) if i < len(r) else None for r in rows] for i, name in enumerate(dict.fromkeys(names))
    }
    as_text = draw(st.booleans())
    series: list[pl.Series] = []
    for name, values in columns.items():
        is_number = all(v is None or (isinstance(v, (int, float)) and abs(v) < 2**62) for v in values)
        texts = [None if v is None else str(v) for v in values]
        series.append(pl.Series(name, texts) if as_text or not is_number else pl.Series(name, values, dtype=pl.Float64))
    out = io.BytesIO()
    frame = pl.DataFrame(series)
    if draw(st.booleans()):
        frame.write_parquet(out)
    else:
        frame.write_ipc(out)
    return draw(_mutated(out.getvalue()))


@st.composite
def _mutated(draw: st.DrawFn, data: bytes) -> bytes:
    """Sometimes change, cut or insert bytes, or pack them."""
    for _ in range(draw(st.sampled_from((0, 0, 0, 0, 1, 3)))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        noise = draw(st.binary(max_size=4))
        data = draw(
            st.sampled_from((data[:at] + noise + data[at + len(noise) :], data[:at], data[:at] + noise + data[at:]))
        )
    packing = draw(st.sampled_from(("none", "none", "none", "gzip", "zip")))
    if packing == "gzip":
        return gzip.compress(data)
    if packing == "zip":
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("inner.csv", data)
        return out.getvalue()
    return data


def file_names() -> st.SearchStrategy[str]:
    """Names of files, half of them sound, half hostile."""
    hostile = ("a b.csv", "../x.csv", "x,y_d1.json", "SPY.parquet", "A" * 300 + ".csv", ".csv", "")
    return st.just("EURUSD_m1.csv") | st.sampled_from(hostile)


def dialects() -> st.SearchStrategy[dict[str, Any]]:
    """Declarations, often none, sometimes wrong for the file."""
    options: dict[str, st.SearchStrategy[Any]] = {
        "symbol": st.sampled_from(("EURUSD", "../x", "a|b")),
        "timeframe": st.sampled_from(("M1", "H1", "D1", "W1")),
        "zone": st.sampled_from(("America/New_York", "+05:30")),
        "bar_stamp": st.sampled_from(("open", "close")),
        "calendar": st.sampled_from(("fx_24_5", "XNYS")),
        "decimal": st.just(","),
        "header": st.sampled_from((True, False)),
        "date_format": st.just("%Y-%m-%d %H:%M:%S"),
        "epoch_unit": st.sampled_from(("s", "ns")),
        "price_scale": st.sampled_from((100.0, 1e-300)),
        "price_digits": st.sampled_from((2, 15)),
        "price_columns": st.just("adjusted"),
        "ambiguous": st.sampled_from(("order", "quarantine")),
        "thousands": st.just("."),
        "separator": st.sampled_from((";", ",")),
    }
    return st.one_of(
        st.just({}),
        st.just({}),
        st.just({"symbol": "EURUSD", "timeframe": "M1"}),
        st.fixed_dictionaries({}, optional=options),
    )
