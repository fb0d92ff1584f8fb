"""Zones with a fixed offset, adjusted prices, two-sided quotes and files without bars, on inputs made here.

The market data beside the repository show the same at large; these need nothing but the repository.
"""

from __future__ import annotations

from typing import Any

import pytest

from quant_core.errors import RefusedInputError
from quant_core.ingestion import Dialect, merge_bid_ask, read_file
from quant_core.ingestion.dialect import parse_offset
from tests.ingestion.reading_text import HEADER, read_text, times_of

RAW_AND_ADJUSTED = "date,open,high,low,close,volume,adj_open,adj_high,adj_low,adj_close,adj_volume"
WINTER_AND_SUMMER = HEADER + "".join(
    f"{label},1,3,1,2,5\n" for label in ("2024-01-02 10:00", "2024-01-02 11:00", "2024-07-02 10:00", "2024-07-02 11:00")
)
OHLC = ("open", "high", "low", "close")


@pytest.mark.parametrize(
    ("zone", "first"),
    [
        ("-05:00", "15:00"),
        ("+05:30", "04:30"),
        ("+00:00", "10:00"),
        ("+09:45", "00:15"),
        ("-03:30", "13:30"),
        ("Etc/GMT+5", "15:00"),  # the database counts west of Greenwich
    ],
)
def test_a_fixed_offset_is_the_same_in_winter_and_in_summer(zone: str, first: str) -> None:
    times = times_of(read_text(WINTER_AND_SUMMER, zone=zone, timeframe="H1"))
    assert times[::2] == [f"2024-01-02 {first}:00", f"2024-07-02 {first}:00"]


def test_a_fixed_offset_and_a_zone_differ_in_summer_only() -> None:
    fixed, zone = (
        times_of(read_text(WINTER_AND_SUMMER, zone=z, timeframe="H1")) for z in ("-05:00", "America/Chicago")
    )
    hours = [(int(f[11:13]), int(z[11:13])) for f, z in zip(fixed, zone, strict=True)]
    assert hours == [(15, 16), (16, 17), (15, 15), (16, 16)]


@pytest.mark.parametrize(
    ("rule", "times"),
    [
        # The label at the turn belongs to the second rule: a rule ends before its date.
        (
            [{"until": "2024-07-02 11:00", "zone": "-05:00"}, {"zone": "+02:00"}],
            ["2024-01-02 15:00:00", "2024-01-02 16:00:00", "2024-07-02 15:00:00", "2024-07-02 09:00:00"],
        ),
        (
            {"base": "+02:00", "dst_of": "America/New_York"},
            ["2024-01-02 08:00:00", "2024-01-02 09:00:00", "2024-07-02 07:00:00", "2024-07-02 08:00:00"],
        ),
    ],
)
def test_fixed_offsets_inside_rules(rule: Any, times: list[str]) -> None:
    assert times_of(read_text(WINTER_AND_SUMMER, zone=rule, timeframe="H1")) == times


def test_offsets_are_read_with_sign_and_minutes() -> None:
    minutes = {text: parse_offset(text) for text in ("+05:45", "-05:45", "+00:00")}
    assert {k: v.total_seconds() / 60 for k, v in minutes.items() if v is not None} == {
        "+05:45": 345,
        "-05:45": -345,
        "+00:00": 0,
    }


def _prices(header: str, fields: str, **declared: Any) -> tuple[Any, ...]:
    parsed = read_text(f"{header}\n2024-01-02,{fields}\n2024-01-03,{fields}\n", timeframe="D1", **declared)
    return (*parsed.rows.select(*OHLC, "volume").row(0), parsed.resolved["price_columns"])


def test_adjusted_columns_stand_beside_raw_ones_and_only_the_declared_set_is_read() -> None:
    fields = "10,30,10,20,7,5,15,5,11,14"
    assert _prices(RAW_AND_ADJUSTED, fields) == (10, 30, 10, 20, 7, "raw")
    assert _prices(RAW_AND_ADJUSTED, fields, price_columns="raw") == (10, 30, 10, 20, 7, "raw")
    assert _prices(RAW_AND_ADJUSTED, fields, price_columns="adjusted") == (5, 15, 5, 11, 14, "adjusted")


def test_adjusted_prices_keep_the_raw_volume_where_no_adjusted_one_is_written() -> None:
    header, fields = RAW_AND_ADJUSTED.removesuffix(",adj_volume"), "10,30,10,20,7,5,15,5,11"
    assert _prices(header, fields, price_columns="adjusted") == (5, 15, 5, 11, 7, "adjusted")


def test_an_adjusted_close_alone_moves_the_other_prices_by_its_ratio() -> None:
    header, fields = "date,open,high,low,close,volume,adj close", "12,32,8,16,7,4"
    found = _prices(header, fields, price_columns="adjusted")
    assert found == (3, 8, 2, 4, 7, "adjusted by adjusted close / close")
    assert _prices(header, fields) == (12, 32, 8, 16, 7, "raw")


def test_an_incomplete_adjusted_set_is_scaled_from_its_close() -> None:
    header, fields = "date,open,high,low,close,adj_open,adj_close", "12,32,8,16,999,4"
    assert _prices(header, fields, price_columns="adjusted")[:4] == (3, 8, 2, 4)


def test_adjusted_prices_without_an_adjusted_close_are_refused() -> None:
    with pytest.raises(RefusedInputError, match="no adjusted close was found") as error:
        _prices("date,open,high,low,close,adj_open", "1,3,1,2,1", price_columns="adjusted")
    assert "price_columns: raw" in str(error.value)


def test_columns_of_bid_and_ask_give_their_mean_and_count_crossed_and_equal_quotes() -> None:
    header = "date," + ",".join(f"{side}_{p}" for side in ("bid", "ask") for p in OHLC)
    days = ["1,3,1,2,3,5,3,4", "1,3,1,2,1,3,1,2", "1,3,1,2,1,3,1,1.5", "1,3,1,2,1,3,1,2.5"]
    rows = "".join(f"2024-01-0{i + 1},{day}\n" for i, day in enumerate(days))
    parsed = read_text(f"{header}\n{rows}", timeframe="D1")
    assert parsed.rows.select(*OHLC).row(0) == (2, 4, 2, 3)
    assert {k: parsed.resolved[k] for k in ("price_columns", "n_ask_below_bid", "n_zero_spread")} == {
        "price_columns": "mid of bid and ask",
        "n_ask_below_bid": 1,
        "n_zero_spread": 1,
    }


def test_files_of_bid_and_of_ask_meet_by_time_and_lonely_rows_are_set_aside() -> None:
    hours = [(10, 2, 4), (11, 2, 2), (12, 3, 2), (13, 2, None), (14, None, 4)]

    def side(position: int) -> Any:
        rows = [(h[0], h[position]) for h in hours if h[position] is not None]
        return read_text(HEADER + "".join(f"2024-01-02 {h}:00,{p},{p},{p},{p},1\n" for h, p in rows), timeframe="H1")

    mid = merge_bid_ask(side(1), side(2), "EURUSD")
    assert mid.rows.select("symbol", "close", "volume").rows() == [("EURUSD", c, None) for c in (3, 2, 2.5)]
    assert (mid.resolved["n_ask_below_bid"], mid.resolved["n_zero_spread"], mid.n_rows_in) == (1, 1, 5)
    assert mid.quarantine["reason"].to_list() == ["no_other_side"] * 2


FRACTIONS = [("0.01", "-0.02", "0.003"), ("-0.01", "0.02", "-0.001"), ("0.004", "-0.005", "0.02")]


def _days(header: str, rows: list[tuple[str, ...]]) -> str:
    return f"{header}\n" + "".join(f"2024-01-0{i + 2},{','.join(row)}\n" for i, row in enumerate(rows))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (_days("date,price,forward,carry_contract", [("1.5", "1.6", "202403")] * 3), "a carry file"),
        (_days("date,CORN,WHEAT,GOLD", FRACTIONS), "a wide table of returns .3 columns"),
        (_days("date,value", [("1.5",), ("1.6",), ("1.7",)]), "a price-only file .one price per time, no open"),
        (_days("date,close,note", [("1.5", "x"), ("1.6", "y")]), "a price-only file .* no open, high, low.:"),
        (_days("timestamp,bid,ask", [("1.5", "1.6"), ("1.6", "1.7")]), "a tick file"),
        (_days("timestamp,price,size", [("1.5", "10"), ("1.6", "20")]), "a tick file"),
        (_days("timestamp,last,qty,side", [("1.5", "10", "buy"), ("1.6", "20", "sell")]), "a tick file"),
        # Neither: three prices are there, so that a price and a size make no tick file.
        (_days("date,open,high,low,price2,size", [("1", "3", "1", "2", "9")] * 2), "no column was found for close"),
        # Two columns of fractions are no wide table.
        (_days("date,CORN,WHEAT", [row[:2] for row in FRACTIONS]), "no column was found for open, high, low, close"),
        # Fractions of one sign are no returns.
        (
            _days("date,CORN,WHEAT,GOLD", [tuple(f.lstrip("-") for f in row) for row in FRACTIONS]),
            "no column was found for open, high, low, close",
        ),
    ],
)  # fmt: skip
def test_files_without_bars_are_refused_with_the_right_reason(text: str, reason: str) -> None:
    with pytest.raises(RefusedInputError, match=reason) as error:
        read_file(text.encode(), "A.csv", Dialect())
    assert "A.csv" in str(error.value)
    assert "Fix:" in str(error.value)
