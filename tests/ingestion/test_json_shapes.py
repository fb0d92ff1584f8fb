"""Every shape in which vendors and pandas write JSON gives the same bars; what is no table is refused by name."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant_core.errors import RefusedInputError
from quant_core.ingestion import Dialect, ParsedFile, read_file
from tests.ingestion.reading_text import times_of

FIELDS = ("open", "high", "low", "close", "volume")
DAY_S = 86_400
BARS = {1_704_153_600 + i * DAY_S: (100.5 + i, 102.0 + i, 99.0 + i, 101.0 + i, 1000.0 + i) for i in range(5)}
DATES = [f"2024-01-0{i + 2}" for i in range(5)]


def read_json(document: Any, name: str = "ABC.json", **declared: Any) -> ParsedFile:
    return read_file(json.dumps(document).encode(), name, Dialect.parse(declared, "test"))


def bars_of(parsed: ParsedFile) -> list[tuple[float, ...]]:
    return parsed.rows.select(FIELDS).rows()


def nested(dates: list[str], named: list[dict[str, float]]) -> list[dict[str, Any]]:
    """Candles whose prices lie under another key, as texts."""
    return [
        {"time": d, "volume": row["volume"], "mid": {k[0]: str(row[k]) for k in FIELDS[:4]}}
        for d, row in zip(dates, named, strict=True)
    ]


def shapes(bars: dict[int, tuple[float, ...]], dates: list[str]) -> dict[str, Any]:
    """The same bars in every shape."""
    named = [dict(zip(FIELDS, bar, strict=True)) for bar in bars.values()]
    columns = {field: [row[field] for row in named] for field in FIELDS}
    records = [{"date": d, **row} for d, row in zip(dates, named, strict=True)]
    millis = [t * 1000 for t in bars]
    letters = dict(zip("ohlcv", columns.values(), strict=True))
    return {
        "records": records,
        "records under a key": {"status": "OK", "count": 5, "results": records},
        "records two levels deep": {"error": [], "result": {"XYZ": records, "last": 7}},
        "arrays": [[t, *bar] for t, bar in bars.items()],
        "arrays of texts": {"code": "0", "data": [[str(t), *map(str, bar)] for t, bar in bars.items()]},
        "arrays per field": {"s": "ok", "t": list(bars), **letters},
        "chart": {
            "chart": {
                "result": [{"meta": {"symbol": "ABC"}, "timestamp": list(bars), "indicators": {"quote": [columns]}}],
                "error": None,
            }
        },
        "nested prices": {"instrument": "ABC", "candles": nested(dates, named)},
        "object by date": {"Meta": {"Symbol": "ABC"}, "Series": dict(zip(dates, named, strict=True))},
        "object by epoch": dict(zip(map(str, millis), named, strict=True)),
        "arrays by date": {d: list(bar) for d, bar in zip(dates, bars.values(), strict=True)},
        "numbered names": {
            "Time Series (Daily)": {
                d: {f"{i}. {k}": str(row[k]) for i, k in enumerate(FIELDS, 1)}
                for d, row in zip(dates, named, strict=True)
            }
        },
        "pandas split": {"columns": list(FIELDS), "index": millis, "data": [list(bar) for bar in bars.values()]},
        "pandas index": {str(t): row for t, row in zip(millis, named, strict=True)},
        "pandas columns": {f: dict(zip(map(str, millis), columns[f], strict=True)) for f in FIELDS},
        "pandas columns with dates": {f: {str(i): row[f] for i, row in enumerate(records)} for f in ("date", *FIELDS)},
        "pandas table": {
            "schema": {"fields": [{"name": "index", "type": "datetime"}], "pandas_version": "1.4.0"},
            "data": [{"index": f"{d}T00:00:00.000", **row} for d, row in zip(dates, named, strict=True)],
        },
    }


@pytest.mark.parametrize("shape", shapes(BARS, DATES))
def test_every_shape_gives_the_same_bars(shape: str) -> None:
    parsed = read_json(shapes(BARS, DATES)[shape])
    assert bars_of(parsed) == list(BARS.values())
    assert [t[:10] for t in times_of(parsed)] == DATES
    assert (parsed.n_rows_in, parsed.rows["symbol"][0], parsed.rows["timeframe"][0]) == (5, "ABC", "D1")


def test_rows_by_symbol_are_several_series() -> None:
    records = shapes(BARS, DATES)["records"]
    parsed = read_json({"bars": {"AAPL": records, "NA": records[:3]}, "next_page_token": None}, timeframe="D1")
    assert dict(parsed.rows["symbol"].value_counts().iter_rows()) == {"AAPL": 5, "NA": 3}


def test_a_bar_that_says_that_it_is_not_complete_is_set_aside_with_its_reason() -> None:
    document = shapes(BARS, DATES)["nested prices"]
    for i, candle in enumerate(document["candles"]):
        candle["complete"] = i < 4
    parsed = read_json(document)
    assert (parsed.rows.height, parsed.quarantine["reason"].to_list()) == (4, ["unfinished_row"])


def test_bid_and_ask_objects_give_their_mid_and_a_mid_is_preferred() -> None:
    quotes = [
        {"time": d, **{side: dict(zip("ohlc", (10 + s, 12 + s, 9 + s, 11 + s), strict=True)) for side, s in sides}}
        for d in DATES
        for sides in [(("bid", 0), ("ask", 2))]
    ]
    assert read_json(quotes).rows["close"].to_list() == [12.0] * 5
    with_mid = [row | {"mid": {"o": 1, "h": 2, "l": 1, "c": 2}} for row in quotes]
    assert read_json(with_mid).rows["close"].to_list() == [2.0] * 5


def test_a_zone_that_the_document_names_is_used_for_its_naive_times() -> None:
    rows = {f"2024-01-02 09:3{i}:00": dict(zip(FIELDS, (1, 2, 1, 2, 5), strict=True)) for i in range(4)}
    document = {"Meta Data": {"2. Symbol": "ABC", "6. Time Zone": "US/Eastern"}, "Time Series (1min)": rows}
    parsed = read_json(document)
    assert times_of(parsed)[0] == "2024-01-02 14:30:00"
    assert "zone" not in parsed.resolved["assumed"]
    assert times_of(read_json(document, zone="UTC"))[0] == "2024-01-02 09:30:00"


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "the file holds no row"),
        ({"s": "no_data", "candles": []}, "the file holds no row"),
        ({"error": "limit reached", "code": 429}, "time"),
        ({"a": {"x": 1}, "b": {"y": [1]}}, r"no table of bars \(its keys are \['a', 'b'\]\)"),
        ({"m1": [[1, 2, 3, 4, 5]], "x": {"h1": [[1, 2, 3, 4, 5]]}}, "several tables: 'm1', 'x.h1'"),
    ],
)
def test_what_is_no_table_is_refused(document: Any, message: str) -> None:
    with pytest.raises(RefusedInputError, match=message):
        read_json(document)


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(sorted(shapes(BARS, DATES))),
    st.lists(
        st.tuples(st.integers(200, 400), st.integers(0, 40), st.integers(0, 40), st.integers(200, 400)),
        min_size=5,
        max_size=5,
    ),
)
def test_random_bars_come_out_equal_in_every_shape(shape: str, drawn: list[tuple[int, int, int, int]]) -> None:
    bars = {
        t: (a / 2, (max(a, b) + up) / 2, (min(a, b) - down) / 2, b / 2, 5000.0 + a)
        for t, (a, up, down, b) in zip(BARS, drawn, strict=True)
    }
    try:
        parsed = read_json(shapes(bars, DATES)[shape])
    except RefusedInputError:
        assert "arrays" in shape  # without names, close and open may look exchanged
        return
    assert bars_of(parsed) == list(bars.values())


@pytest.mark.parametrize(
    ("outside", "name", "symbol"),
    [
        ({"symbol": "AAPL"}, "response.json", "AAPL"),
        ({"meta": {"ticker": "BRK.B"}}, "response.json", "BRK.B"),
        ({"ticker": "X:BTCUSD"}, "BTC-USD_1d.json", "BTC-USD"),
        ({"code": "200000", "status": "ok"}, "ETH.json", "ETH"),
        ({"a": {"symbol": "A"}, "b": {"symbol": "B"}}, "ETH.json", "ETH"),
    ],
)
def test_a_symbol_outside_the_rows_names_them(outside: dict[str, Any], name: str, symbol: str) -> None:
    rows = [{"time": d, "open": 1, "high": 3, "low": 1, "close": 2} for d in DATES]
    parsed = read_file(json.dumps({**outside, "bars": rows}).encode(), name, Dialect())
    assert parsed.rows["symbol"].unique().to_list() == [symbol]
    own = [{**row, "symbol": "OWN"} for row in rows]
    assert read_file(json.dumps({**outside, "bars": own}).encode(), name, Dialect()).rows["symbol"][0] == "OWN"
