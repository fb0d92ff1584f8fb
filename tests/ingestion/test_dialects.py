"""Each way of cutting text into columns is read, and what is unclear is refused with the line that would fix it."""

from __future__ import annotations

import pytest

from quant_core.errors import RefusedInputError
from quant_core.ingestion import Dialect, read_file
from tests.ingestion.reading_text import HEADER, TWO_BARS, read_text, times_of


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separators_and_line_ends_are_detected(separator: str, end: str) -> None:
    text = (HEADER + TWO_BARS).replace(",", separator).replace("\n", end)
    parsed = read_text(text)
    assert parsed.resolved["separator"] == separator
    assert parsed.rows["close"].to_list() == [2.0, 3.0]
    assert parsed.rows["origin_row"].to_list() == [2, 3]
    assert times_of(parsed) == ["2024-01-02 10:00:00", "2024-01-02 11:00:00"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings_give_the_same_rows(encoding: str) -> None:
    plain = read_text(HEADER + TWO_BARS)
    other = read_file((HEADER + TWO_BARS).encode(encoding), "ABC.csv", Dialect())
    assert other.rows.equals(plain.rows)


def test_bytes_that_are_no_utf8_are_read_as_latin_1() -> None:
    parsed = read_file(
        ("Währung,date,open,high,low,close\nEUR,2024-01-02,1,2,1,2\n").encode("latin-1"),
        "A.csv",
        Dialect(timeframe="D1"),
    )
    assert (parsed.resolved["encoding"], parsed.rows.height) == ("latin-1", 1)


def test_separator_at_the_end_of_every_row_is_no_column() -> None:
    parsed = read_text("date,open,high,low,close\n2024-01-02,1,3,1,2,\n2024-01-03,1,3,1,2,\n")
    assert parsed.rows["close"].to_list() == [2.0, 2.0]


def test_rows_of_another_width_than_the_header_are_refused_as_a_whole_or_one_by_one() -> None:
    with pytest.raises(RefusedInputError, match="rows have 6 fields, the header has 5 names"):
        read_text("date,open,high,low,close\n2024-01-02,1,3,1,2,9\n2024-01-03,1,3,1,2,9\n")
    with pytest.raises(RefusedInputError, match="rows have 7 fields, the header has 5 names"):
        read_text("date,open,high,low,close\n2024-01-02,1,3,1,2,9,9\n2024-01-03,1,3,1,2,9,9\n")
    parsed = read_text("date,open,high,low,close\n2024-01-02,1\n2024-01-03,1\n2024-01-04,1,3,1,2\n", timeframe="D1")
    assert (parsed.rows.height, parsed.quarantine["reason"].to_list()) == (1, ["ragged_row", "ragged_row"])


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
    parsed = read_text(text)
    assert times_of(parsed) == ["2024-01-02 10:00:00", "2024-01-02 11:00:00"]
    assert parsed.rows.select("open", "high", "low", "close").rows() == [(1, 3, 1, 2), (2, 4, 2, 3)]


def test_headerless_numbers_in_another_order_are_refused() -> None:
    rows = "".join(f"2024-01-{d:02d},2,1,3,2\n" for d in range(2, 20))
    with pytest.raises(RefusedInputError, match="consistent in 0 of 18 rows"):
        read_text(rows)


def test_banner_lines_are_skipped_and_rows_keep_their_line_numbers() -> None:
    parsed = read_text("Data of a vendor\nhttp://example.com\n" + HEADER + TWO_BARS)
    assert parsed.rows["origin_row"].to_list() == [4, 5]


def test_unnamed_index_and_unnamed_time_columns_are_understood() -> None:
    index = read_text(",date,open,high,low,close\n0,2024-01-02,1,2,1,2\n1,2024-01-03,1,2,1,2\n")
    time = read_text(",Open,High,Low,Close\n2024-01-02,1,2,1,2\n2024-01-03,1,2,1,2\n")
    assert times_of(index) == times_of(time) == ["2024-01-02 00:00:00", "2024-01-03 00:00:00"]


def test_column_aliases_in_any_case_and_with_trailing_blanks() -> None:
    parsed = read_text(
        "WHEN ,First,Max,Min,LAST \n2024-01-02,1,3,1,2\n", timeframe="D1", columns={"when": "ts", "FIRST": "open"}
    )
    assert parsed.rows.select("open", "high", "low", "close").row(0) == (1, 3, 1, 2)


def test_two_columns_of_one_role_are_refused() -> None:
    with pytest.raises(RefusedInputError, match="both claim the role close"):
        read_text("date,open,high,low,close,Close\n2024-01-02,1,2,1,2,2\n")


def test_decimal_comma_and_grouped_thousands() -> None:
    parsed = read_text(
        "date;open;high;low;close\n2024-01-02;1.000,5;1.003,5;1.000,0;1.002,25\n",
        timeframe="D1",
        decimal=",",
        thousands=".",
    )
    assert parsed.rows["close"].to_list() == [1002.25]


def test_quoted_fields_are_read_and_a_broken_quote_is_quarantined() -> None:
    text = 'date,open,high,low,close\n"2024-01-02","1","3","1","2"\n"2024-01-03,1,3,1,2\n2024-01-04,1,3,1,2\n'
    parsed = read_text(text, timeframe="D1")
    assert parsed.rows["origin_row"].to_list() == [2, 4]
    assert parsed.quarantine.select("origin_row", "reason").rows() == [(3, "unreadable_quotes")]


def test_bad_rows_go_to_quarantine_with_line_and_text() -> None:
    bad = "2024-01-04,1,3,1\nnot a date,1,3,1,2\n2024-01-06,1,x,1,2\n2024-01-07,1,3,1\x00,2\n\n"
    parsed = read_text("date,open,high,low,close\n2024-01-02,1,3,1,2\n2024-01-03,1,3,1,2\n" + bad)
    assert parsed.n_rows_in == 6
    assert parsed.quarantine.select("origin_row", "reason", "raw_text").rows() == [
        (4, "ragged_row", "2024-01-04,1,3,1"),
        (5, "unparsable_ts", "not a date,1,3,1,2"),
        (6, "unparsable_high", "2024-01-06,1,x,1,2"),
        (7, "nul_byte", "2024-01-07,1,3,1\x00,2"),
    ]


def test_raw_text_is_kept_only_where_a_row_looks_wrong() -> None:
    parsed = read_text("date,open,high,low,close\n2024-01-02,1,3,1,2\n2024-01-03,1,1,1,2\n2024-01-04,1,3,,2\n")
    assert parsed.rows["raw_text"].to_list() == [None, "2024-01-03,1,1,1,2", "2024-01-04,1,3,,2"]


def test_giant_field_is_one_bad_row() -> None:
    giant = "2024-01-03,1,3,1," + "9" * 3_000_000 + "x\n"
    parsed = read_text(
        "date,open,high,low,close\n2024-01-02,1,3,1,2\n" + giant + "2024-01-04,1,3,1,2\n", timeframe="D1"
    )
    assert (parsed.rows.height, parsed.quarantine["reason"].to_list()) == (2, ["unparsable_close"])
    assert len(parsed.quarantine["raw_text"][0]) == 10_000


@pytest.mark.parametrize("text", ["", "\n\n", "   \n"])
def test_empty_files_are_refused(text: str) -> None:
    with pytest.raises(RefusedInputError, match="holds no row"):
        read_text(text)


def test_header_without_rows_gives_no_rows() -> None:
    parsed = read_text(HEADER)
    assert (parsed.n_rows_in, parsed.rows.height) == (0, 0)


def test_file_of_unreadable_rows_is_refused_with_row_column_and_value() -> None:
    with pytest.raises(RefusedInputError, match="row 2, column 'open', value '1;5'"):
        read_text("date,open,high,low,close\n2024-01-02,1;5,1,1,2\n2024-01-03,1;5,1,1,2\n", timeframe="D1")
