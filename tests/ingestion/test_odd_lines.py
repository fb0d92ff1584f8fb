"""A few odd lines in a long file cost themselves only: all other rows read as in the file without them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from quant_core.errors import RefusedInputError
from quant_core.ingestion import Dialect, ParsedFile, read_file
from quant_core.ingestion.readers import _text_pieces

N_ROWS = 3000
DIALECT = Dialect(symbol="ABC", timeframe="M1")
START = datetime(2024, 1, 1, tzinfo=UTC)


def line_at(minute: int) -> str:
    price = 100 + minute % 50 / 4
    return f"{START + timedelta(minutes=minute):%Y-%m-%d %H:%M:%S},{price},{price + 1},{price - 1},{price},{minute}"


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks and pieces of this test's size, so that a file of some kilobytes has many."""
    monkeypatch.setattr(_text_pieces, "_CHUNK_BYTES", 20_000)
    monkeypatch.setattr(_text_pieces, "_PIECE_BYTES", 1_000)


def read_with(lines: dict[int, str], ending: str = "\n") -> ParsedFile:
    """The file with some lines replaced, by their row."""
    text = [lines.get(i, line_at(i)) for i in range(N_ROWS)]
    return read_file((ending.join(["ts,open,high,low,close,volume", *text]) + ending).encode(), "ABC.csv", DIALECT)


CLEAN = read_with({}).rows.drop("raw_text")


@pytest.mark.parametrize("at", [0, 1500, N_ROWS - 1])
@pytest.mark.parametrize(
    ("odd", "reason"),
    [
        (lambda line: line.replace(",100", ",x", 1) if ",100" in line else "x" + line, ""),
        (lambda line: line[:-8], "ragged_row"),
        (lambda line: line + ",", "ragged_row"),
        (lambda line: '"' + line, "unreadable_quotes"),
        (lambda line: line.replace(",", ",\0", 1), "nul_byte"),
        (lambda line: "2024-02-30" + line[10:], "unparsable_ts"),
        (lambda line: "noon" + line[19:], "unparsable_ts"),
    ],
)
def test_one_bad_line_costs_its_row(at: int, odd, reason: str) -> None:
    bad = odd(line_at(at))
    parsed = read_with({at: bad})
    assert parsed.n_rows_in == N_ROWS
    assert parsed.rows.drop("raw_text").equals(CLEAN.filter(pl.col("origin_row") != at + 2))
    assert parsed.quarantine["origin_row"].to_list() == [at + 2]
    assert parsed.quarantine["raw_text"][0].replace("\0", "") == bad.replace("\0", "")
    assert reason in parsed.quarantine["reason"][0]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_quotes_around_fields_change_nothing(ending: str) -> None:
    some = {i: ",".join(f'"{f}"' for f in line_at(i).split(",")) for i in (0, 700, 701, N_ROWS - 1)}
    every = {i: ",".join(f'"{f}"' for f in line_at(i).split(",")) for i in range(N_ROWS)}
    one_field = {1234: line_at(1234).replace(",", ',"', 1).replace(",", '",', 2).replace('",', ",", 1)}
    for lines in (some, every, one_field):
        assert read_with(lines, ending).rows.drop("raw_text").equals(CLEAN)


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_blank_lines_are_no_rows_and_rows_keep_their_numbers(ending: str) -> None:
    parsed = read_with({5: "", 1600: "  ", N_ROWS - 1: ""}, ending)
    assert parsed.n_rows_in == N_ROWS - 3
    expected = CLEAN.filter(~pl.col("origin_row").is_in([7, 1602, N_ROWS + 1]))
    assert parsed.rows.drop("raw_text").equals(expected)


def test_numbers_that_only_float_reads_are_numbers() -> None:
    line = line_at(1000)
    assert read_with({1000: line.replace(",", ",+", 1)}).rows.drop("raw_text").equals(CLEAN)


def test_a_line_longer_than_a_piece_is_one_line() -> None:
    long = line_at(40) + " " * 30_000
    assert read_with({40: long}).rows.drop("raw_text").equals(CLEAN)


@pytest.mark.parametrize(
    ("price", "expected"),
    [("1,112.5", 1112.5), ("$112.5", 112.5), ("112.5 %", 112.5), ("+112.5", 112.5)],
)
def test_a_few_marked_numbers_read_by_the_evidence_of_all(price: str, expected: float) -> None:
    at = 1500
    fields = line_at(at).split(",")
    marked = ",".join([fields[0], f'"{price}"', *fields[2:]])
    parsed = read_with({at: marked})
    assert parsed.rows["open"].to_list()[at] == expected
    assert parsed.rows.drop("raw_text", "open").equals(CLEAN.drop("open"))


def test_a_decimal_comma_among_whole_numbers_of_a_long_file_is_a_decimal() -> None:
    text = "ts;open;high;low;close\n" + "".join(
        f"{START + timedelta(minutes=i):%Y-%m-%d %H:%M:%S};16950;16960;16940;{'16955,5' if i == 1500 else '16955'}\n"
        for i in range(N_ROWS)
    )
    parsed = read_file(text.encode(), "DAX.csv", Dialect(timeframe="M1"))
    assert parsed.rows["close"].to_list()[1499:1502] == [16955.0, 16955.5, 16955.0]
    assert parsed.resolved["decimal"] == ","


def test_a_volume_that_is_no_number_costs_the_field() -> None:
    fields = line_at(1500).split(",")
    parsed = read_with({1500: ",".join([*fields[:5], "n/k"])})
    assert parsed.rows["volume"].to_list()[1500] is None
    assert parsed.rows.drop("raw_text", "volume").equals(CLEAN.drop("volume"))


def volume_or_refusal(parse: Callable[[], ParsedFile], at: int) -> str:
    """What became of one volume."""
    try:
        return str(parse().rows["volume"].to_list()[at])
    except RefusedInputError as error:
        return str(error).partition(": ")[2]


@pytest.mark.parametrize(
    "field", ["1e5", " 7 ", "NaN", "1_000", "0x10", "--", "1.234.567", "182.34K", "(12)", "1 000", "1,5"]
)
def test_odd_fields_of_a_long_file_read_as_in_a_short_one(field: str) -> None:
    fields = line_at(1500).split(",")
    line = ",".join([*fields[:5], f'"{field}"'])
    short = "ts,open,high,low,close,volume\n" + "\n".join([line_at(1499), line, *map(line_at, range(1501, 1540))])
    by_text = volume_or_refusal(lambda: read_file(short.encode(), "ABC.csv", DIALECT), 1)
    assert volume_or_refusal(lambda: read_with({1500: line}), 1500) == by_text
