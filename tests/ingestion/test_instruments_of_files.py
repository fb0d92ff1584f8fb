"""Several instruments stay several: by name of file, member, ticker line or column; null-looking tickers are names."""

from __future__ import annotations

import io
import zipfile
from datetime import date

import polars as pl
import pytest

from quant_core.errors import RefusedInputError
from quant_core.ingestion import Dialect, ParsedFile, read_file
from tests.ingestion.reading_text import read_text, times_of


def bars(first: float = 100, n: int = 4, month: int = 1) -> str:
    rows = "".join(
        f"2024-{month:02d}-0{d + 2},{first + d},{first + d + 2},{first + d},{first + d + 1},9\n" for d in range(n)
    )
    return "Date,Open,High,Low,Close,Volume\n" + rows


def archive(**members: str | bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name, data in members.items():
            packed.writestr(name, data)
    return out.getvalue()


def symbols_in(parsed: ParsedFile) -> dict[str, int]:
    return dict(parsed.rows["symbol"].value_counts(sort=False).sort("symbol").iter_rows())


def test_members_of_an_archive_are_named_by_themselves() -> None:
    parsed = read_file(archive(**{"AAPL.csv": bars(), "x/MSFT_d1.csv": bars(300)}), "prices.zip", Dialect())
    assert symbols_in(parsed) == {"AAPL": 4, "MSFT": 4}
    assert symbols_in(read_file(archive(**{"data.csv": bars()}), "AAPL.zip", Dialect())) == {"AAPL": 4}


def test_monthly_members_are_one_series() -> None:
    parts = {f"ETHUSDT-1d-2024-0{m}.csv": bars(month=m) for m in (1, 2)}
    assert symbols_in(read_file(archive(**parts), "all.zip", Dialect())) == {"ETHUSDT": 8}


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("ETHUSDT-1h-2024-01.csv", "ETHUSDT"),
        ("ETHUSDT-2024-01.csv", "ETHUSDT"),
        ("EURUSD_20240101-20240131.csv", "EURUSD"),
        ("CL-2024-06.csv", "CL-2024-06"),
        ("NASDAQ_AAPL, 1D_a1b2c.csv", "NASDAQ_AAPL"),
        ("AAPL (1).csv", "AAPL"),
        ("DAX_2024.csv", "DAX_2024"),
        ("ESH2024.csv", "ESH2024"),
    ],
)
def test_periods_and_copies_are_no_part_of_a_symbol(name: str, symbol: str) -> None:
    assert symbols_in(read_text(bars(), name)) == {symbol: 4}


def test_a_name_that_is_no_symbol_is_refused_with_one_that_is() -> None:
    with pytest.raises(RefusedInputError, match="symbol: Gold_Futures_Historical_Data") as error:
        read_text(bars(), "Gold Futures Historical Data.csv")
    assert "file_name_regex" in str(error.value)


def test_a_report_beside_the_data_is_named_and_not_read() -> None:
    report = "HistData.com (c)\n\nGap of 121s found between 20190101170159 and 20190101170400.\nFile Status Report: OK"
    page = b"<!DOCTYPE html><p>1,2,3,4,5,6"
    parsed = read_file(archive(**{"E.csv": bars(), "E.txt": report, "i.html": page}), "E.zip", Dialect())
    assert (symbols_in(parsed), parsed.n_rows_in) == ({"E": 4}, 4)
    assert [r["origin"] for r in parsed.resolved["reports"]] == ["E.zip!E.txt", "E.zip!i.html"]


def test_a_member_of_numbers_that_is_not_understood_refuses_the_archive_with_the_pattern_of_the_others() -> None:
    data = archive(**{"E.csv": bars(), "ticks.txt": "1704153600,1,2,3,4,5,6,7\n5,2,3,4,5,6,7,8\n"})
    with pytest.raises(RefusedInputError, match=r"members: '\*.csv'"):
        read_file(data, "E.zip", Dialect())
    assert read_file(data, "E.zip", Dialect(members="*.csv")).rows.height == 4


def test_two_folders_of_one_name_with_other_prices_are_refused() -> None:
    data = archive(**{"binance/BTC.csv": bars(100), "bybit/BTC.csv": bars(200)})
    with pytest.raises(RefusedInputError, match="other prices of the symbol 'BTC'"):
        read_file(data, "all.zip", Dialect())
    same = archive(**{"2023/BTC.csv": bars(100), "2024/BTC.csv": bars(100, month=2)})
    assert symbols_in(read_file(same, "all.zip", Dialect())) == {"BTC": 8}


@pytest.mark.parametrize("quote", ["", '"'])
@pytest.mark.parametrize("date_format", ["2024-01-0{}", "0{}-Jan-2024"])
def test_null_looking_tickers_are_names(quote: str, date_format: str) -> None:
    rows = [
        f"{quote}{s}{quote},{date_format.format(d)},1,3,1,2,NA" for s in ("AAPL", "NA", "NULL", "None") for d in (2, 3)
    ]
    parsed = read_text("symbol,Date,Open,High,Low,Close,Volume\n" + "\n".join(rows) + "\n")
    assert symbols_in(parsed) == {"AAPL": 2, "NA": 2, "NULL": 2, "None": 2}
    assert parsed.rows["volume"].null_count() == 8
    unnamed = read_text("\n".join(r.replace(",NA", ",9") for r in rows) + "\n")
    assert symbols_in(unnamed) == symbols_in(parsed)


def test_an_empty_ticker_is_a_bad_row() -> None:
    text = "symbol,Date,Open,High,Low,Close\nA,2024-01-02,1,3,1,2\nA,2024-01-03,1,3,1,2\n,2024-01-02,1,3,1,2\n"
    assert read_text(text).quarantine["reason"].to_list() == ["bad_symbol"]


FIELDS = "Close,High,Low,Open,Volume"


@pytest.mark.parametrize(
    "head",
    [
        f"Price,{FIELDS}\nTicker,AAPL,AAPL,AAPL,AAPL,AAPL\nDate,,,,,\n",
        f"Ticker,AAPL,AAPL,AAPL,AAPL,AAPL\nPrice,{FIELDS}\nDate,,,,,\n",
        f"Price,{FIELDS}\nTicker,AAPL,AAPL,AAPL,AAPL,AAPL\n",
        f",{FIELDS}\n,AAPL,AAPL,AAPL,AAPL,AAPL\nDate,,,,,\n",
    ],
)
def test_headers_of_several_lines_name_columns_and_ticker(head: str) -> None:
    parsed = read_text(head + "2024-01-02,101,102,99,100,1000\n2024-01-03,102,103,100,101,1001\n", "download.csv")
    assert symbols_in(parsed) == {"AAPL": 2}
    assert parsed.rows.row(0)[4:9] == (100.0, 102.0, 99.0, 101.0, 1000.0)
    assert (parsed.n_rows_in, times_of(parsed)[0]) == (2, "2024-01-02 00:00:00")


def test_instruments_side_by_side_are_refused_by_their_names() -> None:
    head = f"Price,{FIELDS},{FIELDS}\nTicker,{'AAPL,' * 5}{'MSFT,' * 4}MSFT\nDate{',' * 10}\n"
    with pytest.raises(RefusedInputError, match=r"2 instruments stand side by side \(AAPL, MSFT\)"):
        read_text(head + "2024-01-02" + ",1" * 10 + "\n")


def test_an_index_without_a_name_is_the_time_wherever_it_stands() -> None:
    out = io.BytesIO()
    frame = {**{c: [1.0, 2.0] for c in ("Open", "High", "Low", "Close")}, "n": [1, 2]}
    days = [date(2024, 1, 2), date(2024, 1, 3)]
    pl.DataFrame({**frame, "__index_level_0__": days}).write_parquet(out)
    assert times_of(read_file(out.getvalue(), "X.parquet", Dialect()))[0] == "2024-01-02 00:00:00"
