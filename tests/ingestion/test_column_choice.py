"""Which column gets which role, on samples made by hand: missing names, several times, two of one role."""

from __future__ import annotations

from typing import Any

import pytest

from quant_core.errors import RefusedInputError
from quant_core.ingestion import Dialect
from quant_core.ingestion.column_names import last_part
from quant_core.ingestion.columns import Columns, assign_columns
from quant_core.ingestion.readers.contract import Preview

OHLC = "open,high,low,close"
BAR = "1,3,1,2"


def assign(names: str | None, *rows: str, origin: str = "A.csv", **declared: Any) -> Columns:
    header = None if names is None else tuple(names.split(","))
    preview = Preview(header, [row.split(",") for row in rows], 2, {}, None)
    return assign_columns(preview, Dialect.parse(declared, "test"), origin)


def roles(names: str | None, *rows: str, **declared: Any) -> str:
    """The roles in the order of the fields; a dash where a field is not read."""
    found = assign(names, *rows, **declared).roles
    return ",".join(found.get(i, "-") for i in range(len(rows[0].split(","))))


def fix_of(names: str, *rows: str, **declared: Any) -> str:
    with pytest.raises(RefusedInputError) as error:
        assign(names, *rows, **declared)
    return str(error.value).split(" Fix: ")[1]


@pytest.mark.parametrize(
    ("names", "rows", "expected"),
    [
        # A time of day behind its date.
        (f"Date,{OHLC}", ["2024-01-02,09:30,1,3,1,2"], "date,time,open,high,low,close"),
        (f"Day,{OHLC},vol", ["2024-01-02,09:30,1,3,1,2,7"], "date,time,open,high,low,close,volume"),
        # A separator at the end of every line; one row decides for none.
        (f"Date,{OHLC}", ["2024-01-02,1,3,1,2,", "2024-01-03,1,3,1,2, "], "ts,open,high,low,close,-"),
        # An index in front of the time.
        (f"Date,{OHLC}", ["0,2024-01-02,1,3,1,2", "1,2024-01-03,1,3,1,2"], "-,ts,open,high,low,close"),
        (f"Date,{OHLC}", ["x,2024-01-02,1,3,1,2"], "-,ts,open,high,low,close"),
        (f"wann,{OHLC}", ["0,2024-01-02,1,3,1,2"], None),
    ],
)
def test_a_header_one_name_short_is_completed(names: str, rows: list[str], expected: str | None) -> None:
    if expected is None:
        assert fix_of(names, *rows) == 'columns: {"wann": ts}'
    else:
        assert roles(names, *rows) == expected


@pytest.mark.parametrize(
    ("names", "row"),
    [
        (f"{OHLC},date", "0,2024-01-02,1,3,1,2"),  # the first name is one of numbers
        (f"note,date,{OHLC}", "x,2024-01-02,1,3,1,2,5"),  # the times have their name already
        (f"note,time,{OHLC}", "x,2024-01-02,1,3,1,2,5"),
        (f"note,datetime,{OHLC}", "x,2024-01-02,1,3,1,2,5"),
        (f"date,{OHLC}", "2024-01-02,2024-01-03,1,3,1,2"),  # two times: which one has no name?
        (f"date,{OHLC}", "2024-01-02,1,3,1,2,5"),
        ("date", "x,1"),
    ],
)
def test_a_header_one_name_short_is_refused_with_the_whole_header_where_nothing_tells_the_place(
    names: str, row: str
) -> None:
    header = ", ".join(f'"{name}"' for name in [*names.split(","), "ignore"])
    assert fix_of(names, row) == f"skip_lines: 1, header: [{header}]"


def test_one_name_before_a_moment_is_the_name_of_the_moment() -> None:
    with pytest.raises(RefusedInputError, match=r"no column was found|a price-only file"):
        assign("date", "0,2024-01-02")


def test_the_choice_is_said_in_the_order_of_the_fields() -> None:
    found = assign(f"note,{OHLC},date,,Volume", "x,1,3,1,2,2024-01-02,y,7").resolved
    assert list(found["columns"].items()) == [
        *[(p, p) for p in OHLC.split(",")],
        ("ts", "date"),
        ("volume", "Volume"),
    ]
    assert found["ignored_columns"] == ["note", "column 7"]


def test_one_row_without_names_is_enough() -> None:
    assert roles(None, "2024-01-02,1,3,1,2,7000") == "ts,open,high,low,close,volume"


def test_short_rows_say_nothing_about_the_fields_they_lack() -> None:
    assert roles(f"date,{OHLC},tickvol,vol", "2024-01-02,1,3,1,2,7,0", "2024-01-03,1,3,1,2") == (
        "ts,open,high,low,close,volume,-"
    )


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        # A declared name goes before every other one, also before the best-known.
        ("date,open,high,low,Close,last", "ts,open,high,low,-,close"),
        ("date,open,high,low,last,Close", "ts,open,high,low,close,-"),
    ],
)
def test_a_declared_name_goes_before_the_known_ones(names: str, expected: str) -> None:
    assert roles(names, f"2024-01-02,{BAR},9", columns={"last": "close"}) == expected


def test_a_name_known_by_its_last_part_comes_after_every_whole_name() -> None:
    row = f"2024-01-02,{BAR},9"
    assert roles("date,open,high,low,A.Close,Price", row) == "ts,open,high,low,-,close"
    assert roles("date,open,high,low,A.Close,A.Last", row) == "ts,open,high,low,close,-"
    assert [last_part(n) for n in ("Prev.Close", "AAPL.Close", "chg.open")] == ["", "close", ""]


@pytest.mark.parametrize(
    ("names", "fix"),
    [
        ("date,open,high,low,X.Close,Y.Close", 'columns: {"Y.Close": ignore}'),
        ("date,open,high,low,close,close",
         'skip_lines: 1, header: ["date", "open", "high", "low", "close", "ignore"]'),
    ],
)  # fmt: skip
def test_of_two_columns_of_one_role_the_second_is_proposed_to_be_left_out(names: str, fix: str) -> None:
    assert fix_of(names, f"2024-01-02,{BAR},9") == fix


def test_an_hour_and_a_minute_are_refused_whatever_else_is_there() -> None:
    for names, row in ((f"Date,Hour,Minute,{OHLC}", "2024-01-02,9,30,1,3,1,2"), ("Hour,Minute", "9,30")):
        assert fix_of(names, row) == "deliver it in one column, such as 09:30"
    assert roles(f"Date,Hour,Minute,{OHLC}", "2024-01-02,9,30,1,3,1,2", columns={"Minute": "ignore"}) == (
        "date,time,-,open,high,low,close"
    )


@pytest.mark.parametrize(
    ("names", "times", "expected"),
    [
        # A clock beside a date, in whatever spelling, is the time of that date.
        ("Date,Timestamp", "2024-01-02,09:30:00", "date,time"),
        ("Date,Timestamp", "2024-01-02,0930", "date,time"),
        ("Timestamp,Date", "093000,2024-01-02", "time,date"),
        ("Date,Timestamp", "2024-01-02,2024-01-02 09:30", "-,ts"),
        ("Date,Timestamp,Time", "2024-01-02,2024-01-02 09:30,09:30", "-,ts,-"),
        ("Date,Timestamp,Time", "2024-01-02,09:30,09:30", "-,ts,-"),
        # A column called time that holds the day needs no date, and no date makes a time of day a time.
        ("Date,Time", "2024-01-02,2024-01-02 09:30", "-,ts"),
        ("Date,Time", "2024-01-02,1704189600", "-,ts"),
        ("Date,Time", "2024-01-02,20240102", "-,ts"),
        ("Date,Time", "2024-01-02,09:30", "date,time"),
        ("Time", "09:30", "ts"),
        ("Time", "2024-01-02 09:30", "ts"),
        ("Date", "2024-01-02", "ts"),
        # An unnamed column is the time where no column is called so, and the first one is.
        (",note", "2024-01-02,x", "ts,-"),
        (",index", "2024-01-02,2024-01-03", "ts,-"),
        ("note,", "x,2024-01-02", "-,ts"),
        (",Date", "2024-01-01,2024-01-02", "-,ts"),
        (",Time", "2024-01-01,2024-01-02 09:30", "-,ts"),
        (",ts", "2024-01-01,2024-01-02 09:30", "-,ts"),
        # Numbers are times from nine digits on, and days written as eight.
        (",note", "1704189600,x", "ts,-"),
        (",note", "1704189600.5,x", "ts,-"),
        (",note", "-123456789,x", "ts,-"),
        (",note", "123456789,x", "ts,-"),
        (",note", "20240102,x", "ts,-"),
    ],
)
def test_of_several_times_one_is_read(names: str, times: str, expected: str) -> None:
    assert roles(f"{names},{OHLC}", f"{times},{BAR}") == f"{expected},{OHLC}"


@pytest.mark.parametrize("value", ["12345678", "-12345678", "x", "09:30"])
def test_an_unnamed_column_of_something_else_is_no_time(value: str) -> None:
    with pytest.raises(RefusedInputError, match="no time column"):
        assign(f",{OHLC}", f"{value},{BAR}")


def test_the_first_used_volume_replaces_one_that_is_always_zero() -> None:
    names, row = f"date,{OHLC},vol,tickvol,qty", f"2024-01-02,{BAR}"
    assert roles(names, f"{row},0,7,8") == "ts,open,high,low,close,-,volume,-"
    assert roles(names, f"{row},0,0,8", f"{row},0.0,,8") == "ts,open,high,low,close,-,-,volume"
    assert roles(names, f"{row},0,0,0") == "ts,open,high,low,close,volume,-,-"


def test_the_first_symbol_says_what_is_traded() -> None:
    names = f"symbol,date,{OHLC},Volume ETH,Volume BTC"
    rows = [f"{s},2024-01-02,{BAR},7,8" for s in ("BTCUSD", "ETHUSD")]
    assert roles(names, *rows) == "symbol,ts,open,high,low,close,-,volume"
    assert roles(names, *rows[::-1]) == "symbol,ts,open,high,low,close,volume,-"
