"""Inbox and sample: what files hold, what is delivered once, and what unchanged files cost."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from quant_core.ingestion import Dialect
from quant_core.quality import QualityRules
from quant_pipelines.lake.lake import Lake
from quant_pipelines.sources import inbox as inbox_module
from quant_pipelines.sources import parsed_file
from quant_pipelines.sources.config import Feed
from quant_pipelines.sources.content_index import ContentIndex
from quant_pipelines.sources.files import FileSource
from quant_pipelines.sources.inbox import inbox_source
from quant_pipelines.sources.opening import Opening
from quant_pipelines.sources.sample import sample_source
from tests.pipelines.small_project import daily_csv

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def now() -> datetime:
    return NOW


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that were parsed, in order; nothing is remembered from other tests."""
    parsed: list[str] = []
    real = parsed_file.read_file

    def counting(data: bytes, name: str, dialect: Dialect) -> object:
        parsed.append(name)
        return real(data, name, dialect)

    monkeypatch.setattr(parsed_file, "read_file", counting)
    monkeypatch.setattr(parsed_file, "_PARSED", type(parsed_file._PARSED)())
    return parsed


def inbox(folder: Path, *feeds: Feed, index: ContentIndex | None = None, settle_s: float = 0.0) -> FileSource:
    return inbox_source("inbox", folder, feeds, settle_s, now, index or ContentIndex())


def test_the_sample_takes_the_path_of_any_file() -> None:
    source = sample_source("sample", now, ContentIndex())
    first = source.instruments()[0]
    assert [i.symbol for i in source.instruments()] == ["SP500", "NASDAQ"]
    (delivery,) = source.deliveries(first, None)
    assert (delivery.n_rows_in, delivery.rows.height, delivery.quarantine.height) == (5031, 5031, 0)
    row = delivery.rows.row(0, named=True)  # 1999-01-04: 1229.22998,1248.810059,1219.099976,1228.099976,…,877000000
    assert (row["open"], row["high"], row["low"], row["close"]) == (1229.22998, 1248.810059, 1219.099976, 1228.099976)
    assert row["volume"] == 877_000_000
    assert row["ts"] == datetime(1999, 1, 4, 14, 30, tzinfo=UTC)


def test_an_unchanged_file_is_delivered_once_and_a_changed_one_again(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(daily_csv("AAA", 20))
    source = inbox(tmp_path)
    (instrument,) = source.instruments()
    (first,) = source.deliveries(instrument, None)
    assert list(source.deliveries(instrument, first.watermark)) == []
    before = source.fingerprint(instrument)
    (tmp_path / "a.csv").write_text(daily_csv("AAA", 25))
    assert source.fingerprint(instrument) == before  # an object sees one listing
    later = inbox(tmp_path)
    assert later.fingerprint(instrument) != before
    (second,) = later.deliveries(instrument, first.watermark)
    assert second.rows.height == 25


@pytest.mark.parametrize("reading", ["first", "again"])
def test_a_file_that_grows_after_it_was_listed_is_known_by_the_bytes_that_were_parsed(
    tmp_path: Path, reads: list[str], reading: str
) -> None:
    """The hash of the delivery is that of its rows, and what grew since is news."""
    file, texts = tmp_path / "a.csv", [daily_csv("AAA", n) for n in (20, 25, 30)]
    file.write_text(texts[0])
    index = ContentIndex()
    source = inbox(tmp_path, index=index)
    (instrument,) = source.instruments()
    listed = source.fingerprint(instrument)
    if reading == "again":  # as in a process that knows the file from the index
        parsed_file._PARSED.clear()
        file.write_text(texts[1])
    (delivery,) = source.deliveries(instrument, None)
    held = texts[0] if reading == "first" else texts[1]
    assert delivery.rows.height == held.count("\n") - 1
    assert delivery.origin_hash == hashlib.sha256(held.encode()).hexdigest()
    assert delivery.watermark == {"files": {"a.csv": delivery.origin_hash}}
    for text, n_rows in ((texts[1], 25), (texts[2], 30)):
        file.write_text(text)
        later = inbox(tmp_path, index=index)
        assert later.fingerprint(instrument) != listed
        found = [d.rows.height for d in later.deliveries(instrument, delivery.watermark)]
        assert found == ([] if text == held else [n_rows])


def test_ten_files_are_listed_once_whatever_is_asked_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for i in range(10):
        (tmp_path / f"S{i}.csv").write_text(daily_csv(f"S{i}", 20))
    listings: list[Path] = []
    real = inbox_module.files_below
    monkeypatch.setattr(inbox_module, "files_below", lambda folder: listings.append(folder) or real(folder))
    source = inbox(tmp_path)
    for instrument in source.instruments():
        source.fingerprint(instrument)
        assert len(list(source.deliveries(instrument, None))) == 1
    assert source.refused() == {}
    assert len(listings) == 1


def test_a_touched_file_with_the_same_bytes_is_not_new(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(daily_csv("AAA", 20))
    source = inbox(tmp_path)
    (instrument,) = source.instruments()
    (first,) = source.deliveries(instrument, None)
    before = source.fingerprint(instrument)
    os.utime(tmp_path / "a.csv", (1, 1))
    source = inbox(tmp_path)
    assert source.fingerprint(instrument) == before
    assert list(source.deliveries(instrument, first.watermark)) == []


def test_a_long_file_with_many_symbols_is_parsed_once(tmp_path: Path, reads: list[str]) -> None:
    header = daily_csv("AAA", 20).splitlines()[0]
    rows = [line for s in ("AAA", "BBB", "CCC") for line in daily_csv(s, 20).splitlines()[1:]]
    (tmp_path / "long.csv").write_text("\n".join([header, *rows]) + "\n")
    source = inbox(tmp_path)
    delivered = {i.symbol: [d.rows.height for d in source.deliveries(i, None)] for i in source.instruments()}
    assert delivered == {"AAA": [20], "BBB": [20], "CCC": [20]}
    assert reads == ["long.csv"]


def test_the_index_spares_the_next_process_from_reading_unchanged_files(tmp_path: Path, reads: list[str]) -> None:
    for symbol in ("AAA", "BBB"):
        (tmp_path / f"{symbol}.csv").write_text(daily_csv(symbol, 20))
    saved: dict[str, dict[str, object]] = {}
    inbox(tmp_path, index=ContentIndex(lambda: saved, saved.update)).instruments()
    assert sorted(reads) == ["AAA.csv", "BBB.csv"]
    reads.clear()
    parsed_file._PARSED.clear()
    (tmp_path / "BBB.csv").write_text(daily_csv("BBB", 21))
    again = inbox(tmp_path, index=ContentIndex(lambda: saved, saved.update))
    assert [i.symbol for i in again.instruments()] == ["AAA", "BBB"]
    assert reads == ["BBB.csv"]


def test_refused_files_are_listed_and_the_others_delivered(tmp_path: Path) -> None:
    (tmp_path / "good.csv").write_text(daily_csv("AAA", 20))
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "noise.bin").write_bytes(bytes(range(256)) * 4)
    (tmp_path / ".hidden.csv").write_text(daily_csv("HID", 20))
    source = inbox(tmp_path)
    assert [i.symbol for i in source.instruments()] == ["AAA"]
    assert sorted(source.refused()) == ["empty.csv", "noise.bin"]
    assert all("Fix:" in reason for reason in source.refused().values())


def test_refused_rows_travel_with_the_instrument_they_name(tmp_path: Path) -> None:
    header, *rows = daily_csv("AAA", 20).splitlines()
    lines = [header, *rows, *daily_csv("BBB", 20).splitlines()[1:], "2021-01-01,BBB,1,x,1,1,1", "2021-01-02,,1,1,1,1,1"]
    (tmp_path / "long.csv").write_text("\n".join(lines) + "\n")
    source = inbox(tmp_path)
    deliveries = {i.symbol: next(source.deliveries(i, None)) for i in source.instruments()}
    assert sum(d.n_rows_in for d in deliveries.values()) == 42
    assert deliveries["BBB"].quarantine["origin_row"].to_list() == [42]
    assert deliveries["AAA"].quarantine["origin_row"].to_list() == [43]


def test_the_first_feed_whose_pattern_fits_declares_the_file(tmp_path: Path) -> None:
    (tmp_path / "oil").mkdir()
    (tmp_path / "oil" / "CL.csv").write_text(daily_csv("CL", 20))
    feed = Feed(
        "oil/*.csv", Dialect(calendar="XNYS"), allow_non_positive_prices=True, quality=QualityRules(), where="x"
    )
    later = Feed(
        "*.csv", Dialect(calendar="fx_24_5"), allow_non_positive_prices=False, quality=QualityRules(), where="y"
    )
    (instrument,) = inbox(tmp_path, feed, later).instruments()
    assert (instrument.calendar, instrument.rules.allow_non_positive_prices) == ("XNYS", True)


def test_a_file_that_is_still_being_written_waits(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(daily_csv("AAA", 20))
    os.utime(path, (NOW.timestamp() - 0.5, NOW.timestamp() - 0.5))
    assert inbox(tmp_path, settle_s=1.0).instruments() == []
    os.utime(path, (NOW.timestamp() - 1.5, NOW.timestamp() - 1.5))
    assert len(inbox(tmp_path, settle_s=1.0).instruments()) == 1


def test_a_missing_folder_is_an_empty_inbox(tmp_path: Path) -> None:
    assert inbox(tmp_path / "nowhere").instruments() == []


def quotes(price: float) -> str:
    return f"date,open,high,low,close\n2024-01-02,{price},{price},{price},{price}\n2024-01-03,2,2,2,2\n"


def quote_feed() -> Feed:
    dialect = Dialect.parse({"timeframe": "D1", "file_name_regex": r"(?P<symbol>[A-Z]{6})"}, "test")
    return Feed("*.csv", dialect, False, QualityRules(), "feeds[0]", ("bid", "ask"))


def test_bid_and_ask_files_are_delivered_as_their_mid_once_both_are_there(tmp_path: Path) -> None:
    source = inbox(tmp_path, quote_feed())
    (tmp_path / "EURUSD_ask.csv").write_text(quotes(3))
    assert source.instruments() == []
    assert "EURUSD_bid.csv" in source.refused()["EURUSD_ask.csv"]
    (tmp_path / "EURUSD_bid.csv").write_text(quotes(1))
    source = inbox(tmp_path, quote_feed())
    (instrument,) = source.instruments()
    assert (instrument.symbol, source.refused()) == ("EURUSD", {})
    (delivery,) = source.deliveries(instrument, None)
    assert delivery.rows["close"].to_list() == [2.0, 2.0]
    assert delivery.details["n_zero_spread"] == 1
    before = source.fingerprint(instrument)
    (tmp_path / "EURUSD_ask.csv").write_text(quotes(5))
    source = inbox(tmp_path, quote_feed())
    assert source.fingerprint(instrument) != before
    (again,) = source.deliveries(instrument, delivery.watermark)
    assert again.rows["close"].to_list() == [3.0, 2.0]


def test_quotes_of_two_symbols_are_not_mixed(tmp_path: Path) -> None:
    both = Feed("*.csv", Dialect(timeframe="D1"), False, QualityRules(), "feeds[0]", ("bid", "ask"))
    for name, symbol in (("bid.csv", "AAA"), ("ask.csv", "BBB")):
        (tmp_path / name).write_text(f"symbol,date,open,high,low,close\n{symbol},2024-01-02,1,1,1,1\n")
    source = inbox(tmp_path, both)
    assert source.instruments() == []
    assert "found AAA, BBB" in source.refused()["bid.csv"]


def test_a_file_of_ragged_rows_is_refused_with_the_first_of_them(tmp_path: Path) -> None:
    (tmp_path / "ABC.csv").write_text("date,open,high,low,close\n2024-01-02,1,3\n2024-01-03,1,3\n")
    source = inbox_source("inbox", tmp_path, (), 0, lambda: datetime(2030, 1, 1, tzinfo=UTC), ContentIndex())
    assert source.instruments() == []
    said = source.refused()["ABC.csv"]
    assert "row 2, value '2024-01-02,1,3'" in said
    assert "separator: " in said.split("Fix: ")[1]


def test_what_a_killed_writer_of_the_index_left_goes_with_the_next_writing(tmp_path: Path) -> None:
    """The content index of a source is a file like any other: no temporary file stays beside it."""
    left = tmp_path / "lake" / ".index" / ".inbox.json.0123456789abcdef.tmp"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"{")
    folder = tmp_path / "inbox"
    folder.mkdir()
    (folder / "AAA.csv").write_text(daily_csv("AAA"), encoding="utf-8")
    opening = Opening(Lake(str(tmp_path / "lake")), now, lambda _: "")
    assert inbox(folder, index=opening.index("inbox")).instruments()
    assert {p.name for p in left.parent.iterdir()} == {"inbox.json", "inbox.json.lock", "inbox.json.holder"}
