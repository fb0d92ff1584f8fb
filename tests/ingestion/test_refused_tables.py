"""Tables without bars, made by hand: what the refusal calls them, and the line that it proposes."""

from __future__ import annotations

import pytest

from quant_core.errors import RefusedInputError
from quant_core.ingestion.refusals import refuse_not_ohlc

DAYS = [f"2024-01-{d:02d}" for d in range(1, 31)]
RISING = [["10", "12", "9", "11"], ["11", "14", "10", "12"], ["12", "13", "8", "9.5"], ["9", "9.5", "7", "8"]]
"""Open, high, low and close of four days."""


def refused(names: str, rows: list[list[str]], *, has_days: bool = True, **at: int) -> tuple[str, str]:
    """Reason and fix for a table whose first column is the day; ``at`` gives the roles that are known."""
    sample = [[DAYS[i], *row] for i, row in enumerate(rows)] if has_days else rows
    with pytest.raises(RefusedInputError) as error:
        refuse_not_ohlc(names.split(","), sample, {"date": 0, **at} if has_days else at, "A.csv")
    reason, fix = str(error.value).split(" Fix: ")
    return reason.removeprefix("Refused A.csv: "), fix


@pytest.mark.parametrize(
    ("names", "rows", "fix"),
    [
        ("wann,bis,open", [["2024-01-02", "2024-01-03", "1"]], 'columns: {"wann": ts}'),
        ("note,wann,open", [["x", "2024-01-02", "1"]], 'columns: {"wann": ts}'),
        ("wann,open", [["20240102", "1"]], 'columns: {"wann": ts}'),
        ("wann,open", [["1704189600", "1"]], 'columns: {"wann": ts}'),
        ("wann,note", [["2024-01-02", "x"], ["2024-01-03"]], 'columns: {"wann": ts}'),
        ("note,wann", [["x"], ["y", "2024-01-03"]], 'columns: {"wann": ts}'),
        ("wann,open", [["12", "1"]], "columns: {<name of the time column>: ts}"),
        (",open", [["2024-01-02", "1"]], "columns: {<name of the time column>: ts}"),
    ],
)
def test_the_first_column_of_times_is_proposed(names: str, rows: list[list[str]], fix: str) -> None:
    reason, found = refused(names, rows, has_days=False)
    assert reason.startswith("no time column was found among")
    assert found == fix


def test_a_column_that_has_a_role_is_not_proposed_as_the_time() -> None:
    found = refused("symbol,wann", [["2024-01-02", "2024-01-02"]], has_days=False, symbol=0)
    assert found[1] == 'columns: {"wann": ts}'


@pytest.mark.parametrize(
    ("names", "row", "at", "kind"),
    [
        ("date,bid,ask", ["1.5", "1.6"], {}, "a tick file"),
        ("date,bid", ["1.5"], {}, "a price-only file (one price per time, no open, high, low, close)"),
        ("date,price,size", ["1.5", "10"], {"close": 1, "volume": 2}, "a tick file"),
        # Neither a price without a size, nor a size without a word for the price of a trade.
        ("date,price,note", ["1.5", "10"], {"close": 1}, "a price-only file (one price per time, no open, high, low)"),
        ("date,close,volume", ["1.5", "10"], {"close": 1, "volume": 2}, "a price-only file"),
        # Two of four prices are there: no ticks.
        ("date,open,price,size", ["1", "2", "9"], {"open": 1, "close": 2}, "no column was found for high, low"),
        ("date,nearer,forward", ["1.5", "1.6"], {}, "a carry file"),
    ],
)
def test_tables_are_called_by_what_they_hold(names: str, row: list[str], at: dict[str, int], kind: str) -> None:
    assert refused(names, [row] * 3, **at)[0].startswith(kind)


@pytest.mark.parametrize(
    ("columns", "is_returns"),
    [
        ([["0.5", "-0.5", "0.1"]] * 20, True),
        # 57 of 60 values are 95 percent: not more.
        ([["0.5", "-0.5", "0.1"]] * 19 + [["7", "7", "7"]], False),
        ([["0.5", "-0.5", "0.1"]] * 19 + [["7", "7", "-0.1"]], True),
        # A fall by everything, a rise to the double: not below 1 in size.
        ([["0.5", "-0.5", "0.1"]] * 19 + [["-1", "1", "1"]], False),
        ([["0.5", "-0.5", "7"]] * 20, False),
        # Of one sign, with or without zeros.
        ([["0.5", "0", "0.1"]] * 20, False),
        ([["-0.5", "0", "-0.1"]] * 20, False),
        # Empty fields say nothing.
        ([["0.5", "-0.5", "0.1"]] * 19 + [["", "", ""]], True),
    ],
)
def test_returns_are_mostly_below_one_and_of_both_signs(columns: list[list[str]], is_returns: bool) -> None:
    reason, _ = refused("date,CORN,WHEAT,GOLD", columns)
    assert reason.startswith("a wide table of returns (3 columns") == is_returns


def test_four_unknown_numbers_are_proposed_by_their_values_whatever_stands_behind_them() -> None:
    four = 'columns: {"a": open, "b": high, "c": low, "d": close}'
    assert refused("date,a,b,c,d", RISING)[1] == four
    assert refused("date,a,b,c,d,e", [[*row, "7000"] for row in RISING])[1] == four


@pytest.mark.parametrize(
    ("names", "rows"),
    [
        ("date,a,b,c", [row[:3] for row in RISING]),  # three numbers are no bar
        ("date,a,b,c,d", [[row[1], row[0], row[3], row[2]] for row in RISING]),  # in no known order
        ("date,a,b,c,d,note", RISING),  # every row is short
    ],
)
def test_nothing_is_proposed_by_values_that_do_not_tell(names: str, rows: list[list[str]]) -> None:
    assert refused(names, rows)[1] == "columns: {<vendor name>: open}"


@pytest.mark.parametrize(
    ("names", "at", "fix"),
    [
        ("date,open,a,b,c", {"open": 1}, 'columns: {"a": high, "b": low, "c": close}'),
        ("date,open,high,low,c", {"open": 1, "high": 2, "low": 3}, 'columns: {"c": close}'),
        ("date,open,high,low,", {"open": 1, "high": 2, "low": 3}, "columns: {<vendor name>: close}"),
    ],
)
def test_missing_prices_are_proposed_in_the_order_of_the_free_columns(names: str, at: dict[str, int], fix: str) -> None:
    assert refused(names, [["10", "12", "9", "11"]] * 2, **at)[1] == fix


def test_the_first_row_says_how_many_columns_there_are() -> None:
    reason, _ = refused("date,a,b", [["10", "12"], ["10"]])
    assert reason.startswith("no column was found for open, high, low, close")
    assert refused("date,a,b", [["10", "12"]])[0] == reason
