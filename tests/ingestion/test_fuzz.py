"""Generated and broken inputs give bars, quarantine or a named error, and never lose a row."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quant_core.calendars import calendar_of
from quant_core.errors import QuantError, RefusedInputError
from quant_core.ingestion import Dialect, read_file
from quant_core.quality import QualityRules, clean
from quant_core.tables import TABLES
from quant_core.timeframes import Timeframe
from tests.ingestion.generated_inputs import columnar_files, csv_files, dialects, file_names, json_files

INPUTS = {"csv": csv_files(), "json": json_files(), "columnar": columnar_files(), "bytes": st.binary(max_size=200)}
FEW, MANY = 60, 3000
RELAXED = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


def outcome_of(data: bytes, file_name: str, declared: dict[str, Any]) -> str:
    """Read and clean; the name of the outcome. Any error that is not a QuantError fails the test."""
    try:
        parsed = read_file(data, file_name, Dialect.parse(declared, "test"))
    except QuantError as error:
        return type(error).__name__
    assert parsed.n_rows_in == parsed.rows.height + parsed.quarantine.height
    TABLES["raw_rows"].validate(parsed.rows)
    TABLES["quarantine"].validate(parsed.quarantine)
    for (symbol, timeframe), rows in parsed.rows.group_by("symbol", "timeframe"):
        done = clean(
            rows,
            symbol=str(symbol),
            timeframe=Timeframe(str(timeframe)),
            calendar=calendar_of(declared.get("calendar", "always_open")),
            now=datetime(2026, 1, 1, tzinfo=UTC),
            rules=QualityRules(),
        )
        report = done.report
        assert report.n_rows_in == rows.height == report.n_kept + report.n_dropped + report.n_quarantined
    return "bars" if parsed.rows.height else "no bars"


@pytest.mark.parametrize("kind", INPUTS)
def test_any_input_gives_bars_quarantine_or_a_named_error(kind: str) -> None:
    _fuzz(kind, FEW)


@pytest.mark.slow
@pytest.mark.parametrize("kind", INPUTS)
def test_ten_thousand_inputs_give_bars_quarantine_or_a_named_error(kind: str) -> None:
    assert _fuzz(kind, MANY) >= 2500


def _fuzz(kind: str, n: int) -> int:
    """Run n generated inputs; return how many ran and see that the generator makes both good and bad ones."""
    outcomes: list[str] = []

    @settings(max_examples=n, deadline=None, suppress_health_check=RELAXED, database=None, derandomize=True)
    @given(INPUTS[kind], file_names(), dialects())
    def run(data: bytes, file_name: str, declared: dict[str, Any]) -> None:
        outcomes.append(outcome_of(data, file_name, declared))

    run()
    assert "RefusedInputError" in outcomes
    assert kind == "bytes" or "bars" in outcomes
    return len(outcomes)


@pytest.mark.parametrize(
    "data",
    [b"t", b"symbol,time,ope", b'[{"ts": "1990-01-01 00:00:00"}]', b"time,a,b,c\n", b"time,a,b,c,d\n2024-01-02,1,2\n"],
)
def test_names_without_prices_or_rows_are_a_refusal(data: bytes) -> None:
    """What is proposed is found in the rows, of which there may be none."""
    with pytest.raises(RefusedInputError):
        read_file(data, "EURUSD_m1.csv", Dialect())
