"""Values, not the count of numbers, say what unnamed columns mean; where they do not, a whole header is proposed."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from quant_core.errors import RefusedInputError
from quant_core.ingestion import Dialect, ParsedFile, read_file
from tests.ingestion.reading_text import read_text

HOUR_MS = 3_600_000
START_MS = 1_704_067_200_000
BARS = [(100.5 + i, 102.5 + i, 99.25 + i, 101.75 + i, 1000.0 + 37 * i * i) for i in range(8)]

Others = Callable[[int], Sequence[object]]


def rows_of(others: Others, order: str = "ohlc", first_ms: int = START_MS) -> list[list[object]]:
    """Hourly rows: the time, the prices in an order, then other fields."""
    out: list[list[object]] = []
    for i, (o, h, low, c, _) in enumerate(BARS):
        prices = {"o": o, "h": h, "l": low, "c": c}
        out.append([first_ms + i * HOUR_MS, *(prices[p] for p in order), *others(i)])
    return out


def read_rows(rows: list[list[object]], *, as_json: bool = False, **declared: Any) -> ParsedFile:
    if as_json:
        texts = [[row[0], *(str(v) for v in row[1:])] for row in rows]
        return read_file(json.dumps(texts).encode(), "ABC.json", Dialect.parse(declared, "test"))
    return read_text("\n".join(",".join(map(str, row)) for row in rows), **declared)


def volume(i: int) -> float:
    return BARS[i][4]


KLINE: Others = lambda i: (volume(i), START_MS + (i + 1) * HOUR_MS - 1, 5.5e6 + i, 50 + i, 5.5, 512.25, 0)  # noqa: E731
LAYOUTS: dict[str, tuple[str, Others]] = {
    "no volume": ("ohlc", lambda i: ()),
    "volume": ("ohlc", lambda i: (volume(i),)),
    "klines of 9": ("ohlc", lambda i: KLINE(i)[:4]),
    "klines of 11": ("ohlc", lambda i: KLINE(i)[:6]),
    "klines of 12": ("ohlc", KLINE),
    "volume in two units and a flag": ("ohlc", lambda i: (volume(i), 25.5, 200_000.5, 1)),
    "vwap before volume": ("ohlc", lambda i: (100.9 + i, volume(i), 17)),
    "adjusted close before volume": ("ohlc", lambda i: ((101.75 + i) * 0.25, volume(i))),
    "volume and open interest": ("ohlc", lambda i: (volume(i), 0)),
    "dividends and splits": ("ohlc", lambda i: (volume(i), 0.0, 0.0, 0.0)),
    "Bitfinex": ("ochl", lambda i: (volume(i),)),
    "Coinbase": ("lhoc", lambda i: (volume(i),)),
    "close time as text": ("ohlc", lambda i: (volume(i), f"2024-01-01 {i:02d}:59:59")),
}


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("name", LAYOUTS)
def test_prices_and_volume_are_found_by_their_values(name: str, as_json: bool) -> None:
    order, others = LAYOUTS[name]
    rows = read_rows(rows_of(others, order), as_json=as_json).rows
    assert rows.select("open", "high", "low", "close").rows() == [bar[:4] for bar in BARS]
    expected = [None] * len(BARS) if name == "no volume" else [bar[4] for bar in BARS]
    assert rows["volume"].to_list() == expected


def test_quotes_need_asks_near_the_bids() -> None:
    def asks(i: int) -> Sequence[object]:
        return tuple(p + 0.5 for p in BARS[i][:4])

    assert read_rows(rows_of(asks)).rows["close"].to_list() == [bar[3] + 0.25 for bar in BARS]
    sized = rows_of(lambda i: (3, *asks(i), 4))
    assert read_rows(sized).rows["close"].to_list() == [bar[3] + 0.25 for bar in BARS]
    far = rows_of(lambda i: (volume(i), 0, 0, 0))
    assert read_rows(far).rows["close"].to_list() == [bar[3] for bar in BARS]


def test_flat_rows_are_no_evidence_for_an_order() -> None:
    flat = [[START_MS + i * HOUR_MS, 100, 100, 100, 100, 7] for i in range(40)]
    flat[30] = [flat[30][0], 99, 102, 100, 101, 7]
    rows = read_rows(flat).rows
    assert rows.select("open", "high", "low", "close").row(30) == (100, 102, 99, 101)
    assert rows.height == 40


def test_an_order_that_fails_behind_the_sample_is_refused() -> None:
    flat = [[START_MS + i * HOUR_MS, 100, 100, 100, 100, 7] for i in range(1200)]
    later = [[START_MS + i * HOUR_MS, 99, 102, 100, 101, 7] for i in range(1200, 1300)]
    with pytest.raises(RefusedInputError, match="consistent in 0 of 100 rows"):
        read_rows(flat + later)


def test_close_before_open_is_seen_where_bars_follow_each_other_without_a_gap() -> None:
    rows = [[START_MS + i * HOUR_MS, 101 + i, 103 + i, 99 + i, 100 + i, 7] for i in range(9)]
    with pytest.raises(RefusedInputError, match="open and close change their places") as error:
        read_rows(rows)
    assert mended(rows, error.value).rows.select("open", "close").row(0) == (100, 101)


DOUBTFUL: dict[str, list[list[object]]] = {
    "one more price": rows_of(lambda i: (100.9 + i,)),
    "an order nobody writes": rows_of(lambda i: (volume(i),), "clho"),
    "a text behind the numbers": rows_of(lambda i: (volume(i), f"N{i % 2}")),
    "a number before the time": [[600_000 + i % 2, *row] for i, row in enumerate(rows_of(lambda i: (volume(i),)))],
}


def mended(rows: list[list[object]], error: RefusedInputError) -> ParsedFile:
    """Read again with the proposed line."""
    line = str(error).split("Fix: ", 1)[1].split("  #", 1)[0]
    return read_rows(rows, timeframe="H1", **yaml.safe_load(line))


@pytest.mark.parametrize("name", DOUBTFUL)
def test_what_the_values_do_not_say_is_refused_with_a_header_that_reads(name: str) -> None:
    rows = DOUBTFUL[name]
    with pytest.raises(RefusedInputError, match=r"Fix: header: \[") as error:
        read_rows(rows)
    proposed = re.search(r"header: \[(.*)\]", str(error.value))
    assert proposed is not None
    assert len(proposed.group(1).split(", ")) == len(rows[0])
    assert mended(rows, error.value).n_rows_in == len(rows)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(LAYOUTS)),
    st.lists(
        st.tuples(*[st.integers(300, 400)] * 2, *[st.integers(0, 40)] * 2, st.integers(5_000, 9_000_000)),
        min_size=6,
        max_size=30,
    ),
)
def test_random_bars_come_out_equal_or_are_refused(name: str, drawn: list[tuple[int, ...]]) -> None:
    order, _ = LAYOUTS[name]
    bars = [(a / 4, (max(a, b) + c) / 4, max(min(a, b) - d, 1) / 4, b / 4, float(v)) for a, b, c, d, v in drawn]
    rows: list[list[object]] = []
    for i, (o, h, low, c, v) in enumerate(bars):
        prices = {"o": o, "h": h, "l": low, "c": c}
        rows.append([START_MS + i * HOUR_MS, *(prices[p] for p in order), v])
    try:
        parsed = read_rows(rows)
    except RefusedInputError:
        return  # no wrong number
    assert parsed.rows.select("open", "high", "low", "close", "volume").rows() == bars


def walk(n: int) -> list[tuple[float, float, float, float]]:
    """Bars whose opens lie near the closes before them, without touching them."""
    chance, close, bars = random.Random(5), 100.0, list[tuple[float, float, float, float]]()
    for _ in range(n):
        opens = round(close + chance.choice((-0.01, 0.01, 0.02)), 2)
        close = round(opens + chance.uniform(-1, 1), 2)
        bars.append((opens, round(max(opens, close) + 0.3, 2), round(min(opens, close) - 0.3, 2), close))
    return bars


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 1, 2, 0)])
def test_close_before_open_is_seen_in_many_rows_by_the_jumps_between_them(order: tuple[int, ...]) -> None:
    rows: list[list[object]] = [
        [START_MS + i * HOUR_MS, *(bar[at] for at in order), 5000 + i] for i, bar in enumerate(walk(60))
    ]
    if order[0] == 0:
        assert read_rows(rows).rows["open"][0] == walk(1)[0][0]
        return
    with pytest.raises(RefusedInputError, match="open and close change their places") as error:
        read_rows(rows)
    assert mended(rows, error.value).rows["open"][0] == walk(1)[0][0]


@pytest.mark.parametrize("between", [[], [700]])
def test_prices_of_another_instrument_behind_the_first_are_no_volume(between: list[object]) -> None:
    rows: list[list[object]] = [
        [START_MS + i * HOUR_MS, o, h, low, c, *between, 3 * o, 3 * h, 3 * low, 3 * c]
        for i, (o, h, low, c, _) in enumerate(BARS)
    ]
    with pytest.raises(RefusedInputError, match="are prices of their own, far from the first four") as error:
        read_rows(rows)
    assert mended(rows, error.value).rows["volume"][0] == (700 if between else None)


def test_numbers_behind_a_date_are_a_clock_only_where_dates_repeat() -> None:
    lines = [
        f"20240102,{clock},{1540 + i},{1545 + i},{1530 + i},{1542 + i},9" for i, clock in enumerate((930, 931, 932))
    ]
    assert read_text("\n".join(lines)).rows["ts"].dt.minute().to_list() == [30, 31, 32]
    days = [f"2024010{2 + i},{1540 + i},{1545 + i},{1530 + i},{1542 + i},1700" for i in range(3)]
    assert read_text("\n".join(days)).rows.select("open", "volume").row(0) == (1540, 1700)
