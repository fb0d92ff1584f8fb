"""Every shared file is read or refused as declared, and its defects are counted exactly as PROVENANCE.md has them."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from quant_core.calendars import calendar_of
from quant_core.errors import RefusedInputError
from quant_core.ingestion import Dialect, ParsedFile, merge_bid_ask, read_file
from quant_core.quality import Cleaned, QualityRules, clean
from quant_core.tables import TABLES
from quant_core.timeframes import Timeframe
from tests.ingestion.provenance import Record, read_provenance

FEEDS: dict[str, dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "shared_data_feeds.yaml").read_text(encoding="utf-8")
)["feeds"]
SERIES = sorted(name for name, feed in FEEDS.items() if "refused" not in feed)
REFUSED = sorted(name for name, feed in FEEDS.items() if "refused" in feed)
NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture(scope="module")
def provenance(shared_data: Path) -> dict[str, Record]:
    return read_provenance(shared_data / "PROVENANCE.md")


def _read(shared_data: Path, name: str) -> ParsedFile:
    dialect = Dialect.parse(FEEDS[name].get("dialect", {}), f"feeds: {name}")
    return read_file((shared_data / name).read_bytes(), name, dialect)


def _clean_each(parsed: ParsedFile, feed: dict[str, Any]) -> list[Cleaned]:
    """Bars of each series; those outside sessions are kept, because PROVENANCE.md counts defects over all rows."""
    calendar = calendar_of(feed.get("calendar", "always_open"))
    rules = QualityRules.parse({"outside_sessions": "keep", **feed.get("rules", {})}, "rules")
    groups = parsed.rows.group_by("symbol", "timeframe", maintain_order=True)
    return [
        clean(rows, symbol=str(s), timeframe=Timeframe(str(t)), calendar=calendar, now=NOW, rules=rules)
        for (s, t), rows in groups
    ]


def test_feeds_and_provenance_name_the_same_files(shared_data: Path, provenance: dict[str, Record]) -> None:
    on_disk = {p.relative_to(shared_data).as_posix() for p in shared_data.glob("*/*") if p.is_file()}
    assert set(FEEDS) == set(provenance) == on_disk


@pytest.mark.parametrize("name", REFUSED)
def test_files_without_bars_are_refused_with_the_right_reason(shared_data: Path, name: str) -> None:
    with pytest.raises(RefusedInputError, match=FEEDS[name]["refused"]) as error:
        read_file((shared_data / name).read_bytes(), name, Dialect())
    assert name in str(error.value)
    assert "Fix:" in str(error.value)


@pytest.mark.parametrize("name", SERIES)
def test_rows_span_and_defects_equal_provenance(shared_data: Path, provenance: dict[str, Record], name: str) -> None:
    feed, record = FEEDS[name], provenance[name]
    parsed = _read(shared_data, name)
    assert parsed.n_rows_in == record.rows
    TABLES["raw_rows"].validate(parsed.rows)
    TABLES["quarantine"].validate(parsed.quarantine)
    assert json.loads(json.dumps(parsed.resolved)) == parsed.resolved
    for count, value in feed.get("counts", {}).items():
        assert parsed.resolved[count] == value
    cleaned = _clean_each(parsed, feed)
    _check_span(parsed, cleaned, feed, record)
    assert _defects(parsed, cleaned, record) == record.defects | feed.get("defects_differ", {})
    for done in cleaned:
        TABLES["quality"].validate(done.report.table)
        TABLES["quarantine"].validate(done.quarantine)
        assert done.report.n_rows_in == len(done.bars) + done.report.n_dropped + done.quarantine.height


def _check_span(parsed: ParsedFile, cleaned: list[Cleaned], feed: dict[str, Any], record: Record) -> None:
    """First and last label, moved to UTC by hand; for exchange dates the session dates."""
    if "utc_offset_hours" in feed:
        found = (parsed.rows["ts"].min(), parsed.rows["ts"].max())
        offsets = [timedelta(hours=h) for h in feed["utc_offset_hours"]]
        shift = timedelta(minutes=feed.get("label_minutes", 0))
        labels = (record.first, record.last)
        expected = tuple(label.replace(tzinfo=UTC) - o - shift for label, o in zip(labels, offsets, strict=True))
        assert found == expected
    else:
        dates = pl.concat([done.bars.frame["session_date"] for done in cleaned])
        assert (dates.min(), dates.max()) == (record.first.date(), record.last.date())


def _defects(parsed: ParsedFile, cleaned: list[Cleaned], record: Record) -> dict[str, int]:
    """The defects that PROVENANCE.md counts, counted by ingestion and quality."""
    total: Counter[str] = Counter()
    for done in cleaned:
        total.update({check.rsplit(".", 1)[-1]: n for check, n in done.report.counts.items()})
    total["dup_ts"] = total["identical_duplicate"] + total["conflicting_duplicate"]
    total["unparsable_ts"] = parsed.quarantine.filter(pl.col("reason") == "unparsable_ts").height
    return {name: total[name] for name in record.defects}


def test_corrupt_first_line_is_quarantined_with_its_text(shared_data: Path) -> None:
    parsed = _read(shared_data, "fx/mt4_EURUSD_m15_noheader.csv.gz")
    assert parsed.quarantine.select("origin_row", "reason", "raw_text").rows() == [
        (1, "unparsable_ts", "-(2018-10-12 12:00,1.15777,1.15795,1.15685,1.15739,2819")
    ]


def test_spike_check_finds_every_bad_low_of_spy(shared_data: Path) -> None:
    """46 lows lie more than 2 % off; the check marks 63 lows in all, so 73 % of its lows are among the 46."""
    name = "equity/ib_SPY_m1_2025-07_extended.csv"
    done = _clean_each(_read(shared_data, name), FEEDS[name])[0]
    far = done.bars.frame.filter(pl.col("low") < 0.98 * pl.min_horizontal("open", "close"))
    assert far.height == 46
    assert {part: done.report.count(f"spike.{part}") for part in ("low", "high", "close")} == {
        "low": 63,
        "high": 8,
        "close": 6,
    }
    body_is_bad = 3
    marked = _spikes(done)
    assert far["ts"].is_in(marked.implode()).all()
    jumps = done.bars.frame.with_columns(usual=pl.col("close").rolling_median(15, center=True, min_samples=1))
    bad_closes = jumps.filter((pl.col("close") / pl.col("usual") - 1).abs() > 0.02)
    assert bad_closes.height == body_is_bad
    assert bad_closes["ts"].is_in(marked.implode()).all()


def _spikes(done: Cleaned) -> pl.Series:
    """Times of the bars that the spike check marks."""
    from quant_core.quality.checks.contract import CheckedRows  # noqa: PLC0415
    from quant_core.quality.checks.spike import Spike  # noqa: PLC0415

    bars = done.bars
    rows = CheckedRows(bars.frame, bars.symbol, bars.timeframe, bars.calendar, NOW, QualityRules())
    return bars.frame.filter(Spike().find(rows).mask)["ts"]


def test_bid_side_alone_has_the_flat_bars_of_provenance(shared_data: Path) -> None:
    name = "fx/lean_fxcm_EURUSD_hour_bidask.zip"
    header = ["ts", "open", "high", "low", "close", "volume", *["ignore"] * 5]
    parsed = read_file((shared_data / name).read_bytes(), name, Dialect(header=header, symbol="EURUSD", zone="-05:00"))
    flat = parsed.rows.filter(pl.all_horizontal(pl.col("open") == pl.col(p) for p in ("high", "low", "close")))
    assert flat.height == 48


def test_separate_bid_and_ask_files_merge_to_mid_with_crossed_quotes_counted(shared_data: Path) -> None:
    bid = _read(shared_data, "fx/nautilus_fxcm_GBPUSD_m1_bid_2012-02.csv.gz")
    ask = _read(shared_data, "fx/nautilus_fxcm_GBPUSD_m1_ask_2012-02.csv.gz")
    mid = merge_bid_ask(bid, ask, "GBPUSD")
    assert (mid.rows.height, mid.quarantine.height) == (30_117, 0)
    assert (mid.resolved["n_ask_below_bid"], mid.resolved["n_zero_spread"]) == (347, 306)
    assert mid.rows["open"][0] == (1.57597 + 1.57608) / 2


@pytest.mark.parametrize(
    ("zone", "weeks"),
    [
        # Measured clock: UTC-5 with European summer time. No week opens at another hour.
        ({"base": "-05:00", "dst_of": "Europe/London"}, []),
        # New York's own rule is wrong from March 10 to 31 and in the week of October 27; the first hour of
        # March 10 is missing in the file, so that the wrong weeks show from March 17 on.
        ("America/New_York", ["2019-03-17", "2019-03-31", "2019-10-27", "2019-11-03"]),
    ],
)
def test_clock_check_shows_the_weeks_in_which_a_declared_zone_is_wrong(
    shared_data: Path, zone: Any, weeks: list[str]
) -> None:
    name = "fx/histdata_USDCAD_M1_2019.zip"
    dialect = Dialect.parse({"symbol": "USDCAD", "zone": zone}, "test")
    parsed = read_file((shared_data / name).read_bytes(), name, dialect)
    done = _clean_each(parsed, {"calendar": "fx_24_5"})[0]
    line = done.report.table.filter(pl.col("check") == "clock_change").row(0, named=True)
    assert line["n_rows"] == len(weeks)
    assert [part[:10] for part in line["example"].split("; ") if part] == weeks


def test_clock_check_sees_the_clock_jump_of_2009(shared_data: Path) -> None:
    name = "fx/lean_fxcm_EURUSD_hour_bidask.zip"
    parsed = read_file((shared_data / name).read_bytes(), name, Dialect(symbol="EURUSD", zone="-05:00"))
    around = parsed.rows.filter(
        pl.col("ts").is_between(datetime(2009, 8, 1, tzinfo=UTC), datetime(2010, 1, 1, tzinfo=UTC))
    )
    done = _clean_each(ParsedFile(around, parsed.quarantine.clear(), around.height, {}), {"calendar": "fx_24_5"})[0]
    example = done.report.table.filter(pl.col("check") == "clock_change")["example"][0]
    assert "2009-10-04" in example


def test_clock_check_sees_the_clock_change_of_2014(shared_data: Path) -> None:
    """The broker's week opens an hour earlier on New York's clock from November 2014 on."""
    name = "fx/ejtrader_GBPUSD_h1.csv.gz"
    parsed = _read(shared_data, name)
    around = parsed.rows.filter(
        pl.col("ts").is_between(datetime(2014, 11, 3, tzinfo=UTC), datetime(2014, 12, 20, tzinfo=UTC))
    )
    done = _clean_each(ParsedFile(around, parsed.quarantine.clear(), around.height, {}), {"calendar": "fx_24_5"})[0]
    line = done.report.table.filter(pl.col("check") == "clock_change").row(0, named=True)
    assert (line["n_rows"], line["first_ts"]) == (1, datetime(2014, 11, 23, 22, tzinfo=UTC))


def test_scaled_prices_are_exact_decimals(shared_data: Path) -> None:
    first = _read(shared_data, "fx/ejtrader_EURUSD_d1.csv").rows.row(0, named=True)
    assert [first[p] for p in ("open", "high", "low", "close")] == [1.30584, 1.31073, 1.30453, 1.30935]


def test_adjusted_columns_are_read_when_declared(shared_data: Path) -> None:
    name = "equity/pyalgotrade_WIKI_AIG_2009_d1.csv"
    rows = read_file((shared_data / name).read_bytes(), name, Dialect(symbol="AIG", price_columns="adjusted")).rows
    assert rows.row(0, named=True)["close"] == 23.709032015351
    orcl = "equity/backtrader_ORCL_d1.txt"
    adjusted = read_file((shared_data / orcl).read_bytes(), orcl, Dialect(symbol="O", price_columns="adjusted")).rows
    assert adjusted["close"][0] == 1.883304
    assert adjusted["open"][0] == pytest.approx(2.179012 * 1.883304 / 2.117284, rel=1e-15)


def test_tables_are_read_the_same_with_and_without_dates_undecidable(shared_data: Path) -> None:
    name = "equity/mplfinance_SP500_m1_2019-11.csv"
    with pytest.raises(RefusedInputError, match="day and month cannot be told apart") as error:
        read_file((shared_data / name).read_bytes(), name, Dialect())
    assert "row 2, column 'ts', value '11/5/2019 9:30'" in str(error.value)
    assert "date_format: '%m/%d/%Y %H:%M'" in str(error.value)


def test_roll_and_split_jumps_that_stay_are_no_spikes(shared_data: Path) -> None:
    """The 1:20 reverse split in the raw AIG columns is a level change, not a bad print."""
    name = "equity/pyalgotrade_WIKI_AIG_2009_d1.csv"
    done = _clean_each(_read(shared_data, name), FEEDS[name])[0]
    assert done.report.count("spike") == 0


OUTSIDE_SESSIONS = {
    "equity/ib_SPY_m1_2025-07_extended.csv": 21,  # the minute from 20:00 New York on
    "equity/mplfinance_SP500_m1_2019-11.csv": 3,  # the minute from 16:00 on
    "futures/nautilus_6EH4_m1_2024-01.csv.gz": 155,  # the early close of 2024-01-15, and closing minutes
    "futures/quandl_CHRIS_CME_ES1_d1.csv": 8,  # dates on which the calendar has no session
    "futures/yahoo_CL=F_d1.csv": 2,
    "futures/yahoo_GC=F_d1.csv": 2,
    "fx/backtestingpy_EURUSD_h1.csv": 2,  # Fridays from 17:00 New York on
    "fx/ejtrader_AUDUSD_h1.csv.gz": 28,
    "fx/ejtrader_GBPUSD_h1.csv.gz": 23,
    "fx/ejtrader_USDJPY_h1.csv": 29,
    "fx/lean_fxcm_EURUSD_hour_bidask.zip": 772,  # Sundays from 16:00 New York on
}


@pytest.mark.parametrize("name", SERIES)
def test_bars_in_pauses_are_set_aside_and_no_others(shared_data: Path, name: str) -> None:
    feed = FEEDS[name]
    parsed = _read(shared_data, name)
    kept = _clean_each(parsed, feed)
    default = _clean_each(parsed, {**feed, "rules": {**feed.get("rules", {}), "outside_sessions": "quarantine"}})
    n_outside = sum(done.quarantine.filter(pl.col("reason") == "outside_session").height for done in default)
    assert n_outside == OUTSIDE_SESSIONS.get(name, 0)
    for before, after in zip(kept, default, strict=True):
        assert before.bars.frame.join(after.bars.frame, on="ts", how="semi").equals(after.bars.frame)
        n_more = len(before.bars) - len(after.bars)
        n_twice = before.report.count("conflicting_duplicate")  # kept, a daily one stands beside its next session's
        assert n_more == before.report.count("outside_session") - n_twice
