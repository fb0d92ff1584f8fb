"""Random true bars, written in a random dialect, read back equal; or the file is refused with a line that mends it."""

from __future__ import annotations

import os
import random
import re
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quant_core.calendars import calendar_of
from quant_core.errors import RefusedInputError
from quant_core.ingestion import Dialect, ParsedFile, read_file
from quant_core.quality import QualityRules, clean
from tests.ingestion.true_bars import TrueSeries, true_series
from tests.ingestion.written_bars import Written, written

NOW = datetime(2030, 1, 1, tzinfo=UTC)
FEW = 200
MANY = int(os.environ.get("ROUND_TRIPS", "3000"))
"""``ROUND_TRIPS=10000 make test-slow`` is the release's size: a file takes some hundredths of a second."""
MAX_MENDS = 4


def outcome_of(seed: int) -> str:
    """Write, read, mend as the refusals say, and compare; how many lines were needed, or what differs."""
    chance = random.Random(seed)
    file = written(true_series(chance), chance)
    declared = dict(file.declared)
    for n_mends in range(MAX_MENDS):
        try:
            parsed = read_file(file.data, file.name, Dialect.parse(declared, "test"))
        except RefusedInputError as error:
            refusal = str(error)
        else:
            difference = _difference(parsed, file.series)
            assert not difference, f"{difference}\n{_shown(file)}\nread with {declared} as {parsed.resolved}"
            return f"equal after {n_mends} lines"
        mended = _mended(refusal, declared, file)
        assert mended != declared, f"no line mends it: {refusal}\n{_shown(file)}"
        declared = mended
    raise AssertionError(f"still refused after {MAX_MENDS} lines, the last {declared}\n{_shown(file)}")


def _mended(refusal: str, declared: dict[str, Any], file: Written) -> dict[str, Any]:
    """The declaration with what a refusal asks for; the true one of the values it offers."""
    fix = refusal.partition("Fix: ")[2]
    asked = [key for key in Dialect.model_fields if re.search(rf"(?<![a-z_]){key}: ", fix) and key in file.known]
    answers = {key: file.known[key] for key in asked if file.known[key] is not None and key not in declared}
    return {**declared, **answers}


def _difference(parsed: ParsedFile, series: TrueSeries) -> str:
    """What differs between the bars read, before and after cleaning, and the true ones; "" when nothing does."""
    if parsed.quarantine.height:
        return f"{parsed.quarantine.height} rows refused as {parsed.quarantine['reason'][0]}"
    if parsed.rows["timeframe"].unique().to_list() != [series.timeframe.value]:
        return f"timeframe {parsed.rows['timeframe'][0]}, not {series.timeframe.value}"
    cleaned = clean(
        parsed.rows,
        symbol=series.symbol,
        timeframe=series.timeframe,
        calendar=calendar_of(series.calendar),
        now=NOW,
        rules=QualityRules(),
    )
    columns = ("ts", "ts_close", "session_date", "open", "high", "low", "close", "volume")
    read = cleaned.bars.frame.select(columns).rows()
    true = [
        (b.opens, b.known, b.session, *map(float, b.prices), None if b.volume is None else float(b.volume))
        for b in series.bars
    ]
    for i, (found, expected) in enumerate(zip(read, true, strict=False)):
        if found != expected:
            return f"bar {i} of {len(true)}: {found}, not {expected}"
    return "" if len(read) == len(true) else f"{len(read)} bars, not {len(true)}"


def _shown(file: Written) -> str:
    head = file.data[:400] if file.name.endswith((".csv", ".json")) else b"(packed)"
    series = file.series
    return f"{series.timeframe.value} {series.calendar} {file.name} {file.declared} known {file.known}\n{head!r}"


@settings(
    max_examples=FEW, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None, derandomize=True
)
@given(st.integers(0, 2**32))
def test_bars_in_a_random_dialect_read_back_equal_or_are_refused_with_a_line_that_mends_it(seed: int) -> None:
    outcome_of(seed)


def test_a_week_that_ended_early_at_short_notice_reads_back_as_known_after_its_last_planned_session() -> None:
    """Seed 130883: weeks of New York in 2004, stamped by their closes; Friday, June 11 was called off."""
    assert outcome_of(130883) == "equal after 0 lines"


@pytest.mark.slow
def test_many_files_read_back_equal_or_are_refused_with_a_line_that_mends_them() -> None:
    outcomes: Counter[str] = Counter()

    @settings(
        max_examples=MANY, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True
    )
    @given(st.integers(0, 2**62))
    def run(seed: int) -> None:
        outcomes[outcome_of(seed)] += 1

    run()
    assert outcomes.total() >= MANY
    assert outcomes["equal after 0 lines"] > 0.6 * outcomes.total(), "most files need no line"
