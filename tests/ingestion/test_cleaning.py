"""Cleaning removes what its checks say, keeps the rest, counts everything and loses no row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant_core.calendars import calendar_of
from quant_core.catalog import Catalog
from quant_core.errors import DataContractError, UnknownNameError
from quant_core.quality import QUALITY_CHECKS, Cleaned, QualityReport, QualityRules, checked, clean
from quant_core.quality.checks.contract import example_rows
from quant_core.tables import TABLES
from quant_core.timeframes import Timeframe

NOW = datetime(2025, 1, 1, tzinfo=UTC)


def _clean(rows: pl.DataFrame, *, calendar: str = "always_open", now: datetime = NOW, **rules: Any) -> Cleaned:
    return clean(
        rows,
        symbol="X",
        timeframe=Timeframe(rows["timeframe"][0]) if rows.height else Timeframe.H1,
        calendar=calendar_of(calendar),
        now=now,
        rules=QualityRules(**rules),
    )


def _reasons(done: Cleaned) -> dict[int, str]:
    return dict(done.quarantine.select("origin_row", "reason").iter_rows())


@pytest.mark.parametrize("name", QUALITY_CHECKS)
def test_no_check_finds_anything_in_clean_rows(name: str) -> None:
    close = [1.0 + 0.01 * (i % 7) for i in range(60)]
    rows = example_rows(close=close, high=[2.0] * 60, low=[0.5] * 60)
    found = QUALITY_CHECKS[name]().find(checked(rows, rules=QualityRules(spike_min_fraction=2.0)))
    assert found.mask.dtype == pl.Boolean
    assert len(found.mask) == rows.height
    assert found.mask.sum() == 0
    assert found.n_rows in (None, 0)


@pytest.mark.parametrize("name", QUALITY_CHECKS)
def test_every_check_accepts_no_rows_at_all(name: str) -> None:
    assert len(QUALITY_CHECKS[name]().find(checked(example_rows(close=[1.0]).clear())).mask) == 0


def test_catalog_finds_the_checks_and_their_severities_are_words_of_the_report() -> None:
    assert isinstance(QUALITY_CHECKS, Catalog)
    severities = {QUALITY_CHECKS[n]().severity(QualityRules()) for n in QUALITY_CHECKS}
    assert severities == {"dropped", "quarantined", "flagged"}


def test_first_reason_by_priority_while_every_check_counts_all_it_finds() -> None:
    rows = example_rows(low=[1.0, -5.0, 1.0, 1.0], high=[1.0, -6.0, 0.5, 1.0], close=[1.0, 1.0, 1.0, float("inf")])
    done = _clean(rows)
    assert _reasons(done) == {2: "non_positive_price", 3: "ohlc_order", 4: "not_finite"}
    assert done.report.count("ohlc_order") == 2
    assert done.report.count("non_positive_price") == 1


def test_non_positive_prices_are_kept_where_the_source_says_they_are_real() -> None:
    rows = example_rows(open=[-1.0], high=[1.0], low=[-37.63], close=[-37.63])
    assert len(_clean(rows).bars) == 0
    done = _clean(rows, allow_non_positive_prices=True)
    assert len(done.bars) == 1
    assert done.report.count("non_positive_price") == 1


def test_good_row_is_not_lost_to_a_broken_row_of_the_same_time() -> None:
    rows = example_rows(close=[1.0, 1.0], high=[1.0, 0.5]).with_columns(
        ts=pl.lit(datetime(2024, 1, 1, tzinfo=UTC)).cast(pl.Datetime("us", "UTC"))
    )
    done = _clean(rows)
    assert (len(done.bars), _reasons(done)) == (1, {2: "ohlc_order"})


def test_conflicts_are_quarantined_with_both_rows_unless_the_last_is_declared_to_win() -> None:
    rows = example_rows(close=[1.0, 1.0, 1.0], high=[1.0, 2.0, 1.0]).with_columns(
        ts=pl.lit(datetime(2024, 1, 1, tzinfo=UTC)).cast(pl.Datetime("us", "UTC"))
    )
    done = _clean(rows)
    assert (len(done.bars), done.report.n_dropped, _reasons(done)) == (
        0,
        1,
        {1: "conflicting_duplicate", 2: "conflicting_duplicate"},
    )
    last = _clean(rows, conflicting_duplicates="keep_last")
    assert last.bars.frame["high"].to_list() == [1.0]
    assert last.report.n_kept + last.report.n_dropped + last.report.n_quarantined == 3


def test_future_bars_are_quarantined_and_the_running_bar_is_dropped() -> None:
    now = datetime(2024, 1, 1, 1, 30, tzinfo=UTC)
    done = _clean(example_rows(close=[1.0, 2.0, 3.0]), now=now)
    assert done.bars.frame["close"].to_list() == [1.0]
    assert (done.report.n_dropped, _reasons(done)) == (1, {3: "future_bar"})
    assert done.report.count("unfinished_bar") == 1


def test_bar_complete_at_the_moment_of_the_snapshot_is_kept() -> None:
    assert len(_clean(example_rows(close=[1.0]), now=datetime(2024, 1, 1, 1, tzinfo=UTC)).bars) == 1


def test_rows_are_sorted_and_steps_back_are_counted() -> None:
    hours = [datetime(2024, 1, 1, h, tzinfo=UTC) for h in (2, 0, 1)]
    done = _clean(example_rows(ts=hours, close=[3.0, 1.0, 2.0], high=[3.0] * 3))
    assert done.bars.frame["close"].to_list() == [1.0, 2.0, 3.0]
    assert done.report.count("order_violation") == 1


def test_unusable_volume_becomes_missing_and_the_bar_is_kept() -> None:
    done = _clean(example_rows(volume=[-1.0, float("nan"), 2.0]))
    assert done.bars.frame["volume"].to_list() == [None, None, 2.0]
    assert done.report.count("unusable_volume") == 2


def test_times_outside_the_calendar_go_to_quarantine() -> None:
    far = [datetime(1700, 1, 1, tzinfo=UTC), datetime(2300, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC)]
    done = _clean(example_rows(ts=far, close=[1.0] * 3))
    assert _reasons(done) == {1: "implausible_ts", 2: "implausible_ts"}
    assert len(done.bars) == 1


def test_gaps_are_counted_in_missing_bars_with_the_largest_listed() -> None:
    rows = example_rows(close=[1.0] * 48)[[*range(3), *range(20, 30), *range(31, 48)]]
    line = _clean(rows).report.table.filter(pl.col("check") == "gap").row(0, named=True)
    assert line["n_rows"] == 17 + 1
    assert line["example"].startswith("2 gaps; largest: 17 bars from 2024-01-01 03:00 to 2024-01-01 19:00; 1 bars")
    assert line["first_ts"] == datetime(2024, 1, 1, 20, tzinfo=UTC)


def test_level_shift_is_no_spike_but_a_print_that_reverts_is() -> None:
    quiet = [1.0, 1.001] * 20
    shift, bad = quiet + [1.3] * 10, [*quiet, 1.3, *quiet[:10]]
    for close, expected in ((shift, 0), (bad, 1)):
        done = _clean(example_rows(open=close, high=close, low=close, close=close))
        assert done.report.count("spike.close") == expected
        assert len(done.bars) == len(close)


def test_single_late_open_is_a_holiday_and_not_a_clock_change() -> None:
    monday = datetime(2024, 1, 1, tzinfo=UTC)
    ts = [monday + timedelta(weeks=w, hours=h + (5 if w == 4 else 0)) for w in range(9) for h in range(3)]
    assert _clean(example_rows(ts=ts)).report.count("clock_change") == 0
    early = [monday + timedelta(weeks=w, hours=h + (4 if w == 4 else 5)) for w in range(9) for h in range(3)]
    assert _clean(example_rows(ts=early)).report.count("clock_change") == 2


def test_quarantine_keeps_file_row_and_text_or_typed_values() -> None:
    rows = example_rows(close=[None, 1.0]).with_columns(raw_text=pl.Series(["the line", None]))
    rows = rows.with_columns(open=pl.Series([1.0, None]))
    done = _clean(rows)
    texts = done.quarantine["raw_text"].to_list()
    assert texts[0] == "the line"
    assert '"open":null' in texts[1]
    TABLES["quarantine"].validate(done.quarantine)


def test_rows_of_another_symbol_are_refused() -> None:
    with pytest.raises(DataContractError, match="expected its own rows only"):
        _clean(example_rows(close=[1.0]).with_columns(symbol=pl.lit("Y")))


def test_report_that_does_not_add_up_cannot_exist() -> None:
    with pytest.raises(DataContractError, match="lost rows"):
        QualityReport(TABLES["quality"].empty(), 3, 1, 1, 0)


def test_unknown_rule_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'spike_k'"):
        QualityRules.parse({"spike_kk": 1}, "feeds: x")


def test_no_rows_give_empty_bars_and_a_full_report() -> None:
    done = _clean(example_rows(close=[1.0]).clear())
    assert (len(done.bars), done.report.n_rows_in) == (0, 0)
    assert {c.split(".")[0] for c in done.report.counts} == {*QUALITY_CHECKS, "implausible_ts"}


PRICES = st.one_of(st.none(), st.floats(), st.sampled_from([1.0, 2.0, 0.0, -1.0]))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), PRICES, PRICES, PRICES, PRICES, PRICES), max_size=25), st.booleans())
def test_any_rows_are_kept_dropped_or_quarantined_and_bars_are_sound(rows: list[tuple[Any, ...]], last: bool) -> None:
    start = datetime(2024, 1, 1, tzinfo=UTC)
    columns = list(zip(*rows, strict=True)) if rows else [[]] * 6
    frame = example_rows(close=[1.0] * max(len(rows), 1)).head(len(rows))
    frame = frame.with_columns(
        pl.Series("ts", [start + timedelta(hours=h) for h in columns[0]], dtype=pl.Datetime("us", "UTC")),
        *[
            pl.Series(n, list(v), dtype=pl.Float64)
            for n, v in zip(("open", "high", "low", "close", "volume"), columns[1:], strict=True)
        ],
    )
    done = _clean(
        frame, now=start + timedelta(hours=8, minutes=30), conflicting_duplicates="keep_last" if last else "quarantine"
    )
    report, bars = done.report, done.bars.frame
    assert report.n_rows_in == len(rows) == bars.height + report.n_dropped + done.quarantine.height
    assert bars["ts"].is_unique().all()
    assert bars.filter((pl.col("high") < pl.max_horizontal("open", "close")) | (pl.col("low") <= 0)).height == 0
    assert (bars["ts_close"] <= start + timedelta(hours=8, minutes=30)).all()
