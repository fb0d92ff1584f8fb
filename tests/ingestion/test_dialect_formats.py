"""JSON, Parquet and Feather are read like text; symbols and declarations are checked."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest

from quant_core.errors import ConfigError, RefusedInputError, UnknownNameError
from quant_core.ingestion import READERS, Dialect, read_file
from quant_core.ingestion.archives import Member
from quant_core.ingestion.reading import reader_for
from tests.ingestion.reading_text import HEADER, TWO_BARS, read_text, times_of


def test_long_files_keep_symbols_apart_and_refuse_hostile_ones_row_by_row() -> None:
    rows = "".join(
        f"{s},2024-01-0{d},1,2,1,2\n" for s in ("^GSPC", "EUR/USD", "../x", "a|b", "A" * 300) for d in (2, 3)
    )
    parsed = read_text("ticker,date,open,high,low,close\n" + rows)
    assert parsed.rows["symbol"].to_list() == ["GSPC", "GSPC", "EUR-USD", "EUR-USD"]
    assert parsed.rows["vendor_symbol"].unique(maintain_order=True).to_list() == ["^GSPC", "EUR/USD"]
    assert parsed.quarantine["reason"].to_list() == ["bad_symbol"] * 6


def test_two_vendor_symbols_never_share_one_partition() -> None:
    with pytest.raises(RefusedInputError, match="both become the symbol 'GSPC'"):
        read_text(
            "ticker,date,open,high,low,close\n^GSPC,2024-01-02,1,2,1,2\nGSPC,2024-01-02,1,2,1,2\n", timeframe="D1"
        )


@pytest.mark.parametrize("symbol", ["../x", "a|b", "x,y", "A" * 300, "'; DROP TABLE bars; --", "a b", ""])
def test_hostile_symbols_of_a_file_are_refused(symbol: str) -> None:
    with pytest.raises(RefusedInputError, match="cannot be a partition key"):
        read_text(HEADER + TWO_BARS, file_name_regex="(?P<symbol>.*)", symbol_aliases={"ABC.csv": symbol})


@pytest.mark.parametrize("shape", ["array", "key", "lines"])
def test_json_rows_in_every_shape(shape: str) -> None:
    rows = [
        {"t": 1704189600, "o": 1, "h": 3.5, "l": 1, "c": 2},
        {"t": 1704193200, "o": 1, "h": None, "l": 1, "c": "x"},
        7,
    ]
    text = {
        "array": json.dumps(rows),
        "key": json.dumps({"meta": {"symbol": "X"}, "values": rows}),
        "lines": "\n".join(json.dumps(r) for r in rows),
    }[shape]
    parsed = read_text(text, "ABC.json", timeframe="H1")
    assert parsed.n_rows_in == 3
    assert parsed.rows.select("high", "close").rows() == [(3.5, 2.0)]
    assert sorted(parsed.quarantine["reason"]) == ["not_a_row", "unparsable_close"]


def test_columnar_files_with_typed_and_text_columns() -> None:
    frame = pl.DataFrame(
        {
            "Date": [datetime(2024, 1, 2, 10, tzinfo=UTC), datetime(2024, 1, 2, 11, tzinfo=UTC)],
            **{c: ["1", "2"] for c in ("Open", "High", "Low")},
            "Close": pl.Series([1.0, 2.0], dtype=pl.Float32),
            "nested": [[1], [2]],
        }
    )
    parquet, feather = io.BytesIO(), io.BytesIO()
    frame.write_parquet(parquet)
    frame.write_ipc(feather)
    a = read_file(parquet.getvalue(), "ABC.bin", Dialect())
    b = read_file(feather.getvalue(), "ABC.bin", Dialect())
    assert a.rows.equals(b.rows)
    assert times_of(a) == ["2024-01-02 10:00:00", "2024-01-02 11:00:00"]


def test_parquet_dates_are_exchange_dates() -> None:
    out = io.BytesIO()
    prices = {c: [1.0, 1.0] for c in ("open", "high", "low", "close")}
    pl.DataFrame({"date": [date(2024, 7, 3), date(2024, 7, 5)], **prices}).write_parquet(out)
    parsed = read_file(out.getvalue(), "ABC.parquet", Dialect(timeframe="D1", calendar="XNYS"))
    assert times_of(parsed) == ["2024-07-03 13:30:00", "2024-07-05 13:30:00"]


def test_bytes_decide_over_the_ending() -> None:
    assert reader_for(Member("a.csv", b"PAR1xxxx"), Dialect()).name == "parquet_file"
    assert reader_for(Member("a.parquet", b"date,open"), Dialect()).name == "delimited_text"
    assert reader_for(Member("a.txt", b"  [[1, 2]]"), Dialect()).name == "json_rows"
    assert reader_for(Member("a.csv", b"x"), Dialect(format="json_rows")).name == "json_rows"


@pytest.mark.parametrize("name", READERS)
def test_every_reader_refuses_bytes_of_another_format(name: str) -> None:
    for data in (
        b"\x89PNG\r\n\x1a\n\x00\x01",
        b"PAR1" + b"\x00" * 40 + b"PAR1",
        b"ARROW1\x00\x00\xff",
        b"[1, 2",
        b"\x00",
    ):
        with pytest.raises(RefusedInputError):
            read_file(data, "ABC.bin", Dialect(format=name))


def test_unknown_keys_and_roles_name_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"'seperator' \(at feeds: x\). Did you mean 'separator'"):
        Dialect.parse({"seperator": ","}, "feeds: x")
    with pytest.raises(UnknownNameError, match="Did you mean 'close'"):
        Dialect.parse({"columns": {"a": "closee"}}, "feeds: x")
    with pytest.raises(UnknownNameError, match="Did you mean 'delimited_text'"):
        read_text(HEADER + TWO_BARS, format="delimited_txt")


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"zone": "Europe/Pariss"}, "neither an IANA name"),
        ({"zone": [{"zone": "UTC"}, {"zone": "UTC"}]}, "every zone rule but the last needs `until`"),
        ({"zone": {"base": "five", "dst_of": "Europe/London"}}, "is not an offset"),
        ({"file_name_regex": "("}, "not a regular expression"),
        ({"file_name_regex": "x"}, "needs a named group"),
        ({"timeframe": "1M"}, "ambiguous"),
        ({"thousands": "."}, "thousands and decimal are both"),
        ({"price_scale": 0}, "greater than 0"),
    ],
)
def test_wrong_declarations_are_config_errors_with_their_place(declared: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Dialect.parse(declared, "feeds: x")


def test_parquet_that_unpacks_beyond_the_limit_is_refused() -> None:
    out = io.BytesIO()
    pl.DataFrame({c: [1.0] * 200_000 for c in ("open", "high", "low", "close")}).write_parquet(out)
    with pytest.raises(RefusedInputError, match=r"more than 5 MiB.* at least 7 MiB. Fix: max_unpacked_mb: 7 "):
        read_file(out.getvalue(), "ABC.parquet", Dialect(max_unpacked_mb=5))


def test_fields_lined_up_by_blanks_are_read_and_rows_keep_their_line_numbers() -> None:
    head = "Date        Open    High  Low   Close\r\n\r\n"
    text = head + "  2024-01-02  9.5     12    9     11\r\n  2024-01-03  10      12.25 9     11\r\n"
    parsed = read_text(text)
    assert parsed.rows.select("origin_row", "open", "high").rows() == [(3, 9.5, 12), (4, 10, 12.25)]


def test_a_line_of_units_below_the_names_is_a_row_that_cannot_be_read() -> None:
    parsed = read_text(
        "Date,Open,High,Low,Close,Volume\n,USD,USD,USD,USD,shares\n2024-01-02,1,3,1,2,7\n2024-01-03,1,3,1,2,7\n"
    )
    assert (parsed.rows.height, parsed.quarantine["origin_row"].to_list()) == (2, [2])


def test_a_declared_decimal_comma_separates_where_no_other_mark_makes_rows() -> None:
    text = "t,o,h,l,c,v\n" + "".join(f"2024-01-0{d} 09:00,16.686,16.884,16.208,16.330,1.530.424\n" for d in (2, 3, 4))
    parsed = read_text(text, decimal=",", thousands=".", timeframe="D1")
    assert parsed.rows.select("open", "volume").row(0) == (16686, 1530424)


def test_an_index_in_front_is_told_by_the_name_of_the_times() -> None:
    rows = "".join(f"{d},2024-01-0{d},13,9,10,7000\n" for d in (2, 3, 4))
    with pytest.raises(RefusedInputError, match="rows have 6 fields, the header has 5 names"):
        read_text(f"feld,date,high,low,open\n{rows}")
