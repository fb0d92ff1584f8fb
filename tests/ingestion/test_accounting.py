"""No row gets lost between a file and its bars: in = kept + dropped + quarantined + unreadable, on many files."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quant_core.calendars import calendar_of
from quant_core.errors import QuantError
from quant_core.ingestion import Dialect, read_file
from quant_core.quality import QUALITY_CHECKS, Cleaned, QualityRules, clean
from quant_core.quality.unreadable_rows import SEVERITY
from quant_core.timeframes import Timeframe
from tests.ingestion.generated_inputs import csv_files, dialects, json_files
from tests.ingestion.reading_text import HEADER, read_text

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RELAXED = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


def cleaned_of(parsed: Any, calendar: str = "always_open") -> Cleaned:
    """The series of a file with one series, cleaned."""
    symbol, timeframe = parsed.rows.select("symbol", "timeframe").row(0)
    return clean(
        parsed.rows,
        symbol=symbol,
        timeframe=Timeframe(timeframe),
        calendar=calendar_of(calendar),
        now=NOW,
        rules=QualityRules(),
        unreadable=parsed.quarantine,
    )


def test_rows_refused_while_reading_are_lines_of_the_report() -> None:
    rows = "".join(f"2024-01-02 1{h}:00,1,3,1,2,5\n" for h in range(6))
    done = cleaned_of(
        read_text(HEADER + rows + "2024-01-02 16:00,1,x,1,2,5\n2024-01-02 17:00,1,3\n2024-01-02 17:00,5\n")
    )
    report = done.report
    assert (report.n_rows_in, report.n_kept, report.n_unreadable) == (9, 6, 3)
    lines = report.table.filter(severity=SEVERITY).select("check", "n_rows", "share").rows()
    assert lines == [("ragged_row", 2, 2 / 9), ("unparsable_high", 1, 1 / 9)]
    assert sorted(done.quarantine["reason"]) == ["ragged_row", "ragged_row", "unparsable_high"]
    example = report.table.filter(check="unparsable_high")["example"][0]
    assert example == "row 8 of ABC.csv: 2024-01-02 16:00,1,x,1,2,5"


def test_a_row_of_every_kind_is_counted_once() -> None:
    bars = "".join(f"2024-01-02 1{h}:00,1,3,1,2,5\n" for h in range(4))
    bad = "2024-01-02 14:00,1,0.5,1,2,5\n2024-01-02 13:00,1,3,1,2,5\nnoon,1,3,1,2,5\n"
    report = cleaned_of(read_text(HEADER + bars + bad)).report
    assert (report.n_rows_in, report.n_kept, report.n_dropped, report.n_quarantined, report.n_unreadable) == (
        7,
        4,
        1,
        1,
        1,
    )


@settings(max_examples=150, deadline=None, suppress_health_check=RELAXED, database=None, derandomize=True)
@given(st.one_of(csv_files(), json_files()), dialects())
def test_reports_of_generated_files_add_up(data: bytes, declared: dict[str, Any]) -> None:
    try:
        parsed = read_file(data, "ABC.csv", Dialect.parse(declared, "test"))
    except QuantError:
        return
    if parsed.rows.select("symbol", "timeframe").n_unique() != 1:
        return
    done = cleaned_of(parsed, declared.get("calendar", "always_open"))
    table, report = done.report.table, done.report
    assert report.n_rows_in == parsed.n_rows_in == len(done.bars) + report.n_dropped + done.quarantine.height
    assert table.filter(severity=SEVERITY)["n_rows"].sum() == parsed.quarantine.height == report.n_unreadable
    assert table["check"].is_unique().all()
    counted = dict(table.filter(severity=SEVERITY).select("check", "n_rows").iter_rows())
    assert counted == dict(parsed.quarantine["reason"].value_counts().iter_rows())
    assert not set(counted) & set(QUALITY_CHECKS)
