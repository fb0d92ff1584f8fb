"""Two venues never become one series, deliveries in parts do; files without a usable bar are refused, not silent."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from quant_core.ingestion import Dialect
from quant_core.quality import QualityRules
from quant_pipelines.sources.config import Feed
from quant_pipelines.sources.content_index import ContentIndex
from quant_pipelines.sources.files import FileSource
from quant_pipelines.sources.inbox import inbox_source

HEADER = "Date,Open,High,Low,Close,Volume\n"
HOURS = 6


def hourly(first_hour: int, price: int) -> str:
    rows = range(first_hour, first_hour + HOURS)
    return HEADER + "".join(
        f"2024-01-02 {h:02d}:00,{price + h},{price + h + 2},{price + h - 1},{price + h + 1},9\n" for h in rows
    )


def inbox(folder: Path, files: dict[str, str], *feeds: Feed, index: ContentIndex | None = None) -> FileSource:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    now = datetime(2030, 1, 1, tzinfo=UTC)
    return inbox_source("inbox", folder, feeds, 0.0, lambda: now, index or ContentIndex())


def n_bars(source: FileSource) -> dict[str, int]:
    return {
        f"{i.symbol}|{i.timeframe.value}": sum(d.rows.height for d in source.deliveries(i, None))
        for i in source.instruments()
    }


def test_the_second_venue_is_refused_by_name_and_the_proposed_line_makes_it_a_series(tmp_path: Path) -> None:
    files = {"binance/BTC_1h.csv": hourly(0, 100), "bybit/BTC_1h.csv": hourly(3, 200)}
    source = inbox(tmp_path, files)
    assert n_bars(source) == {"BTC|H1": HOURS}
    ((path, why),) = source.refused().items()
    assert path == "bybit/BTC_1h.csv"
    assert "binance/BTC_1h.csv" in why
    line = yaml.safe_load("{" + why.split("sources.yaml: inbox.feeds: ", 1)[1] + "}")
    feed = Feed(line["pattern"], Dialect(symbol=line["symbol"]), False, QualityRules(), "sources.yaml: feeds[0]")
    assert n_bars(inbox(tmp_path, {}, feed)) == {"BTC|H1": HOURS, "BTC.bybit|H1": HOURS}


@pytest.mark.parametrize(
    "files",
    [
        {"a/BTC_1h.csv": hourly(0, 100), "b/BTC_1h.csv": hourly(8, 200)},
        {"a/BTC_1h.csv": hourly(0, 100), "b/BTC_1h.csv": hourly(3, 100)},
        {"2024-01-02/BTC_1h.csv": hourly(0, 100), "2024-02-02/BTC_1h.csv": hourly(0, 50)},
        {"a/BTC_1h.csv": hourly(0, 100), "a/BTC_1h (1).csv": hourly(0, 100)},
    ],
)
def test_parts_copies_and_dated_deliveries_are_one_series(tmp_path: Path, files: dict[str, str]) -> None:
    source = inbox(tmp_path, files)
    assert source.refused() == {}
    assert n_bars(source) == {"BTC|H1": 2 * HOURS}


def test_what_was_found_is_remembered_by_the_next_process(tmp_path: Path) -> None:
    saved: dict[str, dict[str, object]] = {}
    files = {"binance/BTC_1h.csv": hourly(0, 100), "bybit/BTC_1h.csv": hourly(3, 200)}
    first = inbox(tmp_path, files, index=ContentIndex(dict, saved.update)).refused()
    again = inbox(tmp_path, {}, index=ContentIndex(lambda: saved)).refused()  # type: ignore[arg-type]
    assert first == again
    assert list(again) == ["bybit/BTC_1h.csv"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no row"),
        (HEADER, "the file is empty: a header and no row"),
        (HEADER + "2024-01-02,1,2,1,,5\n2024-01-03,1,2,1,,5\n", "none of its 2 rows is a bar"),
        (HEADER + "2024-01-02,1,2,3,4,5\n2024-01-03,1,2,3,4,5\n", "none of its 2 rows is a bar"),
        (HEADER + "2024-01-02,-1,-1,-2,-1,5\n2024-01-03,-1,-1,-2,-1,5\n", "allow_non_positive_prices"),
    ],
)
def test_files_without_a_usable_bar_are_refused(tmp_path: Path, text: str, message: str) -> None:
    source = inbox(tmp_path, {"A.csv": text, "good.csv": hourly(0, 100)})
    assert message in source.refused()["A.csv"]
    assert "dialect" not in source.refused()["A.csv"]
    assert n_bars(source) == {"good|H1": HOURS}


def test_negative_prices_are_usable_where_they_are_declared_real(tmp_path: Path) -> None:
    text = HEADER + "2024-01-02,-1,-1,-2,-1,5\n2024-01-03,-1,-1,-2,-1,5\n"
    feed = Feed("*.csv", Dialect(), True, QualityRules(), "sources.yaml: feeds[0]")
    assert inbox(tmp_path, {"A.csv": text}, feed).refused() == {}
