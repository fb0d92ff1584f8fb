"""Rows of one time that an unread column tells apart are refused with its name; others stay what they are."""

from __future__ import annotations

from itertools import product

import pytest
import yaml

from quant_core.errors import RefusedInputError
from tests.ingestion.reading_text import read_text

DAYS = [f"2024-01-{d:02d}" for d in range(2, 12)]


def stacked(name: str, values: list[str], *, by_time: bool = False) -> str:
    """Rows of several instruments, below each other or day by day; later ones begin later."""
    pairs = [(v, d) for v, d in product(values, DAYS) if d >= DAYS[values.index(v)]]
    pairs = sorted(pairs, key=lambda p: p[1]) if by_time else pairs
    rows = "".join(f"{d},{10 + values.index(v)},{13 + values.index(v)},9,11,5,{v}\n" for v, d in pairs)
    return f"date,open,high,low,close,volume,{name}\n{rows}"


@pytest.mark.parametrize("by_time", [True, False])
@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("Name", ["AAL", "AAPL", "ZTS"]),
        ("venue", ["binance", "bybit"]),
        ("Kontrakt", ["ESH4", "ESM4"]),
        ("permno", ["10001", "10002", "10003"]),
        ("Company", ["Apple Inc.", "Coca Cola"]),
    ],
)
def test_the_column_is_named_and_the_line_mends(name: str, values: list[str], by_time: bool) -> None:
    text = stacked(name, values, by_time=by_time)
    declared: dict[str, object] = {"timeframe": "D1"}
    for _ in range(2):  # a name with blanks needs an alias too
        with pytest.raises(RefusedInputError, match=r"Fix: (columns|symbol_aliases)") as error:
            read_text(text, **declared)
        if len(declared) == 1:
            assert f"'{name}' tells apart" in str(error.value)
        line = str(error.value).split("Fix: ", 1)[1].split(" | ", 1)[0]
        declared |= yaml.safe_load(line)
        if name != "Company":
            break
    parsed = read_text(text, **declared)
    assert parsed.rows["symbol"].n_unique() == len(values)
    assert parsed.quarantine.height == 0


def test_an_unnamed_column_is_proposed_as_part_of_the_header() -> None:
    text = stacked("x", ["AAL", "AAPL"]).split("\n", 1)[1]
    many = text + "".join(f"2025-{1 + i // 28:02d}-{1 + i % 28:02d},10,13,9,11,5,AAPL\n" for i in range(28 * 6))
    with pytest.raises(RefusedInputError, match=r"header: \[ts, open, high, low, close, (volume|ignore), symbol\]"):
        read_text(many)


@pytest.mark.parametrize(
    "text",
    [
        "date,open,high,low,close,note\n" + "".join(f"{d},1,3,1,2,{d}x\n" for d in DAYS),
        "date,open,high,low,close,trades\n" + "".join(f"{d},1,3,1,2,7\n" for d in [*DAYS, DAYS[-1]]),
        "date,open,high,low,close,state\n" + "".join(f"{d},1,3,1,2,final\n" for d in [*DAYS, DAYS[-1]]),
    ],
)
def test_other_columns_and_plain_duplicates_are_no_reason_to_refuse(text: str) -> None:
    assert read_text(text, timeframe="D1").rows["symbol"].unique().to_list() == ["ABC"]


def test_two_venues_of_one_symbol_column_are_refused_by_the_column_that_tells_them_apart() -> None:
    text = stacked("venue", ["binance", "bybit"]).replace("date,", "symbol,date,", 1).replace("\n2024", "\nBTC,2024")
    with pytest.raises(RefusedInputError, match="split the file by 'venue'"):
        read_text(text, timeframe="D1")


def test_a_declared_symbol_stands() -> None:
    assert read_text(stacked("Name", ["A", "B"]), symbol="X", timeframe="D1").rows["symbol"].unique().to_list() == ["X"]
