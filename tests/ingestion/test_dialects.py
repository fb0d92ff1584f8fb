"""Each way of writing bars is read, and what is unclear is refused with the line that would fix it."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest

from quant_core.errors import ConfigError, RefusedInputError, UnknownNameError
from quant_core.ingestion import READERS, Dialect, ParsedFile, read_file
from quant_core.ingestion.archives import Member
from quant_core.ingestion.reading import reader_for

HEADER = "date,open,high,low,close,volume\n"
TWO_BARS = "2024-01-02 10:00,1,3,1,2,5\n2024-01-02 11:00,2,4,2,3,6\n"


def _read(text: str, name: str = "ABC.csv", **declared: Any) -> ParsedFile:
    return read_file(text.encode(), name, Dialect.parse(declared, "test"))


def _times(parsed: ParsedFile) -> list[str]:
    return parsed.rows["ts"].dt.strftime("%Y-%m-%d %H:%M:%S").to_list()


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separators_and_line_ends_are_detected(separator: str, end: str) -> None:
    text = (HEADER + TWO_BARS).replace(",", separator).replace("\n", end)
    parsed = _read(text)
    assert parsed.resolved["separator"] == separator
    assert parsed.rows["close"].to_list() == [2.0, 3.0]
    assert parsed.rows["origin_row"].to_list() == [2, 3]
    assert _times(parsed) == ["2024-01-02 10:00:00", "2024-01-02 11:00:00"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings_give_the_same_rows(encoding: str) -> None:
    plain = _read(HEADER + TWO_BARS)
    other = read_file((HEADER + TWO_BARS).encode(encoding), "ABC.csv", Dialect())
    assert other.rows.equals(plain.rows)


def test_bytes_that_are_no_utf8_are_read_as_latin_1() -> None:
    parsed = read_file(
        ("Währung,date,open,high,low,close\nEUR,2024-01-02,1,2,1,2\n").encode("latin-1"),
        "A.csv",
        Dialect(timeframe="D1"),
    )
    assert (parsed.resolved["encoding"], parsed.rows.height) == ("latin-1", 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-01-02 10:00:00", "2024-01-02 10:00:00"),
        ("2024-01-02T10:00:00Z", "2024-01-02 10:00:00"),
        ("2024-01-02 10:00:00+02:00", "2024-01-02 08:00:00"),
        ("2024-01-02 10:00:00.250", "2024-01-02 10:00:00"),
        ("2024.01.02 10:00", "2024-01-02 10:00:00"),
        ("20240102 100000", "2024-01-02 10:00:00"),
        ("20240102100000", "2024-01-02 10:00:00"),
        ("202401021000", "2024-01-02 10:00:00"),
        ("2024-01-02 10-AM", "2024-01-02 10:00:00"),
        ("1/13/2024 10:00", "2024-01-13 10:00:00"),
        ("13/1/2024 10:00", "2024-01-13 10:00:00"),
        ("13.01.2024 10:00:00", "2024-01-13 10:00:00"),
        ("13-Jan-2024 10:00", "2024-01-13 10:00:00"),
        ("1704189600", "2024-01-02 10:00:00"),
        ("1704189600000", "2024-01-02 10:00:00"),
        ("1704189600000000", "2024-01-02 10:00:00"),
        ("1704189600000000000", "2024-01-02 10:00:00"),
        ("1704189600.0", "2024-01-02 10:00:00"),
    ],
)
def test_time_formats_are_detected(text: str, expected: str) -> None:
    parsed = _read(f"time,open,high,low,close\n{text},1,2,1,2\n", timeframe="M1")
    assert _times(parsed) == [expected]


def test_twelve_hour_clock_reads_noon_and_midnight() -> None:
    lines = "".join(f"2019-10-17 {h},1,2,1,2\n" for h in ("12-AM", "01-AM", "12-PM", "11-PM"))
    assert [t[11:13] for t in _times(_read("date,open,high,low,close\n" + lines, timeframe="H1"))] == [
        "00",
        "01",
        "12",
        "23",
    ]


def test_declared_format_and_unit_win_over_detection() -> None:
    parsed = _read("time,open,high,low,close\n03/04/2024,1,2,1,2\n", timeframe="D1", date_format="%d/%m/%Y")
    assert _times(parsed) == ["2024-04-03 00:00:00"]
    parsed = _read("time,open,high,low,close\n1704189600,1,2,1,2\n", timeframe="D1", epoch_unit="ms")
    assert _times(parsed)[0].startswith("1970-01-20")


def test_day_and_month_that_cannot_be_told_apart_are_refused() -> None:
    with pytest.raises(RefusedInputError, match=r"row 2, column 'ts'.*date_format: '%m/%d/%Y' or '%d/%m/%Y'"):
        _read("date,open,high,low,close\n01/02/2024,1,2,1,2\n01/03/2024,1,2,1,2\n")


def test_mixed_day_and_month_orders_are_refused() -> None:
    with pytest.raises(RefusedInputError, match="mixed"):
        _read("date,open,high,low,close\n01/20/2024,1,2,1,2\n20/01/2024,1,2,1,2\n", timeframe="D1")


def test_split_date_and_time_columns_are_joined() -> None:
    parsed = _read("<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>\n20240102,100000,1,2,1,2\n20240102,110000,1,2,1,2\n")
    assert _times(parsed) == ["2024-01-02 10:00:00", "2024-01-02 11:00:00"]


def test_header_one_name_short_gets_the_missing_time() -> None:
    parsed = _read(
        "Date,Open,High,Low,Close\n2024-01-02,09:01:00,1,2,1,2\n2024-01-02,09:02:00,1,2,1,2\n", bar_stamp="close"
    )
    assert _times(parsed) == ["2024-01-02 09:00:00", "2024-01-02 09:01:00"]


@pytest.mark.parametrize(
    "text",
    [
        "2024.01.02,10:00,1,3,1,2,5\n2024.01.02,11:00,2,4,2,3,6\n",
        "20240102 100000;1;3;1;2;5\n20240102 110000;2;4;2;3;6\n",
        "ABC,20240102,10:00,1,3,1,2,5,0\nABC,20240102,11:00,2,4,2,3,6,0\n",
        "1704189600000,1,3,1,2,5\n1704193200000,2,4,2,3,6\n",
        "20240102 10:00,1,3,1,2,0,1,3,1,2,0\n20240102 11:00,2,4,2,3,0,2,4,2,3,0\n",
    ],
)
def test_files_without_header_are_recognized(text: str) -> None:
    parsed = _read(text)
    assert _times(parsed) == ["2024-01-02 10:00:00", "2024-01-02 11:00:00"]
    assert parsed.rows.select("open", "high", "low", "close").rows() == [(1, 3, 1, 2), (2, 4, 2, 3)]


def test_headerless_numbers_in_another_order_are_refused() -> None:
    rows = "".join(f"2024-01-{d:02d},2,1,3,2\n" for d in range(2, 20))
    with pytest.raises(RefusedInputError, match="consistent in 0 of 18 rows"):
        _read(rows)


def test_banner_lines_are_skipped_and_rows_keep_their_line_numbers() -> None:
    parsed = _read("Data of a vendor\nhttp://example.com\n" + HEADER + TWO_BARS)
    assert parsed.rows["origin_row"].to_list() == [4, 5]


def test_unnamed_index_and_unnamed_time_columns_are_understood() -> None:
    index = _read(",date,open,high,low,close\n0,2024-01-02,1,2,1,2\n1,2024-01-03,1,2,1,2\n")
    time = _read(",Open,High,Low,Close\n2024-01-02,1,2,1,2\n2024-01-03,1,2,1,2\n")
    assert _times(index) == _times(time) == ["2024-01-02 00:00:00", "2024-01-03 00:00:00"]


def test_column_aliases_in_any_case_and_with_trailing_blanks() -> None:
    parsed = _read(
        "WHEN ,First,Max,Min,LAST \n2024-01-02,1,3,1,2\n", timeframe="D1", columns={"when": "ts", "FIRST": "open"}
    )
    assert parsed.rows.select("open", "high", "low", "close").row(0) == (1, 3, 1, 2)


def test_two_columns_of_one_role_are_refused() -> None:
    with pytest.raises(RefusedInputError, match="both claim the role close"):
        _read("date,open,high,low,close,Close\n2024-01-02,1,2,1,2,2\n")


def test_decimal_comma_and_grouped_thousands() -> None:
    parsed = _read(
        "date;open;high;low;close\n2024-01-02;1.000,5;1.003,5;1.000,0;1.002,25\n",
        timeframe="D1",
        decimal=",",
        thousands=".",
    )
    assert parsed.rows["close"].to_list() == [1002.25]


def test_quoted_fields_are_read_and_a_broken_quote_is_quarantined() -> None:
    text = 'date,open,high,low,close\n"2024-01-02","1","3","1","2"\n"2024-01-03,1,3,1,2\n2024-01-04,1,3,1,2\n'
    parsed = _read(text, timeframe="D1")
    assert parsed.rows["origin_row"].to_list() == [2, 4]
    assert parsed.quarantine.select("origin_row", "reason").rows() == [(3, "unreadable_quotes")]


def test_bad_rows_go_to_quarantine_with_line_and_text() -> None:
    bad = "2024-01-04,1,3,1\nnot a date,1,3,1,2\n2024-01-06,1,x,1,2\n2024-01-07,1,3,1\x00,2\n\n"
    parsed = _read("date,open,high,low,close\n2024-01-02,1,3,1,2\n2024-01-03,1,3,1,2\n" + bad)
    assert parsed.n_rows_in == 6
    assert parsed.quarantine.select("origin_row", "reason", "raw_text").rows() == [
        (4, "ragged_row", "2024-01-04,1,3,1"),
        (5, "unparsable_ts", "not a date,1,3,1,2"),
        (6, "unparsable_high", "2024-01-06,1,x,1,2"),
        (7, "nul_byte", "2024-01-07,1,3,1\x00,2"),
    ]


def test_raw_text_is_kept_only_where_a_row_looks_wrong() -> None:
    parsed = _read("date,open,high,low,close\n2024-01-02,1,3,1,2\n2024-01-03,1,1,1,2\n2024-01-04,1,3,,2\n")
    assert parsed.rows["raw_text"].to_list() == [None, "2024-01-03,1,1,1,2", "2024-01-04,1,3,,2"]


def test_giant_field_is_one_bad_row() -> None:
    giant = "2024-01-03,1,3,1," + "9" * 3_000_000 + "x\n"
    parsed = _read("date,open,high,low,close\n2024-01-02,1,3,1,2\n" + giant + "2024-01-04,1,3,1,2\n", timeframe="D1")
    assert (parsed.rows.height, parsed.quarantine["reason"].to_list()) == (2, ["unparsable_close"])
    assert len(parsed.quarantine["raw_text"][0]) == 10_000


@pytest.mark.parametrize("text", ["", "\n\n", "   \n"])
def test_empty_files_are_refused(text: str) -> None:
    with pytest.raises(RefusedInputError, match="holds no row"):
        _read(text)


def test_header_without_rows_gives_no_rows() -> None:
    parsed = _read(HEADER)
    assert (parsed.n_rows_in, parsed.rows.height) == (0, 0)


def test_file_of_unreadable_rows_is_refused_with_row_column_and_value() -> None:
    with pytest.raises(RefusedInputError, match="row 2, column 'open', value '1;5'"):
        _read("date,open,high,low,close\n2024-01-02,1;5,1,1,2\n2024-01-03,1;5,1,1,2\n", timeframe="D1")


def test_monthly_bars_are_refused() -> None:
    with pytest.raises(RefusedInputError, match="monthly"):
        _read("date,open,high,low,close\n2024-01-31,1,2,1,2\n2024-02-29,1,2,1,2\n2024-03-31,1,2,1,2\n")


def test_timeframe_comes_from_declaration_column_name_or_steps() -> None:
    bars = HEADER + TWO_BARS
    assert _read(bars).rows["timeframe"].unique().to_list() == ["H1"]
    assert _read(bars, timeframe="60min").rows["timeframe"].unique().to_list() == ["H1"]
    named = _read(bars, "SPY-M5.csv", file_name_regex=r"(?P<symbol>\w+)-(?P<timeframe>\w+)\.csv")
    assert named.rows.select("symbol", "timeframe").row(0) == ("SPY", "M5")
    column = _read("date,tf,open,high,low,close\n2024-01-02 10:00,5min,1,2,1,2\n2024-01-02 11:00,1x,1,2,1,2\n")
    assert column.rows["timeframe"].to_list() == ["M5"]
    assert column.quarantine["reason"].to_list() == ["bad_timeframe"]


def test_long_files_keep_symbols_apart_and_refuse_hostile_ones_row_by_row() -> None:
    rows = "".join(
        f"{s},2024-01-0{d},1,2,1,2\n" for s in ("^GSPC", "EUR/USD", "../x", "a|b", "A" * 300) for d in (2, 3)
    )
    parsed = _read("ticker,date,open,high,low,close\n" + rows)
    assert parsed.rows["symbol"].to_list() == ["GSPC", "GSPC", "EUR-USD", "EUR-USD"]
    assert parsed.rows["vendor_symbol"].unique(maintain_order=True).to_list() == ["^GSPC", "EUR/USD"]
    assert parsed.quarantine["reason"].to_list() == ["bad_symbol"] * 6


def test_two_vendor_symbols_never_share_one_partition() -> None:
    with pytest.raises(RefusedInputError, match="both become the symbol 'GSPC'"):
        _read("ticker,date,open,high,low,close\n^GSPC,2024-01-02,1,2,1,2\nGSPC,2024-01-02,1,2,1,2\n", timeframe="D1")


@pytest.mark.parametrize("symbol", ["../x", "a|b", "x,y", "A" * 300, "'; DROP TABLE bars; --", "a b", ""])
def test_hostile_symbols_of_a_file_are_refused(symbol: str) -> None:
    with pytest.raises(RefusedInputError, match="cannot be a partition key"):
        _read(HEADER + TWO_BARS, file_name_regex="(?P<symbol>.*)", symbol_aliases={"ABC.csv": symbol})


def test_dates_of_daily_bars_become_session_opens_of_the_calendar() -> None:
    text = "date,open,high,low,close\n2024-07-03,1,2,1,2\n2024-12-02,1,2,1,2\n"
    assert _times(_read(text, timeframe="D1", calendar="XNYS")) == ["2024-07-03 13:30:00", "2024-12-02 14:30:00"]
    assert _times(_read(text, timeframe="D1", calendar="fx_24_5")) == ["2024-07-02 21:00:00", "2024-12-01 22:00:00"]
    assert _times(_read(text, timeframe="D1", zone="Europe/Paris")) == ["2024-07-02 22:00:00", "2024-12-01 23:00:00"]


def test_daily_midnights_with_a_written_offset_are_dates_of_the_calendar() -> None:
    text = "date,open,high,low,close\n2024-07-03 00:00:00-04:00,1,2,1,2\n2024-07-05 00:00:00-04:00,1,2,1,2\n"
    assert _times(_read(text, timeframe="D1", calendar="XNYS")) == ["2024-07-03 13:30:00", "2024-07-05 13:30:00"]


def test_daily_close_labels_belong_to_the_session_that_ends_there() -> None:
    text = "date,open,high,low,close\n2024-07-03 13:00,1,2,1,2\n2024-07-05 16:00,1,2,1,2\n"
    parsed = _read(text, timeframe="D1", calendar="XNYS", zone="America/New_York", bar_stamp="close")
    assert _times(parsed) == ["2024-07-03 13:30:00", "2024-07-05 13:30:00"]


def test_weekly_labels_of_first_and_last_day_give_the_same_open() -> None:
    first = _read("date,open,high,low,close\n2024-07-08,1,2,1,2\n2024-07-15,1,2,1,2\n", calendar="XNYS")
    last = _read(
        "date,open,high,low,close\n2024-07-12,1,2,1,2\n2024-07-19,1,2,1,2\n", calendar="XNYS", bar_stamp="close"
    )
    assert _times(first) == _times(last) == ["2024-07-08 13:30:00", "2024-07-15 13:30:00"]
    assert first.rows["timeframe"][0] == "W1"


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
    parsed = _read(text, "ABC.json", timeframe="H1")
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
    assert _times(a) == ["2024-01-02 10:00:00", "2024-01-02 11:00:00"]


def test_parquet_dates_are_exchange_dates() -> None:
    out = io.BytesIO()
    prices = {c: [1.0, 1.0] for c in ("open", "high", "low", "close")}
    pl.DataFrame({"date": [date(2024, 7, 3), date(2024, 7, 5)], **prices}).write_parquet(out)
    parsed = read_file(out.getvalue(), "ABC.parquet", Dialect(timeframe="D1", calendar="XNYS"))
    assert _times(parsed) == ["2024-07-03 13:30:00", "2024-07-05 13:30:00"]


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
        _read(HEADER + TWO_BARS, format="delimited_txt")


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"zone": "Europe/Pariss"}, "neither an IANA name"),
        ({"zone": [{"zone": "UTC"}, {"zone": "UTC"}]}, "every zone rule but the last needs `until`"),
        ({"zone": {"base": "five", "dst_of": "Europe/London"}}, "is not an offset"),
        ({"file_name_regex": "("}, "not a regular expression"),
        ({"file_name_regex": "x"}, "needs a named group"),
        ({"timeframe": "1M"}, "ambiguous"),
        ({"price_scale": 0}, "greater than 0"),
    ],
)
def test_wrong_declarations_are_config_errors_with_their_place(declared: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Dialect.parse(declared, "feeds: x")
