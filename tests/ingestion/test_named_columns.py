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
