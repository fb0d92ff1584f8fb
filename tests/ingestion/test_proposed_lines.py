"""The line that a refusal proposes really mends the file: declared, and declared again, until the file reads."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from quant_core.errors import RefusedInputError
from quant_core.ingestion import Dialect, ParsedFile, read_file
from tests.ingestion.reading_text import HEADER

PRICES = "1,3,1,2,50"


def proposed(error: RefusedInputError) -> list[dict[str, Any]]:
    """Every alternative of a refusal's fix as keys of a feed."""
    text = str(error).split("Fix: ", 1)[1].split("  #", 1)[0]
    lines = [yaml.safe_load("{" + part + "}") for part in text.split(" | ")]
    return [line for line in lines if isinstance(line, dict) and None not in line.values()]


def mended(data: bytes, name: str = "ABC.csv", **declared: Any) -> ParsedFile:
    """Read a refused file with the first proposal; a further refusal is mended too."""
    with pytest.raises(RefusedInputError) as error:
        read_file(data, name, Dialect.parse(declared, "test"))
    for _ in range(3):
        line = proposed(error.value)[0]
        if "columns" in declared and "columns" in line:  # a further column under the same key
            line["columns"] = declared["columns"] | line["columns"]
        declared |= line
        try:
            return read_file(data, name, Dialect.parse(declared, "test"))
        except RefusedInputError as again:
            error.value.args = again.args
    raise AssertionError(f"still refused with {declared}: {error.value}")


def daily(header: str, fields: str, days: tuple[str, ...] = ("2024-01-02", "2024-01-03", "2024-01-04")) -> bytes:
    return (header + "".join(f"{day},{fields}\n" for day in days)).encode()


REFUSED: dict[str, tuple[bytes, str]] = {
    "one time": (daily(HEADER, PRICES, ("2024-01-02",)), "ABC.csv"),
    "no legal symbol in the name": (daily(HEADER, PRICES), "Gold Futures.csv"),
    "day and month": (daily(HEADER, PRICES, ("01/02/2024", "02/02/2024", "03/02/2024")), "ABC.csv"),
    "unknown time column": (daily("wann,open,high,low,close,volume\n", PRICES), "ABC.csv"),
    "unknown price column": (daily("date,open,high,low,fin,volume\n", PRICES), "ABC.csv"),
    "two columns of one role": (daily("date,open,high,low,X.Close,Y.Close\n", PRICES), "ABC.csv"),
    "two columns of one name": (daily("date,open,high,low,close,Close\n", PRICES), "ABC.csv"),
    "one name short": (daily("date,open,high,low,close\n", PRICES), "ABC.csv"),
    "two names short": (daily("date,open,high,low,close\n", PRICES + ",7"), "ABC.csv"),
    "banner and two names short": (daily("by a vendor\ndate,open,high,low,close\n", PRICES + ",7"), "ABC.csv"),
    "two vendor symbols": (
        b"symbol,date,open,high,low,close\n^A,2024-01-02,1,3,1,2\n^A,2024-01-03,1,3,1,2\nA,2024-01-02,1,3,1,2\n",
        "ABC.csv",
    ),
    "illegal symbols": (
        b"name,date,open,high,low,close,symbol\n" + b"".join(b"x,2024-01-0%d,1,3,1,2,a b\n" % d for d in (2, 3)),
        "ABC.csv",
    ),
    "a zone with two meanings": (
        daily(HEADER, PRICES, tuple(f"2024-01-02 0{h}:00 CST" for h in range(3))),
        "ABC.csv",
    ),
    "an order behind the sample": (
        "".join(f"{1_704_067_200 + 3600 * i},{'5,5,5,5' if i < 1100 else '4,8,5,6'},9\n" for i in range(1300)).encode(),
        "ABC.csv",
    ),
    "one more price without names": (
        "".join(f"2024-01-{d:02d},{d},{d + 3},{d - 1},{d + 1},{d + 0.5}\n" for d in range(2, 12)).encode(),
        "ABC.csv",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_the_proposed_line_mends_the_file(name: str) -> None:
    data, file_name = REFUSED[name]
    parsed = mended(data, file_name)
    assert parsed.rows.height >= 1
    assert parsed.quarantine.height <= parsed.rows.height / 2


@settings(max_examples=80, deadline=None)
@given(
    st.permutations(["date", "open", "high", "low", "close", "volume"]),
    st.sets(st.sampled_from(["date", "close", "volume"])),
    st.integers(0, 2),
)
def test_headers_in_any_order_with_strange_names_read_or_are_mended(
    order: list[str], strange: set[str], n_more: int
) -> None:
    values = {"open": 10, "high": 13, "low": 9, "close": 11, "volume": 7000}
    names = [f"feld_{role}" if role in strange else role for role in order]
    rows = [[f"2024-01-0{d}" if role == "date" else str(values[role]) for role in order] for d in (2, 3, 4)]
    text = ",".join(names) + "\n" + "".join(",".join([*row, *["5"] * n_more]) + "\n" for row in rows)
    try:
        parsed = read_file(text.encode(), "ABC.csv", Dialect())
    except RefusedInputError as error:
        assert proposed(error), error  # noqa: PT017
        parsed = mended(text.encode())
    assert parsed.rows.height == 3
