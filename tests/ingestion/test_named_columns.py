"""Columns with names: vendors' own names, two volumes, prices under another name, and columns that are not read."""

from __future__ import annotations

from typing import Any

import pytest

from quant_core.errors import RefusedInputError
from quant_core.ingestion import ParsedFile
from tests.ingestion.reading_text import read_text, times_of

TWO_DAYS = ("2024-01-02", "2024-01-03")


def read_columns(names: str, fields: str, **declared: Any) -> ParsedFile:
    return read_text(f"{names}\n" + "".join(f"{day},{fields}\n" for day in TWO_DAYS), **declared)


def test_price_is_the_close_only_where_no_column_is_called_so() -> None:
    parsed = read_columns("Date,Price,Open,High,Low,Vol.,Change %", "2,1,3,1,1.5K,0.4%")
    assert parsed.rows.select("open", "high", "low", "close", "volume").row(0) == (1, 3, 1, 2, 1500)
    assert read_columns("Date,Price,Open,High,Low,Close", "9,1,3,1,2").rows["close"][0] == 2


def test_tick_volume_is_taken_where_the_other_volume_is_always_zero() -> None:
    names = "<DATE>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<TICKVOL>,<VOL>,<SPREAD>"
    assert read_columns(names, "1,3,1,2,1000,0,5").rows["volume"][0] == 1000
    assert read_columns(names, "1,3,1,2,1000,7,5").rows["volume"][0] == 7
    assert read_columns(names, "1,3,1,2,1000,0,5", columns={"VOL": "volume"}).rows["volume"][0] == 0


def test_vwap_and_adjusted_close_are_no_volume_and_no_close() -> None:
    parsed = read_columns("Date,Open,High,Low,Close,VWAP,Adj Close,Volume", "1,3,1,2,1.9,1.5,700")
    assert (parsed.rows["close"][0], parsed.rows["volume"][0]) == (2, 700)


def test_names_are_known_by_their_last_part_and_without_their_number() -> None:
    parsed = read_columns("date,AAPL.Open,AAPL.High,AAPL.Low,AAPL.Close,AAPL.Adjusted", "1,3,1,2,9")
    assert parsed.rows["close"][0] == 2
    assert read_columns("date,1. open,2. high,3. low,4. close", "1,3,1,2").rows["close"][0] == 2
    with pytest.raises(RefusedInputError, match="no column was found for close"):
        read_columns("date,open,high,low,Prev. Close", "1,3,1,2")
    with pytest.raises(RefusedInputError, match="both claim the role open"):
        read_columns("date,A.Open,B.Open,High,Low,Close", "1,1,3,1,2")


@pytest.mark.parametrize(
    ("per", "timeframe", "stamps"),
    [
        ("D", "D1", ["20240102,000000", "20240103,000000"]),
        ("W", "W1", ["20240101,000000", "20240108,000000"]),
        ("60", "H1", ["240102,100000", "240102,110000"]),
        ("5", "M5", ["20240102,100000", "20240102,100500"]),
    ],
)
@pytest.mark.parametrize("has_names", [True, False])
def test_a_column_says_the_timeframe(per: str, timeframe: str, stamps: list[str], has_names: bool) -> None:
    head = "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>\n" if has_names else ""
    parsed = read_text(head + "".join(f"AAPL.US,{per},{s},1,3,1,2,{700 + i}\n" for i, s in enumerate(stamps)))
    assert parsed.rows.select("symbol", "timeframe").unique().rows() == [("AAPL.US", timeframe)]
    assert times_of(parsed)[0][:10] in ("2024-01-02", "2024-01-01")


def test_a_month_is_no_timeframe() -> None:
    with pytest.raises(RefusedInputError, match="bad_timeframe"):
        read_text("<TICKER>,<PER>,<DATE>,<OPEN>,<HIGH>,<LOW>,<CLOSE>\nA,M,20240101,1,3,1,2\n")


def test_rows_that_say_that_they_are_not_complete_are_set_aside() -> None:
    parsed = read_text(
        "date,open,high,low,close,complete\n2024-01-02,1,3,1,2,true\n2024-01-03,1,3,1,2,True\n2024-01-04,1,3,1,2,false\n"
    )
    assert (parsed.rows.height, parsed.quarantine["reason"].to_list()) == (2, ["unfinished_row"])


@pytest.mark.parametrize(
    ("volumes", "name"),
    [
        (("Volume BTC", "Volume USD"), "Bitstamp_BTCUSD_d.csv"),
        (("Volume_(BTC)", "Volume_(Currency)"), "BTC.csv"),
        (("volumefrom", "volumeto"), "X.csv"),
        (("No.of Shares", "Total Turnover"), "X.csv"),
    ],
)
@pytest.mark.parametrize("is_first", [True, False])
def test_the_volume_in_units_of_what_is_traded_is_found(volumes: tuple[str, str], name: str, is_first: bool) -> None:
    first, second = volumes if is_first else volumes[::-1]
    parsed = read_text(
        f"date,open,high,low,close,{first},{second}\n"
        + "".join(f"{day},1,3,1,2,{(7, 14)[not is_first]},{(14, 7)[not is_first]}\n" for day in TWO_DAYS),
        name,
        symbol="X" if name == "X.csv" else None,
    )
    assert parsed.rows["volume"].to_list() == [7, 7]


def test_a_volume_in_an_unknown_unit_stays_unread_and_an_ignored_one_too() -> None:
    names = "date,open,high,low,close,Volume USD"
    assert read_columns(names, "1,3,1,2,7").rows["volume"].to_list() == [None, None]
    assert read_columns("date,open,high,low,close,volume", "1,3,1,2,7", columns={"volume": "ignore"}).rows[
        "volume"
    ].to_list() == [None, None]


PAIRED = "('AAPL', '{}')"


@pytest.mark.parametrize("pattern", ["AAPL_{}", "AAPL {}", "AAPL.{}", PAIRED, "('{}', 'AAPL')"])
def test_one_instrument_in_the_names_is_read_and_several_side_by_side_are_refused(pattern: str) -> None:
    fields = ("Open", "High", "Low", "Close", "Volume")

    def header(symbol: str) -> str:
        return ",".join(f'"{pattern.replace("AAPL", symbol).format(f)}"' for f in fields)

    parsed = read_columns(f"Date,{header('AAPL')}", "1,3,1,2,7")
    assert parsed.rows.select("open", "high", "low", "close", "volume").row(0) == (1, 3, 1, 2, 7)
    with pytest.raises(RefusedInputError, match=r"2 instruments stand side by side \(AAPL, MSFT\)"):
        read_columns(f"Date,{header('AAPL')},{header('MSFT')}", "1,3,1,2,7,2,6,2,4,9")


def test_capital_letters_beside_small_ones_are_other_values_and_a_text_t_is_the_ticker() -> None:
    parsed = read_columns("t,T,o,h,l,c,v,V", "2024-01-09,1,3,1,2,7,4")
    assert (times_of(parsed)[0][:10], parsed.rows["volume"][0]) == ("2024-01-02", 7)
    tickers = read_text("T,v,V,t,o,h,l,c\n" + "".join(f"{s},7,4,{d},1,3,1,2\n" for s in "AB" for d in TWO_DAYS))
    assert tickers.rows["symbol"].unique().sort().to_list() == ["A", "B"]


def test_declared_names_count_exactly_before_they_count_in_any_case() -> None:
    fields = "1,3,1,2,7,9"
    declared = {"v": "ignore", "V": "volume"}
    assert read_columns("date,o,h,l,c,v,V", fields, columns=declared).rows["volume"][0] == 9
    assert read_columns("date,o,h,l,c,Vx,V", fields, columns={"VX": "volume"}).rows["volume"][0] == 7


@pytest.mark.parametrize(
    "names",
    [
        "Datum;Eröffnung;Hoch;Tief;Schluss;Volumen",
        "Date;Ouv.;Plus Haut;Plus Bas;Dernier;Vol.",
        "Fecha;Apertura;Máximo;Mínimo;Último;Vol.",
        "Date;PX_OPEN;PX_HIGH;PX_LOW;PX_LAST;PX_VOLUME",
    ],
)
def test_names_of_other_languages_and_terminals_are_known(names: str) -> None:
    parsed = read_text(f"{names}\n2024-01-02;1,5;3;1;2;7\n2024-01-03;1,5;3;1;2;7\n")
    assert parsed.rows.select("open", "high", "low", "close", "volume").row(0) == (1.5, 3, 1, 2, 7)


def test_unknown_names_of_prices_are_proposed_by_their_values() -> None:
    rows = [(10.0, 12.0, 9.0, 11.0), (11.0, 14.0, 10.0, 12.0), (12.0, 13.0, 8.0, 9.5), (9.0, 9.5, 7.0, 8.0)]

    def refused(order: tuple[int, ...]) -> str:
        lines = [",".join(str(row[i]) for i in order) for row in rows]
        text = "".join(f"2024-01-0{d + 2},{line}\n" for d, line in enumerate(lines))
        with pytest.raises(RefusedInputError) as error:
            read_text(f"date,Aa,Bb,Cc,Dd\n{text}")
        return str(error.value).split("Fix: ")[1]

    assert refused((0, 1, 2, 3)) == 'columns: {"Aa": open, "Bb": high, "Cc": low, "Dd": close}'
    assert refused((3, 0, 1, 2)) == (
        'columns: {"Aa": open, "Bb": close, "Cc": high, "Dd": low} | '
        'columns: {"Aa": close, "Bb": open, "Cc": high, "Dd": low}'
    )
    assert refused((1, 0, 3, 2)) == "columns: {<vendor name>: open}"


@pytest.mark.parametrize(
    "names",
    ["Date,DateUTC", "timestamp,Datetime (UTC)", "time_open,time_period_start", "close_time,open_time"],
)
def test_of_several_times_that_of_utc_and_of_the_begin_is_read(names: str) -> None:
    rows = "".join(f"2024-01-02 0{h}:30,2024-01-02 1{h}:00,1,3,1,2\n" for h in (1, 2, 3))
    assert times_of(read_text(f"{names},open,high,low,close\n{rows}"))[0] == "2024-01-02 11:00:00"


def test_an_hour_and_a_minute_in_columns_of_their_own_are_no_instruments() -> None:
    rows = "".join(f"2024-01-02,9,{m},1,3,1,2\n" for m in range(6))
    with pytest.raises(RefusedInputError, match=r"several columns \(hour and minute\)"):
        read_text(f"Date,Hour,Minute,Open,High,Low,Close\n{rows}")
