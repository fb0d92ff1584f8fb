"""Marks of numbers are found over the whole file; a bad volume costs its field, a bad price its row, many the file."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from quant_core.calendars import calendar_of
from quant_core.errors import RefusedInputError
from quant_core.ingestion import ParsedFile
from quant_core.quality import QualityRules, clean
from quant_core.timeframes import Timeframe
from tests.ingestion.reading_text import read_text


def read_column(texts: list[str], *, role: str = "close", others: str = "7", **declared: Any) -> ParsedFile:
    """Daily rows whose one column is written as given."""
    names = ["open", "high", "low", "close", "volume"]
    lines = [";".join(["date", *names])]
    for i, text in enumerate(texts):
        lines.append(";".join([f"2024-01-{i + 1:02d}", *(text if n == role else others for n in names)]))
    return read_text("\n".join(lines) + "\n", timeframe="D1", **declared)


BY_NEIGHBORS = [["998", "999", "1,002"], ["1", "2", "1,502"]]


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (["990.00", "1,005.00", "997.50"], [990, 1005, 997.5]),
        (["100", "100,5", "101"], [100, 100.5, 101]),
        (["1.005,50", "998,25", "1.006"], [1005.5, 998.25, 1006]),
        (["1'234.5", "999.0"], [1234.5, 999]),
        (["1 234,5", "1\u00a0235,5", "999"], [1234.5, 1235.5, 999]),
        (BY_NEIGHBORS[0], [998, 999, 1002]),
        (BY_NEIGHBORS[1], [1, 2, 1.502]),
        (["$1,234.50", "-$2.00", "3.5 USD", "€4"], [1234.5, -2, 3.5, 4]),
        (["4.1%", "4.25 %", "4"], [4.1, 4.25, 4]),
        (["1,234,567", "12"], [1234567, 12]),
    ],
)
def test_marks_are_understood_in_prices_and_volumes(texts: list[str], values: list[float]) -> None:
    assert read_column(texts).rows["close"].to_list() == values
    if texts not in BY_NEIGHBORS:  # volumes differ by large factors
        assert read_column(texts, role="volume").rows["volume"].to_list() == values


def test_volumes_may_end_with_their_size_and_prices_may_not() -> None:
    volumes = read_column(["182.34K", "1.2M", "3B", "5k", "-"], role="volume").rows["volume"].to_list()
    assert volumes == [182_340, 1_200_000, 3_000_000_000, 5_000, None]
    parsed = read_column(["7", "1.2K", "7", "7", "7", "7"])
    assert parsed.quarantine["reason"].to_list() == ["unparsable_close"]


def test_one_bad_volume_costs_the_field_and_is_counted() -> None:
    parsed = read_column(["10", "many", "-", "n/a", "1.2M", "10"], role="volume")
    assert parsed.rows["volume"].to_list() == [10, None, None, None, 1_200_000, 10]
    assert (parsed.quarantine.height, parsed.resolved["n_unreadable_volumes"]) == (0, 1)
    now, days = datetime(2025, 1, 1, tzinfo=UTC), calendar_of("always_open")
    done = clean(parsed.rows, symbol="ABC", timeframe=Timeframe.D1, calendar=days, now=now, rules=QualityRules())
    assert (len(done.bars), done.report.count("missing_volume")) == (6, 3)


def test_one_bad_price_costs_its_row_and_dashes_are_missing_prices() -> None:
    parsed = read_column(["7", "x", "--", "7", "7", "7", "7"])
    assert parsed.quarantine["reason"].to_list() == ["unparsable_close"]
    assert parsed.rows["close"].to_list() == [7, None, 7, 7, 7, 7]


def test_bond_prices_in_32nds_are_no_thousands() -> None:
    with pytest.raises(RefusedInputError, match="32nds"):
        read_column(["118'165", "118'170", "117'315"])
    assert read_column(["118'165", "118'170.5", "117'315"]).rows["close"].to_list() == [118165, 118170.5, 117315]


MANY: dict[str, tuple[list[str], str]] = {
    "prices of one odd text": (["7", "closed", "closed", "7", "closed", "7"], "close"),
    "volumes of odd texts": (["low", "high", "mid", "low", "9", "9"], "volume"),
    "commas that fit both": (["1,105", "1,106", "1,104"], "close"),
    "mixed decimals": (["1,5", "1.5", "2,5", "2.5"], "close"),
}


@pytest.mark.parametrize("name", MANY)
def test_many_bad_fields_refuse_the_file_with_a_line_that_mends_it(name: str) -> None:
    texts, role = MANY[name]
    others = "1,105" if "both" in name else "7"
    with pytest.raises(RefusedInputError) as error:
        read_column(texts, role=role, others=others)
    line = str(error.value).split("Fix: ", 1)[1].split(" | ", 1)[0]
    parsed = read_column(texts, role=role, others=others, **yaml.safe_load(line))
    assert parsed.rows.height >= len(texts) / 2


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from([10, 1000, 400_000, 2_500_000, 999_000_000]),
    st.lists(st.integers(0, 300), min_size=4, max_size=20),
    st.integers(0, 4),
    st.sampled_from([(".", ""), (".", ","), (",", ""), (",", "."), (".", "'"), (",", " ")]),
)
def test_numbers_in_any_style_come_back_equal_or_the_file_is_refused(
    size: int, percents: list[int], n_decimals: int, marks: tuple[str, str]
) -> None:
    decimal, thousands = marks
    values = [(size + size * p // 100) / 10**n_decimals for p in percents]  # prices of one series
    texts = [f"{v:,.{n_decimals}f}".replace(",", "T").replace(".", decimal).replace("T", thousands) for v in values]
    is_evident = any(len(t.replace(thousands, "")) < len(t) - 1 for t in texts if thousands)
    try:
        read = read_column(texts).rows["close"].to_list()
    except RefusedInputError:
        return  # no wrong number
    plain = all(t.replace(".", "", 1).isdigit() for t in texts)
    if plain and decimal == "," and not is_evident:
        return  # 1.234 alone is a plain number; nothing in the file says otherwise
    assert read == values


def test_a_point_in_whole_volumes_beside_prices_with_decimal_commas_groups_thousands() -> None:
    text = (
        "date;open;high;low;close;volume\n2024-01-02;99,85;100,5;99;100;5.058\n2024-01-03;99,85;100,5;99;100;12.700\n"
    )
    assert read_text(text).rows["volume"].to_list() == [5058, 12700]


def test_points_read_before_a_few_decimal_commas_are_seen_refuse_the_file_with_the_line_that_mends_it() -> None:
    days = [f"{y}-{m:02d}-{d:02d}" for y in (2022, 2023) for m in range(1, 13) for d in range(1, 28)]
    prices = [f"10{i % 7};10{i % 7};10{i % 7};10{i % 7}" for i in range(len(days))]
    prices[200:206] = ["100,5;100,5;100,5;100,5"] * 6
    lines = [f"{d};{p};{5.5 if i == 5 else 7}" for i, (d, p) in enumerate(zip(days, prices, strict=True))]
    lines[5] = lines[5].removesuffix("5.5") + "5.250"
    text = "date;open;high;low;close;volume\n" + "\n".join(lines) + "\n"
    with pytest.raises(RefusedInputError, match=r"row 7, column 'volume'.*decimal commas") as error:
        read_text(text)
    parsed = read_text(text, **yaml.safe_load("{" + str(error.value).split("Fix: ")[1] + "}"))
    assert (parsed.rows["volume"][5], parsed.rows["close"][200]) == (5250, 100.5)


@pytest.mark.parametrize("sign", ["HK$", "A$", "Rs. ", "Rs", "₹", "USD "])
def test_currency_signs_with_letters_are_taken_off(sign: str) -> None:
    assert read_column([f"{sign}7.5", f"{sign}1,007.5"]).rows["close"].to_list() == [7.5, 1007.5]


def test_only_marks_that_would_read_the_column_are_proposed() -> None:
    with pytest.raises(RefusedInputError) as error:
        read_column(["7p", "8p", "9p"])
    assert str(error.value).split("Fix: ")[1] == 'columns: {<another column>: close, "close": ignore}'
